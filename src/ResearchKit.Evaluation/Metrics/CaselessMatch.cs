using System.Text.RegularExpressions;

namespace ResearchKit.Evaluation.Metrics;

/// <summary>What lm-evaluation-harness's <c>exact_match</c> compares with <c>ignore_case</c> and <c>ignore_punctuation</c>.</summary>
internal static partial class CaselessMatch
{
    /// <summary>Lower case, without ASCII punctuation.</summary>
    public static string Plain(string text) => string.Concat(text.ToLowerInvariant().Where(c => !(char.IsAscii(c) && (char.IsPunctuation(c) || char.IsSymbol(c)))));

    /// <summary>The same without the articles of <c>nq_open</c>'s expression, which goes before the case does: <c>AN </c> and <c>THE </c> stay.</summary>
    public static string WithoutArticles(string text) => Plain(Articles().Replace(text, ""));

    [GeneratedRegex(@"\b(?:The |the |An |A |a |an )")]
    private static partial Regex Articles();
}
