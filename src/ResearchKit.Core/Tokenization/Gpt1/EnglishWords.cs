using System.Globalization;
using ResearchKit.Core.Tokenization.Unicode;

namespace ResearchKit.Core.Tokenization.Gpt1;

/// <summary>Words by spaCy 2.0.11's rules for English: split at spaces, take punctuation off both ends, split inside at some signs.</summary>
/// <remarks>
/// Written from the behaviour of explosion/spaCy (MIT), commit 0c7fab44: <c>tokenizer.pyx</c>, <c>lang/punctuation.py</c>, <c>lang/char_classes.py</c>.
/// Its regular expressions are scanned by hand, each in time linear in the word. Left out are its cache, which can change how a word is cut after
/// another was seen, and its rules for hyphens, commas, slashes and plus signs within words, where <c>text_standardize</c> leaves none.
/// </remarks>
internal static class EnglishWords
{
    // The order matters at the front of a word, where the first that fits is taken off: so '' never is, but `` is.
    private const string Punctuation = "…,:;!?¿؟¡()[]{}<>_#*&。？！，、；：～·।،؛٪";
    private const string Quotes = "'\"”“`‘´’‚,„»«「」『』（）〔〕【】《》〈〉";
    private const string Currencies = "$£€¥฿₽﷼";

    private static readonly string[] Units = ("km km² km³ m m² m³ dm dm² dm³ cm cm² cm³ mm mm² mm³ ha µm nm yd in ft kg g mg µg t lb oz kmh mph hPa Pa mbar mb MB "
        + "kb KB gb GB tb TB T G M K % км км² км³ м м² м³ дм дм² дм³ см см² см³ мм мм² мм³ нм кг г мг кПа Па мбар Кб КБ кб Мб МБ мб Гб ГБ гб Тб ТБ тб").Split(' ');

    /// <summary>Words of a text. Runs of white space other than a single space are words too.</summary>
    public static List<List<SourceChar>> Of(List<SourceChar> text)
    {
        var words = new List<List<SourceChar>>();
        var start = 0;
        for (var i = 0; i <= text.Count; i++)
        {
            if (i > 0 && i < text.Count && CodePoints.IsSpace(text[i].CodePoint) == CodePoints.IsSpace(text[i - 1].CodePoint)) continue;
            if (start < i) AddWords(words, text[start..i]);
            // The space that ends a word belongs to nothing; further white space after it is a word.
            start = i < text.Count && text[i].CodePoint == ' ' && i > 0 ? i + 1 : i;
        }

        return words;
    }

    private static void AddWords(List<List<SourceChar>> words, List<SourceChar> span)
    {
        if (AddException(words, span)) return;
        var suffixes = new List<List<SourceChar>>();
        for (var lastCount = 0; span.Count > 0 && span.Count != lastCount && !WebAddress.IsMatch(span);)
        {
            lastCount = span.Count;
            var prefix = PrefixLength(span);
            if (prefix > 0 && EnglishExceptions.Find(span[prefix..]) is not null)
            {
                words.Add(span[..prefix]);
                span = span[prefix..];
                break;
            }

            var suffix = SuffixLength(span);
            if (suffix > 0 && EnglishExceptions.Find(span[..^suffix]) is not null)
            {
                suffixes.Add(span[^suffix..]);
                span = span[..^suffix];
                break;
            }

            if (prefix + suffix > span.Count) suffix = 0;
            if (prefix > 0) words.Add(span[..prefix]);
            if (suffix > 0) suffixes.Add(span[^suffix..]);
            span = span[prefix..^suffix];
            if (EnglishExceptions.Find(span) is not null) break;
        }

        if (span.Count > 0 && !AddException(words, span))
        {
            if (WebAddress.IsMatch(span)) words.Add(span);
            else AddSplitInside(words, span);
        }

        suffixes.Reverse();
        words.AddRange(suffixes);
    }

    private static bool AddException(List<List<SourceChar>> words, List<SourceChar> span)
    {
        if (EnglishExceptions.Find(span) is not { } lengths) return false;
        var at = 0;
        foreach (var length in lengths)
        {
            words.Add(span[at..(at + length)]);
            at += length;
        }

        return true;
    }

    private static void AddSplitInside(List<List<SourceChar>> words, List<SourceChar> span)
    {
        var start = 0;
        for (var i = 0; i < span.Count;)
        {
            var length = InfixLength(span, i);
            if (length > 0 && i > 0)                                      // one at the very front stays
            {
                if (i > start) words.Add(span[start..i]);
                words.Add(span[i..(i + length)]);
                start = i + length;
            }

            i += Math.Max(1, length);
        }

        if (start < span.Count) words.Add(span[start..]);
    }

    private static int PrefixLength(List<SourceChar> span)
    {
        var first = span[0].CodePoint;
        if (first is '§' or '%' or '=' or '+' || Contains(Punctuation, first)) return 1;
        if (DotsFrom(span, 0) is >= 2 and var dots) return dots;
        if (first == '`' && At(span, 1) == '`') return 2;
        if (Contains(Quotes, first) || Contains(Currencies, first)) return 1;
        if (first == 'U' && At(span, 1) == 'S' && At(span, 2) == '$') return 3;
        if (first is 'C' or 'A' && At(span, 1) == '$') return 2;
        return IsOtherSymbol(first) ? 1 : 0;
    }

    // The longest fitting end: a search from the left for what reaches the end finds that first.
    private static int SuffixLength(List<SourceChar> span)
    {
        var last = span[^1].CodePoint;
        var before = At(span, span.Count - 2);
        var length = 0;
        if (Contains(Punctuation, last) || Contains(Quotes, last) || IsOtherSymbol(last)) length = 1;
        if (last == before && last is '…' or '\'' or '`' or '‘' or '’') length = 2;
        if (last is 's' or 'S' && before is '\'' or '’') length = 2;
        var dots = 0;
        while (dots < span.Count && span[^(dots + 1)].CodePoint == '.') dots++;
        if (dots >= 2) length = dots;
        if (last == '.' && length == 0 && EndsSentence(span)) length = 1;
        if (Contains(Currencies, last) && IsDigit(before)) length = Math.Max(length, 1);
        foreach (var currency in (string[])["US$", "C$", "A$"]) Measure(currency);
        foreach (var unit in Units) Measure(unit);
        return length;

        void Measure(string unit)
        {
            if (unit.Length <= length || span.Count <= unit.Length || !IsDigit(span[^(unit.Length + 1)].CodePoint)) return;
            for (var i = 0; i < unit.Length; i++)
            {
                if (span[span.Count - unit.Length + i].CodePoint != unit[i]) return;
            }

            length = unit.Length;
        }
    }

    // What a final full stop may follow: a degree sign and its scale, a digit, a lower-case letter, some signs, or two capitals.
    private static bool EndsSentence(List<SourceChar> span)
    {
        var (before, earlier) = (At(span, span.Count - 2), At(span, span.Count - 3));
        return before is 'F' or 'f' or 'C' or 'c' or 'K' or 'k' && earlier == '°'
            || IsDigit(before) || IsLower(before) || Contains("%²:", before) || Contains(Quotes, before)
            || IsUpper(before) && IsUpper(earlier);
    }

    private static int InfixLength(List<SourceChar> span, int at)
    {
        var point = span[at].CodePoint;
        if (DotsFrom(span, at) is >= 2 and var dots) return dots;
        if (point == '…' || IsOtherSymbol(point)) return 1;
        var (before, after) = (At(span, at - 1), At(span, at + 1));
        if (point == '^' && IsDigit(before) && IsDigit(after)) return 1;
        if (point == '.' && IsLower(before) && IsUpper(after)) return 1;
        return point is ':' or '<' or '>' or '=' && IsAlphabetic(before) && IsAlphabetic(after) ? 1 : 0;
    }

    private static int DotsFrom(List<SourceChar> span, int at)
    {
        var end = at;
        while (At(span, end) == '.') end++;
        return end - at;
    }

    private static int At(List<SourceChar> span, int at) => at >= 0 && at < span.Count ? span[at].CodePoint : -1;

    private static bool Contains(string characters, int point) => point is >= 0 and <= char.MaxValue && characters.Contains((char)point, StringComparison.Ordinal);

    private static bool IsOtherSymbol(int point) => CodePoints.Category(point) == UnicodeCategory.OtherSymbol;

    private static bool IsDigit(int point) => point is >= '0' and <= '9';

    private static bool IsAlphabetic(int point) => IsLower(point) || IsUpper(point);

    private static bool IsLower(int point) => point is >= 'a' and <= 'z' or >= 'а' and <= 'я' or 'ё'
        || point > 127 && (CodePoints.IsUncasedLetter(point) || CodePoints.IsLatin(point) && CodePoints.Category(point) == UnicodeCategory.LowercaseLetter);

    private static bool IsUpper(int point) => point is >= 'A' and <= 'Z' or >= 'А' and <= 'Я' or 'Ё'
        || point > 127 && (CodePoints.IsUncasedLetter(point) || CodePoints.IsLatin(point) && CodePoints.Category(point) == UnicodeCategory.UppercaseLetter);
}
