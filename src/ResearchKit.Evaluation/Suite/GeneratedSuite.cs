using ResearchKit.Evaluation.Tasks;

namespace ResearchKit.Evaluation.Suite;

/// <summary>The generated task suite: exact labels, every split a pure function of the seed, and no test input in any generated pre-training document.</summary>
/// <remarks>
/// Names are <c>suite/…</c>. Splits hold up to 1024 training, 128 validation and 400 test items, fewer where the words run out.
/// Where the label names are arbitrary or the rule must be induced, zero demonstrations leave chance by construction.
/// </remarks>
public static class GeneratedSuite
{
    /// <summary>Most items of a training split.</summary>
    public const int TrainCount = 1024;

    /// <summary>Most items of a validation split.</summary>
    public const int ValidationCount = 128;

    /// <summary>Most items of a test split.</summary>
    public const int TestCount = 400;

    private static readonly IReadOnlyList<(string Name, Func<long, EvaluationTask> Create)> Entries =
        [.. LabelTasks.Entries, .. SentenceTasks.Entries, .. FunctionTasks.Entries, .. ArithmeticTasks.Entries, .. ScrambleTasks.Entries];

    /// <summary>Names of all tasks, in a fixed order.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. Entries.Select(e => e.Name)];

    /// <summary>All tasks with seed 0.</summary>
    public static IReadOnlyList<EvaluationTask> All { get; } = [.. Entries.Select(e => e.Create(0))];

    /// <summary>The task of that name.</summary>
    /// <param name="name">One of <see cref="Names"/>.</param>
    /// <param name="seed">Draws the items and, for arbitrary labels, the mapping from categories to labels. Default 0. Roles of inputs do not depend on it.</param>
    /// <exception cref="Core.ConfigException">No such task.</exception>
    public static EvaluationTask Get(string name, long seed = 0)
    {
        foreach (var entry in Entries)
            if (entry.Name == name) return entry.Create(seed);
        throw new Core.ConfigException($"the generated suite has no task '{name}'; its tasks are {string.Join(", ", Names)}");
    }
}
