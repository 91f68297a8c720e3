using System.Globalization;
using System.Text;

namespace ResearchKit.Core.Tokenization;

/// <summary>GPT-2's published vocabulary from the <c>r50k_base</c> resource that SharpToken embeds: base64 of each entry's bytes and its id.</summary>
/// <remarks>
/// The resource holds no merges. An entry's merge is found by encoding its bytes with the merges of lower ids, which leaves exactly two
/// parts; a test compares the result with the released <c>vocab.bpe</c>.
/// </remarks>
internal static class PublishedVocabulary
{
    private const string Resource = "SharpToken.data.r50k_base.tiktoken";

    public static BytePairVocabulary Load()
    {
        var entries = ReadEntries();
        var byteIds = new int[256];
        for (var id = 0; id < 256; id++) byteIds[entries[id][0]] = id;

        var table = new MergeTable();
        var merger = new PieceMerger(table);
        var merges = new List<(string, string)>(entries.Count);
        var ids = new int[entries.Max(bytes => bytes.Length)];
        var symbols = entries.ConvertAll(bytes => ByteSymbols.ToSymbols(bytes));
        for (var id = 256; id < entries.Count; id++)
        {
            var bytes = entries[id];
            for (var i = 0; i < bytes.Length; i++) ids[i] = byteIds[bytes[i]];
            var count = merger.Merge(ids.AsSpan(0, bytes.Length));
            if (count != 2) throw new InvalidOperationException($"{Resource}: entry {id} splits into {count} parts, not 2; the resource is not a byte-pair vocabulary");
            table.Add(new Merge(ids[0], ids[1], id));
            merges.Add((symbols[ids[0]], symbols[ids[1]]));
        }

        symbols.Add(BytePairVocabulary.EndOfText);
        return new BytePairVocabulary(symbols, merges, Resource);
    }

    private static List<byte[]> ReadEntries()
    {
        using var stream = typeof(SharpToken.GptEncoding).Assembly.GetManifestResourceStream(Resource)
            ?? throw new InvalidOperationException($"SharpToken no longer embeds {Resource}; load the vocabulary from a folder with encoder.json and vocab.bpe");
        using var reader = new StreamReader(stream, Encoding.ASCII);
        var entries = new List<byte[]>(50_256);
        while (reader.ReadLine() is { Length: > 0 } line)
        {
            var space = line.IndexOf(' ', StringComparison.Ordinal);
            var id = int.Parse(line.AsSpan(space + 1), NumberStyles.None, CultureInfo.InvariantCulture);
            if (id != entries.Count) throw new InvalidOperationException($"{Resource}: entry {entries.Count} has id {id}");
            entries.Add(Convert.FromBase64String(line[..space]));
        }

        return entries;
    }
}
