using System.CommandLine;
using System.Text.Json.Nodes;
using ResearchKit.Core;
using ResearchKit.Core.Tokenization;

namespace ResearchKit.Cli.Verbs;

/// <summary><c>rk tokenize</c> and <c>rk detokenize</c>: texts to ids and back, line by line.</summary>
internal sealed class TokenizeVerb : Verb
{
    private const string Expected = "a JSON string, or {\"text\": …}";

    public override Command Command()
    {
        var (tokenizer, input, output) = Options("Texts: a JSON string a line, or {\"text\": …}.", "Ids: [ids…] a line, in the same order.");
        var command = new Command("tokenize", """
            Turns texts into token ids.

            Example:  rk tokenize --tokenizer gpt2 --in texts.jsonl --out ids.jsonl
            """) { tokenizer, input, output };
        command.SetAction(parsed =>
        {
            var codec = TokenizerFolder.Load(parsed.GetRequiredValue(tokenizer));
            var path = parsed.GetRequiredValue(input);
            var texts = JsonFile.ReadLines<JsonNode, string>(path, Expected, TextOf);
            JsonFile.WriteLines(parsed.GetRequiredValue(output), texts.Select(codec.Encode));
            return 0;
        });
        return command;
    }

    internal static (Option<string> Tokenizer, Option<string> Input, Option<string> Output) Options(string input, string output) => (
        new Option<string>("--tokenizer") { Description = "gpt2, gpt1-original, gpt1-hf-fallback, or a folder with tokenizer files.", Required = true, HelpName = "NAME|DIR" },
        new Option<string>("--in") { Description = input, Required = true, HelpName = "FILE.jsonl" },
        new Option<string>("--out") { Description = output, Required = true, HelpName = "FILE.jsonl" });

    private static string TextOf(JsonNode node) =>
        (node is JsonObject members ? members["text"] : node) is JsonValue value && value.TryGetValue<string>(out var text)
            ? text
            : throw new ArgumentException($"expected {Expected}, got {node.ToJsonString()}.");
}

/// <summary><c>rk detokenize</c>.</summary>
internal sealed class DetokenizeVerb : Verb
{
    public override Command Command()
    {
        var (tokenizer, input, output) = TokenizeVerb.Options("Ids: [ids…] a line.", "Texts: a JSON string a line, in the same order.");
        var command = new Command("detokenize", """
            Turns token ids back into texts.

            Example:  rk detokenize --tokenizer gpt2 --in ids.jsonl --out texts.jsonl
            """) { tokenizer, input, output };
        command.SetAction(parsed =>
        {
            var codec = TokenizerFolder.Load(parsed.GetRequiredValue(tokenizer));
            var path = parsed.GetRequiredValue(input);
            var lines = JsonFile.ReadLines<int[], string>(path, "[ids…]", ids => codec.Decode(ids));
            JsonFile.WriteLines(parsed.GetRequiredValue(output), lines);
            return 0;
        });
        return command;
    }
}
