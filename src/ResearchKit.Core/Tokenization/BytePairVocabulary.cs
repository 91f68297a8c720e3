using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace ResearchKit.Core.Tokenization;

/// <summary>Entries and merges of a byte-level byte-pair vocabulary in GPT-2's format, checked once. Immutable.</summary>
internal sealed class BytePairVocabulary
{
    /// <summary>GPT-2's document separator.</summary>
    public const string EndOfText = "<|endoftext|>";

    /// <summary>Checks entries and merges and derives everything that encoding needs.</summary>
    /// <param name="entries">Entry of each id, in byte symbols.</param>
    /// <param name="merges">Pairs of entries, first to apply first.</param>
    /// <param name="source">File or object named in errors.</param>
    /// <exception cref="ConfigException">A byte or a merge's part or result is not in the vocabulary, an entry or merge occurs twice.</exception>
    public BytePairVocabulary(IReadOnlyList<string> entries, IEnumerable<(string Left, string Right)> merges, string source)
    {
        Entries = entries;
        TokenBytes = entries.Select(ByteSymbols.EntryBytes).ToArray();
        var ids = new Dictionary<string, int>(entries.Count, StringComparer.Ordinal);
        var problems = new List<string>();
        for (var id = 0; id < entries.Count; id++)
        {
            if (!ids.TryAdd(entries[id], id)) problems.Add($"entry {id} ({entries[id]}) is also entry {ids[entries[id]]}; every entry must be different");
        }

        for (var b = 0; b < 256; b++)
        {
            var symbol = ByteSymbols.ToSymbols([(byte)b]);
            if (ids.TryGetValue(symbol, out var id)) ByteIds[b] = id;
            else problems.Add($"byte 0x{b:X2} (entry {symbol}) is missing; a byte-level vocabulary holds all 256 byte symbols, else some text could not be encoded");
        }

        var rank = 0;
        foreach (var (left, right) in merges)
        {
            var entry = left + right;
            if (!ids.TryGetValue(left, out var leftId)) problems.Add($"merge {rank} ({left} {right}): {left} is not in the vocabulary");
            else if (!ids.TryGetValue(right, out var rightId)) problems.Add($"merge {rank} ({left} {right}): {right} is not in the vocabulary");
            else if (!ids.TryGetValue(entry, out var result)) problems.Add($"merge {rank} ({left} {right}): its result {entry} is not in the vocabulary");
            else if (!Merges.Add(new Merge(leftId, rightId, result))) problems.Add($"merge {rank} ({left} {right}) occurs twice");
            rank++;
        }

        if (problems.Count > 20)
            problems = [.. problems.Take(20), $"and {problems.Count - 20} more; is this a GPT-2 format vocabulary, and do both files belong together?"];
        if (problems.Count > 0) throw new ConfigException(source, problems);
        if (ids.TryGetValue(EndOfText, out var endOfText) && !Merges.Merges.Any(m => m.Result == endOfText)) EndOfTextId = endOfText;
    }

    /// <summary>Entry of each id, in byte symbols.</summary>
    public IReadOnlyList<string> Entries { get; }

    /// <summary>Bytes of each id.</summary>
    public byte[][] TokenBytes { get; }

    /// <summary>Id of each single byte.</summary>
    public int[] ByteIds { get; } = new int[256];

    /// <summary>The merges.</summary>
    public MergeTable Merges { get; } = new();

    /// <summary>Id of <see cref="EndOfText"/> where no merge makes it.</summary>
    public int? EndOfTextId { get; }

    /// <summary>Lower-case hexadecimal SHA-256 of entries and merges.</summary>
    public string Fingerprint()
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData("byte-level-bpe"u8);
        Span<byte> length = stackalloc byte[4];
        foreach (var entry in Entries)
        {
            var bytes = Encoding.UTF8.GetBytes(entry);
            BinaryPrimitives.WriteInt32LittleEndian(length, bytes.Length);
            hash.AppendData(length);
            hash.AppendData(bytes);
        }

        foreach (var merge in Merges.Merges)
        {
            foreach (var id in (ReadOnlySpan<int>)[merge.Left, merge.Right])
            {
                BinaryPrimitives.WriteInt32LittleEndian(length, id);
                hash.AppendData(length);
            }
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}
