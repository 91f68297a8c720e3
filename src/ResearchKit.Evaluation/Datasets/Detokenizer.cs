using System.Text.RegularExpressions;

namespace ResearchKit.Evaluation.Datasets;

/// <summary>Undoes the tokenisation marks of word-level corpora, so that a byte-level model meets ordinary text.</summary>
internal static partial class Detokenizer
{
    /// <summary>WikiText: the rules that Megatron-LM and lm-evaluation-harness share; <c>&lt;unk&gt;</c> stays.</summary>
    public static string WikiText(string text)
    {
        text = text.Replace("s '", "s'", StringComparison.Ordinal);
        text = text.Replace(" @-@ ", "-", StringComparison.Ordinal).Replace(" @,@ ", ",", StringComparison.Ordinal).Replace(" @.@ ", ".", StringComparison.Ordinal);
        foreach (var sign in new[] { ":", ";", ".", "!", "?", "," }) text = text.Replace($" {sign} ", sign + " ", StringComparison.Ordinal);
        text = Round().Replace(text, "($1)");
        text = Square().Replace(text, "[$1]");
        text = Curly().Replace(text, "{$1}");
        text = Quotes().Replace(text, "\"$1\"");
        text = Apostrophes().Replace(text, "'$1'");
        return text.Replace("= = = =", "====", StringComparison.Ordinal).Replace("= = =", "===", StringComparison.Ordinal).Replace("= =", "==", StringComparison.Ordinal)
            .Replace(" \u00b0 ", "\u00b0", StringComparison.Ordinal).Replace(" \n", "\n", StringComparison.Ordinal).Replace("\n ", "\n", StringComparison.Ordinal)
            .Replace(" N ", " 1 ", StringComparison.Ordinal).Replace(" 's", "'s", StringComparison.Ordinal);
    }

    /// <summary>Penn Treebank (Mikolov): the rules of Megatron-LM, its lost space before <c>1</c> included; <c>&lt;unk&gt;</c> and lower case stay.</summary>
    public static string PennTreebank(string text) => text.Replace(" '", "'", StringComparison.Ordinal).Replace(" \n", "\n", StringComparison.Ordinal).Replace("\n ", "\n", StringComparison.Ordinal)
        .Replace(" n't", "n't", StringComparison.Ordinal).Replace(" N ", "1 ", StringComparison.Ordinal).Replace("$ 1", "$1", StringComparison.Ordinal).Replace("# 1", "#1", StringComparison.Ordinal);

    [GeneratedRegex(@"\(\s*([^)]*?)\s*\)")]
    private static partial Regex Round();

    [GeneratedRegex(@"\[\s*([^\]]*?)\s*\]")]
    private static partial Regex Square();

    [GeneratedRegex(@"\{\s*([^}]*?)\s*\}")]
    private static partial Regex Curly();

    [GeneratedRegex("\"\\s*([^\"]*?)\\s*\"")]
    private static partial Regex Quotes();

    [GeneratedRegex(@"'\s*([^']*?)\s*'")]
    private static partial Regex Apostrophes();
}
