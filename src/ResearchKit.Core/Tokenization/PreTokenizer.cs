using System.Globalization;
using System.Text;

namespace ResearchKit.Core.Tokenization;

/// <summary>GPT-2's pre-tokenizer: cuts text into the pieces that byte-pair merges never cross.</summary>
/// <remarks>
/// The released pattern (openai/gpt-2 <c>encoder.py</c>) is
/// <c>'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+</c>.
/// It is scanned by hand because .NET regular expressions see UTF-16 units: there \p{L} misses every letter outside the
/// Basic Multilingual Plane, and one regular-expression match per word costs more than the merges.
/// Here classes are those of code points; a lone surrogate counts as a symbol, as U+FFFD, which replaces it, does.
/// </remarks>
internal static class PreTokenizer
{
    private const byte Symbol = 0, Letter = 1, Number = 2, Space = 3, Surrogate = 4;

    private static readonly byte[] Classes = ClassifyBasicPlane();

    /// <summary>End of the piece that begins at <paramref name="start"/>.</summary>
    /// <param name="text">The text.</param>
    /// <param name="start">First unit of the piece; less than the text's length.</param>
    /// <returns>Index after the last unit of the piece, greater than <paramref name="start"/>.</returns>
    public static int PieceEnd(ReadOnlySpan<char> text, int start)
    {
        var c = text[start];
        if (c == '\'')
        {
            var contraction = ContractionLength(text[(start + 1)..]);
            if (contraction > 0) return start + 1 + contraction;
        }

        var kind = ClassAt(text, start, out var width);
        if (kind != Space) return RunEnd(text, start + width, kind);

        if (c == ' ' && start + 1 < text.Length)                          // " ?" of the three run patterns
        {
            var next = ClassAt(text, start + 1, out width);
            if (next != Space) return RunEnd(text, start + 1 + width, next);
        }

        var end = RunEnd(text, start + 1, Space);
        // \s+(?!\S) gives the last space back where a word follows; \s+ then takes a single one.
        return end == text.Length || end == start + 1 ? end : end - 1;
    }

    private static int RunEnd(ReadOnlySpan<char> text, int at, byte kind)
    {
        var classes = Classes;
        while (at < text.Length)
        {
            var found = classes[text[at]];
            var width = 1;
            if (found == Surrogate) found = ClassAt(text, at, out width);
            if (found != kind) break;
            at += width;
        }

        return at;
    }

    private static int ContractionLength(ReadOnlySpan<char> rest)
    {
        if (rest.IsEmpty) return 0;
        switch (rest[0])
        {
            case 's' or 't' or 'm' or 'd': return 1;
            case 'r' or 'v': return rest.Length > 1 && rest[1] == 'e' ? 2 : 0;
            case 'l': return rest.Length > 1 && rest[1] == 'l' ? 2 : 0;
            default: return 0;
        }
    }

    private static byte ClassAt(ReadOnlySpan<char> text, int at, out int width)
    {
        var kind = Classes[text[at]];
        width = 1;
        if (kind != Surrogate) return kind;
        if (char.IsHighSurrogate(text[at]) && at + 1 < text.Length && char.IsLowSurrogate(text[at + 1]))
        {
            width = 2;
            return Classify(CharUnicodeInfo.GetUnicodeCategory(new Rune(text[at], text[at + 1]).Value));
        }

        return Symbol;
    }

    private static byte[] ClassifyBasicPlane()
    {
        var classes = new byte[char.MaxValue + 1];
        for (var c = 0; c < classes.Length; c++)
        {
            classes[c] = char.IsWhiteSpace((char)c) ? Space
                : char.IsSurrogate((char)c) ? Surrogate
                : Classify(CharUnicodeInfo.GetUnicodeCategory((char)c));
        }

        return classes;
    }

    private static byte Classify(UnicodeCategory category) => category switch
    {
        UnicodeCategory.UppercaseLetter or UnicodeCategory.LowercaseLetter or UnicodeCategory.TitlecaseLetter
            or UnicodeCategory.ModifierLetter or UnicodeCategory.OtherLetter => Letter,
        UnicodeCategory.DecimalDigitNumber or UnicodeCategory.LetterNumber or UnicodeCategory.OtherNumber => Number,
        _ => Symbol,                                                      // every White_Space character is in the basic plane
    };
}
