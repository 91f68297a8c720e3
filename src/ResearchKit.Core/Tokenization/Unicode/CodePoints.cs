using System.Globalization;

namespace ResearchKit.Core.Tokenization.Unicode;

/// <summary>Classes of characters as Python and the regular expressions of GPT-1's pre-processing see them.</summary>
internal static class CodePoints
{
    /// <summary>Category of a code point; a lone surrogate is one.</summary>
    public static UnicodeCategory Category(int point) => CharUnicodeInfo.GetUnicodeCategory(point);

    /// <summary>Python's <c>str.isspace</c>: White_Space and the four separators U+001C to U+001F.</summary>
    public static bool IsSpace(int point) => point <= char.MaxValue && (char.IsWhiteSpace((char)point) || point is >= 0x1C and <= 0x1F);

    /// <summary>Script Latin.</summary>
    public static bool IsLatin(int point) => point is >= 'A' and <= 'Z' or >= 'a' and <= 'z'
        or 0xAA or 0xBA or >= 0xC0 and <= 0x2B8 and not (0xD7 or 0xF7) or >= 0x2E0 and <= 0x2E4
        or >= 0x1D00 and <= 0x1D25 or >= 0x1D2C and <= 0x1D5C or >= 0x1D62 and <= 0x1D65 or >= 0x1D6B and <= 0x1D77 or >= 0x1D79 and <= 0x1DBE
        or >= 0x1E00 and <= 0x1EFF or 0x2071 or 0x207F or >= 0x2090 and <= 0x209C or 0x212A or 0x212B or 0x2132 or 0x214E
        or >= 0x2160 and <= 0x2188 or >= 0x2C60 and <= 0x2C7F or >= 0xA722 and <= 0xA787 or >= 0xA78B and <= 0xA7CA or >= 0xA7D0 and <= 0xA7FF
        or >= 0xAB30 and <= 0xAB5A or >= 0xAB5C and <= 0xAB64 or >= 0xAB66 and <= 0xAB69 or >= 0xFB00 and <= 0xFB06
        or >= 0xFF21 and <= 0xFF3A or >= 0xFF41 and <= 0xFF5A;

    /// <summary>A letter of the scripts Arabic, Bengali or Hebrew, which have no case.</summary>
    public static bool IsUncasedLetter(int point) => point is >= 0x5D0 and <= 0x5F2 or >= 0xFB1D and <= 0xFB4F
            or >= 0x620 and <= 0x6FF and not 0x640 or >= 0x750 and <= 0x77F or >= 0x870 and <= 0x8C9 or >= 0xFB50 and <= 0xFDFF or >= 0xFE70 and <= 0xFEFC
            or >= 0x1EE00 and <= 0x1EEFF or >= 0x980 and <= 0x9FF
        && IsLetter(point);

    /// <summary>Any letter.</summary>
    public static bool IsLetter(int point) => Category(point) is UnicodeCategory.UppercaseLetter or UnicodeCategory.LowercaseLetter or UnicodeCategory.TitlecaseLetter
        or UnicodeCategory.ModifierLetter or UnicodeCategory.OtherLetter;
}
