using System.Text;
using ResearchKit.Core;
using ResearchKit.Core.Tokenization;
using ResearchKit.Evaluation.Suite;

namespace ResearchKit.Benchmarking.Cases;

/// <summary>GPT-2's tokenizer on one core and on all.</summary>
internal sealed class TokenizingSpeed : BenchmarkCase
{
    private const int MaxCharacters = 4_000_000;

    public override string Name => "tokenize";

    public override string Description => "Encoding with GPT-2's vocabulary, MB of UTF-8 per second, on one core and on all.";

    public override void Run(BenchmarkContext context)
    {
        var text = Text(context);
        var megabytes = Encoding.UTF8.GetByteCount(text) / 1e6;
        var tokenizer = BytePairTokenizer.Gpt2();
        var parts = Parts(text, Environment.ProcessorCount * 8);
        var peers = context.Peers("tokenize", text);
        var turns = new Turns().Add("one core", () => tokenizer.Encode(text));
        if (Environment.ProcessorCount > 1) turns.Add("all cores", () => Parallel.ForEach(parts, part => tokenizer.Encode(part)));
        foreach (var (name, work) in peers) turns.Add(name, work.Run);
        turns.Run(context.Quick ? 3 : 7, context);
        var row = new BenchmarkRow { Case = context.Case, What = "gpt2, one core", Value = megabytes / turns.Seconds("one core"), Unit = "MB/s", Repetitions = turns.Count };
        context.Add(row with { Note = FormattableString.Invariant($"{megabytes:0.0} MB of {(context.Options.TextFile is null ? "generated text, which repeats words more than prose does" : "the given text")}") });
        if (Environment.ProcessorCount > 1)
        {
            var (scaling, spread) = turns.Ratio("all cores", "one core");
            context.Add(row with { What = $"gpt2, {Environment.ProcessorCount} cores", Value = megabytes / turns.Seconds("all cores"), Against = "one core", Ratio = scaling, RatioRange = spread });
        }

        if (peers.Count == 0) context.Add(row with { Value = double.NaN, Against = "Microsoft.ML.Tokenizers, SharpToken", Goal = 1, NotMeasured = "no peer was given (tests/ResearchKit.Benchmarks has them)" });
        foreach (var (name, work) in peers)
        {
            var (ratio, range) = turns.Ratio("one core", name, cpu: true);
            context.Add(row with { What = name, Value = megabytes / turns.Seconds(name), Against = "the kit on one core", Ratio = ratio, RatioRange = range, RatioOfCpuTime = true, Goal = 1, Note = "ratio: how many times faster the kit is" });
            work.Dispose();
        }
    }

    private static string Text(BenchmarkContext context)
    {
        if (context.Options.TextFile is { } path)
        {
            try
            {
                var all = File.ReadAllText(path);
                return all[..Math.Min(all.Length, MaxCharacters)];
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                throw new ConfigException($"Cannot read the text {path}: {error.Message}", error);
            }
        }

        var text = new StringBuilder();
        var length = context.Quick ? MaxCharacters / 4 : MaxCharacters;
        for (var i = 0; text.Length < length; i++) text.Append(PretrainingDocuments.Generate(0, PretrainingDocuments.EasyDocumentCount + i).Text).Append('\n');
        return text.ToString();
    }

    /// <summary>Stretches that end with a line, so that their tokens together are nearly the whole text's.</summary>
    private static List<string> Parts(string text, int count)
    {
        var parts = new List<string>();
        for (var start = 0; start < text.Length;)
        {
            var end = Math.Min(text.Length, start + text.Length / count + 1);
            var line = text.IndexOf('\n', end - 1);
            end = line < 0 ? text.Length : line + 1;
            parts.Add(text[start..end]);
            start = end;
        }

        return parts;
    }
}
