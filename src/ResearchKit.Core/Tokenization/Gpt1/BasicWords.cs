using System.Globalization;
using ResearchKit.Core.Tokenization.Unicode;

namespace ResearchKit.Core.Tokenization.Gpt1;

/// <summary>Words as Hugging Face's port of GPT-1 cuts them where spaCy and ftfy are missing: BERT's basic tokenizer, lower-cased, without accents.</summary>
/// <remarks>huggingface/transformers v4.27.4, <c>tokenization_openai.py</c> (<c>BasicTokenizer</c>). Text is lower-cased one character at a time, so a capital
/// sigma at the end of a word becomes σ.</remarks>
internal static class BasicWords
{
    /// <summary>Words of a text in order, each with at least one character.</summary>
    public static List<List<SourceChar>> Of(string text)
    {
        var spaced = new List<SourceChar>(text.Length);
        foreach (var c in SourceChar.Of(text))
        {
            if (c.CodePoint is 0 or 0xFFFD || IsControl(c.CodePoint)) continue;
            if (IsIdeograph(c.CodePoint)) spaced.AddRange([c with { CodePoint = ' ' }, c, c with { CodePoint = ' ' }]);
            else Casing.AddLower(spaced, c);
        }

        var words = new List<List<SourceChar>>();
        List<SourceChar>? word = null;
        foreach (var c in UnicodeText.Decompose(spaced))
        {
            if (CodePoints.IsSpace(c.CodePoint))
            {
                word = null;
            }
            else if (IsPunctuation(c.CodePoint))
            {
                words.Add([c]);
                word = null;
            }
            else if (CodePoints.Category(c.CodePoint) != UnicodeCategory.NonSpacingMark)
            {
                if (word is null) words.Add(word = []);
                word.Add(c);
            }
        }

        return words;
    }

    private static bool IsControl(int point) => point is not ('\t' or '\n' or '\r') && CodePoints.Category(point)
        is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.Surrogate or UnicodeCategory.PrivateUse or UnicodeCategory.OtherNotAssigned;

    // Every ASCII symbol counts, whatever its category.
    private static bool IsPunctuation(int point) => point is >= 33 and <= 47 or >= 58 and <= 64 or >= 91 and <= 96 or >= 123 and <= 126
        || CodePoints.Category(point) is UnicodeCategory.ConnectorPunctuation or UnicodeCategory.DashPunctuation or UnicodeCategory.OpenPunctuation
            or UnicodeCategory.ClosePunctuation or UnicodeCategory.InitialQuotePunctuation or UnicodeCategory.FinalQuotePunctuation or UnicodeCategory.OtherPunctuation;

    private static bool IsIdeograph(int point) => point is >= 0x4E00 and <= 0x9FFF or >= 0x3400 and <= 0x4DBF or >= 0x20000 and <= 0x2A6DF
        or >= 0x2A700 and <= 0x2CEAF or >= 0xF900 and <= 0xFAFF or >= 0x2F800 and <= 0x2FA1F;
}
