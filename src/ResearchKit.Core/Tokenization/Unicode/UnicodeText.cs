using System.Globalization;
using System.Text;

namespace ResearchKit.Core.Tokenization.Unicode;

/// <summary>Canonical normalization (NFC, NFD) and width folding of Unicode 14.</summary>
/// <remarks>Our own because .NET's <c>Normalize</c> leaves text as it is where programs run with invariant globalization, as ours do
/// so that they need no ICU library. Algorithms: Unicode Standard Annex 15 and chapter 3.12 (Hangul).</remarks>
internal static class UnicodeText
{
    private const int HangulBase = 0xAC00, LeadBase = 0x1100, VowelBase = 0x1161, TrailBase = 0x11A7;
    private const int VowelCount = 21, TrailCount = 28, HangulCount = 11_172;

    private static readonly Dictionary<int, int[]> Decompositions = [];
    private static readonly Dictionary<(int, int), int> Compositions = [];
    private static readonly Dictionary<int, byte> Classes = [];
    private static readonly Dictionary<int, int[]> Widths = [];

    static UnicodeText()
    {
        using var stream = typeof(UnicodeText).Assembly.GetManifestResourceStream("ResearchKit.Core.Tokenization.Unicode.normalization.txt")!;
        using var reader = new StreamReader(stream, Encoding.UTF8);
        while (reader.ReadLine() is { } line)
        {
            if (line.StartsWith('#')) continue;
            var cells = line.Split(' ');
            var points = cells[1..].Select((cell, i) => line[0] == 'C' && i == 2
                ? int.Parse(cell, CultureInfo.InvariantCulture)
                : int.Parse(cell, NumberStyles.HexNumber, CultureInfo.InvariantCulture)).ToArray();
            switch (line[0])
            {
                case 'P':
                    Compositions[(points[1], points[2])] = points[0];
                    goto case 'D';
                case 'D': Decompositions[points[0]] = points[1..]; break;
                case 'W': Widths[points[0]] = points[1..]; break;
                default:
                    for (var point = points[0]; point <= points[1]; point++) Classes[point] = (byte)points[2];
                    break;
            }
        }
    }

    /// <summary>Standard form of a half-width or full-width character; null for others.</summary>
    public static int[]? StandardWidth(int point) => Widths.GetValueOrDefault(point);

    /// <summary>Composed form; each character comes from all that it was composed of.</summary>
    public static List<SourceChar> Compose(List<SourceChar> text)
    {
        if (text.TrueForAll(c => c.CodePoint < 0x300)) return text;      // nothing below combines
        var decomposed = Decompose(text);
        var result = new List<SourceChar>(decomposed.Count);
        var starter = -1;                                                 // place in the result of the last character of class 0
        var lastClass = 0;
        foreach (var c in decomposed)
        {
            var combining = ClassOf(c.CodePoint);
            if (starter >= 0 && (starter == result.Count - 1 || lastClass < combining)
                && Composed(result[starter].CodePoint, c.CodePoint) is { } composed)
            {
                var first = result[starter];
                result[starter] = new SourceChar(composed, Math.Min(first.Start, c.Start), Math.Max(first.End, c.End));
                continue;
            }

            if (combining == 0) starter = result.Count;
            lastClass = combining;
            result.Add(c);
        }

        return result;
    }

    /// <summary>Decomposed form, marks in canonical order.</summary>
    public static List<SourceChar> Decompose(List<SourceChar> text)
    {
        var result = new List<SourceChar>(text.Count);
        foreach (var c in text) AddDecomposed(result, c);
        for (var i = 1; i < result.Count; i++)                            // insertion sort of each run of marks: runs are short
        {
            var moving = result[i];
            var combining = ClassOf(moving.CodePoint);
            if (combining == 0) continue;
            var at = i;
            for (; at > 0 && ClassOf(result[at - 1].CodePoint) > combining; at--) result[at] = result[at - 1];
            result[at] = moving;
        }

        return result;
    }

    private static void AddDecomposed(List<SourceChar> result, SourceChar c)
    {
        var hangul = c.CodePoint - HangulBase;
        if (hangul is >= 0 and < HangulCount)
        {
            result.Add(c with { CodePoint = LeadBase + hangul / (VowelCount * TrailCount) });
            result.Add(c with { CodePoint = VowelBase + hangul / TrailCount % VowelCount });
            if (hangul % TrailCount > 0) result.Add(c with { CodePoint = TrailBase + hangul % TrailCount });
        }
        else if (c.CodePoint >= 0xC0 && Decompositions.TryGetValue(c.CodePoint, out var parts))
        {
            foreach (var part in parts) AddDecomposed(result, c with { CodePoint = part });
        }
        else
        {
            result.Add(c);
        }
    }

    private static int? Composed(int first, int second)
    {
        var (lead, vowel) = (first - LeadBase, second - VowelBase);
        if (lead is >= 0 and < HangulCount / (VowelCount * TrailCount) && vowel is >= 0 and < VowelCount)
            return HangulBase + (lead * VowelCount + vowel) * TrailCount;
        if (first - HangulBase is >= 0 and < HangulCount and var syllable && syllable % TrailCount == 0 && second - TrailBase is > 0 and < TrailCount)
            return first + second - TrailBase;
        return Compositions.TryGetValue((first, second), out var composed) ? composed : null;
    }

    private static int ClassOf(int point) => point < 0x300 ? 0 : Classes.GetValueOrDefault(point);
}
