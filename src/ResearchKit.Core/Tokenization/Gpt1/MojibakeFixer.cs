using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using ResearchKit.Core.Tokenization.Unicode;

namespace ResearchKit.Core.Tokenization.Gpt1;

/// <summary>Undoes UTF-8 that was read as a single-byte character set ("Ã©" for "é"), where the result is less odd than the text.</summary>
/// <remarks>After ftfy 4.4.1's <c>fix_encoding</c> and its measure of oddness. Byte patterns are matched on strings whose characters are bytes.</remarks>
internal static partial class MojibakeFixer
{
    private const string CommonSymbols = "…—–‘“’”¡¿°™®‹›«»\u00A0´×ß\uFEFF";

    /// <summary>The least odd of the text and its repairs.</summary>
    public static List<SourceChar> Fix(List<SourceChar> text)
    {
        if (text.TrueForAll(c => c.CodePoint < 0x80)) return text;
        var (best, bestCost) = (text, Cost(text));
        for (var extra = 0; ;)
        {
            var (step, stepCost) = FixOnce(text);
            if (step is null) return best;
            extra += stepCost;
            var cost = Cost(step) + extra;
            if (cost < bestCost) (best, bestCost) = (step, cost);
            if (step.Count == text.Count && step.Zip(text).All(pair => pair.First.CodePoint == pair.Second.CodePoint)) return best;
            text = step;
        }
    }

    private static (List<SourceChar>? Text, int Cost) FixOnce(List<SourceChar> text)
    {
        if (text.TrueForAll(c => c.CodePoint < 0x80)) return (null, 0);
        var isLatin1 = false;
        foreach (var set in CharacterSet.All)
        {
            if (Encode(text, set) is not { } bytes) continue;
            var cost = set.Cost;
            if (AlteredUtf8().IsMatch(bytes.Text))
            {
                bytes = bytes with { Text = AlteredUtf8().Replace(bytes.Text, match => match.Value.Replace(' ', '\u00A0')) };
                cost += 2 * bytes.Text.Count(b => b == '\u00A0');
            }

            if (set.IsSloppy && bytes.Text.Contains('\u001A', StringComparison.Ordinal)) bytes = ReplaceLossy(bytes);
            if (DecodeUtf8(bytes) is { } decoded) return (decoded, cost);
            isLatin1 |= set == CharacterSet.Latin1;
        }

        if (FixPunctuation(text) is { } punctuated) return (punctuated, 1);
        if (!isLatin1) return (null, 0);
        // Latin-1 that was meant as Windows-1252: the difference is control characters that nobody wants.
        if (!text.Exists(c => IsC1Control(c.CodePoint)) || text.Exists(c => c.CodePoint is 0x81 or 0x8D or 0x8F or 0x90 or 0x9D)) return (null, 0);
        return (text.ConvertAll(c => IsC1Control(c.CodePoint) ? c with { CodePoint = CharacterSet.Windows1252.Decode((byte)c.CodePoint) } : c), 1);
    }

    private static bool IsC1Control(int point) => point is >= 0x80 and < 0xA0;

    /// <summary>Bytes, each a character of <see cref="Text"/>, with where they came from.</summary>
    private readonly record struct Bytes(string Text, List<SourceChar> Sources);

    private static Bytes? Encode(List<SourceChar> text, CharacterSet set)
    {
        var bytes = new StringBuilder(text.Count);
        foreach (var c in text)
        {
            if (set.Encode(c.CodePoint) is not { } b) return null;
            bytes.Append((char)b);
        }

        return new Bytes(bytes.ToString(), text);
    }

    // Sequences that lost a byte to U+FFFD, written 0x1A, become U+FFFD as a whole.
    private static Bytes ReplaceLossy(Bytes bytes)
    {
        var text = new StringBuilder();
        var sources = new List<SourceChar>();
        var at = 0;
        foreach (Match match in LossyUtf8().Matches(bytes.Text))
        {
            text.Append(bytes.Text, at, match.Index - at).Append("\u00EF\u00BF\u00BD");
            sources.AddRange(bytes.Sources[at..match.Index]);
            at = match.Index + match.Length;
            var whole = bytes.Sources[match.Index] with { End = bytes.Sources[at - 1].End };
            sources.AddRange([whole, whole, whole]);
        }

        text.Append(bytes.Text, at, bytes.Text.Length - at);
        sources.AddRange(bytes.Sources[at..]);
        return new Bytes(text.ToString(), sources);
    }

    // Strict UTF-8, and its variants with surrogates in two times three bytes (CESU-8) or zero in two (Java).
    private static List<SourceChar>? DecodeUtf8(Bytes bytes)
    {
        var raw = Encoding.Latin1.GetBytes(bytes.Text);
        var result = new List<SourceChar>(raw.Length);
        for (var at = 0; at < raw.Length;)
        {
            int point, width;
            if (raw[at] == 0xC0 && at + 1 < raw.Length && raw[at + 1] == 0x80)
            {
                (point, width) = (0, 2);
            }
            else if (Cesu8().Match(bytes.Text, at) is { Success: true } match && match.Index == at)
            {
                point = 0x10000 + ((raw[at + 1] & 0x0F) << 16) + ((raw[at + 2] & 0x3F) << 10) + ((raw[at + 4] & 0x0F) << 6) + (raw[at + 5] & 0x3F);
                width = 6;
            }
            else
            {
                if (Rune.DecodeFromUtf8(raw.AsSpan(at), out var rune, out width) != System.Buffers.OperationStatus.Done) return null;
                point = rune.Value;
            }

            result.Add(new SourceChar(point, bytes.Sources[at].Start, bytes.Sources[at + width - 1].End));
            at += width;
        }

        return result;
    }

    // "â€" and a continuation byte, in Windows-1252: punctuation of U+2000 to U+203F, plain even amid other text.
    private static List<SourceChar>? FixPunctuation(List<SourceChar> text)
    {
        List<SourceChar>? result = null;
        for (var i = 0; i < text.Count; i++)
        {
            if (text[i].CodePoint == 'â' && i + 2 < text.Count && text[i + 1].CodePoint == '€'
                && CharacterSet.Windows1252.Encode(text[i + 2].CodePoint) is >= 0x80 and < 0xC0 and var last)
            {
                result ??= text[..i];
                result.Add(new SourceChar(0x2000 + (last - 0x80), text[i].Start, text[i + 2].End));
                i += 2;
            }
            else
            {
                result?.Add(text[i]);
            }
        }

        return result;
    }

    /// <summary>Oddness: twice the number of unlikely sequences, less the symbols that are common in good text, plus the length.</summary>
    private static int Cost(List<SourceChar> text)
    {
        var composed = UnicodeText.Compose(text);
        var classes = string.Concat(composed.Select(c => ClassOf(c.CodePoint)));
        var common = composed.Count(c => c.CodePoint <= char.MaxValue && CommonSymbols.Contains((char)c.CodePoint, StringComparison.Ordinal));
        return 2 * Weird().Count(classes) - common + text.Count;
    }

    private static char ClassOf(int point)
    {
        if (point is '\t' or '\n' or '\f' or '\r') return ' ';
        if ("^~`´˝＾｀".Contains((char)Math.Min(point, char.MaxValue), StringComparison.Ordinal)) return 'o';
        if (point is >= 0x250 and < 0x300 and not 'ə') return 'i';       // phonetic letters and modifiers
        if (point is >= 0xFE00 and <= 0xFE0F or >= 0x1F3FB and <= 0x1F3FF) return '3';
        var category = CodePoints.Category(point);
        var isLatin = CodePoints.IsLatin(point) && point is not (0xAA or 0xBA or 0x212A or 0x212B or 0x2132 or >= 0xFF21);
        return category switch
        {
            UnicodeCategory.UppercaseLetter when isLatin => 'L',
            UnicodeCategory.LowercaseLetter or UnicodeCategory.TitlecaseLetter when isLatin => 'l',
            UnicodeCategory.UppercaseLetter or UnicodeCategory.TitlecaseLetter => 'A',
            UnicodeCategory.LowercaseLetter => 'a',
            UnicodeCategory.OtherLetter => isLatin ? 'l' : 'C',
            UnicodeCategory.ModifierLetter => point is >= 0x2090 and <= 0x209C ? 'l' : 'm',
            UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark or UnicodeCategory.EnclosingMark => 'M',
            UnicodeCategory.OtherNumber => 'N',
            UnicodeCategory.MathSymbol or UnicodeCategory.CurrencySymbol => '1',
            UnicodeCategory.ModifierSymbol => '2',
            UnicodeCategory.OtherSymbol => '3',
            UnicodeCategory.Control => 'X',
            UnicodeCategory.Surrogate => 'S',
            UnicodeCategory.PrivateUse => 'P',
            UnicodeCategory.SpaceSeparator or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator => ' ',
            UnicodeCategory.OtherNotAssigned => point is >= 0x1F000 and <= 0x1FFFF ? '3' : '_',
            _ => 'o',
        };
    }

    // Lower case before foreign upper case; marks on what takes none; Latin beside other scripts; phonetic letters beside capitals;
    // lone diacritics; C1 controls; private use; unassigned; and different kinds of marks, numbers and symbols side by side.
    [GeneratedRegex("lA|[^CM]M|[Ll][AaC]|[AaC][Ll]|[LA]i|i[LA]|2|X|P|_|M[mN13]|m[MN13]|N[Mm13]|1[MmN3]|3[MmN1]", RegexOptions.CultureInvariant)]
    private static partial Regex Weird();

    // UTF-8 sequences that would be whole if a space were the byte A0.
    [GeneratedRegex("[\u00C2\u00C3\u00C5\u00CE\u00D0][ ]|[\u00E0-\u00EF][ ][\u0080-\u00BF]|[\u00E0-\u00EF][\u0080-\u00BF][ ]"
        + "|[\u00F0-\u00F4][ ][\u0080-\u00BF][\u0080-\u00BF]|[\u00F0-\u00F4][\u0080-\u00BF][ ][\u0080-\u00BF]|[\u00F0-\u00F4][\u0080-\u00BF][\u0080-\u00BF][ ]", RegexOptions.CultureInvariant)]
    private static partial Regex AlteredUtf8();

    [GeneratedRegex("[\u00C2-\u00DF]\u001A"
        + "|\u00ED[\u00A0-\u00AF]\u001A\u00ED[\u00B0-\u00BF][\u001A\u0080-\u00BF]|\u00ED[\u00A0-\u00AF][\u001A\u0080-\u00BF]\u00ED[\u00B0-\u00BF]\u001A"
        + "|[\u00E0-\u00EF]\u001A[\u001A\u0080-\u00BF]|[\u00E0-\u00EF][\u001A\u0080-\u00BF]\u001A"
        + "|[\u00F0-\u00F4]\u001A[\u001A\u0080-\u00BF][\u001A\u0080-\u00BF]|[\u00F0-\u00F4][\u001A\u0080-\u00BF]\u001A[\u001A\u0080-\u00BF]"
        + "|[\u00F0-\u00F4][\u001A\u0080-\u00BF][\u001A\u0080-\u00BF]\u001A|\u001A", RegexOptions.CultureInvariant)]
    private static partial Regex LossyUtf8();

    [GeneratedRegex("\\G\u00ED[\u00A0-\u00AF][\u0080-\u00BF]\u00ED[\u00B0-\u00BF][\u0080-\u00BF]", RegexOptions.CultureInvariant)]
    private static partial Regex Cesu8();
}
