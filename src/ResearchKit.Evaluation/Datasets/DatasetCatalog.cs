using System.Text.Json;
using System.Text.Json.Serialization;
using ResearchKit.Core;

namespace ResearchKit.Evaluation.Datasets;

/// <summary>A data set: its files with checksums, its splits with counts, and where it is from.</summary>
/// <param name="Name">Name and subfolder, such as <c>rte</c>.</param>
/// <param name="Title">Title for people.</param>
/// <param name="Splits">Splits with their canonical and present sizes.</param>
/// <param name="Files">Files, relative to the data folder.</param>
/// <param name="Caveat">What is not canonical, or a restriction of use; null where there is none.</param>
public sealed record DatasetEntry(string Name, string Title, IReadOnlyList<DatasetSplit> Splits, IReadOnlyList<DatasetFile> Files, string? Caveat = null)
{
    /// <summary>Licences of the sources as these state them, one line a source, to be shown before a download.</summary>
    [JsonIgnore]
    public string LicenceNotice => string.Join('\n', Files.Select(f => f.Source).Distinct()
        .Select(s => $"{s} @ {DatasetCatalog.Source(s).Commit[..12]}: {DatasetCatalog.Source(s).Licence}"));

    /// <summary>The split of that name.</summary>
    /// <exception cref="ArgumentException">No such split.</exception>
    public DatasetSplit Split(string name) => Splits.FirstOrDefault(s => s.Name == name)
        ?? throw new ArgumentException($"{Name} has no split '{name}'; its splits are {string.Join(", ", Splits.Select(s => s.Name))}", nameof(name));

    /// <summary>The file of that path.</summary>
    /// <exception cref="ArgumentException">No such file.</exception>
    public DatasetFile File(string path) => Files.FirstOrDefault(f => f.Path == path)
        ?? throw new ArgumentException($"{Name} has no file '{path}'; its files are {string.Join(", ", Files.Select(f => f.Path))}", nameof(path));
}

/// <summary>Size of a split, in the unit that its publisher counts (items, or tokens of a text).</summary>
/// <param name="Name">Name, such as <c>val</c>.</param>
/// <param name="Canonical">Size of the published split.</param>
/// <param name="Present">Size of the split in the catalogue's files; smaller where only a part is freely published.</param>
public sealed record DatasetSplit(string Name, int Canonical, int Present);

/// <summary>A file of a data set.</summary>
/// <param name="Path">Path relative to the data folder; a name in <c>.gz</c> is read through gzip.</param>
/// <param name="Size">Bytes as stored.</param>
/// <param name="Sha256">Lower-case hexadecimal SHA-256 of the stored bytes.</param>
/// <param name="Source">GitHub repository, owner/name.</param>
/// <param name="SourcePath">Path in the repository whose bytes are the stored ones (or their uncompressed content); null where the stored file was laid out again.</param>
/// <param name="ContentSha256">SHA-256 of the uncompressed content of a <c>.gz</c> file: any compression of it is accepted.</param>
/// <param name="ContentSize">Bytes of the uncompressed content of a <c>.gz</c> file.</param>
/// <param name="Note">How the stored file came from the source where it differs from it.</param>
public sealed record DatasetFile(string Path, long Size, string Sha256, string Source, string? SourcePath = null, string? ContentSha256 = null, long? ContentSize = null, string? Note = null)
{
    /// <summary>Path of the file under a host of raw repository files: <c>owner/name/commit/path</c>; null where the stored file was laid out again.</summary>
    [JsonIgnore]
    public string? DownloadPath => SourcePath is null ? null : $"{Source}/{DatasetCatalog.Source(Source).Commit}/{SourcePath}";
}

/// <summary>A source repository.</summary>
/// <param name="Commit">Pinned commit, 40 hexadecimal digits.</param>
/// <param name="Licence">Licence as the repository states it.</param>
public sealed record DatasetSource(string Commit, string Licence);

/// <summary>What of a data set is in a data folder.</summary>
/// <param name="Entry">The data set.</param>
/// <param name="Missing">Files that are not there.</param>
/// <param name="Damaged">Files whose checksum differs from the catalogue's; empty unless checksums were asked for.</param>
public sealed record DatasetStatus(DatasetEntry Entry, IReadOnlyList<DatasetFile> Missing, IReadOnlyList<DatasetFile> Damaged)
{
    /// <summary>Whether all files are there (and, where asked, undamaged).</summary>
    public bool IsComplete => Missing.Count == 0 && Damaged.Count == 0;
}

/// <summary>All benchmark data sets that ResearchKit reads.</summary>
public static class DatasetCatalog
{
    private static readonly Content Catalog = Read();

    /// <summary>All data sets, in a fixed order.</summary>
    public static IReadOnlyList<DatasetEntry> All => Catalog.Datasets;

    /// <summary>The data set of that name.</summary>
    /// <exception cref="ConfigException">No such data set.</exception>
    public static DatasetEntry Get(string name) => All.FirstOrDefault(e => e.Name == name)
        ?? throw new ConfigException($"no data set '{name}'; the data sets are {string.Join(", ", All.Select(e => e.Name))}");

    /// <summary>Commit and licence of a source repository.</summary>
    public static DatasetSource Source(string repository) => Catalog.Sources[repository];

    /// <summary>What of every data set is in a folder.</summary>
    /// <param name="folder">Data folder; null stands for none, so that everything is missing.</param>
    /// <param name="verify">Also compares checksums (reads every file). Default false.</param>
    public static IReadOnlyList<DatasetStatus> Status(DataFolder? folder, bool verify = false) =>
        [.. All.Select(entry => Status(entry, folder, verify))];

    /// <summary>What of one data set is in a folder.</summary>
    /// <param name="entry">Data set.</param>
    /// <param name="folder">Data folder; null stands for none.</param>
    /// <param name="verify">Also compares checksums. Default false.</param>
    public static DatasetStatus Status(DatasetEntry entry, DataFolder? folder, bool verify = false)
    {
        var present = entry.Files.Where(f => folder is not null && File.Exists(folder.PathOf(f.Path))).ToArray();
        return new(entry, [.. entry.Files.Except(present)], verify ? [.. present.Where(f => !FileChecksum.Matches(folder!.PathOf(f.Path), f))] : []);
    }

    private static Content Read()
    {
        var options = new JsonSerializerOptions
        {
            PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
            UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
            RespectRequiredConstructorParameters = true,
        };
        using var stream = typeof(DatasetCatalog).Assembly.GetManifestResourceStream("ResearchKit.Evaluation.Datasets.catalog.json")!;
        return JsonSerializer.Deserialize<Content>(stream, options)!;
    }

    private sealed record Content(IReadOnlyDictionary<string, DatasetSource> Sources, IReadOnlyList<DatasetEntry> Datasets);
}
