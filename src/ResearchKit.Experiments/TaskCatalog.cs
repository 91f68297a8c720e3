using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using ResearchKit.Core.Configuration;
using ResearchKit.Core.Random;
using ResearchKit.Core.Tasks;
using ResearchKit.Evaluation;
using ResearchKit.Evaluation.Datasets;
using ResearchKit.Evaluation.Metrics;
using ResearchKit.Evaluation.Protocols;
using ResearchKit.Evaluation.Suite;
using ResearchKit.Evaluation.Tasks;
using ResearchKit.Experiments.Configuration;

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

    /// <summary>SHA-256 over prompt, scoring, demonstrations and metrics alone: what the items are asked and how answers count.</summary>
    public string Protocol { get; init; } = "";

    /// <summary>SHA-256 over what fine-tuning sees of the items; another prompt leaves it as it is.</summary>
    public string LabelledFingerprint { get; init; } = "";

    /// <summary>How the task is run from the prompt: a published protocol, or the kit's own words.</summary>
    public Protocol? Run { get; init; }

    /// <summary>Name of the published protocol that prompts and scores; null for the kit's own words.</summary>
    public string? PublishedProtocol => Run is { } run && run.Name != TaskProtocols.OwnName ? run.Name : null;

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
        [.. items.Where(item => item is { Structured: not null, Gold: not null }).Select(item => new LabelledExample(item.Id, item.Structured!, item.Gold!.Value) { Score = IsScored ? AcceptedScore(item) : null })];

    /// <summary>Whether the head's target is a distribution that stands for a number, and not a label.</summary>
    public bool IsScored => IsCorrelated(Task) && AcceptedScore(Splits.Test[0]) is not null;

    internal static bool IsCorrelated(EvaluationTask task) => task.Metrics.Any(metric => metric is TaskMetric.Pearson or TaskMetric.Spearman);

    internal static double? AcceptedScore(TaskItem item) =>
        item.Answers.Count > 0 && double.TryParse(item.Answers[0], NumberStyles.Float, CultureInfo.InvariantCulture, out var score)
        && item.Choices.Select((choice, i) => choice == i.ToString(CultureInfo.InvariantCulture)).All(same => same) ? score : null;
}

/// <summary>Finds tasks by name: the generated suite, the data folder's benchmarks, the user's own files.</summary>
public static class TaskCatalog
{
    /// <summary>A task by name, or from a file of its own.</summary>
    /// <param name="name">Such as <c>suite/label-induction</c> or <c>rte</c>; what ends in <c>.json</c> is a <see cref="TaskFile"/>.</param>
    /// <param name="dataFolder">Data folder; null takes RESEARCHKIT_DATA.</param>
    /// <exception cref="Core.ConfigException">No such task, or its data is missing.</exception>
    public static EvaluationTask Get(string name, string? dataFolder = null)
    {
        if (name.EndsWith(".json", StringComparison.OrdinalIgnoreCase)) return TaskFile.Load(name);
        if (name.StartsWith("suite/", StringComparison.Ordinal)) return GeneratedSuite.Get(name);
        DatasetTasks.DatasetOf(name);                                     // a misspelt name is not missing data
        return DatasetTasks.Get(name, DataFolder.Resolve(dataFolder));
    }

    /// <summary>Reads a task of an experiment and chooses its items.</summary>
    /// <param name="reference">The task's entry in the file.</param>
    /// <param name="seed">Seed of the choice of items.</param>
    /// <param name="baseFolder">Folder of the experiment file.</param>
    /// <param name="dataFolder">Data folder; null takes RESEARCHKIT_DATA.</param>
    public static ReadyTask Ready(TaskReference reference, long seed, string baseFolder, string? dataFolder = null)
    {
        var task = reference.File is null ? Get(reference.Name, dataFolder) : TaskFile.Load(Path.Combine(baseFolder, reference.File)) with { Name = reference.Name };
        if (reference.Prompt is not null) task = task with { Prompt = reference.Prompt };
        var runs = reference.Protocols.Count == 0 ? [TaskProtocols.Own(task)] : RunsOf(task, reference);
        if (runs.FirstOrDefault(run => run.IsFineTuned) is { } tuned) throw new Core.ConfigException($"Task {task.Name}: {tuned.Name} fine-tunes; leave it out of `protocols` and give `fine_tuning`.");
        var ready = runs.Select(run => Ready(task, run, reference, seed)).ToList();
        foreach (var other in ready.Skip(1)) RequireSameItems(ready[0], other);
        return ready[0] with { OtherProtocols = ready[1..] };
    }

    // A reading belongs to the protocols that leave its point open.
    private static List<Protocol> RunsOf(EvaluationTask task, TaskReference reference)
    {
        var runs = reference.Protocols.Select(name => TaskProtocols.Get(task, name)).ToList();
        TaskProtocols.RequireKnown(reference.Assume, runs);
        return [.. runs.Select(run => TaskProtocols.Get(task, run.Name, reference.Assume?.Where(pair => run.Options.Any(option => option.Name == pair.Key)).ToDictionary()))];
    }

    private static void RequireSameItems(ReadyTask first, ReadyTask other)
    {
        string Names() => $"Task {first.Task.Name}: {first.Run!.Name} and {other.Run!.Name}";
        var (metric, otherMetric) = (TaskMetrics.Names(first.Task)[0], TaskMetrics.Names(other.Task)[0]);
        if (metric != otherMetric) throw new Core.ConfigException($"{Names()} report different metrics ({metric} and {otherMetric}); compare them in experiments of their own.");
        if (first.Splits.Test.Count != other.Splits.Test.Count || first.Splits.Test.Zip(other.Splits.Test).Any(pair => pair.First.Id != pair.Second.Id || pair.First.Gold != pair.Second.Gold || pair.First.Choices.Count != pair.Second.Choices.Count))
        {
            throw new Core.ConfigException($"{Names()} score different items or choices; compare them in experiments of their own.");
        }
    }

    private static ReadyTask Ready(EvaluationTask plain, Protocol run, TaskReference reference, long seed)
    {
        var task = run.ApplyTo(plain);
        var splits = task.Load();
        if (splits.Test.Count == 0) throw new Core.ConfigException($"Task {task.Name} has no test items: nothing could be scored. Check its data.");
        if (reference.Items.Count > 0)
        {
            var wanted = reference.Items.ToHashSet(StringComparer.Ordinal);
            splits = splits.WithTest([.. splits.Test.Where(item => wanted.Remove(item.Id))]);
            if (wanted.Count > 0) throw new Core.ConfigException($"Task {task.Name} has no test item {string.Join(", ", reference.Items.Where(wanted.Contains).Take(3))}{(wanted.Count > 3 ? $" and {wanted.Count - 3} more" : "")}, named in `items`; ids are such as {task.Load().Test[0].Id}.");
        }
        else if (reference.Limit < splits.Test.Count)
        {
            splits = splits.WithTest(Evaluator.SelectItems(task, splits, new EvaluationOptions { Seed = seed, Limit = reference.Limit }));
        }

        var canFineTune = splits.Train.Count > 0 && splits.Test.All(item => item is { Structured: not null, Gold: not null, Choices.Count: > 1 });
        if (reference.FineTune && canFineTune) RequireSameClasses(task.Name, splits);
        var protocol = ProtocolText(task);
        return new ReadyTask(task, splits, Fingerprint(protocol, task, splits), reference.FineTune && canFineTune) { LabelledFingerprint = LabelledFingerprint(task, splits), Run = run, Protocol = Sha256(protocol), Wordings = reference.Wordings, Shots = reference.Shots };
    }

    /// <summary>A head that knows classes by number needs the same ones for every item.</summary>
    private static void RequireSameClasses(string task, TaskSplits splits)
    {
        var classes = splits.Test[0].Choices.Count;
        var labelled = splits.Train.Concat(splits.Validation).Concat(splits.Test).Where(item => item is { Structured: not (null or MultipleChoiceInput), Gold: not null });
        if (labelled.FirstOrDefault(item => item.Choices.Count != classes) is { } odd)
            throw new Core.ConfigException($"Task {task}, item {odd.Id}: {odd.Choices.Count} choices where {splits.Test[0].Id} has {classes}; fine-tuning by classes needs the same ones everywhere. Use `structured` of kind multiple_choice, or \"fine_tune\": false.");
    }

    /// <summary>Lower-case hexadecimal SHA-256 of a text.</summary>
    internal static string Sha256(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));

    private static string ProtocolText(EvaluationTask task)
    {
        // Scoring is serialized by its run-time type: the base type has no members.
        var text = new StringBuilder();
        text.Append(task.Name).Append('\n').Append(JsonSerializer.Serialize(task.Prompt, ConfigJson.Compact)).Append('\n')
            .Append(task.Scoring.GetType().Name).Append(JsonSerializer.Serialize(task.Scoring, task.Scoring.GetType(), ConfigJson.Compact)).Append('\n')
            .Append(JsonSerializer.Serialize(task.Demonstrations, ConfigJson.Compact)).Append('\n').Append(JsonSerializer.Serialize(task.Metrics, ConfigJson.Compact));
        return text.ToString();
    }

    private static string Fingerprint(string protocol, EvaluationTask task, TaskSplits splits) =>
        Hash(protocol, splits, item => item, task.Demonstrations.Split == "test" ? splits.TestPool : null);

    private static string LabelledFingerprint(EvaluationTask task, TaskSplits splits) =>
        Hash(task.Name, splits, item => new { item.Id, item.Structured, item.Gold, Classes = item.Choices.Count, Score = ReadyTask.IsCorrelated(task) ? ReadyTask.AcceptedScore(item) : null });

    private static string Hash(string head, TaskSplits splits, Func<TaskItem, object> seen, IReadOnlyList<TaskItem>? pool = null)
    {
        var text = new StringBuilder(head);
        foreach (var item in new[] { splits.Train, splits.Validation, splits.Test, pool ?? [] }.SelectMany(items => items)) text.Append('\n').Append(JsonSerializer.Serialize(seen(item), ConfigJson.Compact));
        return Sha256(text.ToString());
    }
}
