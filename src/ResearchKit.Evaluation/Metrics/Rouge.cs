using System.Text.RegularExpressions;

namespace ResearchKit.Evaluation.Metrics;

/// <summary>ROUGE F1 (Lin 2004), [0, 1], on lower-cased runs of a-z and 0-9, as <c>rouge-score</c> computes it: by default without stemming, or with Porter's stems of words longer than three letters (its <c>use_stemmer</c>, ROUGE-1.5.5's <c>-m</c>).</summary>
public static partial class Rouge
{
    /// <summary>ROUGE-n F1: overlap of n-grams; 0 where a text has none.</summary>
    public static double N(string hypothesis, string reference, int n, bool stem = false)
    {
        string[] predicted = Grams(Tokens(hypothesis, stem), n), gold = Grams(Tokens(reference, stem), n);
        var left = gold.CountBy(gram => gram).ToDictionary();
        var same = predicted.CountBy(gram => gram).Sum(entry => Math.Min(entry.Value, left.GetValueOrDefault(entry.Key)));
        return F1(same, predicted.Length, gold.Length);
    }

    /// <summary>ROUGE-L F1: longest common subsequence of the whole texts.</summary>
    public static double L(string hypothesis, string reference, bool stem = false)
    {
        string[] predicted = Tokens(hypothesis, stem), gold = Tokens(reference, stem);
        var lengths = new int[gold.Length + 1];                                  // of common subsequences with the words of `predicted` so far
        foreach (var word in predicted)
        {
            var diagonal = 0;
            for (var j = 1; j <= gold.Length; j++)
            {
                var above = lengths[j];
                lengths[j] = gold[j - 1] == word ? diagonal + 1 : Math.Max(above, lengths[j - 1]);
                diagonal = above;
            }
        }

        return F1(lengths[^1], predicted.Length, gold.Length);
    }

    private static double F1(int same, int predicted, int gold) => same == 0 ? 0 : 2.0 * same / (predicted + gold);

    private static string[] Tokens(string text, bool stem) =>
        [.. Runs().Matches(text.ToLowerInvariant()).Select(match => stem && match.Length > 3 ? PorterStemmer.Stem(match.Value) : match.Value)];

    private static string[] Grams(string[] tokens, int n) =>
        [.. Enumerable.Range(0, Math.Max(0, tokens.Length - n + 1)).Select(start => string.Join(' ', tokens, start, n))];

    [GeneratedRegex("[a-z0-9]+")]
    private static partial Regex Runs();
}
