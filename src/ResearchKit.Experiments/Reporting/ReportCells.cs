// Results of an experiment as the report shows them: cells, conditions, comparisons and what stands beside them.
namespace ResearchKit.Experiments.Reporting;

/// <summary>A confidence interval.</summary>
/// <param name="Low">Lower end, in the unit of the score.</param>
/// <param name="High">Upper end, in the unit of the score.</param>
/// <param name="Level">Coverage. Default 0.95.</param>
public sealed record ScoreInterval(double Low, double High, double Level = 0.95);

/// <summary>One in-context result: model × task × k × seed.</summary>
public sealed record InContextCell
{
    /// <summary>Unique among all cells; predictions refer to it.</summary>
    public required string Id { get; init; }

    /// <summary>Name of the model.</summary>
    public required string Model { get; init; }

    /// <summary>Name of the task.</summary>
    public required string Task { get; init; }

    /// <summary>Demonstrations in the prompt.</summary>
    public required int K { get; init; }

    /// <summary>Seed of the demonstration draws.</summary>
    public required long Seed { get; init; }

    /// <summary>Score in the task's metric.</summary>
    public required double Score { get; init; }

    /// <summary>Interval over items; null where the metric has none.</summary>
    public ScoreInterval? Interval { get; init; }

    /// <summary>Number of items scored.</summary>
    public required int ItemCount { get; init; }

    /// <summary>Score of every item, aligned with <see cref="TaskEntry.ItemIds"/> (1 right, 0 wrong, or a fraction; null not scored); empty where not recorded.</summary>
    public IReadOnlyList<double?> ItemScores { get; init; } = [];

    /// <summary>Name of the prompt and scoring protocol; null for the task's own.</summary>
    public string? Protocol { get; init; }
}

/// <summary>One fine-tuning result: model × task × labelled examples × recipe × seed.</summary>
public sealed record FineTuningCell
{
    /// <summary>Unique among all cells; predictions refer to it.</summary>
    public required string Id { get; init; }

    /// <summary>Name of the model.</summary>
    public required string Model { get; init; }

    /// <summary>Name of the task.</summary>
    public required string Task { get; init; }

    /// <summary>Labelled examples trained on.</summary>
    public required int LabelledCount { get; init; }

    /// <summary>Name of the recipe, such as <c>gpt1</c> or <c>no-pretraining</c>.</summary>
    public required string Recipe { get; init; }

    /// <summary>Seed of the examples drawn, their order and the head's initialisation.</summary>
    public required long Seed { get; init; }

    /// <summary>Score in the task's metric.</summary>
    public required double Score { get; init; }

    /// <summary>Interval over items; null where the metric has none.</summary>
    public ScoreInterval? Interval { get; init; }

    /// <summary>Number of items scored.</summary>
    public required int ItemCount { get; init; }

    /// <summary>Epoch (from 1) with the best validation score; null where all epochs were run without a choice.</summary>
    public int? BestEpoch { get; init; }

    /// <summary>What every epoch measured.</summary>
    public IReadOnlyList<EpochRecord> History { get; init; } = [];

    /// <summary>Score of every item, aligned with <see cref="TaskEntry.ItemIds"/>; empty where not recorded.</summary>
    public IReadOnlyList<double?> ItemScores { get; init; } = [];
}

/// <summary>One epoch of fine-tuning.</summary>
/// <param name="Epoch">From 1.</param>
/// <param name="TrainLoss">Mean training loss, nats.</param>
/// <param name="ValidationLoss">Loss on the validation split, nats.</param>
/// <param name="ValidationScore">Share of the validation examples that are right.</param>
public sealed record EpochRecord(int Epoch, double? TrainLoss, double? ValidationLoss = null, double? ValidationScore = null);

/// <summary>What was done with a model, seeds left open: k-shot, or fine-tuned on n examples by a recipe. Exactly one of K and LabelledCount is set.</summary>
/// <param name="Model">Name of the model.</param>
/// <param name="K">Demonstrations in the prompt; null for fine-tuning.</param>
/// <param name="LabelledCount">Labelled examples trained on; null for in-context evaluation.</param>
/// <param name="Recipe">Fine-tuning recipe; null for in-context evaluation.</param>
/// <param name="Protocol">Prompt and scoring protocol of in-context evaluation; null for the task's own.</param>
public sealed record Condition(string Model, int? K = null, int? LabelledCount = null, string? Recipe = null, string? Protocol = null)
{
    /// <summary>Whether the model was fine-tuned.</summary>
    [System.Text.Json.Serialization.JsonIgnore]
    public bool IsFineTuned => LabelledCount is not null;
}

/// <summary>Score of a condition over its seeds.</summary>
/// <param name="Task">Name of the task.</param>
/// <param name="Condition">What was done.</param>
/// <param name="Score">Mean over seeds.</param>
/// <param name="Interval">Over items and seeds; null where there is none.</param>
/// <param name="SeedCount">Seeds, at least 1.</param>
/// <param name="SeedDeviation">Standard deviation over seeds (n - 1); null for one seed.</param>
public sealed record ConditionSummary(string Task, Condition Condition, double Score, ScoreInterval? Interval, int SeedCount, double? SeedDeviation = null);

/// <summary>Two conditions on their common items.</summary>
public sealed record ComparisonRow
{
    /// <summary>Name of the task.</summary>
    public required string Task { get; init; }

    /// <summary>First condition.</summary>
    public required Condition A { get; init; }

    /// <summary>Second condition.</summary>
    public required Condition B { get; init; }

    /// <summary>Score of A minus score of B on the common items, in the task's metric.</summary>
    public required double Difference { get; init; }

    /// <summary>Paired interval of the difference.</summary>
    public ScoreInterval? Interval { get; init; }

    /// <summary>P value of McNemar's exact test, or of the test named by <see cref="Test"/>.</summary>
    public double? PValue { get; init; }

    /// <summary>P value after Holm's correction over the table.</summary>
    public double? HolmPValue { get; init; }

    /// <summary>Name of the test. Default <c>McNemar exact</c>.</summary>
    public string Test { get; init; } = "McNemar exact";

    /// <summary>Common items.</summary>
    public required int ItemCount { get; init; }

    /// <summary>Items that A has right and B wrong; null where items are not simply right or wrong.</summary>
    public int? OnlyARight { get; init; }

    /// <summary>Items that B has right and A wrong.</summary>
    public int? OnlyBRight { get; init; }

    /// <summary>Standardised size of the difference, such as Cohen's g or h.</summary>
    public double? EffectSize { get; init; }

    /// <summary>Smallest difference that this many items show with 80% power; null where not computed.</summary>
    public double? MinimumDetectable { get; init; }
}

/// <summary>A published value beside ours.</summary>
public sealed record PaperValue
{
    /// <summary>Name of our task.</summary>
    public required string Task { get; init; }

    /// <summary>zero, one, few or finetune.</summary>
    public required string Setting { get; init; }

    /// <summary>Demonstrations; null where the paper prints none or for fine-tuning.</summary>
    public int? K { get; init; }

    /// <summary>The paper's model.</summary>
    public required string Model { get; init; }

    /// <summary>Its parameters; null where the paper does not say.</summary>
    public double? Parameters { get; init; }

    /// <summary>The value on our scale: what papers print in percent is a fraction here.</summary>
    public required double Value { get; init; }

    /// <summary>The paper's name of the metric, such as <c>acc</c>.</summary>
    public required string Metric { get; init; }

    /// <summary>Table or section of the paper.</summary>
    public required string Source { get; init; }

    /// <summary>What the paper says beside it; null for nothing.</summary>
    public string? Note { get; init; }

    /// <summary>The split that the paper scores; null where unknown.</summary>
    public string? Split { get; init; }

    /// <summary>Whether prompt, normalization and scored span are ours.</summary>
    public bool SameProtocol { get; init; }

    /// <summary>Whether the items are ours.</summary>
    public bool SameSplit { get; init; }

    /// <summary>Whether the model's size is about ours.</summary>
    public bool SameSize { get; init; }
}

/// <summary>Variance of a few-shot score by source, as standard deviations of the score.</summary>
/// <param name="Task">Name of the task.</param>
/// <param name="Model">Name of the model.</param>
/// <param name="K">Demonstrations.</param>
/// <param name="Items">From the choice of items.</param>
/// <param name="Draws">From the choice of demonstrations; null where not measured.</param>
/// <param name="Order">From their order; null where not measured.</param>
/// <param name="Wording">From the wording of the prompt; null where not measured.</param>
/// <param name="DrawsNeeded">Draws needed for the wanted interval; null where not computed, or where items alone make it wider than wanted.</param>
public sealed record VarianceSplit(string Task, string Model, int K, double Items, double? Draws = null, double? Order = null, double? Wording = null, int? DrawsNeeded = null)
{
    /// <summary>Wanted half-width of the interval of the mean score; null where none was asked for.</summary>
    public double? HalfWidth { get; init; }

    /// <summary>Half-width of the 95% interval that the items alone leave, whatever the number of draws; null where not computed.</summary>
    public double? ItemsHalfWidth { get; init; }

    /// <summary>Draws that the estimate rests on; null where unknown.</summary>
    public int? DrawCount { get; init; }
}

/// <summary>Overlap of a task with the pre-training text (Brown et al. 2020, appendix C).</summary>
/// <param name="Task">Name of the task.</param>
/// <param name="GramLength">Length N of the N-grams, words; 0 where whole items were looked for.</param>
/// <param name="CleanCount">Items without overlap.</param>
/// <param name="DirtyCount">Items with overlap.</param>
/// <param name="AllScore">Score on all items; null where there are none.</param>
/// <param name="CleanScore">Score on clean items; null where there are none.</param>
/// <param name="DirtyScore">Score on items with overlap; null where there are none.</param>
public sealed record ContaminationEntry(string Task, int GramLength, int CleanCount, int DirtyCount, double? AllScore, double? CleanScore, double? DirtyScore)
{
    /// <summary>Whose scores they are; null where not said.</summary>
    public Condition? Condition { get; init; }

    /// <summary>What was searched, such as <c>40,000 generated documents</c>; null where not said.</summary>
    public string? Text { get; init; }
}

/// <summary>Predicted probability against observed frequency.</summary>
/// <param name="Task">Name of the task.</param>
/// <param name="Condition">What was done.</param>
/// <param name="ExpectedError">Expected calibration error, in [0, 1].</param>
/// <param name="Bins">Bins in order of confidence.</param>
public sealed record CalibrationCurve(string Task, Condition Condition, double ExpectedError, IReadOnlyList<CalibrationBin> Bins);

/// <summary>One bin of a calibration curve.</summary>
/// <param name="Confidence">Mean predicted probability, in [0, 1].</param>
/// <param name="Accuracy">Share of right answers, in [0, 1].</param>
/// <param name="Count">Items in the bin.</param>
public sealed record CalibrationBin(double Confidence, double Accuracy, int Count);
