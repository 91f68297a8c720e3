using ResearchKit.Core;
using ResearchKit.Evaluation.Tasks;

namespace ResearchKit.Evaluation.Protocols;

/// <summary>Which protocols define a task, joined with the tasks over real data by name.</summary>
public static class TaskProtocols
{
    /// <summary>Names of the protocols.</summary>
    public static IReadOnlyList<string> Names { get; } = ["gpt1-paper", "gpt2-paper", "gpt3-paper", "lm-eval"];

    /// <summary>All protocols that define a task; empty where none does, as for generated tasks.</summary>
    /// <param name="task">Task as loaded, in the words of GPT-3's paper where it has them.</param>
    public static IReadOnlyList<Protocol> Of(EvaluationTask task) =>
        [.. new[] { PaperProtocols.Gpt1(task), PaperProtocols.Gpt2(task), PaperProtocols.Gpt3(task), Harness(task) }.OfType<Protocol>()];

    /// <summary>One protocol of a task.</summary>
    /// <exception cref="ConfigException">No such protocol, or it does not define the task.</exception>
    public static Protocol Get(EvaluationTask task, string name)
    {
        if (!Names.Contains(name)) throw new ConfigException($"Protocol \"{name}\" is not known; known are {string.Join(", ", Names)}.");
        var defined = Of(task);
        return defined.FirstOrDefault(protocol => protocol.Name == name) ?? throw new ConfigException(
            $"Protocol {name} does not define the task {task.Name}; " + (defined.Count == 0 ? "no protocol does: leave it out." : $"these do: {string.Join(", ", defined.Select(protocol => protocol.Name))}."));
    }

    /// <summary>The task run by one protocol.</summary>
    /// <exception cref="ConfigException">No such protocol, or it does not define the task.</exception>
    public static EvaluationTask Apply(EvaluationTask task, string name) => Get(task, name).ApplyTo(task);

    private static Protocol? Harness(EvaluationTask task) => HarnessTasks.All.FirstOrDefault(harness => harness.Tasks.Contains(task.Name)) is { } harness
        ? new Protocol
        {
            Name = "lm-eval", Task = task.Name, Source = $"{harness.Name} v{harness.Version} at 4e7e0d47", Prompt = harness.Prompt, Split = harness.Split, Demonstrations = task.Demonstrations,
            Scoring = harness.Scoring, Truncation = OverflowPolicy.TruncateLeft, Metrics = harness.Metrics, Adapt = harness.Adapt,
            Assumptions = ["demonstrations are drawn by this kit's generator, not by the harness's", .. harness.Assumptions],
        }
        : null;
}
