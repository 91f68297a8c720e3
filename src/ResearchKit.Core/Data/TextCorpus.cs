using System.Globalization;
using ResearchKit.Core.Files;

namespace ResearchKit.Core.Data;

/// <summary>A folder of UTF-8 text files with their splits. Texts are read when asked for, one at a time.</summary>
public sealed class TextCorpus
{
    /// <summary>Table of files and splits: tab-separated, with a header line that names at least <c>file</c> and <c>split</c>.</summary>
    public const string ManifestName = "MANIFEST.tsv";

    private TextCorpus(string folder, IReadOnlyList<CorpusDocument> documents) => (Folder, Documents) = (folder, documents);

    /// <summary>Folder that was read.</summary>
    public string Folder { get; }

    /// <summary>All documents, by path in ordinal order.</summary>
    public IReadOnlyList<CorpusDocument> Documents { get; }

    /// <summary>Names of the splits that occur.</summary>
    public IReadOnlyList<string> Splits => Documents.Select(d => d.Split).Distinct().Order(StringComparer.Ordinal).ToArray();

    /// <summary>Lists the <c>*.txt</c> and <c>*.txt.gz</c> files of a folder and its subfolders.</summary>
    /// <param name="folder">Folder. A <see cref="ManifestName"/> in it, or in its parent, gives files, splits and sizes; without one every file is of the split <c>train</c>.</param>
    /// <exception cref="ConfigException">The folder is missing or holds no text, or the manifest is malformed or names a file that is missing.</exception>
    public static TextCorpus ReadFolder(string folder)
    {
        var root = Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder));
        if (!Directory.Exists(root)) throw new ConfigException($"{folder}: there is no such folder; give a folder of .txt or .txt.gz files");
        var parent = Path.GetDirectoryName(root);
        var documents = File.Exists(Path.Combine(root, ManifestName)) ? ReadManifest(root)
            : parent is not null && File.Exists(Path.Combine(parent, ManifestName)) ? ReadManifest(parent)
            : ListFiles(root);
        var within = documents.Where(d => d.Path.StartsWith(root + Path.DirectorySeparatorChar, StringComparison.Ordinal))
            .Select(d => d with { Name = Path.GetRelativePath(root, d.Path).Replace(Path.DirectorySeparatorChar, '/') })
            .OrderBy(d => d.Name, StringComparer.Ordinal)
            .ToArray();
        if (within.Length == 0) throw new ConfigException($"{folder}: no text here; a corpus folder holds .txt or .txt.gz files");
        return new TextCorpus(root, within);
    }

    /// <summary>Texts of one split, in order.</summary>
    /// <exception cref="ConfigException">The corpus has no such split.</exception>
    public IEnumerable<string> Texts(string split)
    {
        var documents = Documents.Where(d => d.Split == split).ToArray();
        if (documents.Length == 0) throw new ConfigException($"{Folder}: no split \"{split}\"; there are: {string.Join(", ", Splits)}");
        return documents.Select(d => d.Read());
    }

    private static IEnumerable<CorpusDocument> ListFiles(string root) => Directory.EnumerateFiles(root, "*", SearchOption.AllDirectories)
        .Where(path => path.EndsWith(".txt", StringComparison.OrdinalIgnoreCase) || path.EndsWith(".txt.gz", StringComparison.OrdinalIgnoreCase))
        .Select(path => new CorpusDocument(path, path, "train", null));

    private static List<CorpusDocument> ReadManifest(string root)
    {
        var path = Path.Combine(root, ManifestName);
        var lines = InputFile.Text(path).Split('\n').Select(line => line.TrimEnd('\r')).ToArray();
        var columns = lines[0].Split('\t');
        var (file, split, size) = (Array.IndexOf(columns, "file"), Array.IndexOf(columns, "split"), Array.IndexOf(columns, "utf8_bytes"));
        if (file < 0 || split < 0) throw new ConfigException($"{path}, line 1: columns \"file\" and \"split\" are needed, tab-separated; found: {string.Join(", ", columns)}");
        var documents = new List<CorpusDocument>();
        var problems = new List<string>();
        for (var i = 1; i < lines.Length; i++)
        {
            if (lines[i].Length == 0) continue;
            var cells = lines[i].Split('\t');
            long bytes = 0;
            if (cells.Length != columns.Length) problems.Add($"line {i + 1}: {cells.Length} cells, the header has {columns.Length}");
            else if (size >= 0 && !long.TryParse(cells[size], NumberStyles.None, CultureInfo.InvariantCulture, out bytes)) problems.Add($"line {i + 1}: utf8_bytes \"{cells[size]}\" is no number");
            else if (!File.Exists(Path.Combine(root, cells[file]))) problems.Add($"line {i + 1}: {cells[file]} is missing from {root}");
            else documents.Add(new CorpusDocument(cells[file], Path.GetFullPath(Path.Combine(root, cells[file])), cells[split], size >= 0 ? bytes : null));
        }

        if (problems.Count > 0) throw new ConfigException(path, problems);
        return documents;
    }
}

/// <summary>One text of a corpus.</summary>
/// <param name="Name">Path within the corpus, with <c>/</c>.</param>
/// <param name="Path">Full path.</param>
/// <param name="Split">Split, such as <c>train</c> or <c>valid</c>.</param>
/// <param name="Utf8ByteCount">Bytes of the uncompressed text by the manifest; null where it does not say.</param>
public sealed record CorpusDocument(string Name, string Path, string Split, long? Utf8ByteCount)
{
    /// <summary>Reads the text.</summary>
    /// <exception cref="ConfigException">The file is unreadable, or its size is not the manifest's.</exception>
    public string Read()
    {
        var text = InputFile.Text(Path);
        if (Utf8ByteCount is { } expected && System.Text.Encoding.UTF8.GetByteCount(text) is var found && found != expected)
            throw new ConfigException($"{Path}: {found} bytes of text, but the manifest says {expected}; fetch the corpus again");
        return text;
    }
}
