using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using ResearchKit.Core.Data;
using ResearchKit.Core.Files;

namespace ResearchKit.Core.Tokenization;

/// <summary>One id for each character (Unicode code point) of an alphabet, and an end-of-text token last.</summary>
public sealed class CharacterTokenizer : ITokenizer
{
    /// <summary>File of a saved alphabet: a JSON array of characters in id order.</summary>
    public const string FileName = "characters.json";

    private readonly string[] _characters;
    private readonly Dictionary<Rune, int> _ids = [];

    /// <summary>Takes an alphabet; the order of ids is that of the code points, so the same characters give the same tokenizer.</summary>
    /// <param name="alphabet">Text that holds every character at least once.</param>
    /// <param name="name">Name for reports.</param>
    /// <exception cref="ConfigException">The alphabet is empty or holds half a surrogate pair.</exception>
    public CharacterTokenizer(string alphabet, string name = "characters")
        : this([alphabet], name)
    {
    }

    /// <summary>Takes the characters that occur in texts.</summary>
    /// <param name="texts">Texts that hold every character at least once.</param>
    /// <param name="name">Name for reports.</param>
    /// <exception cref="ConfigException">There is no character, or half a surrogate pair.</exception>
    public CharacterTokenizer(IEnumerable<string> texts, string name = "characters")
    {
        Name = name;
        var characters = new SortedSet<Rune>();
        foreach (var text in texts)
        {
            for (var at = 0; at < text.Length;)
            {
                characters.Add(RuneAt(text, at));
                at += RuneAt(text, at).Utf16SequenceLength;
            }
        }

        if (characters.Count == 0) throw new ConfigException("a character tokenizer needs at least one character; the text it was to be built from is empty");
        _characters = characters.Select(rune => rune.ToString()).ToArray();
        foreach (var rune in characters) _ids.Add(rune, _ids.Count);
        Fingerprint = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes("characters\n" + string.Concat(_characters))));
    }

    /// <inheritdoc/>
    public string Name { get; }

    /// <inheritdoc/>
    public string Fingerprint { get; }

    /// <inheritdoc/>
    public int VocabularySize => _characters.Length + 1;

    /// <inheritdoc/>
    public int? EndOfTextId => _characters.Length;

    /// <summary>The characters in id order.</summary>
    public IReadOnlyList<string> Characters => _characters;

    /// <summary>Reads <see cref="FileName"/> from a folder.</summary>
    /// <exception cref="ConfigException">The file is missing or is no array of single characters.</exception>
    public static CharacterTokenizer FromFolder(string folder, string? name = null)
    {
        var path = Path.Combine(folder, FileName);
        try
        {
            string[] characters = [.. (JsonSerializer.Deserialize<string?[]>(InputFile.Text(path)) ?? []).Select(character => character ?? "")];   // refused below
            if (characters.All(character => character.Length == 0)) throw new ConfigException($"{path}: lists no characters");
            var tokenizer = new CharacterTokenizer(characters, name ?? Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder))));
            if (!tokenizer._characters.SequenceEqual(characters))
                throw new ConfigException($"{path}: must list single characters, each once, in code point order, as Save writes them");
            return tokenizer;
        }
        catch (JsonException e)
        {
            throw new ConfigException($"{path}: not a JSON array of characters: {e.Message}", e);
        }
    }

    /// <summary>Writes <see cref="FileName"/>.</summary>
    public void Save(string folder) => AtomicFile.Write(Path.Combine(folder, FileName), stream => JsonSerializer.Serialize(stream, _characters));

    /// <inheritdoc/>
    /// <exception cref="ConfigException">A character outside the alphabet, named with its place.</exception>
    public int[] Encode(string text) => EncodeWithSpans(text).Select(span => span.Id).ToArray();

    /// <inheritdoc/>
    public IReadOnlyList<TokenSpan> EncodeWithSpans(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var spans = new List<TokenSpan>(text.Length);
        for (var at = 0; at < text.Length; at += spans[^1].Length)
        {
            var rune = RuneAt(text, at);
            if (!_ids.TryGetValue(rune, out var id))
                throw new ConfigException($"character U+{rune.Value:X4} ('{rune}') at position {at} is not among the {_characters.Length} characters of the tokenizer {Name}; build it from a text that holds it, or remove it");
            spans.Add(new TokenSpan(id, at, rune.Utf16SequenceLength));
        }

        return spans;
    }

    /// <inheritdoc/>
    public string Decode(ReadOnlySpan<int> ids)
    {
        var text = new StringBuilder(ids.Length);
        foreach (var id in ids)
        {
            if ((uint)id > (uint)_characters.Length)
                throw new ArgumentOutOfRangeException(nameof(ids), id, $"id {id} is outside [0, {VocabularySize}) of the tokenizer {Name}");
            text.Append(id == EndOfTextId ? BytePairVocabulary.EndOfText : _characters[id]);
        }

        return text.ToString();
    }

    private static Rune RuneAt(string text, int at) => Rune.TryGetRuneAt(text, at, out var rune)
        ? rune
        : throw new ConfigException($"position {at} holds half a surrogate pair (U+{(int)text[at]:X4}), which is no character; repair the text");
}
