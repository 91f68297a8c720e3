using System.Globalization;
using System.Text;

namespace ResearchKit.Core.Tokenization.Unicode;

/// <summary>Lower case as Python's <c>str.lower</c> makes it.</summary>
internal static class Casing
{
    private const int CapitalSigma = 0x3A3, FinalSigma = 0x3C2;

    /// <summary>Adds the lower case of one character, without regard to its neighbours.</summary>
    public static void AddLower(List<SourceChar> result, SourceChar c)
    {
        // The one character whose lower case is two.
        if (c.CodePoint == 0x130) result.AddRange([c with { CodePoint = 'i' }, c with { CodePoint = 0x307 }]);
        else result.Add(Rune.TryCreate(c.CodePoint, out var rune) ? c with { CodePoint = Rune.ToLowerInvariant(rune).Value } : c);
    }

    /// <summary>Lower case of a word, where a sigma that ends it is ς.</summary>
    public static List<SourceChar> LowerWord(IReadOnlyList<SourceChar> word)
    {
        var result = new List<SourceChar>(word.Count);
        for (var i = 0; i < word.Count; i++)
        {
            if (word[i].CodePoint == CapitalSigma && HasCased(word, i, -1) && !HasCased(word, i, 1)) result.Add(word[i] with { CodePoint = FinalSigma });
            else AddLower(result, word[i]);
        }

        return result;
    }

    // Whether the next character that is not case-ignorable is a cased letter (Unicode Standard, table 3-17).
    private static bool HasCased(IReadOnlyList<SourceChar> word, int at, int direction)
    {
        for (at += direction; at >= 0 && at < word.Count; at += direction)
        {
            var category = CodePoints.Category(word[at].CodePoint);
            if (category is UnicodeCategory.NonSpacingMark or UnicodeCategory.EnclosingMark
                or UnicodeCategory.Format or UnicodeCategory.ModifierLetter or UnicodeCategory.ModifierSymbol
                || word[at].CodePoint is '\'' or '.' or ':' or 0xB7 or 0x2018 or 0x2019 or 0x2024 or 0x2027) continue;
            return category is UnicodeCategory.UppercaseLetter or UnicodeCategory.LowercaseLetter or UnicodeCategory.TitlecaseLetter
                || word[at].CodePoint is 'ª' or 'º';
        }

        return false;
    }
}
