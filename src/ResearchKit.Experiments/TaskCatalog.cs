using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using ResearchKit.Core.Configuration;
using ResearchKit.Core.Tasks;
using ResearchKit.Evaluation;
using ResearchKit.Evaluation.Datasets;
using ResearchKit.Evaluation.Protocols;
using ResearchKit.Evaluation.Suite;
using ResearchKit.Evaluation.Tasks;
using ResearchKit.Experiments.Configuration;

namespace ResearchKit.Experiments;

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
        var protocols = reference.Protocols.Count == 0 ? [TaskProtocols.Own(task)] : ProtocolsOf(task, reference);
        if (protocols.FirstOrDefault(protocol => protocol.IsFineTuned) is { } tuned) throw new Core.ConfigException($"Task {task.Name}: {tuned.Name} fine-tunes; leave it out of `protocols` and give `fine_tuning`.");
        var ready = protocols.Select(protocol => Ready(task, protocol, reference, seed)).ToList();
        foreach (var other in ready.Skip(1)) RequireSameItems(ready[0], other);
        return ready[0] with { OtherProtocols = ready[1..] };
    }

    // A reading belongs to the protocols that leave its point open.
    private static List<Protocol> ProtocolsOf(EvaluationTask task, TaskReference reference)
    {
        var protocols = reference.Protocols.Select(name => TaskProtocols.Get(task, name)).ToList();
        TaskProtocols.RequireKnown(reference.Assume, protocols);
        return [.. protocols.Select(protocol => TaskProtocols.Get(task, protocol.Name, reference.Assume?.Where(pair => protocol.Options.Any(option => option.Name == pair.Key)).ToDictionary()))];
    }

    private static void RequireSameItems(ReadyTask first, ReadyTask other)
    {
        string Names() => $"Task {first.Task.Name}: {first.Protocol!.Name} and {other.Protocol!.Name}";
        if (first.Metric != other.Metric) throw new Core.ConfigException($"{Names()} report different metrics ({first.Metric} and {other.Metric}); compare them in experiments of their own.");
        if (first.Splits.Test.Count != other.Splits.Test.Count || first.Splits.Test.Zip(other.Splits.Test).Any(pair => pair.First.Id != pair.Second.Id || pair.First.Gold != pair.Second.Gold || pair.First.Choices.Count != pair.Second.Choices.Count))
        {
            throw new Core.ConfigException($"{Names()} score different items or choices; compare them in experiments of their own.");
        }
    }

    private static ReadyTask Ready(EvaluationTask plain, Protocol protocol, TaskReference reference, long seed)
    {
        var task = protocol.ApplyTo(plain);
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
        var protocolText = ProtocolText(task);
        return new ReadyTask(task, splits, Fingerprint(protocolText, task, splits), reference.FineTune && canFineTune)
        {
            LabelledFingerprint = LabelledFingerprint(task, splits), Protocol = protocol, ProtocolFingerprint = Sha256(protocolText), Wordings = reference.Wordings, Shots = reference.Shots,
        };
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
