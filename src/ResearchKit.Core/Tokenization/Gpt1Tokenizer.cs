using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using ResearchKit.Core.Data;
using ResearchKit.Core.Files;
using ResearchKit.Core.Tokenization.Gpt1;
using ResearchKit.Core.Tokenization.Unicode;

namespace ResearchKit.Core.Tokenization;

/// <summary>How text becomes words before GPT-1's merges. Two published programs differ; scores depend on which.</summary>
public enum Gpt1PreProcessing
{
    /// <summary>OpenAI's release: ftfy, <c>text_standardize</c> with its regular expression as Python reads it (backslashes stay), spaCy's English rules.</summary>
    Original,

    /// <summary>Hugging Face's port where spaCy and ftfy are missing: BERT's basic tokenizer.</summary>
    HuggingFaceFallback,
}

/// <summary>GPT-1's byte-pair encoding of lower-case words: 40,478 ids, id 0 for what is unknown. Not reversible. Safe to use from several threads.</summary>
/// <remarks>Radford et al. 2018; openai/finetune-transformer-lm <c>text_utils.py</c>. The vocabulary has no end-of-text token.</remarks>
public sealed class Gpt1Tokenizer : ITokenizer
{
    private const string SettingsName = "gpt1.json";
    private const int MaxCachedWords = 1 << 16;

    private readonly Gpt1Vocabulary _vocabulary;
    private readonly Lock _gate = new();                                  // guards the cache and the merger's buffers
    private readonly Dictionary<string, Piece[]> _cache = new(StringComparer.Ordinal);
    private readonly PieceMerger _merger;

    private Gpt1Tokenizer(Gpt1Vocabulary vocabulary, Gpt1PreProcessing preProcessing)
    {
        (_vocabulary, PreProcessing, _merger) = (vocabulary, preProcessing, new PieceMerger(vocabulary.Merges));
        Name = preProcessing == Gpt1PreProcessing.Original ? "gpt1-original" : "gpt1-hf-fallback";
        Fingerprint = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{Name} {vocabulary.Fingerprint}")));
    }

    private readonly record struct Piece(int Id, int Length);

    private sealed record Settings(string PreProcessing);

    /// <inheritdoc/>
    public string Name { get; }

    /// <inheritdoc/>
    public string Fingerprint { get; }

    /// <summary>Which published program's words these are.</summary>
    public Gpt1PreProcessing PreProcessing { get; }

    /// <inheritdoc/>
    public int VocabularySize => _vocabulary.Entries.Length;

    /// <inheritdoc/>
    public int? EndOfTextId => null;

    /// <summary>Reads <c>encoder_bpe_40000.json</c> and <c>vocab_40000.bpe</c> (OpenAI) or <c>vocab.json</c> and <c>merges.txt</c> (Hugging Face).</summary>
    /// <param name="folder">Folder with the two files.</param>
    /// <param name="preProcessing">How text becomes words; default: as saved with the files, else the original.</param>
    /// <exception cref="ConfigException">A file is missing or malformed.</exception>
    public static Gpt1Tokenizer FromFolder(string folder, Gpt1PreProcessing? preProcessing = null) =>
        new(Gpt1Vocabulary.Load(folder), preProcessing ?? SavedPreProcessing(folder));

    /// <summary>Writes <c>vocab.json</c> and <c>merges.txt</c> as Hugging Face does, and <c>gpt1.json</c> with the pre-processing.</summary>
    /// <param name="folder">Folder to write to; made where missing.</param>
    public void Save(string folder)
    {
        _vocabulary.Save(folder);
        AtomicFile.WriteText(Path.Combine(folder, SettingsName), $"{{\"pre_processing\": \"{Name["gpt1-".Length..]}\"}}\n");
    }

    /// <inheritdoc/>
    public int[] Encode(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var ids = new List<int>(text.Length / 4 + 1);
        foreach (var word in WordsOf(text))
        {
            foreach (var piece in PiecesOf(word)) ids.Add(piece.Id);
        }

        return [.. ids];
    }

    /// <inheritdoc/>
    /// <remarks>Words are joined by single spaces: what was lost before the merges does not come back.</remarks>
    public string Decode(ReadOnlySpan<int> ids)
    {
        var text = new StringBuilder(4 * ids.Length);
        foreach (var id in ids)
        {
            if ((uint)id >= (uint)VocabularySize)
                throw new ArgumentOutOfRangeException(nameof(ids), id, $"id {id} is outside [0, {VocabularySize}) of the vocabulary of GPT-1");
            text.Append(_vocabulary.Entries[id]);
        }

        return text.Replace(Gpt1Vocabulary.EndOfWord, " ").ToString().Trim();
    }

    /// <inheritdoc/>
    /// <remarks>Spans are in order and do not overlap. White space and what pre-processing drops belong to no token; of several tokens
    /// from one character the first has it.</remarks>
    public IReadOnlyList<TokenSpan> EncodeWithSpans(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var spans = new List<TokenSpan>(text.Length / 4 + 1);
        var covered = 0;
        foreach (var word in WordsOf(text))
        {
            var at = 0;
            foreach (var piece in PiecesOf(word))
            {
                var characters = CollectionsMarshal.AsSpan(word)[at..Math.Min(word.Count, at + piece.Length)];
                at += characters.Length;
                var (start, end) = (int.MaxValue, covered);
                foreach (var c in characters) (start, end) = (Math.Min(start, c.Start), Math.Max(end, c.End));
                start = Math.Clamp(start, covered, end);
                spans.Add(new TokenSpan(piece.Id, start, end - start));
                covered = end;
            }
        }

        return spans;
    }

    /// <summary>The words that the merges work on, lower-cased.</summary>
    internal IEnumerable<List<SourceChar>> WordsOf(string text) => PreProcessing == Gpt1PreProcessing.Original
        ? OriginalWords.Of(text).Select(word => Casing.LowerWord(word))
        : BasicWords.Of(text);

    private Piece[] PiecesOf(List<SourceChar> word)
    {
        var key = SourceChar.Text(word);
        // The release makes the piece "\n  </w>" of a line break and its space, and puts "\n</w>" in its place.
        if (key == "\n ") return [new Piece(_vocabulary.IdOf(_vocabulary.SymbolOf("\n" + Gpt1Vocabulary.EndOfWord)), word.Count)];
        lock (_gate)
        {
            if (_cache.TryGetValue(key, out var pieces)) return pieces;
            var symbols = key.EnumerateRunes().Select(rune => rune.ToString()).ToArray();
            symbols[^1] += Gpt1Vocabulary.EndOfWord;
            var merged = symbols.Select(_vocabulary.SymbolOf).ToArray();
            var count = _merger.Merge(merged);
            pieces = merged[..count].Select(symbol => new Piece(_vocabulary.IdOf(symbol), _vocabulary.LengthOf(symbol))).ToArray();
            if (_cache.Count == MaxCachedWords) _cache.Clear();
            _cache.Add(key, pieces);
            return pieces;
        }
    }

    private static Gpt1PreProcessing SavedPreProcessing(string folder)
    {
        var path = Path.Combine(folder, SettingsName);
        if (!File.Exists(path)) return Gpt1PreProcessing.Original;
        try
        {
            var settings = JsonSerializer.Deserialize<Settings>(InputFile.Text(path), Configuration.ConfigJson.Options);
            return settings?.PreProcessing switch
            {
                "original" => Gpt1PreProcessing.Original,
                "hf-fallback" => Gpt1PreProcessing.HuggingFaceFallback,
                var other => throw new ConfigException($"{path}: pre_processing \"{other}\" must be \"original\" or \"hf-fallback\""),
            };
        }
        catch (JsonException e)
        {
            throw new ConfigException($"{path}: not of the form {{\"pre_processing\": \"original\"}}: {e.Message}", e);
        }
    }
}
