using System.Collections.ObjectModel;
using System.Text.Json.Serialization;
using ResearchKit.Core.Tasks;
using ResearchKit.Evaluation.Statistics;

namespace ResearchKit.Evaluation.Tasks;

/// <summary>One item of a task, independent of how it is prompted.</summary>
public sealed record TaskItem
{
    /// <summary>Stable id within the task, such as <c>validation/17</c>; results of different regimes are paired by it.</summary>
    public required string Id { get; init; }

    /// <summary>Named texts that prompt templates refer to, such as <c>premise</c>.</summary>
    public required IReadOnlyDictionary<string, string> Fields { get; init; }

    /// <summary>Answer texts of a choice task; empty for free-form tasks.</summary>
    public IReadOnlyList<string> Choices { get; init; } = [];

    /// <summary>Texts as the data set stores them where <see cref="Fields"/> has them tidied, for protocols that show them so. No part of the item's identity.</summary>
    [JsonIgnore]
    public IReadOnlyDictionary<string, string> Stored { get; init; } = ReadOnlyDictionary<string, string>.Empty;

    /// <summary>Index of the right choice; null for free-form tasks.</summary>
    public int? Gold { get; init; }

    /// <summary>Accepted answers of a free-form task; empty for choice tasks.</summary>
    public IReadOnlyList<string> Answers { get; init; } = [];

    /// <summary>Items of one cluster share a passage; intervals are clustered by it. Null where items are independent.</summary>
    public string? Cluster { get; init; }

    /// <summary>Items that some metrics count only together, such as the answers of one MultiRC question; null (default) falls back to <see cref="Cluster"/>.</summary>
    public string? Group { get; init; }

    /// <summary>The same item for fine-tuning; null where GPT-1's heads do not apply (free-form answers).</summary>
    public StructuredInput? Structured { get; init; }

    /// <summary>The item with some texts added or changed.</summary>
    internal TaskItem With(params ReadOnlySpan<(string Name, string Text)> fields)
    {
        var all = new Dictionary<string, string>(Fields);
        foreach (var (name, text) in fields) all[name] = text;
        return this with { Fields = all };
    }

    /// <summary>What is independent of other units: the cluster, else the group, else the item alone.</summary>
    [JsonIgnore]                                                         // items are hashed as JSON: it would move every cell's address
    public string Unit => ItemUnits.NameOf(Cluster, Group, Id);

    /// <summary>The same item with an input for fine-tuning.</summary>
    public TaskItem WithStructured(StructuredInput? input) => this with { Structured = input };
}

/// <summary>A task's items by split. Splits never overlap, but for <see cref="EvaluationTask.OverPublishedSet"/>.</summary>
/// <param name="Train">Labelled examples for fine-tuning and demonstrations.</param>
/// <param name="Validation">For choosing the best epoch; may be empty.</param>
/// <param name="Test">What is scored.</param>
public sealed record TaskSplits(IReadOnlyList<TaskItem> Train, IReadOnlyList<TaskItem> Validation, IReadOnlyList<TaskItem> Test)
{
    /// <summary>The whole test split where <see cref="Test"/> is a part of it: demonstrations that come from the test split are drawn from here, so that a prompt does not depend on how many items are scored. Null where it is the same.</summary>
    public IReadOnlyList<TaskItem>? TestPool { get; init; }

    /// <summary>The same splits with only some test items scored.</summary>
    public TaskSplits WithTest(IReadOnlyList<TaskItem> items) => this with { Test = items, TestPool = TestPool ?? Test };

    /// <summary>The same splits with every item changed, those of <see cref="TestPool"/> too.</summary>
    public TaskSplits WithItems(Func<TaskItem, TaskItem> change)
    {
        TaskItem[] Changed(IReadOnlyList<TaskItem> items) => [.. items.Select(change)];
        return new TaskSplits(Changed(Train), Changed(Validation), Changed(Test)) { TestPool = TestPool is { } pool ? Changed(pool) : null };
    }
}
