using ResearchKit.Core.Configuration;
using ResearchKit.Evaluation;

namespace ResearchKit.Experiments.Cells;

/// <summary>Everything that determines an in-context result; its hash is the cell's address.</summary>
public sealed record InContextKey(string Weights, string Tokenizer, string Task, string TaskFingerprint, int Shots, long Seed, OverflowPolicy Overflow, CellEnvironment Environment)
{
    /// <summary>The version of scoring that this code writes. Raise it when scoring changes meaning or bits: older cells are then not found.</summary>
    public const int CurrentVersion = 3;

    /// <summary>Seed of the order of the demonstrations; null keeps the order of the draw.</summary>
    public long? OrderSeed { get; init; }

    /// <summary>Version of scoring that made the cell.</summary>
    public int ScoringVersion { get; init; } = CurrentVersion;

    /// <summary>Distinguishes the two kinds of cells.</summary>
    public string Kind { get; init; } = "in_context";
}

/// <summary>Everything that determines a fine-tuning result.</summary>
public sealed record FineTuningKey(string Weights, string Tokenizer, string Task, string LabelledFingerprint, int Examples, long Seed, FineTuneRecipe Recipe, CellEnvironment Environment)
{
    /// <summary>The version of fine-tuning that this code writes. Raise it when fine-tuning changes meaning or bits.</summary>
    public const int CurrentVersion = 1;

    /// <summary>Validation items that choose the best epoch; null for all.</summary>
    public int? ValidationLimit { get; init; }

    /// <summary>Seed of their choice; null where all are taken.</summary>
    public long? ValidationSeed { get; init; }

    /// <summary>True where the targets are distributions that stand for numbers (STS-B); null where they are labels.</summary>
    public bool? ScoreTargets { get; init; }

    /// <summary>Dropout of embeddings, attention and residuals that the model brings and the recipe keeps; null where there is none. The hash of the weights leaves it out.</summary>
    public IReadOnlyList<double>? OwnDropout { get; init; }

    /// <summary>How new weights start, which the hash leaves out too; null for GPT-2's way.</summary>
    public Initialization? Initialization { get; init; }

    /// <summary>Version of fine-tuning that made the cell.</summary>
    public int TrainingVersion { get; init; } = CurrentVersion;

    /// <summary>Distinguishes the two kinds of cells.</summary>
    public string Kind { get; init; } = "fine_tuning";
}

/// <summary>What of the environment can change a bit.</summary>
public sealed record CellEnvironment(string Device, int Threads, string Torch);
