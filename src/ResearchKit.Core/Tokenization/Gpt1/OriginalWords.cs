using ResearchKit.Core.Tokenization.Unicode;

namespace ResearchKit.Core.Tokenization.Gpt1;

/// <summary>Words as OpenAI's release of GPT-1 cuts them (openai/finetune-transformer-lm <c>text_utils.py</c>), before lower-casing.</summary>
internal static class OriginalWords
{
    /// <summary>Characters whose runs get a space on either side.</summary>
    /// <remarks>The released pattern is no raw string: what it writes for backslashes, <c>\\+</c>, reaches the regular expression as <c>\+</c>, a plus
    /// sign, so backslashes are not separated.</remarks>
    private const string Separated = "-~!\";?+,)(/*[]}{|_";

    /// <summary>Words of a text in order, each with at least one character.</summary>
    public static List<List<SourceChar>> Of(string text) => EnglishWords.Of(Standardize(TextFixer.Fix(SourceChar.Of(text))));

    /// <summary><c>text_standardize</c>: plain dashes, ellipses and accents, spaces around punctuation, single spaces, line breaks between spaces.</summary>
    public static List<SourceChar> Standardize(List<SourceChar> text) => Trim(JoinSpaces(Separate(ReplaceCharacters(text))));

    private static List<SourceChar> ReplaceCharacters(List<SourceChar> text)
    {
        var result = new List<SourceChar>(text.Count);
        foreach (var c in text)
        {
            if (c.CodePoint == '…') result.AddRange([c with { CodePoint = '.' }, c with { CodePoint = '.' }, c with { CodePoint = '.' }]);
            else result.Add(c.CodePoint switch { '—' or '–' or '―' => c with { CodePoint = '-' }, '´' => c with { CodePoint = '\'' }, _ => c });
        }

        return result;
    }

    private static List<SourceChar> Separate(List<SourceChar> text)
    {
        var result = new List<SourceChar>(text.Count + text.Count / 8);
        for (var i = 0; i < text.Count;)
        {
            var c = text[i];
            if (!IsSeparated(c.CodePoint))
            {
                result.Add(c);
                i++;
                continue;
            }

            result.Add(c with { CodePoint = ' ' });
            for (; i < text.Count && text[i].CodePoint == c.CodePoint; i++) result.Add(text[i]);
            result.Add(text[i - 1] with { CodePoint = ' ' });
        }

        return result;
    }

    private static bool IsSeparated(int point) => point < 128 && Separated.Contains((char)point, StringComparison.Ordinal);

    // \s*\n\s* becomes " \n ", then other runs of white space become one space.
    private static List<SourceChar> JoinSpaces(List<SourceChar> text)
    {
        var result = new List<SourceChar>(text.Count);
        for (var i = 0; i < text.Count;)
        {
            if (!CodePoints.IsSpace(text[i].CodePoint))
            {
                result.Add(text[i++]);
                continue;
            }

            var start = i;
            SourceChar? lineBreak = null;
            for (; i < text.Count && CodePoints.IsSpace(text[i].CodePoint); i++)
            {
                if (text[i].CodePoint == '\n') lineBreak ??= text[i];
            }

            result.Add(text[start] with { CodePoint = ' ' });
            if (lineBreak is { } found) result.AddRange([found, text[i - 1] with { CodePoint = ' ' }]);
        }

        return result;
    }

    private static List<SourceChar> Trim(List<SourceChar> text)
    {
        var start = text.FindIndex(c => !CodePoints.IsSpace(c.CodePoint));
        return start < 0 ? [] : text[start..(text.FindLastIndex(c => !CodePoints.IsSpace(c.CodePoint)) + 1)];
    }
}
