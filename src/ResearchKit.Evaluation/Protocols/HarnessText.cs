using System.Text;
using System.Text.RegularExpressions;
using ResearchKit.Evaluation.Datasets;

namespace ResearchKit.Evaluation.Protocols;

/// <summary>Text rewriting of lm-evaluation-harness tasks, rule by rule.</summary>
internal static partial class HarnessText
{
    /// <summary>Python's <c>str.capitalize</c>: first letter large, the others small.</summary>
    public static string Capitalize(string text) => text.Length == 0 ? "" : char.ToUpperInvariant(text[0]) + text[1..].ToLowerInvariant();

    /// <summary>hellaswag/utils.py <c>preprocess</c>: removes WikiHow's bracketed marks.</summary>
    public static string HellaSwag(string text) =>
        BracketedMark().Replace(text.Trim().Replace(" [title]", ". ", StringComparison.Ordinal), "").Replace("  ", " ", StringComparison.Ordinal);

    /// <summary>super_glue/copa/utils.py <c>convert_choice</c>.</summary>
    public static string SmallFirst(string text) => text.Length == 0 ? "" : char.ToLowerInvariant(text[0]) + text[1..];

    /// <summary>arithmetic/utils.py: questions and answers spelled out, single line breaks.</summary>
    public static string Arithmetic(string context) => context.Trim().Replace("\n\n", "\n", StringComparison.Ordinal)
        .Replace("Q:", "Question:", StringComparison.Ordinal).Replace("A:", "Answer:", StringComparison.Ordinal);

    /// <summary>utils.py <c>general_detokenize</c>.</summary>
    public static string Detokenize(string text)
    {
        text = text.Replace(" n't", "n't", StringComparison.Ordinal).Replace(" )", ")", StringComparison.Ordinal).Replace("( ", "(", StringComparison.Ordinal)
            .Replace("\" ", "\"", StringComparison.Ordinal).Replace(" \"", "\"", StringComparison.Ordinal);
        return SpaceBeforePoint().Replace(text, "$1");
    }

    /// <summary>super_glue/wsc/preprocess_wsc.py: the pronoun between asterisks, then de-tokenized. Indices count words between white space.</summary>
    public static string MarkPronoun(string text, int wordIndex, string pronoun)
    {
        var before = string.Join(' ', text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).Take(wordIndex));
        var after = text[Math.Min(text.Length, before.Length + pronoun.Length + 1)..];
        return Detokenize($"{before} *{pronoun}*{after}");
    }

    /// <summary>wsc273/utils.py: options written so that they can stand in the pronoun's place.</summary>
    public static string WinogradOption(string option, string text, string pronoun, int location)
    {
        if (pronoun.ToLowerInvariant() is "my" or "his" or "her" or "our" or "their") option += "'s";
        var first = option.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)[0];
        var beginsSentence = text[(location - 2 + text.Length) % text.Length] == '.';        // a negative index counts from the end, as in Python
        var isCapitalized = first is "A" or "An" or "The" or "She" or "He" or "It" or "They" or "My" or "His" or "Her" or "Their";
        return isCapitalized && !beginsSentence ? option.Replace(first, first.ToLowerInvariant(), StringComparison.Ordinal) : option;
    }

    /// <summary>super_glue/record/util.py: the passage, a blank line, and its highlights as a list.</summary>
    public static string Record(string passage)
    {
        var parts = passage.Trim().Split("\n@highlight\n");
        return parts[0] + "\n\n" + string.Concat(parts.Skip(1).Select(highlight => $"  - {highlight}.\n"));
    }

    /// <summary>race/preprocess_race.py: the article, its earlier questions with their right answers, and the last question.</summary>
    public static string Race(string article, IEnumerable<(string Question, string Answer)> earlier, string question)
    {
        var text = new StringBuilder($"Article: {article}\n\n");
        foreach (var (asked, answer) in earlier)
        {
            text.Append(asked.EndsWith("  _  .", StringComparison.Ordinal) ? $"{asked[..^5]}{answer}\n" : $"Question: {asked}\nAnswer: {answer}\n");
        }

        return text.Append(question).ToString();
    }

    /// <summary>wikitext/preprocess_wikitext.py <c>wikitext_detokenizer</c>; its rule for years inserts the pattern itself, as there.</summary>
    public static string WikiText(string page) => Detokenizer.WikiText(YearQuote().Replace(page, "/'[0-9]/"));

    [GeneratedRegex(@"\[.*?\]")]
    private static partial Regex BracketedMark();

    [GeneratedRegex(@" (['.,])")]
    private static partial Regex SpaceBeforePoint();

    [GeneratedRegex("/' [0-9]/")]
    private static partial Regex YearQuote();
}
