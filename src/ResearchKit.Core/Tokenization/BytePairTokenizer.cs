using System.Buffers;
using System.Text;

namespace ResearchKit.Core.Tokenization;

/// <summary>
/// GPT-2's byte-level byte-pair encoding with any vocabulary in GPT-2's format. Reversible on every text that is valid UTF-16;
/// special tokens are never made from plain text. Safe to use from several threads.
/// </summary>
/// <remarks>
/// Radford et al. 2019, §2.2; ids equal those of openai/gpt-2 <c>encoder.py</c>. This is our own encoder, not a library's:
/// Microsoft.ML.Tokenizers 2.0.1 and SharpToken 2.0.6 run the pattern as a .NET regular expression over UTF-16 units, where a letter outside
/// the Basic Multilingual Plane is a symbol, so that the <c>'s</c> after such a letter gets other ids than the reference's; and they
/// took four to ten times as long for 10 MB of English (November 2026, one core). The tests keep the library as a cross-check
/// on text where it is right. The published vocabulary comes from SharpToken's resource <c>r50k_base</c>.
/// </remarks>
public sealed class BytePairTokenizer : ITokenizer
{
    private static readonly Lazy<BytePairTokenizer> Published = new(() => new BytePairTokenizer("gpt2", PublishedVocabulary.Load()));

    private readonly BytePairVocabulary _vocabulary;
    private readonly Lazy<string> _fingerprint;
    private BytePairEncoder? _idleEncoder;

    internal BytePairTokenizer(string name, BytePairVocabulary vocabulary)
    {
        Name = name;
        _vocabulary = vocabulary;
        _fingerprint = new Lazy<string>(vocabulary.Fingerprint);
    }

    /// <inheritdoc/>
    public string Name { get; }

    /// <inheritdoc/>
    public string Fingerprint => _fingerprint.Value;

    /// <inheritdoc/>
    public int VocabularySize => _vocabulary.Entries.Count;

    /// <inheritdoc/>
    public int? EndOfTextId => _vocabulary.EndOfTextId;

    /// <summary>GPT-2's published vocabulary: 50,257 ids, <c>&lt;|endoftext|&gt;</c> is 50256. Made once per process.</summary>
    public static BytePairTokenizer Gpt2() => Published.Value;

    /// <summary>Reads <c>vocab.json</c> and <c>merges.txt</c> (Hugging Face) or <c>encoder.json</c> and <c>vocab.bpe</c> (OpenAI).</summary>
    /// <param name="folder">Folder with the two files.</param>
    /// <param name="name">Name for reports; default: the folder's name.</param>
    /// <exception cref="ConfigException">A file is missing, unreadable or malformed, or the two do not belong together.</exception>
    public static BytePairTokenizer FromFolder(string folder, string? name = null) =>
        new(name ?? Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder))), BytePairFiles.Load(folder));

    /// <summary>Writes <c>vocab.json</c> and <c>merges.txt</c> as Hugging Face's GPT-2 tokenizer does; each file appears whole or not at all.</summary>
    /// <param name="folder">Folder to write to; made where missing.</param>
    public void Save(string folder) => BytePairFiles.Save(_vocabulary, folder);

    /// <inheritdoc/>
    public int[] Encode(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return Encode(text.AsSpan());
    }

    /// <summary>Encodes plain text; special tokens written in the text are text.</summary>
    public int[] Encode(ReadOnlySpan<char> text)
    {
        var ids = new int[text.Length / 3 + 64];
        var count = 0;
        var encoder = RentEncoder();
        encoder.Encode(text, ref ids, ref count);
        ReturnEncoder(encoder);
        Array.Resize(ref ids, count);
        return ids;
    }

    /// <summary>Encodes any bytes: stretches of valid UTF-8 as text, other bytes each as its own token. <see cref="DecodeBytes"/> gives them back.</summary>
    public int[] EncodeBytes(ReadOnlySpan<byte> bytes)
    {
        var ids = new List<int>();
        while (!bytes.IsEmpty)
        {
            var valid = 0;
            while (Rune.DecodeFromUtf8(bytes[valid..], out _, out var width) == OperationStatus.Done) valid += width;
            ids.AddRange(Encode(Encoding.UTF8.GetString(bytes[..valid]).AsSpan()));
            bytes = bytes[valid..];
            if (bytes.IsEmpty) break;
            ids.Add(_vocabulary.ByteIds[bytes[0]]);
            bytes = bytes[1..];
        }

        return [.. ids];
    }

    /// <inheritdoc/>
    public string Decode(ReadOnlySpan<int> ids) => Encoding.UTF8.GetString(DecodeBytes(ids));

    /// <summary>The bytes that ids stand for, which need not be valid UTF-8.</summary>
    /// <exception cref="ArgumentOutOfRangeException">An id outside [0, <see cref="VocabularySize"/>).</exception>
    public byte[] DecodeBytes(ReadOnlySpan<int> ids)
    {
        var length = 0;
        foreach (var id in ids)
        {
            if ((uint)id >= (uint)VocabularySize)
                throw new ArgumentOutOfRangeException(nameof(ids), id, $"id {id} is outside [0, {VocabularySize}) of the vocabulary {Name}");
            length += _vocabulary.TokenBytes[id].Length;
        }

        var bytes = new byte[length];
        var at = 0;
        foreach (var id in ids)
        {
            _vocabulary.TokenBytes[id].CopyTo(bytes, at);
            at += _vocabulary.TokenBytes[id].Length;
        }

        return bytes;
    }

    /// <inheritdoc/>
    public IReadOnlyList<TokenSpan> EncodeWithSpans(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var spans = new List<TokenSpan>(text.Length / 3 + 1);
        var (at, pendingBytes) = (0, 0);                                  // bytes of the character before `at` that later tokens complete
        foreach (var id in Encode(text.AsSpan()))
        {
            var start = at;
            pendingBytes -= _vocabulary.TokenBytes[id].Length;
            while (pendingBytes < 0)
            {
                Rune.DecodeFromUtf16(text.AsSpan(at), out var rune, out var width);   // U+FFFD, one unit, for a lone surrogate
                at += width;
                pendingBytes += rune.Utf8SequenceLength;
            }

            spans.Add(new TokenSpan(id, start, at - start));
        }

        return spans;
    }

    /// <summary>Entry of an id as vocabulary files write it: byte symbols, such as <c>Ġthe</c>.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The id is outside the vocabulary.</exception>
    public string Entry(int id)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(id);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(id, VocabularySize);
        return _vocabulary.Entries[id];
    }

    // One encoder waits with its warm word cache; a second thread at the same time makes its own.
    private BytePairEncoder RentEncoder() => Interlocked.Exchange(ref _idleEncoder, null) ?? new BytePairEncoder(_vocabulary);

    private void ReturnEncoder(BytePairEncoder encoder) => Volatile.Write(ref _idleEncoder, encoder);
}
