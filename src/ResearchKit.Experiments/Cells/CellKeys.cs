using System.Globalization;
using ResearchKit.Core.Configuration;
using ResearchKit.Evaluation;
using ResearchKit.Experiments.Configuration;

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

/// <summary>A cell of the plan: what to run and how much work it is.</summary>
/// <param name="Model">Index into the models.</param>
/// <param name="Task">The task.</param>
/// <param name="Cost">Forward-pass tokens, estimated; a training token counts three times.</param>
public abstract record PlannedCell(int Model, ReadyTask Task, long Cost)
{
    /// <summary>What is done, without model and task, such as <c>4-shot, draw 1</c>.</summary>
    public abstract string Doing { get; }

    /// <summary>The cell in words, such as <c>gpt2-mini · suite/sentiment · 4-shot, draw 1</c>.</summary>
    /// <param name="model">Name of the model.</param>
    public string Describe(string model) => $"{model} · {Task.Task.Name} · {Doing}";
}

/// <summary>A k-shot evaluation.</summary>
public sealed record PlannedInContext(int Model, ReadyTask Task, int Shots, long Seed, long Cost) : PlannedCell(Model, Task, Cost)
{
    /// <summary>0 for the demonstrations as drawn, n for their nth other order.</summary>
    public int Order { get; init; }

    /// <summary>0 for the task's own wording, n for its nth other one.</summary>
    public int Wording { get; init; }

    /// <summary>0 for the task's first protocol, n for its nth other one.</summary>
    public int Protocol { get; init; }

    /// <summary>Whether the cell only serves the split of variance: another order or wording.</summary>
    public bool IsVariation => Order > 0 || Wording > 0;

    /// <summary>The task as it is worded here.</summary>
    public ReadyTask Scored => Wording > 0 ? Task.Reworded(Wording) : Protocol > 0 ? Task.OtherProtocols[Protocol - 1] : Task;

    /// <inheritdoc/>
    public override string Doing => string.Create(CultureInfo.InvariantCulture, $"{Shots}-shot{(Task.OtherProtocols.Count > 0 ? " by " + Scored.Run!.Name : "")}, draw {Seed}{(Order > 0 ? $", order {Order + 1}" : "")}{(Wording > 0 ? $", wording {Wording + 1}" : "")}");
}

/// <summary>A fine-tuning.</summary>
public sealed record PlannedFineTuning(int Model, ReadyTask Task, int Examples, string Recipe, long Seed, long Cost) : PlannedCell(Model, Task, Cost)
{
    /// <inheritdoc/>
    public override string Doing => string.Create(CultureInfo.InvariantCulture, $"fine-tuning on {Examples}, {Recipe}, seed {Seed}");
}
