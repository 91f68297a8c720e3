using System.Globalization;
using ResearchKit.Core.Tokenization.Unicode;

namespace ResearchKit.Core.Tokenization.Gpt1;

/// <summary>Tells what spaCy 2.0.11 takes for a web address, which it never cuts.</summary>
/// <remarks>Its pattern accepts anything after the host name, and <c>text_standardize</c> leaves no slashes. So what is left to test is: the first and the
/// last character are word characters, and a host (labels and a top-level domain, or a public IPv4 address) stands at the start or after some <c>@</c>.</remarks>
internal static class WebAddress
{
    /// <summary>Whether a word without white space is a web address.</summary>
    public static bool IsMatch(List<SourceChar> word)
    {
        if (word.Count < 4 || !IsWordCharacter(word[0].CodePoint) || !IsWordCharacter(word[^1].CodePoint)) return false;
        if (!word.Exists(c => c.CodePoint == '.')) return false;
        var text = string.Concat(word.Select(c => c.CodePoint < 128 ? (char)c.CodePoint : '\uFFFD'));   // hosts are ASCII
        if (IsHost(text)) return true;
        for (var at = text.IndexOf('@', StringComparison.Ordinal); at >= 0; at = text.IndexOf('@', at + 1))
        {
            if (at > 0 && IsHost(text.AsSpan(at + 1))) return true;
        }

        return false;
    }

    // A domain name with a top-level domain of two letters or more, or an address, at the front of what is left.
    private static bool IsHost(ReadOnlySpan<char> text)
    {
        if (IsPublicAddress(text)) return true;
        for (var at = 0; at < text.Length && (char.IsAsciiLetterLower(text[at]) || char.IsAsciiDigit(text[at]) || text[at] is '-' or '.'); at++)
        {
            if (text[at] != '.') continue;
            if (at == 0 || !char.IsAsciiLetterLower(text[at - 1]) && !char.IsAsciiDigit(text[at - 1])) return false;   // a label ends in a letter or digit
            if (at + 2 < text.Length && char.IsAsciiLetterLower(text[at + 1]) && char.IsAsciiLetterLower(text[at + 2])) return true;
        }

        return false;
    }

    private static bool IsPublicAddress(ReadOnlySpan<char> text)
    {
        Span<int> octets = stackalloc int[4];
        Span<int> widths = stackalloc int[4];
        var at = 0;
        for (var i = 0; i < 4; i++)
        {
            if (i > 0 && (at >= text.Length || text[at++] != '.')) return false;
            // The longest octet is tried first; a shorter one lets any digits follow.
            for (widths[i] = Math.Min(3, text.Length - at); widths[i] > 0; widths[i]--)
            {
                if (!int.TryParse(text.Slice(at, widths[i]), NumberStyles.None, CultureInfo.InvariantCulture, out octets[i])) continue;
                var highest = i switch { 0 => 223, 3 => 254, _ => 255 };
                var isOuter = i is 0 or 3;
                if (octets[i] <= highest && (text[at] != '0' || !isOuter && widths[i] < 3)) break;
            }

            if (widths[i] == 0) return false;
            at += widths[i];
        }

        return !(octets[0] is 10 or 127 || octets[0] == 169 && octets[1] == 254 || octets[0] == 192 && octets[1] == 168
            || octets[0] == 172 && octets[1] is >= 16 and <= 31);
    }

    private static bool IsWordCharacter(int point) => point == '_' || CodePoints.IsLetter(point)
        || CodePoints.Category(point) is UnicodeCategory.DecimalDigitNumber or UnicodeCategory.LetterNumber or UnicodeCategory.NonSpacingMark
            or UnicodeCategory.SpacingCombiningMark or UnicodeCategory.EnclosingMark or UnicodeCategory.ConnectorPunctuation;
}
