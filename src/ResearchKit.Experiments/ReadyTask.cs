using System.Globalization;
using System.Text.Json;
using ResearchKit.Core.Configuration;
using ResearchKit.Core.Random;
using ResearchKit.Core.Tasks;
using ResearchKit.Evaluation.Metrics;
using ResearchKit.Evaluation.Protocols;
using ResearchKit.Evaluation.Tasks;

namespace ResearchKit.Experiments;

/// <summary>A task made ready: items read, test items chosen, everything that determines its scores hashed.</summary>
/// <param name="Task">The task.</param>
/// <param name="Splits">Items; Test holds only those that are scored, the same for every model and regime.</param>
/// <param name="Fingerprint">SHA-256 over prompt, scoring, demonstrations, metrics and all items.</param>
/// <param name="FineTune">Whether fine-tuning is wanted and possible.</param>
public sealed record ReadyTask(EvaluationTask Task, TaskSplits Splits, string Fingerprint, bool FineTune)
{
    /// <summary>Classes of the fine-tuning head: the number of choices.</summary>
    public int ClassCount => Splits.Test[0].Choices.Count;

    /// <summary>Name of the headline metric.</summary>
    public string Metric => TaskMetrics.Names(Task)[0];

    /// <summary>SHA-256 over prompt, scoring, demonstrations and metrics alone: what the items are asked and how answers count.</summary>
    public string ProtocolFingerprint { get; init; } = "";

    /// <summary>SHA-256 over what fine-tuning sees of the items; another prompt leaves it as it is.</summary>
    public string LabelledFingerprint { get; init; } = "";

    /// <summary>How the task is run from the prompt: a published protocol, or the kit's own words.</summary>
    public Protocol? Protocol { get; init; }

    /// <summary>Name of the published protocol that prompts and scores; null for the kit's own words.</summary>
    public string? PublishedProtocol => Protocol is { } protocol && protocol.Name != TaskProtocols.OwnName ? protocol.Name : null;

    /// <summary>The same items under further protocols.</summary>
    public IReadOnlyList<ReadyTask> OtherProtocols { get; init; } = [];

    /// <summary>Numbers of demonstrations that are this task's own; null for the experiment's.</summary>
    public IReadOnlyList<int>? Shots { get; init; }

    /// <summary>Other wordings of the prompt, for the split of variance.</summary>
    public IReadOnlyList<PromptTemplate> Wordings { get; init; } = [];

    /// <summary>The same items in another wording.</summary>
    /// <param name="number">From 1.</param>
    public ReadyTask Reworded(int number)
    {
        var prompt = Wordings[number - 1];
        return this with { Task = Task with { Prompt = prompt }, Fingerprint = TaskCatalog.Sha256(Fingerprint + JsonSerializer.Serialize(prompt, ConfigJson.Compact)), Wordings = [] };
    }

    /// <summary>Test items that no condition scores, because an answer is longer than a model's context.</summary>
    public IReadOnlyList<string> LeftOut { get; init; } = [];

    /// <summary>The same task without some test items, under all its protocols.</summary>
    public ReadyTask Without(IReadOnlyList<string> items)
    {
        // Nor do they serve as demonstrations: no context holds them.
        TaskItem[] Rest(IReadOnlyList<TaskItem> all) => [.. all.Where(item => !items.Contains(item.Id))];
        var rest = Splits with { Test = Rest(Splits.Test), TestPool = Splits.TestPool is { } pool ? Rest(pool) : null };
        string Rehashed(string fingerprint) => TaskCatalog.Sha256($"{fingerprint} without {string.Join(' ', items)}");
        return this with { Splits = rest, Fingerprint = Rehashed(Fingerprint), LabelledFingerprint = Rehashed(LabelledFingerprint), OtherProtocols = [.. OtherProtocols.Select(other => other.Without(items))], LeftOut = items };
    }

    /// <summary>The first <paramref name="count"/> training examples in the order of a seed, so that fewer are a prefix of more.</summary>
    public IReadOnlyList<LabelledExample> TrainingExamples(int count, long seed) =>
        Labelled(new CounterRandom(seed, "fine-tuning examples of " + Task.Name).Sample(Splits.Train.Count, count).Select(i => Splits.Train[i]));

    /// <summary>The validation examples that choose the best epoch.</summary>
    /// <param name="limit">How many, chosen by the seed; null for all.</param>
    /// <param name="seed">Seed of the choice.</param>
    public IReadOnlyList<LabelledExample> ValidationExamples(int? limit, long seed)
    {
        if (!(limit < Splits.Validation.Count)) return Labelled(Splits.Validation);
        return Labelled(new CounterRandom(seed, "validation items of " + Task.Name).Sample(Splits.Validation.Count, limit.Value).Order().Select(i => Splits.Validation[i]));
    }

    /// <summary>Labelled examples of some items; with scores where the task is about numbers and its classes are 0, 1, 2, …, as STS-B's.</summary>
    public IReadOnlyList<LabelledExample> Labelled(IEnumerable<TaskItem> items) =>
        [.. items.Where(item => item is { Structured: not null, Gold: not null }).Select(item => new LabelledExample(item.Id, item.Structured!, item.Gold!.Value) { Score = HasScoreTargets ? AcceptedScore(item) : null })];

    /// <summary>Whether the head's target is a distribution that stands for a number, and not a label.</summary>
    public bool HasScoreTargets => IsCorrelated(Task) && AcceptedScore(Splits.Test[0]) is not null;

    internal static bool IsCorrelated(EvaluationTask task) => task.Metrics.Any(metric => metric is TaskMetric.Pearson or TaskMetric.Spearman);

    internal static double? AcceptedScore(TaskItem item) =>
        item.Answers.Count > 0 && double.TryParse(item.Answers[0], NumberStyles.Float, CultureInfo.InvariantCulture, out var score)
        && item.Choices.Select((choice, i) => choice == i.ToString(CultureInfo.InvariantCulture)).All(same => same) ? score : null;
}
