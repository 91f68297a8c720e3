using System.Text;
using System.Text.Json;
using System.Xml;
using System.Xml.Linq;
using ResearchKit.Core;

namespace ResearchKit.Evaluation.Datasets;

/// <summary>Reads the files of one data set, checksums first, and checks the number of rows of every split.</summary>
public sealed class DatasetReader
{
    /// <summary>Opens a data set of a folder.</summary>
    public DatasetReader(DataFolder folder, DatasetEntry entry) => (Folder, Entry) = (folder, entry);

    /// <summary>Data folder.</summary>
    public DataFolder Folder { get; }

    /// <summary>Data set.</summary>
    public DatasetEntry Entry { get; }

    /// <summary>The whole text of a file, uncompressed.</summary>
    /// <param name="path">Path of the catalogue, such as <c>rte/val.jsonl</c>.</param>
    /// <exception cref="ConfigException">The file is missing, unreadable, or not the catalogue's.</exception>
    public string Text(string path)
    {
        var file = Entry.File(path);
        var full = Folder.PathOf(path);
        if (!File.Exists(full))
        {
            throw new ConfigException($"{Entry.Name}: '{full}' is missing; " + (file.DownloadPath is null
                ? $"it cannot be downloaded in this form ({file.Note}): copy it from a data folder that has it"
                : $"`rk data pull {Entry.Name}` downloads it"));
        }

        byte[] bytes;
        try
        {
            bytes = File.ReadAllBytes(full);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ConfigException($"{Entry.Name}: '{full}' cannot be read: {e.Message}", e);
        }

        if (!FileChecksum.Matches(bytes, file))
        {
            throw new ConfigException($"{Entry.Name}: '{full}' is not the published file: its SHA-256 is {FileChecksum.Hash(bytes)} ({bytes.Length} bytes), "
                + $"expected {file.Sha256} ({file.Size} bytes); remove it and get it again");
        }

        var content = path.EndsWith(".gz", StringComparison.Ordinal) ? FileChecksum.Decompress(bytes) : bytes;
        return Encoding.UTF8.GetString(content).TrimStart('\uFEFF');
    }

    /// <summary>Lines without their ends; a last empty line is left out.</summary>
    /// <exception cref="ConfigException">As for <see cref="Text"/>.</exception>
    public string[] Lines(string path)
    {
        // Only line feeds end lines here: some texts hold U+2028 or a lone carriage return inside a sentence.
        var lines = Text(path).Split('\n');
        if (lines[^1].Length == 0) lines = lines[..^1];
        return [.. lines.Select(l => l.EndsWith('\r') ? l[..^1] : l)];
    }

    /// <summary>One JSON value a line.</summary>
    /// <exception cref="ConfigException">As for <see cref="Text"/>, or a line that is no JSON.</exception>
    public IReadOnlyList<JsonElement> JsonLines(string path)
    {
        var lines = Lines(path);
        var values = new JsonElement[lines.Length];
        for (var i = 0; i < lines.Length; i++)
        {
            try
            {
                values[i] = JsonElement.Parse(lines[i]);
            }
            catch (JsonException e)
            {
                throw new ConfigException($"{Entry.Name}: '{Folder.PathOf(path)}' line {i + 1} is no JSON: {e.Message}", e);
            }
        }

        return values;
    }

    /// <summary>The whole file as one JSON value.</summary>
    public JsonElement Json(string path) => JsonElement.Parse(Text(path));

    /// <summary>The whole file as XML.</summary>
    public XElement Xml(string path)
    {
        using var reader = XmlReader.Create(new StringReader(Text(path)), new XmlReaderSettings { DtdProcessing = DtdProcessing.Ignore });
        return XElement.Load(reader);
    }

    /// <summary>Tab-separated rows; quotes are text.</summary>
    /// <param name="path">File.</param>
    /// <param name="columnCount">Columns that every row must have.</param>
    /// <param name="hasHeader">Whether the first line names the columns.</param>
    /// <exception cref="ConfigException">As for <see cref="Text"/>, or a row of another width.</exception>
    public IReadOnlyList<string[]> Tsv(string path, int columnCount, bool hasHeader) =>
        CheckWidth(path, [.. Lines(path).Skip(hasHeader ? 1 : 0).Select(l => l.Split('\t'))], columnCount);

    /// <summary>Comma-separated rows with quoted fields (RFC 4180).</summary>
    /// <param name="path">File.</param>
    /// <param name="columnCount">Columns that every row must have.</param>
    /// <param name="hasHeader">Whether the first row names the columns.</param>
    /// <exception cref="ConfigException">As for <see cref="Text"/>, or a row of another width.</exception>
    public IReadOnlyList<string[]> Csv(string path, int columnCount, bool hasHeader) =>
        CheckWidth(path, [.. ParseCsv(Text(path)).Skip(hasHeader ? 1 : 0)], columnCount);

    /// <summary>Checks the number of rows of a split against the catalogue.</summary>
    /// <param name="split">Name of the split.</param>
    /// <param name="rows">What was read.</param>
    /// <returns><paramref name="rows"/>.</returns>
    /// <exception cref="ConfigException">Another number of rows.</exception>
    public IReadOnlyList<T> Expect<T>(string split, IReadOnlyList<T> rows)
    {
        ExpectCount(split, rows.Count);
        return rows;
    }

    /// <summary>Checks a count of a split against the catalogue.</summary>
    /// <exception cref="ConfigException">Another count.</exception>
    public void ExpectCount(string split, int count)
    {
        var expected = Entry.Split(split).Present;
        if (count != expected)
        {
            throw new ConfigException($"{Entry.Name}: split {split} holds {count} items where {expected} are expected; the file and the reader do not belong together");
        }
    }

    private IReadOnlyList<string[]> CheckWidth(string path, IReadOnlyList<string[]> rows, int columnCount)
    {
        for (var i = 0; i < rows.Count; i++)
        {
            if (rows[i].Length != columnCount)
                throw new ConfigException($"{Entry.Name}: '{Folder.PathOf(path)}' row {i + 1} has {rows[i].Length} columns where {columnCount} are expected");
        }

        return rows;
    }

    /// <summary>RFC 4180; a quote inside an unquoted field is text.</summary>
    internal static IEnumerable<string[]> ParseCsv(string text)
    {
        var row = new List<string>();
        var field = new StringBuilder();
        for (var i = 0; i <= text.Length; i++)
        {
            if (i < text.Length && text[i] == '"' && field.Length == 0)
            {
                for (i++; i < text.Length; i++)
                {
                    if (text[i] != '"') field.Append(text[i]);
                    else if (i + 1 < text.Length && text[i + 1] == '"') field.Append(text[i++]);
                    else break;
                }
            }
            else if (i == text.Length || text[i] is ',' or '\n')
            {
                if (i == text.Length && row.Count == 0 && field.Length == 0) yield break;
                row.Add(field.ToString().TrimEnd('\r'));
                field.Clear();
                if (i < text.Length && text[i] == ',') continue;
                yield return row.ToArray();
                row.Clear();
            }
            else
            {
                field.Append(text[i]);
            }
        }
    }
}
