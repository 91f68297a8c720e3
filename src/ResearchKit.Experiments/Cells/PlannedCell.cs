using ResearchKit.Experiments.Reporting;
using static System.FormattableString;

namespace ResearchKit.Experiments.Cells;

/// <summary>A cell of the plan: what to run and how much work it is.</summary>
/// <param name="Model">Index into the models.</param>
/// <param name="Task">The task.</param>
/// <param name="Cost">Forward-pass tokens, estimated; a training token counts three times.</param>
public abstract record PlannedCell(int Model, ReadyTask Task, long Cost)
{
    /// <summary>in_context or fine_tuning.</summary>
    public abstract string Regime { get; }

    /// <summary>What is done, seeds left out, such as <c>4-shot</c>.</summary>
    public abstract string Setting { get; }

    /// <summary>What is done, without model and task, such as <c>4-shot, draw 1</c>.</summary>
    public abstract string Doing { get; }

    /// <summary>The cell in words, such as <c>gpt2-mini · suite/sentiment · 4-shot, draw 1</c>.</summary>
    /// <param name="model">Name of the model.</param>
    public string Describe(string model) => $"{model} · {Task.Task.Name} · {Doing}";

    /// <summary>Name of the cell among those of its run, such as <c>gpt2-mini/suite/sentiment/k4/1</c>.</summary>
    /// <param name="plan">The plan that it is of.</param>
    public string Id(ComparisonPlan plan) => $"{plan.Models[Model].Name}/{Task.Task.Name}/{IdWithinTask}";

    /// <summary>What the report calls what is done; seeds, orders and wordings are left open.</summary>
    /// <param name="plan">The plan that the cell is of.</param>
    public abstract Condition Condition(ComparisonPlan plan);

    private protected abstract string IdWithinTask { get; }
}

/// <summary>A k-shot evaluation.</summary>
public sealed record PlannedInContext(int Model, ReadyTask Task, int Shots, long Seed, long Cost) : PlannedCell(Model, Task, Cost)
{
    /// <summary>0 for the demonstrations as drawn, n for their nth other order.</summary>
    public int Order { get; init; }

    /// <summary>0 for the task's own wording, n for its nth other one.</summary>
    public int Wording { get; init; }

    /// <summary>0 for the task's first protocol, n for its nth other one.</summary>
    public int ProtocolIndex { get; init; }

    /// <summary>Whether the cell only serves the split of variance: another order or wording.</summary>
    public bool IsVariation => Order > 0 || Wording > 0;

    /// <summary>The task as it is worded here.</summary>
    public ReadyTask Scored => Wording > 0 ? Task.Reworded(Wording) : ProtocolIndex > 0 ? Task.OtherProtocols[ProtocolIndex - 1] : Task;

    /// <inheritdoc/>
    public override string Regime => "in_context";

    /// <inheritdoc/>
    public override string Setting => Invariant($"{Shots}-shot");

    /// <inheritdoc/>
    public override string Doing =>
        Invariant($"{Setting}{(Task.OtherProtocols.Count > 0 ? " by " + Scored.Protocol!.Name : "")}, draw {Seed}{(Order > 0 ? $", order {Order + 1}" : "")}{(Wording > 0 ? $", wording {Wording + 1}" : "")}");

    /// <inheritdoc/>
    public override Condition Condition(ComparisonPlan plan) => new(plan.Models[Model].Name, K: Shots, Protocol: Scored.PublishedProtocol);

    private protected override string IdWithinTask =>
        Invariant($"k{Shots}{(ProtocolIndex > 0 ? "/" + Scored.Protocol!.Name : "")}/{Seed}{(Order > 0 ? $"/order{Order + 1}" : "")}{(Wording > 0 ? $"/wording{Wording + 1}" : "")}");
}

/// <summary>A fine-tuning.</summary>
public sealed record PlannedFineTuning(int Model, ReadyTask Task, int Examples, string Recipe, long Seed, long Cost) : PlannedCell(Model, Task, Cost)
{
    /// <inheritdoc/>
    public override string Regime => "fine_tuning";

    /// <inheritdoc/>
    public override string Setting => Invariant($"{Recipe}, {Examples} examples");

    /// <inheritdoc/>
    public override string Doing => Invariant($"fine-tuning on {Examples}, {Recipe}, seed {Seed}");

    /// <inheritdoc/>
    public override Condition Condition(ComparisonPlan plan) => new(plan.Models[Model].Name, LabelledCount: Examples, Recipe: Recipe);

    private protected override string IdWithinTask => Invariant($"{Recipe}@{Examples}/{Seed}");
}
