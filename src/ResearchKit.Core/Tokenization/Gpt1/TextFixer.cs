using System.Globalization;
using System.Net;
using System.Text.RegularExpressions;
using ResearchKit.Core.Tokenization.Unicode;

namespace ResearchKit.Core.Tokenization.Gpt1;

/// <summary>Mends text as ftfy 4.4.1's <c>fix_text</c> does with its defaults: each line again and again until nothing changes.</summary>
/// <remarks>Written from the behaviour of rspeer/python-ftfy (MIT), commit 76cf0606. Named HTML entities are those of HTML 4, where ftfy knows HTML 5's.</remarks>
internal static partial class TextFixer
{
    private const int LongestMojibakeLine = 1_000_000;

    /// <summary>Mended text.</summary>
    public static List<SourceChar> Fix(List<SourceChar> text)
    {
        var result = new List<SourceChar>(text.Count);
        var entities = true;
        for (var at = 0; at < text.Count;)
        {
            var end = text.FindIndex(at, c => c.CodePoint == '\n') + 1;
            if (end == 0) end = text.Count;
            var line = text[at..end];
            // A line with both angle brackets may be HTML, whose entities are meant; so may be all lines after it.
            entities &= !(line.Exists(c => c.CodePoint == '<') && line.Exists(c => c.CodePoint == '>'));
            result.AddRange(FixLine(line, entities));
            at = end;
        }

        return result;
    }

    private static List<SourceChar> FixLine(List<SourceChar> line, bool entities)
    {
        while (true)
        {
            var fixedLine = RemoveTerminalEscapes(line);
            if (line.Count <= LongestMojibakeLine) fixedLine = MojibakeFixer.Fix(fixedLine);
            if (entities) fixedLine = UnescapeEntities(fixedLine);
            fixedLine = ReplaceCharacters(fixedLine);
            fixedLine = FixLineBreaks(fixedLine);
            fixedLine = UnicodeText.Compose(fixedLine);
            if (fixedLine.Count == line.Count && fixedLine.Zip(line).All(pair => pair.First.CodePoint == pair.Second.CodePoint)) return fixedLine;
            line = fixedLine;
        }
    }

    private static List<SourceChar> RemoveTerminalEscapes(List<SourceChar> line) =>
        line.Exists(c => c.CodePoint == '\u001B') ? Replace(line, TerminalEscape(), _ => "") : line;

    private static List<SourceChar> UnescapeEntities(List<SourceChar> line) =>
        line.Exists(c => c.CodePoint == '&') ? Replace(line, Entity(), match => Unescape(match.Value)) : line;

    private static string Unescape(string entity)
    {
        if (!entity.StartsWith("&#", StringComparison.Ordinal)) return WebUtility.HtmlDecode(entity);
        var isHexadecimal = entity.StartsWith("&#x", StringComparison.Ordinal);
        var digits = entity[(isHexadecimal ? 3 : 2)..^1];
        if (!int.TryParse(digits, isHexadecimal ? NumberStyles.AllowHexSpecifier : NumberStyles.None, CultureInfo.InvariantCulture, out var point)) return entity;
        if (point is < 0 or > 0x10FFFF) return entity;
        if (point is >= 0x80 and < 0xA0) return CharacterSet.Windows1252.Decode((byte)point).ToString();   // as web browsers do
        return point is >= 0xD800 and <= 0xDFFF ? "\uFFFD" : char.ConvertFromUtf32(point);
    }

    // Ligatures, widths, quotation marks, surrogates and control characters: each a character by itself.
    private static List<SourceChar> ReplaceCharacters(List<SourceChar> line)
    {
        var result = new List<SourceChar>(line.Count);
        foreach (var c in line)
        {
            if (Ligature(c.CodePoint) is { } letters)
            {
                foreach (var letter in letters) result.Add(c with { CodePoint = letter });
            }
            else if (c.CodePoint == 0x3000)
            {
                result.Add(c with { CodePoint = ' ' });
            }
            else if (UnicodeText.StandardWidth(c.CodePoint) is { } standard)
            {
                foreach (var point in standard) result.Add(c with { CodePoint = point });
            }
            else if (!IsUnwantedControl(c.CodePoint))
            {
                result.Add(c.CodePoint switch
                {
                    >= 0x2018 and <= 0x201B => c with { CodePoint = '\'' },
                    >= 0x201C and <= 0x201F => c with { CodePoint = '"' },
                    >= 0xD800 and <= 0xDFFF => c with { CodePoint = 0xFFFD },
                    _ => c,
                });
            }
        }

        return result;
    }

    private static List<SourceChar> FixLineBreaks(List<SourceChar> line)
    {
        var result = new List<SourceChar>(line.Count);
        for (var i = 0; i < line.Count; i++)
        {
            if (line[i].CodePoint == '\r' && i + 1 < line.Count && line[i + 1].CodePoint == '\n') continue;
            result.Add(line[i].CodePoint is '\r' or 0x2028 or 0x2029 or 0x85 ? line[i] with { CodePoint = '\n' } : line[i]);
        }

        return result;
    }

    private static string? Ligature(int point) => point switch
    {
        'Ĳ' => "IJ",
        'ĳ' => "ij",
        'ﬀ' => "ff",
        'ﬁ' => "fi",
        'ﬂ' => "fl",
        'ﬃ' => "ffi",
        'ﬄ' => "ffl",
        'ﬅ' => "ſt",
        'ﬆ' => "st",
        _ => null,
    };

    private static bool IsUnwantedControl(int point) => point is < 9 or 0xB or >= 0xE and < 0x20 or 0x7F
        or >= 0x206A and <= 0x206F or 0xFEFF or >= 0xFFF9 and <= 0xFFFC or >= 0x1D173 and <= 0x1D17A or >= 0xE0000 and <= 0xE007F;

    // Matches lie on ASCII characters and \w; each new character comes from the whole match.
    private static List<SourceChar> Replace(List<SourceChar> line, Regex pattern, Func<Match, string> replacement)
    {
        var basic = string.Concat(line.Select(c => c.CodePoint <= char.MaxValue ? (char)c.CodePoint : '\uE000'));   // one unit a character
        var result = new List<SourceChar>(line.Count);
        var at = 0;
        foreach (Match match in pattern.Matches(basic))
        {
            result.AddRange(line[at..match.Index]);
            at = match.Index + match.Length;
            foreach (var rune in replacement(match).EnumerateRunes()) result.Add(new SourceChar(rune.Value, line[match.Index].Start, line[at - 1].End));
        }

        result.AddRange(line[at..]);
        return result;
    }

    [GeneratedRegex("\u001B\\[((?:\\d|;)*)([a-zA-Z])", RegexOptions.CultureInvariant)]
    private static partial Regex TerminalEscape();

    [GeneratedRegex("&#?\\w{0,8};", RegexOptions.CultureInvariant)]
    private static partial Regex Entity();
}
