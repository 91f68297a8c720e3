using System.Text.Json;
using ResearchKit.Core;
using ResearchKit.Core.Random;
using ResearchKit.Evaluation.Tasks;
using static System.FormattableString;

namespace ResearchKit.Evaluation.Datasets;

/// <summary>Tasks over the real data sets, with GPT-3's prompt formats (Brown et al. 2020, Appendix G) and inputs for GPT-1 fine-tuning.</summary>
/// <remarks>
/// Where a public labelled test set is missing, the development set is scored and the validation split is a tenth of the training set (at most 1000 items), drawn once and for all.
/// Where a training set is missing, the description says which other items the demonstrations are; they are never scored, except for LAMBADA, the Winograd schemas and GPT-3's
/// generated files, whose items are demonstrations for one another but never for themselves (as GPT-3 did for Winograd, §2.4).
/// </remarks>
public static class DatasetTasks
{
    private static readonly Lazy<Dictionary<string, TaskSizes>> Sizes = new(ReadSizes);

    private static readonly IReadOnlyList<DatasetTask> Entries =
    [
        .. SentenceDatasets.Tasks, .. InferenceDatasets.Tasks, .. ChoiceDatasets.Tasks, .. WinogradDatasets.Tasks, .. PassageDatasets.Tasks,
        .. ConversationDatasets.Tasks, .. AnswerDatasets.Tasks, .. TextDatasets.Tasks, .. TranslationDatasets.Tasks,
    ];

    /// <summary>Names of all tasks, in a fixed order.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. Entries.Select(e => e.Name)];

    /// <summary>The task of that name. Files are read when <see cref="EvaluationTask.Load"/> is called, not before.</summary>
    /// <param name="name">One of <see cref="Names"/>.</param>
    /// <param name="folder">Data folder.</param>
    /// <exception cref="ConfigException">No such task.</exception>
    public static EvaluationTask Get(string name, DataFolder folder)
    {
        var entry = Find(name);
        var reader = new DatasetReader(folder, DatasetCatalog.Get(entry.Dataset));
        return Template(entry) with { Load = () => entry.Read(reader) };
    }

    /// <summary>Prompt, scoring and description of a task, for looking at where its data is not at hand; its items cannot be loaded.</summary>
    /// <exception cref="ConfigException">No such task.</exception>
    public static EvaluationTask Describe(string name) => Template(Find(name));

    /// <summary>Name of the catalogue entry that a task reads.</summary>
    /// <exception cref="ConfigException">No such task.</exception>
    public static string DatasetOf(string name) => Find(name).Dataset;

    /// <summary>Items of a task's splits, without reading its files.</summary>
    /// <exception cref="ConfigException">No such task.</exception>
    public static TaskSizes SizesOf(string name) => Sizes.Value[Find(name).Name];

    /// <summary>Items of a published split, of which a part may be at hand; null where the catalogue does not know it.</summary>
    /// <param name="name">One of <see cref="Names"/>.</param>
    /// <param name="split">Name of the split, as in the ids of its items.</param>
    public static int? PublishedItemCount(string name, string split) => DatasetCatalog.Get(DatasetOf(name)).Splits.FirstOrDefault(known => known.Name == split)?.Canonical;

    private static Dictionary<string, TaskSizes> ReadSizes()
    {
        using var stream = typeof(DatasetTasks).Assembly.GetManifestResourceStream("ResearchKit.Evaluation.Datasets.task-sizes.json")!;
        return JsonSerializer.Deserialize<Dictionary<string, int[]>>(stream)!.ToDictionary(entry => entry.Key, entry => new TaskSizes(entry.Value[0], entry.Value[1], entry.Value[2], entry.Value[3]));
    }

    private static EvaluationTask Template(DatasetTask entry) => Sizes.Value[entry.Name] is { HoldsBackTraining: true } sizes
        ? entry.Template with { HoldsBackTraining = true, Description = Invariant($"{entry.Description} Under a published protocol `rk eval` scores all {sizes.Published}.") }
        : entry.Template;

    private static DatasetTask Find(string name) => Entries.FirstOrDefault(e => e.Name == name)
        ?? throw new ConfigException($"no task '{name}' over real data; the tasks are {string.Join(", ", Names)}");
}

/// <summary>How many items the splits of a task hold.</summary>
/// <param name="Train">For fine-tuning and demonstrations.</param>
/// <param name="Validation">For choosing an epoch.</param>
/// <param name="Test">Scored.</param>
/// <param name="Published">Scored under a published protocol (<see cref="EvaluationTask.OverPublishedSet"/>): with the items that are held back for training where no training set is at hand.</param>
public sealed record TaskSizes(int Train, int Validation, int Test, int Published)
{
    /// <summary>Whether the training items were taken out of the published set that is scored.</summary>
    public bool HoldsBackTraining => Published > Test;
}

/// <summary>A registered task: prompt and scoring now, items later.</summary>
/// <param name="Name">Name of the task.</param>
/// <param name="Dataset">Catalogue entry.</param>
/// <param name="Description">What is asked, and what of the data serves as what.</param>
/// <param name="Prompt">Words.</param>
/// <param name="Scoring">How answers are scored.</param>
/// <param name="Read">Reads the items.</param>
internal sealed record DatasetTask(string Name, string Dataset, string Description, PromptTemplate Prompt, Scoring Scoring, Func<DatasetReader, TaskSplits> Read)
{
    public DemonstrationSource Demonstrations { get; init; } = new();

    public IReadOnlyList<TaskMetric> Metrics { get; init; } = [];

    public EvaluationTask Template => new()
    {
        Name = Name, Description = Description, Load = () => throw new InvalidOperationException("a described task has no items: get it from a data folder"),
        Prompt = Prompt, Scoring = Scoring, Demonstrations = Demonstrations, Metrics = Metrics,
    };
}

/// <summary>Makes splits of what a publisher offers.</summary>
internal static class DatasetSplits
{
    /// <summary>Items with ids <c>split/row</c>.</summary>
    public static IReadOnlyList<TaskItem> Items<T>(string split, IReadOnlyList<T> rows, Func<T, TaskItem> item) =>
        [.. rows.Select((row, i) => item(row) with { Id = $"{split}/{i}" })];

    /// <summary>A training set and the set that is scored; the validation split is a tenth of the training set, at most 1000 items, in the order of the file.</summary>
    public static TaskSplits CarveValidation(string dataset, IReadOnlyList<TaskItem> train, IReadOnlyList<TaskItem> scored)
    {
        var count = Math.Min(1000, train.Count / 10);
        var chosen = new CounterRandom(0, "datasets/validation/" + dataset).Sample(train.Count, count).ToHashSet();
        return new([.. train.Where((_, i) => !chosen.Contains(i))], [.. train.Where((_, i) => chosen.Contains(i))], scored);
    }

    /// <summary>One labelled set: the first items become training items and demonstrations, the others are scored.</summary>
    public static TaskSplits FirstForTraining(IReadOnlyList<TaskItem> items, int trainCount) => new([.. items.Take(trainCount)], [], [.. items.Skip(trainCount)]);

    /// <summary>One labelled set whose items share passages: the first passages become training items and demonstrations, so that no passage is on both sides.</summary>
    public static TaskSplits FirstClustersForTraining(IReadOnlyList<TaskItem> items, int clusterCount)
    {
        var training = items.Select(i => i.Cluster).Distinct().Take(clusterCount).ToHashSet();
        return new([.. items.Where(i => training.Contains(i.Cluster))], [], [.. items.Where(i => !training.Contains(i.Cluster))]);
    }
}

/// <summary>Short forms for reading JSON fields.</summary>
internal static class JsonFields
{
    public static string Text(this System.Text.Json.JsonElement row, string name) => row.GetProperty(name).GetString()!;

    public static int Number(this System.Text.Json.JsonElement row, string name) => row.GetProperty(name).GetInt32();

    public static string[] Texts(this System.Text.Json.JsonElement row, string name) => [.. row.GetProperty(name).EnumerateArray().Select(e => e.GetString()!)];
}
