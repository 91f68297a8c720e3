using ResearchKit.Core;
using ResearchKit.Evaluation.Tasks;

namespace ResearchKit.Evaluation.Protocols;

/// <summary>Which protocols define a task, joined with the tasks over real data by name.</summary>
public static class TaskProtocols
{
    /// <summary>Name of the protocol that every task has: the kit's own words, as the task is loaded.</summary>
    public const string OwnName = "kit";

    private static readonly (string Name, Func<EvaluationTask, OpenPoints, Protocol?> Of)[] Entries =
    [
        ("gpt1-finetune", Gpt1Protocols.FineTuning), ("gpt1-paper", Gpt1Protocols.ZeroShot), ("gpt2-paper", Gpt2Protocols.Of), ("gpt3-paper", Gpt3Protocols.Of), ("lm-eval", HarnessProtocols.Of),
    ];

    /// <summary>Names of the published protocols: GPT-1's fine-tuning and its zero-shot heuristics, GPT-2's and GPT-3's prompts, lm-evaluation-harness.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. Entries.Select(entry => entry.Name)];

    /// <summary>All published protocols that define a task; empty where none does, as for generated tasks.</summary>
    /// <param name="task">Task as loaded, in the words of GPT-3's paper where it has them.</param>
    /// <param name="chosen">Readings of open points by name; a protocol without such a point ignores it. Null takes the defaults.</param>
    /// <exception cref="ConfigException">A reading that is not allowed.</exception>
    public static IReadOnlyList<Protocol> Of(EvaluationTask task, IReadOnlyDictionary<string, string>? chosen = null) => [.. Entries.Select(entry => entry.Of(task, new OpenPoints(chosen))).OfType<Protocol>()];

    /// <summary>The task as it stands, as a protocol.</summary>
    public static Protocol Own(EvaluationTask task) => new()
    {
        Name = OwnName, Task = task.Name, Source = "ResearchKit's own form of the task", Prompt = task.Prompt, Split = "test items as loaded here", Demonstrations = task.Demonstrations,
        Scoring = task.Scoring, Truncation = OverflowPolicy.ReduceShots, Metrics = task.Metrics,
    };

    /// <summary>One protocol of a task.</summary>
    /// <param name="task">Task as loaded.</param>
    /// <param name="name">One of <see cref="Names"/>, or <see cref="OwnName"/>.</param>
    /// <param name="chosen">Readings of open points by name; each must be a point of this protocol. Null takes the defaults.</param>
    /// <exception cref="ConfigException">No such protocol, it does not define the task, or a reading that it does not have.</exception>
    public static Protocol Get(EvaluationTask task, string name, IReadOnlyDictionary<string, string>? chosen = null)
    {
        if (name != OwnName && !Names.Contains(name)) throw new ConfigException($"Protocol \"{name}\" is not known; known are {string.Join(", ", Names)}, and {OwnName} for the kit's own words.");
        var defined = name == OwnName ? [Own(task)] : Of(task, chosen);
        var protocol = defined.FirstOrDefault(protocol => protocol.Name == name) ?? throw new ConfigException(
            $"Protocol {name} does not define the task {task.Name}; " + (defined.Count == 0 ? "no protocol does: leave it out." : $"these do: {string.Join(", ", defined.Select(protocol => protocol.Name))}."));
        RequireKnown(chosen, [protocol]);
        return protocol;
    }

    /// <summary>Refuses readings of points that none of some protocols has.</summary>
    /// <exception cref="ConfigException">Names the unknown option and those there are.</exception>
    public static void RequireKnown(IReadOnlyDictionary<string, string>? chosen, IReadOnlyList<Protocol> protocols)
    {
        var known = protocols.SelectMany(protocol => protocol.Options).Select(option => option.Name).Distinct().ToArray();
        if (chosen?.Keys.FirstOrDefault(name => !known.Contains(name)) is not { } unknown) return;
        var names = string.Join(", ", protocols.Select(protocol => protocol.Name));
        throw new ConfigException($"{names} of {protocols[0].Task} has no option {unknown}; " + (known.Length == 0 ? "it has none." : $"its options are {string.Join(", ", known)}."));
    }

    /// <summary>The task run by one protocol.</summary>
    /// <exception cref="ConfigException">No such protocol, or it does not define the task.</exception>
    public static EvaluationTask Apply(EvaluationTask task, string name) => Get(task, name).ApplyTo(task);
}
