using System.Text.Json;
using ResearchKit.Evaluation.Metrics;
using ResearchKit.Evaluation.Tasks;
using static System.FormattableString;

namespace ResearchKit.Evaluation.Protocols;

/// <summary>A protocol in words, for printing beside a score.</summary>
/// <param name="Protocol">Name.</param>
/// <param name="Source">Section or task version of the source.</param>
/// <param name="Prompt">Template of an item, with what is scored or generated behind an arrow.</param>
/// <param name="Split">Split that the source scores.</param>
/// <param name="Demonstrations">How many, where from, how drawn and parted.</param>
/// <param name="SourceShots">Demonstrations k that the source reports; null where it leaves them open.</param>
/// <param name="ScoredSpan">What of the text is scored, or how an answer is generated.</param>
/// <param name="Normalization">How log-probabilities become a rank or a number; null where answers are generated.</param>
/// <param name="Truncation">What happens to prompts that do not fit.</param>
/// <param name="Metrics">Reported numbers, headline first.</param>
/// <param name="Options">Open points and how they are read.</param>
/// <param name="Differences">Where data or means differ from the source's.</param>
public sealed record ProtocolFacts(
    string Protocol, string Source, string Prompt, string Split, string Demonstrations, int? SourceShots, string ScoredSpan, string? Normalization, string Truncation,
    IReadOnlyList<string> Metrics, IReadOnlyList<ProtocolOption> Options, IReadOnlyList<string> Differences)
{
    /// <summary>A protocol as it is run.</summary>
    /// <param name="protocol">Protocol.</param>
    /// <param name="task">Task, for the names of the metrics.</param>
    /// <param name="shots">Demonstrations k of the run.</param>
    /// <param name="overflow">Policy of the run; null takes the protocol's.</param>
    public static ProtocolFacts Of(Protocol protocol, EvaluationTask task, int shots, OverflowPolicy? overflow = null)
    {
        var (prompt, scoring) = (protocol.Prompt, protocol.Scoring);
        var answer = scoring switch
        {
            GenerationScoring => " -> generated",
            PerplexityScoring or ThresholdScoring => "",
            _ => " -> " + Quoted(prompt.Answer),
        };
        return new(protocol.Name, protocol.Source, (prompt.Instruction.Length > 0 ? Quoted(prompt.Instruction) + " + " : "") + Quoted(prompt.Context) + answer, protocol.Split,
            DemonstrationsOf(protocol, shots), protocol.Shots, SpanOf(scoring), NormalizationOf(scoring), TruncationOf(scoring, overflow ?? protocol.Truncation),
            TaskMetrics.Names(task with { Scoring = scoring, Metrics = protocol.Metrics }), protocol.Options, protocol.Assumptions);
    }

    /// <summary>Label and text of every fact, in the order of reading.</summary>
    public IEnumerable<(string Label, string Text)> Lines()
    {
        yield return ("protocol", $"{Protocol} ({Source})");
        yield return ("prompt", Prompt);
        yield return ("split", Split);
        yield return ("demonstrations", Demonstrations + (SourceShots is { } k ? Invariant($"; the source's {(k > 0 ? "few-shot " : "")}k is {k}") : ""));
        yield return ("scored", ScoredSpan);
        if (Normalization is not null) yield return ("normalization", Normalization);
        yield return ("truncation", Truncation);
        yield return ("metric", string.Join(", ", Metrics));
        foreach (var option in Options)
        {
            var others = option.Allowed.Where(value => value != option.Value).ToArray();
            yield return ("open point", $"{option.Name}={option.Value}{(others.Length == 0 ? "" : $" (or {string.Join(", ", others)})")}: {option.Note}");
        }

        foreach (var difference in Differences) yield return ("difference", difference);
    }

    /// <summary>Names of the facts in which two protocols differ: prompt, demonstrations, scored span, normalization, truncation, metric.</summary>
    public IReadOnlyList<string> DiffersFrom(ProtocolFacts other)
    {
        (string Name, bool Same)[] facts =
        [
            ("prompt", Prompt == other.Prompt), ("demonstrations", Demonstrations == other.Demonstrations), ("scored span", ScoredSpan == other.ScoredSpan),
            ("normalization", Normalization == other.Normalization), ("truncation", Truncation == other.Truncation), ("metric", Metrics[0] == other.Metrics[0]),
        ];
        return [.. facts.Where(fact => !fact.Same).Select(fact => fact.Name)];
    }

    private static string DemonstrationsOf(Protocol protocol, int shots)
    {
        if (protocol.Scoring is PerplexityScoring or ThresholdScoring) return "none";
        var how = protocol.Demonstrations.PerItem ? "drawn anew for every item" : "one fixed draw";
        return shots == 0 ? "0" : Invariant($"{shots} from {protocol.Demonstrations.Split}, {how}, {Quoted(protocol.Prompt.Separator)} between them");
    }

    private static string SpanOf(Scoring scoring) => scoring switch
    {
        ChoiceScoring => "each choice after the prompt",
        PartialScoring => "the text after the choice, which stands in the prompt",
        TargetScoring { Span: TargetSpan.LastToken } target => "the last token of the target" + Filter(target),
        TargetScoring target => "every token of the target" + Filter(target),
        PerplexityScoring => "every token of the text",
        ThresholdScoring => "every token of the sentence",
        GenerationScoring generation => Invariant($"a generated answer of at most {generation.MaxNewTokenCount} tokens, {DecodingOf(generation)}, {EndOf(generation)}{(generation.NoAnswer is { } none ? $"; and log P({Quoted(" " + none)})" : "")}"),
        _ => throw new ArgumentOutOfRangeException(nameof(scoring), scoring, null),
    };

    private static string Filter(TargetScoring target) => target.StopWords is { } list ? $", stop words of the list `{list}` left out of the prediction" : "";

    private static string DecodingOf(GenerationScoring generation) => generation switch
    {
        { TopK: { } k } => Invariant($"sampled from the {k} likeliest tokens"),
        { BeamWidth: > 1 } => Invariant($"{generation.BeamWidth} beams with length penalty {generation.LengthPenalty}"),
        _ => "decoded greedily",
    };

    private static string EndOf(GenerationScoring generation)
    {
        if (generation.SentenceCount is { } sentences) return Invariant($"its first {sentences} sentences");
        return "up to " + string.Join(" or ", (generation.StopStrings.Length > 0 ? generation.StopStrings : ["\n"]).Select(Quoted));
    }

    private static string? NormalizationOf(Scoring scoring) => scoring switch
    {
        ChoiceScoring { Normalization: Tasks.Normalization.Sum } => "sum of log-probabilities",
        ChoiceScoring { Normalization: Tasks.Normalization.PerToken } => "mean log-probability per token",
        ChoiceScoring { Normalization: Tasks.Normalization.PerCharacter } => "sum of log-probabilities divided by characters",
        ChoiceScoring { Normalization: Tasks.Normalization.PerByte } => "sum of log-probabilities divided by bytes",
        ChoiceScoring choice => $"log P(choice | prompt) - log P(choice | {Quoted(choice.AnswerContext ?? "")})",
        PartialScoring or TargetScoring => "sum of log-probabilities",
        ThresholdScoring => "mean log-probability per token against a threshold",
        PerplexityScoring perplexity => "windows of n_ctx, " + (perplexity.Stride is { } stride ? Invariant($"stride {stride}") : "no overlap in what they score")
            + (perplexity.CountedField is { } field ? $"; words and bytes of the field `{field}`" : "") + (perplexity.CountLineEnds == true ? ", an end-of-line token a line" : ""),
        _ => null,
    };

    private static string TruncationOf(Scoring scoring, OverflowPolicy policy) => scoring is PerplexityScoring or ThresholdScoring ? "none: windows roll over the text" : policy switch
    {
        OverflowPolicy.ReduceShots => "fewer demonstrations, then cut from the left",
        OverflowPolicy.TruncateLeft => "cut from the left",
        _ => "an error",
    };

    private static string Quoted(string text) => JsonSerializer.Serialize(text, Relaxed);

    private static readonly JsonSerializerOptions Relaxed = new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
}
