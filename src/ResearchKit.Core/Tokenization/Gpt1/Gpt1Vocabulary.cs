using System.Security.Cryptography;
using System.Text;
using ResearchKit.Core.Files;

namespace ResearchKit.Core.Tokenization.Gpt1;

/// <summary>Entries and merges of GPT-1's vocabulary, whose words end in <c>&lt;/w&gt;</c>. Immutable.</summary>
internal sealed class Gpt1Vocabulary
{
    /// <summary>Mark of the last character of a word.</summary>
    public const string EndOfWord = "</w>";

    private static readonly (string Entries, string Merges)[] Layouts = [("encoder_bpe_40000.json", "vocab_40000.bpe"), ("vocab.json", "merges.txt")];

    private readonly Dictionary<string, int> _symbols = new(StringComparer.Ordinal);
    private readonly List<int> _entryOfSymbol = [];
    private readonly List<int> _lengths = [];

    private Gpt1Vocabulary(string[] entries, List<(string Left, string Right)> merges)
    {
        Entries = entries;
        UnknownSymbol = Symbol(entries[0]);                               // id 0 is <unk>; no merge names it
        for (var id = 0; id < entries.Length; id++) _entryOfSymbol[Symbol(entries[id])] = id;
        foreach (var (left, right) in merges) Merges.Add(new Merge(Symbol(left), Symbol(right), Symbol(left + right)));

        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var entry in entries) hash.AppendData(Encoding.UTF8.GetBytes(entry + "\0"));
        foreach (var (left, right) in merges) hash.AppendData(Encoding.UTF8.GetBytes(left + " " + right + "\0"));
        Fingerprint = Convert.ToHexStringLower(hash.GetHashAndReset());
        Pairs = merges;
    }

    /// <summary>Entry of each id.</summary>
    public string[] Entries { get; }

    /// <summary>The merges as they are written.</summary>
    public IReadOnlyList<(string Left, string Right)> Pairs { get; }

    /// <summary>The merges, between symbols: pieces of words, of which not all have an id.</summary>
    public MergeTable Merges { get; } = new();

    /// <summary>Symbol of a character that no entry or merge holds.</summary>
    public int UnknownSymbol { get; }

    /// <summary>SHA-256 of entries and merges.</summary>
    public string Fingerprint { get; }

    /// <summary>Whether a folder holds a vocabulary with end-of-word marks.</summary>
    public static bool ExistsIn(string folder) => Layouts.Any(layout =>
        File.Exists(Path.Combine(folder, layout.Entries)) && File.Exists(Path.Combine(folder, layout.Merges))
        && File.ReadLines(Path.Combine(folder, layout.Merges)).Take(20).Any(line => line.EndsWith(EndOfWord, StringComparison.Ordinal)));

    /// <summary>Reads OpenAI's or Hugging Face's two files.</summary>
    /// <exception cref="ConfigException">A file is missing or malformed.</exception>
    public static Gpt1Vocabulary Load(string folder)
    {
        foreach (var layout in Layouts)
        {
            var (entries, merges) = (Path.Combine(folder, layout.Entries), Path.Combine(folder, layout.Merges));
            if (!File.Exists(entries) || !File.Exists(merges)) continue;
            var read = VocabularyJson.Read(entries);
            if (read.Length == 0 || !read.Any(entry => entry.EndsWith(EndOfWord, StringComparison.Ordinal)))
                throw new ConfigException($"{entries}: no entry ends in {EndOfWord}, so this is no vocabulary of GPT-1; load it as a GPT-2 format vocabulary");
            return new Gpt1Vocabulary(read, BytePairFiles.ReadMerges(merges));
        }

        throw new ConfigException($"{folder}: no vocabulary of GPT-1 here; it takes encoder_bpe_40000.json and vocab_40000.bpe, or vocab.json and merges.txt");
    }

    /// <summary>Writes Hugging Face's two files.</summary>
    public void Save(string folder)
    {
        AtomicFile.Write(Path.Combine(folder, Layouts[1].Entries), stream => VocabularyJson.Write(stream, Entries));
        AtomicFile.WriteText(Path.Combine(folder, Layouts[1].Merges), "#version: 0.2\n" + string.Concat(Pairs.Select(pair => $"{pair.Left} {pair.Right}\n")));
    }

    /// <summary>Symbol of a piece; <see cref="UnknownSymbol"/> where there is none.</summary>
    public int SymbolOf(string piece) => _symbols.GetValueOrDefault(piece, UnknownSymbol);

    /// <summary>Id of a symbol; 0 where the vocabulary lacks it.</summary>
    public int IdOf(int symbol) => _entryOfSymbol[symbol];

    /// <summary>Characters of a symbol, without the end-of-word mark; an unknown one stands for one character.</summary>
    public int LengthOf(int symbol) => symbol == UnknownSymbol ? 1 : _lengths[symbol];

    private int Symbol(string piece)
    {
        if (_symbols.TryGetValue(piece, out var symbol)) return symbol;
        symbol = _symbols.Count;
        _symbols.Add(piece, symbol);
        _entryOfSymbol.Add(0);
        var text = piece.EndsWith(EndOfWord, StringComparison.Ordinal) ? piece[..^EndOfWord.Length] : piece;
        _lengths.Add(text.EnumerateRunes().Count());
        return symbol;
    }
}
