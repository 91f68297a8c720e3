using ResearchKit.Evaluation.Tasks;

namespace ResearchKit.Evaluation.Protocols;

/// <summary>How a published source runs a benchmark: everything besides the model that decides a score. Printed beside every score.</summary>
public sealed record Protocol
{
    /// <summary>One of <see cref="TaskProtocols.Names"/>, or <see cref="TaskProtocols.OwnName"/>.</summary>
    public required string Name { get; init; }

    /// <summary>Task that it is for, such as <c>arc-easy</c>.</summary>
    public required string Task { get; init; }

    /// <summary>The source's own name and version of the task, such as <c>arc_easy v1.0</c>, or the section of the paper.</summary>
    public required string Source { get; init; }

    /// <summary>Words of the prompt.</summary>
    public required PromptTemplate Prompt { get; init; }

    /// <summary>Split that is scored, as the source says.</summary>
    public required string Split { get; init; }

    /// <summary>Where demonstrations come from.</summary>
    public required DemonstrationSource Demonstrations { get; init; }

    /// <summary>Demonstrations k that the source reports; null where it leaves them to the user.</summary>
    public int? Shots { get; init; }

    /// <summary>Scored span and normalization.</summary>
    public required Scoring Scoring { get; init; }

    /// <summary>What happens to prompts that do not fit.</summary>
    public required OverflowPolicy Truncation { get; init; }

    /// <summary>Reported numbers, headline first; empty takes the scoring's own.</summary>
    public IReadOnlyList<TaskMetric> Metrics { get; init; } = [];

    /// <summary>Whether the source fine-tunes on the task (GPT-1) instead of prompting; then prompt and scoring say what the kit asks for where the task is prompted after all.</summary>
    public bool IsFineTuned { get; init; }

    /// <summary>What the source leaves open, by name, and how it is read here.</summary>
    public IReadOnlyList<ProtocolOption> Options { get; init; } = [];

    /// <summary>Where our data or means differ from the source's.</summary>
    public IReadOnlyList<string> Assumptions { get; init; } = [];

    /// <summary>Rewrites the loaded items into the fields and choices of this protocol; most keep them.</summary>
    internal Func<TaskSplits, TaskSplits> Adapt { get; init; } = splits => splits;

    /// <summary>The task run this way. Item ids are kept, so that runs under different protocols are paired.</summary>
    public EvaluationTask ApplyTo(EvaluationTask task) => task with
    {
        Prompt = Prompt,
        Scoring = Scoring,
        Demonstrations = Demonstrations,
        Metrics = Metrics,
        Load = () => Adapt(task.Load()),
    };
}
