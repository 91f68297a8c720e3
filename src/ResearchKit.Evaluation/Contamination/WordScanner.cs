using System.Globalization;
using System.Text;

namespace ResearchKit.Evaluation.Contamination;

/// <summary>Reads the words of a text as GPT-3's overlap analysis does: between white space, without punctuation, in lower case.</summary>
/// <remarks>Signs (Unicode's categories P and S) are dropped within words too, so <c>don't</c> and <c>dont</c> are one word and a dash alone is none.</remarks>
internal ref struct WordScanner
{
    private readonly ReadOnlySpan<char> _text;
    private char[] _word;
    private int _length;
    private int _at;

    public WordScanner(ReadOnlySpan<char> text)
    {
        _text = text;
        _word = new char[64];
    }

    /// <summary>The word just read; valid until the next one.</summary>
    public readonly ReadOnlySpan<char> Word => _word.AsSpan(0, _length);

    /// <summary>First UTF-16 unit of the word that was kept.</summary>
    public int Start { get; private set; }

    /// <summary>UTF-16 unit after the last one that was kept.</summary>
    public int End { get; private set; }

    public bool Next()
    {
        _length = 0;
        while (_at < _text.Length)
        {
            if (char.IsWhiteSpace(_text[_at]))
            {
                _at++;
                if (_length > 0) return true;
                continue;
            }

            Rune.DecodeFromUtf16(_text[_at..], out var rune, out var width);
            if (!IsSign(Rune.GetUnicodeCategory(rune))) Append(Rune.ToLowerInvariant(rune), width);
            _at += width;
        }

        return _length > 0;
    }

    private static bool IsSign(UnicodeCategory category) => category is >= UnicodeCategory.ConnectorPunctuation and <= UnicodeCategory.OtherSymbol;

    private void Append(Rune rune, int width)
    {
        if (_length + 2 > _word.Length) Array.Resize(ref _word, 2 * _word.Length);
        if (_length == 0) Start = _at;
        _length += rune.EncodeToUtf16(_word.AsSpan(_length));
        End = _at + width;
    }
}
