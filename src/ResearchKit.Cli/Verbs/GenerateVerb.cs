using System.CommandLine;
using System.Globalization;
using ResearchKit.Core;
using ResearchKit.Experiments;
using ResearchKit.Models;
using ResearchKit.Models.Checkpoints;

namespace ResearchKit.Cli.Verbs;

/// <summary><c>rk generate</c>: continues a prompt.</summary>
internal sealed class GenerateVerb : Verb
{
    public override Command Command()
    {
        var model = ModelFolderOption();
        var prompt = new Option<string?>("--prompt") { Description = "Text to continue.", HelpName = "TEXT" };
        var tokens = new Option<string?>("--tokens") { Description = "Token ids to continue, instead of --prompt.", HelpName = "1,2,3" };
        var count = new Option<int>("--max-new-tokens") { Description = "Most new tokens.", DefaultValueFactory = _ => 64 };
        var temperature = new Option<double>("--temperature") { Description = "0 is greedy (default).", DefaultValueFactory = _ => 0 };
        var topK = new Option<int>("--top-k") { Description = "Keep the k most likely tokens; 0 keeps all." };
        var topP = new Option<double>("--top-p") { Description = "Nucleus mass; 1 keeps all.", DefaultValueFactory = _ => 1 };
        var variant = new Option<TopPVariant>("--top-p-variant") { Description = "Whether the token that crosses the mass is kept (HuggingFace) or not (OpenAI).", DefaultValueFactory = _ => TopPVariant.HuggingFace };
        var beams = new Option<int>("--beams") { Description = "Beams; 1 is no beam search.", DefaultValueFactory = _ => 1 };
        var penalty = new Option<double>("--length-penalty") { Description = "Alpha of score / length^alpha in beam search.", DefaultValueFactory = _ => 0.6 };
        var stop = new Option<string[]>("--stop") { Description = "Text that ends the continuation; may be given several times.", HelpName = "TEXT" };
        var seed = new Option<long>("--seed") { Description = "Seed of the sampler.", DefaultValueFactory = _ => 0 };
        var int8 = Int8("first: a CPU then writes one text about twice as fast. `rk eval --int8` tells what it costs in accuracy.");
        var (device, threads, json) = (Device(), Threads(), Json());
        var command = new Command("generate", """
            Continues a prompt.

            Example:  rk generate --model results/models/gpt2-mini --prompt "Once upon a time" --max-new-tokens 40 --temperature 0.8 --top-k 40
            """) { model, prompt, tokens, count, temperature, topK, topP, variant, beams, penalty, stop, seed, int8, device, threads, json };
        command.SetAction((parsed, cancellation) =>
        {
            if ((parsed.GetValue(prompt) is null) == (parsed.GetValue(tokens) is null)) throw new ConfigException("Give exactly one of --prompt TEXT and --tokens \"1,2,3\".");
            if (parsed.GetValue(stop)?.Contains("") == true) throw new ConfigException("--stop \"\" would stop before the first token; give a text, or leave --stop out.");
            var options = new GenerationOptions
            {
                MaxNewTokenCount = parsed.GetValue(count), Temperature = parsed.GetValue(temperature), TopK = parsed.GetValue(topK), TopP = parsed.GetValue(topP),
                TopPVariant = parsed.GetValue(variant), BeamWidth = parsed.GetValue(beams), LengthPenalty = parsed.GetValue(penalty), Seed = parsed.GetValue(seed),
            };
            var computeDevice = RunEnvironment.Start(parsed.GetRequiredValue(device), parsed.GetValue(threads));
            using var original = ModelFolder.Load(parsed.GetRequiredValue(model));
            var loaded = parsed.GetValue(int8) ? original.RoundedToInt8() : original;
            computeDevice.MoveHere(loaded.Model);
            using var languageModel = new GptLanguageModel(loaded.Model, loaded.Name, loaded.WeightsHash);
            var needsTokenizer = parsed.GetValue(prompt) is not null || parsed.GetValue(stop) is { Length: > 0 };
            var tokenizer = needsTokenizer ? loaded.RequireTokenizer("give ids with --tokens, or add the files") : loaded.Tokenizer;
            var ids = parsed.GetValue(prompt) is { } text ? tokenizer!.Encode(text) : ParseIds(parsed.GetValue(tokens)!);
            if (ids.Length == 0) throw new ConfigException("The prompt is empty: give at least one token.");
            GeneratedText result;
            try
            {
                result = languageModel.Generate([new GenerationRequest(ids, options) { Stop = StopAt(parsed.GetValue(stop) ?? [], tokenizer) }], cancellation)[0];
            }
            catch (ArgumentException error)
            {
                throw new ConfigException(Sentence(error).Replace("Request 0: ", "", StringComparison.Ordinal), error);
            }

            var generated = tokenizer?.Decode(result.Tokens);
            if (parsed.GetValue(json)) PrintJson(new { text = generated, tokens = result.Tokens, logprob = result.LogProbability, droppedPromptTokens = result.DroppedTokenCount });
            else Console.WriteLine(generated is null ? string.Join(",", result.Tokens) : parsed.GetValue(prompt) + generated);
            return Task.FromResult(0);
        });
        return command;
    }

    private static int[] ParseIds(string text)
    {
        try
        {
            return [.. text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Select(part => int.Parse(part, CultureInfo.InvariantCulture))];
        }
        catch (Exception error) when (error is FormatException or OverflowException)
        {
            throw new ConfigException($"--tokens \"{text}\" must be whole numbers with commas, such as \"1,2,3\".", error);
        }
    }

    private static Func<IReadOnlyList<int>, bool>? StopAt(string[] stops, Core.Tokenization.ITokenizer? tokenizer) =>
        stops.Length == 0 ? null : ids => tokenizer!.Decode([.. ids]) is var text && stops.Any(stop => text.Contains(stop, StringComparison.Ordinal));
}
