// Everything a report shows, as plain numbers and texts. The runner fills it; nothing here computes or renders.
namespace ResearchKit.Experiments.Reporting;

/// <summary>The content of one report. A part that is empty or null is absent from the page.</summary>
public sealed record ReportModel
{
    /// <summary>Version of this layout, written into the JSON form. Always 1.</summary>
    public int SchemaVersion { get; init; } = 1;

    /// <summary>Title of the page, such as <c>Fine-tuning against few-shot on SST-2</c>.</summary>
    public required string Title { get; init; }

    /// <summary>The question, one sentence.</summary>
    public required string Question { get; init; }

    /// <summary>The answer in one sentence with its interval; null where the run has none yet.</summary>
    public string? Answer { get; init; }

    /// <summary>A few numbers for the first screen.</summary>
    public IReadOnlyList<HeadlineFact> Facts { get; init; } = [];

    /// <summary>Name of the task whose figure stands on the first screen; null takes the first task.</summary>
    public string? HeadlineTask { get; init; }

    /// <summary>Models, in the order of colours and tables.</summary>
    public IReadOnlyList<ModelEntry> Models { get; init; } = [];

    /// <summary>Tasks, in the order of the page.</summary>
    public IReadOnlyList<TaskEntry> Tasks { get; init; } = [];

    /// <summary>Zero-, one- and few-shot results, one for each seed.</summary>
    public IReadOnlyList<InContextCell> InContext { get; init; } = [];

    /// <summary>Fine-tuning results, one for each seed.</summary>
    public IReadOnlyList<FineTuningCell> FineTuning { get; init; } = [];

    /// <summary>Scores over seeds, with intervals that cover items and seeds, where the runner has computed them;
    /// conditions that are missing here are pooled from the cells by the report itself.</summary>
    public IReadOnlyList<ConditionSummary> Summaries { get; init; } = [];

    /// <summary>Paired comparisons on common items.</summary>
    public IReadOnlyList<ComparisonRow> Comparisons { get; init; } = [];

    /// <summary>Published values for the same tasks.</summary>
    public IReadOnlyList<PaperValue> PaperValues { get; init; } = [];

    /// <summary>Variance of few-shot scores by source.</summary>
    public IReadOnlyList<VarianceSplit> VarianceSplits { get; init; } = [];

    /// <summary>Overlap of test items with the pre-training text.</summary>
    public IReadOnlyList<ContaminationEntry> Contamination { get; init; } = [];

    /// <summary>Reliability of the predicted probabilities.</summary>
    public IReadOnlyList<CalibrationCurve> Calibration { get; init; } = [];

    /// <summary>Items with their predictions, for the explorer.</summary>
    public IReadOnlyList<ItemRecord> Items { get; init; } = [];

    /// <summary>What a reader should know beside the numbers.</summary>
    public IReadOnlyList<ReportNote> Notes { get; init; } = [];

    /// <summary>What it takes to repeat the run.</summary>
    public ReportManifest? Manifest { get; init; }
}

/// <summary>One number of the first screen.</summary>
/// <param name="Label">What it is, such as <c>Items compared</c>.</param>
/// <param name="Value">The number as it is to be read, with unit.</param>
/// <param name="Detail">A few words below it; null for none.</param>
public sealed record HeadlineFact(string Label, string Value, string? Detail = null);

/// <summary>A model of the experiment.</summary>
public sealed record ModelEntry
{
    /// <summary>Name that cells refer to.</summary>
    public required string Name { get; init; }

    /// <summary>gpt1, gpt2, gpt3, gpt-neo.</summary>
    public required string Family { get; init; }

    /// <summary>Exact number of parameters.</summary>
    public required long Parameters { get; init; }

    /// <summary>One line, such as <c>6 layers × 256, 8 heads, context 256, vocabulary 4,096, alternating dense and banded</c>.</summary>
    public string? Configuration { get; init; }

    /// <summary>SHA-256 over configuration and weights, lower-case hexadecimal.</summary>
    public string? WeightsHash { get; init; }

    /// <summary>Tokens seen in pre-training.</summary>
    public long? PretrainingTokens { get; init; }

    /// <summary>Floating-point operations of pre-training.</summary>
    public double? PretrainingFlops { get; init; }

    /// <summary>Pre-training losses in order of tokens.</summary>
    public IReadOnlyList<LearningPoint> LearningCurve { get; init; } = [];

    /// <summary>Model card as plain text or Markdown (shown as text).</summary>
    public string? Card { get; init; }
}

/// <summary>A point of a pre-training curve.</summary>
/// <param name="Step">Optimizer updates so far.</param>
/// <param name="Tokens">Tokens seen so far.</param>
/// <param name="TrainLoss">Nats per token; null where only the validation loss was measured.</param>
/// <param name="ValidationLoss">Nats per token; null where it was not measured.</param>
public sealed record LearningPoint(long Step, long Tokens, double? TrainLoss, double? ValidationLoss = null);

/// <summary>A task of the experiment.</summary>
public sealed record TaskEntry
{
    /// <summary>Name that cells refer to, such as <c>sst2</c> or <c>suite/label-induction</c>.</summary>
    public required string Name { get; init; }

    /// <summary>What the task asks for.</summary>
    public string? Description { get; init; }

    /// <summary>Metric of the scores by the evaluation's name, such as <c>accuracy</c>, <c>exact_match</c>, <c>macro_f1</c>, <c>word_perplexity</c>.</summary>
    public required string Metric { get; init; }

    /// <summary>Fraction (default) for what lies in [0, 1] and is shown as a percentage; raw for perplexities, bits and correlations.</summary>
    public ScoreUnit Unit { get; init; } = ScoreUnit.Fraction;

    /// <summary>False for perplexities and losses. Default true.</summary>
    public bool HigherIsBetter { get; init; } = true;

    /// <summary>Score of guessing, in the unit of the scores; null where there is none.</summary>
    public double? ChanceLevel { get; init; }

    /// <summary>Number of scored items.</summary>
    public required int ItemCount { get; init; }

    /// <summary>Items of the whole split where only a part of it is scored; null where all are.</summary>
    public int? SplitItemCount { get; init; }

    /// <summary>Split that is scored, such as <c>validation</c>.</summary>
    public string? Split { get; init; }

    /// <summary>Ids of the scored items; the per-item scores of all cells of the task are aligned with them. Empty where items are not recorded.</summary>
    public IReadOnlyList<string> ItemIds { get; init; } = [];
}

/// <summary>How scores are shown.</summary>
public enum ScoreUnit
{
    /// <summary>In [0, 1]; shown as percentages.</summary>
    Fraction,

    /// <summary>Shown as they are, such as perplexities.</summary>
    Raw,
}

/// <summary>A remark on the run.</summary>
/// <param name="Kind">What kind of remark.</param>
/// <param name="Text">The remark, one or two sentences.</param>
/// <param name="Task">The task it is about; null for the whole run.</param>
public sealed record ReportNote(NoteKind Kind, string Text, string? Task = null);

/// <summary>Kinds of remarks.</summary>
public enum NoteKind
{
    /// <summary>A target that the run was to reach and did not.</summary>
    MissedTarget,

    /// <summary>A target that was reached.</summary>
    MetTarget,

    /// <summary>Prompts that did not fit into the context, and what was done.</summary>
    ContextOverflow,

    /// <summary>Inputs cut to fit.</summary>
    Truncated,

    /// <summary>Anything else to be careful about.</summary>
    Warning,

    /// <summary>A plain remark.</summary>
    Information,
}

/// <summary>What it takes to repeat the run.</summary>
public sealed record ReportManifest
{
    /// <summary>Resolved configuration as JSON text; shown as it is.</summary>
    public string? Configuration { get; init; }

    /// <summary>The command that repeats the run.</summary>
    public string? Command { get; init; }

    /// <summary>Hashes by name (weights, data, tokenizer, prompts), in the order to show.</summary>
    public IReadOnlyList<NamedValue> Hashes { get; init; } = [];

    /// <summary>Versions by name (ResearchKit, .NET, TorchSharp, commit), in the order to show.</summary>
    public IReadOnlyList<NamedValue> Versions { get; init; } = [];

    /// <summary>Seeds of the run.</summary>
    public IReadOnlyList<long> Seeds { get; init; } = [];

    /// <summary>Device, such as <c>cpu</c>.</summary>
    public string? Device { get; init; }

    /// <summary>Compute threads; null where unknown.</summary>
    public int? ThreadCount { get; init; }

    /// <summary>Anything else worth a row.</summary>
    public IReadOnlyList<NamedValue> Other { get; init; } = [];
}

/// <summary>A row of the manifest.</summary>
/// <param name="Name">What it is.</param>
/// <param name="Value">Its value.</param>
public sealed record NamedValue(string Name, string Value);
