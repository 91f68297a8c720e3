using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using ResearchKit.Core.Data;
using ResearchKit.Core.Files;

namespace ResearchKit.Core.Tokenization;

/// <summary>Reads and writes the two files of a GPT-2 format vocabulary.</summary>
internal static class BytePairFiles
{
    private static readonly (string Entries, string Merges)[] Layouts = [("vocab.json", "merges.txt"), ("encoder.json", "vocab.bpe")];

    /// <summary>Whether a folder holds one of the two layouts.</summary>
    public static bool ExistIn(string folder) =>
        Layouts.Any(layout => File.Exists(Path.Combine(folder, layout.Entries)) && File.Exists(Path.Combine(folder, layout.Merges)));

    public static BytePairVocabulary Load(string folder)
    {
        foreach (var layout in Layouts)
        {
            var (entries, merges) = (Path.Combine(folder, layout.Entries), Path.Combine(folder, layout.Merges));
            if (!File.Exists(entries) || !File.Exists(merges)) continue;
            return new BytePairVocabulary(VocabularyJson.Read(entries), ReadMerges(merges), folder);
        }

        throw new ConfigException($"{folder}: no GPT-2 format vocabulary here; it takes vocab.json and merges.txt, or encoder.json and vocab.bpe");
    }

    public static void Save(BytePairVocabulary vocabulary, string folder)
    {
        AtomicFile.Write(Path.Combine(folder, Layouts[0].Entries), stream => VocabularyJson.Write(stream, vocabulary.Entries));
        AtomicFile.Write(Path.Combine(folder, Layouts[0].Merges), stream =>
        {
            using var writer = new StreamWriter(stream, new UTF8Encoding(false), leaveOpen: true) { NewLine = "\n" };
            writer.WriteLine("#version: 0.2");
            foreach (var merge in vocabulary.Merges.Merges)
                writer.WriteLine($"{vocabulary.Entries[merge.Left]} {vocabulary.Entries[merge.Right]}");
        });
    }

    /// <summary>Pairs of a merge file, one a line; a first line that begins with <c>#version</c> is its header.</summary>
    public static List<(string Left, string Right)> ReadMerges(string path)
    {
        // Not ReadLines: U+0085 and its like end no line here, only \n does.
        var lines = InputFile.Text(path).Split('\n');
        var merges = new List<(string, string)>(lines.Length);
        for (var i = lines[0].StartsWith("#version", StringComparison.Ordinal) ? 1 : 0; i < lines.Length; i++)
        {
            var line = lines[i].TrimEnd('\r');
            if (line.Length == 0) continue;
            var space = line.IndexOf(' ', StringComparison.Ordinal);
            if (space <= 0 || space != line.LastIndexOf(' ') || space == line.Length - 1)
                throw new ConfigException($"{path}, line {i + 1}: \"{line}\" is no merge; a line holds two entries with one space between");
            merges.Add((line[..space], line[(space + 1)..]));
        }

        return merges;
    }
}

/// <summary>A JSON object from entry to id, as <c>vocab.json</c>.</summary>
internal static class VocabularyJson
{
    private static readonly JsonSerializerOptions Options = new() { AllowDuplicateProperties = false };

    /// <summary>Entries by id; ids must be 0 … n − 1, each once.</summary>
    public static string[] Read(string path)
    {
        Dictionary<string, int> ids;
        try
        {
            ids = JsonSerializer.Deserialize<Dictionary<string, int>>(InputFile.Text(path), Options) ?? [];
        }
        catch (JsonException e)
        {
            throw new ConfigException($"{path}: not a JSON object from entries to ids: {e.Message}", e);
        }

        var entries = new string?[ids.Count];
        foreach (var (entry, id) in ids)
        {
            if ((uint)id >= (uint)entries.Length)
                throw new ConfigException($"{path}: entry \"{entry}\" has id {id}, but {entries.Length} entries need the ids 0 to {entries.Length - 1}, each once");
            if (entries[id] is { } other) throw new ConfigException($"{path}: entries \"{other}\" and \"{entry}\" share id {id}; each id must occur once");
            entries[id] = entry;
        }

        return entries!;
    }

    public static void Write(Stream stream, IReadOnlyList<string> entries)
    {
        using var writer = new Utf8JsonWriter(stream, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
        writer.WriteStartObject();
        for (var id = 0; id < entries.Count; id++) writer.WriteNumber(entries[id], id);
        writer.WriteEndObject();
    }
}
