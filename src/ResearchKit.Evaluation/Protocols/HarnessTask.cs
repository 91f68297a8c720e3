using System.Text.Json;
using ResearchKit.Core;
using ResearchKit.Evaluation.Tasks;

namespace ResearchKit.Evaluation.Protocols;

/// <summary>A task of lm-evaluation-harness (commit 4e7e0d47): its prompt and scoring, and how its rows become items.</summary>
public sealed record HarnessTask
{
    /// <summary>The harness's name, such as <c>arc_easy</c>.</summary>
    public required string Name { get; init; }

    /// <summary>Its version there.</summary>
    public required string Version { get; init; }

    /// <summary>Prompt; demonstrations stand two newlines apart unless the task says otherwise.</summary>
    public required PromptTemplate Prompt { get; init; }

    /// <summary>Scored span; the harness ranks by sums, and its acc_norm is the rule <c>per_character</c>.</summary>
    public Scoring Scoring { get; init; } = new ChoiceScoring(Normalization.Sum);

    /// <summary>Reported numbers; empty takes the scoring's own.</summary>
    public IReadOnlyList<TaskMetric> Metrics { get; init; } = [];

    /// <summary>Split that the harness scores.</summary>
    public string Split { get; init; } = "validation";

    /// <summary>Our tasks over the same data.</summary>
    public IReadOnlyList<string> Tasks { get; init; } = [];

    /// <summary>Where our data or metric differ.</summary>
    public IReadOnlyList<string> Assumptions { get; init; } = [];

    internal Func<HarnessRow, TaskItem> FromRow { get; init; } = _ => throw new InvalidOperationException("set for every task");

    internal Func<TaskSplits, TaskSplits> Adapt { get; init; } = splits => splits;

    /// <summary>Reads one row in the harness's own form, for example of a data set exported as JSON Lines.</summary>
    /// <param name="row">Object with the field names of the published data set.</param>
    /// <param name="id">Item id.</param>
    /// <exception cref="ConfigException">A field is missing or of another type.</exception>
    public TaskItem Item(JsonElement row, string id) => FromRow(new HarnessRow(Name, row)) with { Id = id };

    /// <summary>A task that runs this protocol over given items.</summary>
    public EvaluationTask Over(Func<TaskSplits> load) => new()
    {
        Name = Name, Description = $"lm-evaluation-harness {Name}, version {Version}", Load = load, Prompt = Prompt, Scoring = Scoring, Metrics = Metrics,
    };
}
