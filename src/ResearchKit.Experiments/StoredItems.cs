using System.IO.Compression;
using System.Text.Json;
using ResearchKit.Core;
using ResearchKit.Core.Configuration;
using ResearchKit.Core.Files;
using ResearchKit.Evaluation;
using ResearchKit.Experiments.Reporting;

namespace ResearchKit.Experiments;

/// <summary>What a run keeps of every item and cell beside its report, so that another run can be compared with it and the same run verified without its cells.</summary>
/// <remarks>One compressed file. Log-probabilities are single precision, as the models make them; the checksum of a cell covers all that was stored of it.</remarks>
public sealed record StoredItems
{
    /// <summary>Name of the file in the run folder.</summary>
    public const string FileName = "items.json.gz";

    /// <summary>Version of this layout. Always 1.</summary>
    public int SchemaVersion { get; init; } = 1;

    /// <summary>The tasks with their items.</summary>
    public required IReadOnlyList<StoredTask> Tasks { get; init; }

    /// <summary>The cells with their results.</summary>
    public required IReadOnlyList<StoredCell> Cells { get; init; }

    /// <summary>Writes the file into a run folder, atomically.</summary>
    public void Write(string folder) => AtomicFile.Write(Path.Combine(folder, FileName), stream =>
    {
        using var gzip = new GZipStream(stream, CompressionLevel.SmallestSize, leaveOpen: true);
        JsonSerializer.Serialize(gzip, this, ConfigJson.Compact);
    });

    /// <summary>Reads the file of a run folder.</summary>
    /// <exception cref="ConfigException">There is none, or it is damaged or of another version.</exception>
    public static StoredItems Read(string folder)
    {
        var path = Path.Combine(folder, FileName);
        if (!File.Exists(path))
        {
            throw new ConfigException(File.Exists(Path.Combine(folder, RunReport.FileName))
                ? $"{folder} has a report but no {FileName}: it was written by an older version. Run its experiment again; finished cells are reused."
                : $"{folder} holds no finished run (no {FileName}). Run the experiment first: rk run FILE.");
        }

        try
        {
            using var file = File.OpenRead(path);
            using var gzip = new GZipStream(file, CompressionMode.Decompress);
            var stored = JsonSerializer.Deserialize<StoredItems>(gzip, ConfigJson.Compact);
            return stored is { SchemaVersion: 1 } ? stored : throw new ConfigException($"{path}: schema_version is {stored?.SchemaVersion}; this version reads 1. Run the experiment again.");
        }
        catch (Exception error) when (error is InvalidDataException or JsonException or EndOfStreamException)
        {
            throw new ConfigException($"{path} is damaged ({error.Message.TrimEnd('.')}). Run its experiment again; finished cells are reused.", error);
        }
    }
}

/// <summary>A task of a stored run.</summary>
/// <param name="Name">Name.</param>
/// <param name="Metric">Headline metric.</param>
/// <param name="Protocol">SHA-256 over prompt, scoring, demonstrations, metrics and what is done with prompts longer than the context.</param>
/// <param name="Items">The scored items; all lists of the task's cells are in their order.</param>
public sealed record StoredTask(string Name, string Metric, string Protocol, IReadOnlyList<StoredItem> Items);

/// <summary>An item of a stored run.</summary>
/// <param name="Id">Id within the task.</param>
/// <param name="Hash">First 16 hexadecimal digits of SHA-256 over its texts, choices and right answer.</param>
/// <param name="Gold">Index of the right choice; null for free-form tasks.</param>
/// <param name="Choices">Choices; null where there are none.</param>
/// <param name="Answers">Accepted answers; null where there are none.</param>
/// <param name="Cluster">Cluster; null where the item stands alone.</param>
/// <param name="Group">Group; null where the item stands alone.</param>
public sealed record StoredItem(string Id, string Hash, int? Gold = null, IReadOnlyList<string>? Choices = null, IReadOnlyList<string>? Answers = null, string? Cluster = null, string? Group = null);

/// <summary>A cell of a stored run; lists are in the order of the task's items.</summary>
public sealed record StoredCell
{
    /// <summary>Id, as in the report.</summary>
    public required string Id { get; init; }

    /// <summary>Name of the task.</summary>
    public required string Task { get; init; }

    /// <summary>What was done.</summary>
    public required Condition Condition { get; init; }

    /// <summary>As <see cref="StoredTask.Protocol"/>, where a cell's is not its task's.</summary>
    public string? Protocol { get; init; }

    /// <summary>Seed of the draw or of the fine-tuning.</summary>
    public required long Seed { get; init; }

    /// <summary>Whether the cell only serves the split of variance.</summary>
    public bool IsVariation { get; init; }

    /// <summary>SHA-256 over everything that the cell stored: equal checksums mean equal bits.</summary>
    public required string Checksum { get; init; }

    /// <summary>Item scores.</summary>
    public required IReadOnlyList<double> Scores { get; init; }

    /// <summary>Predicted choices; null where nothing is ranked.</summary>
    public IReadOnlyList<int>? Predicted { get; init; }

    /// <summary>Generated answers; null where nothing is generated.</summary>
    public IReadOnlyList<string>? Generated { get; init; }

    /// <summary>Log-probability of every choice (in context: of its tokens' sum; fine-tuned: of the class), nats; null where nothing is scored.</summary>
    public IReadOnlyList<IReadOnlyList<float>>? LogProbabilities { get; init; }

    /// <summary>Tokens, words and bytes of every item that perplexities divide by; null elsewhere.</summary>
    public IReadOnlyList<IReadOnlyList<int>>? Counts { get; init; }

    /// <summary>The cell as item results, for metrics and tests.</summary>
    /// <param name="task">The cell's task.</param>
    public IReadOnlyList<ItemResult> Results(StoredTask task) => [.. task.Items.Select((item, i) => new ItemResult
    {
        Id = item.Id,
        Prompt = "",
        Gold = item.Gold,
        Answers = item.Answers ?? [],
        Cluster = item.Cluster,
        Group = item.Group,
        Generated = Generated?[i],
        Predictions = Predicted is { } predicted ? [new ChoicePrediction("stored", predicted[i], predicted[i] == item.Gold, false)] : [],
        Score = Scores[i],
        Choices = LogProbabilities is { } all ? [.. all[i].Select((value, c) => new ChoiceResult
        {
            Text = item.Choices?.ElementAtOrDefault(c) ?? "",
            Answer = item.Choices?.ElementAtOrDefault(c) ?? "",
            TokenIds = new int[Counts?[i][0] ?? 0],
            TokenLogProbabilities = [],
            LogProbability = value,
            WordCount = Counts?[i][1] ?? 0,
            ByteCount = Counts?[i][2] ?? 0,
        })] : [],
    })];
}
