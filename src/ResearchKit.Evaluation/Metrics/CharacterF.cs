using System.Text;

namespace ResearchKit.Evaluation.Metrics;

/// <summary>chrF (Popović 2015) as sacreBLEU computes it by default: F2 of character n-grams up to 6, white space left out, 0 to 100.</summary>
public static class CharacterF
{
    private const int Order = 6;
    private const double SquaredBeta = 4;

    /// <summary>chrF over a corpus: n-gram counts are summed before they are divided.</summary>
    /// <param name="hypotheses">Texts to judge.</param>
    /// <param name="references">Accepted texts of each, at least one; the one with the best score counts.</param>
    public static double Corpus(IReadOnlyList<string> hypotheses, IReadOnlyList<IReadOnlyList<string>> references)
    {
        if (hypotheses.Count != references.Count) throw new ArgumentException($"{hypotheses.Count} texts but references for {references.Count}.");
        var total = new double[3 * Order];
        for (var i = 0; i < hypotheses.Count; i++)
        {
            var counts = SufficientCounts(hypotheses[i], references[i]);
            for (var n = 0; n < total.Length; n++) total[n] += counts[n];
        }

        return FromSufficientCounts(total);
    }

    /// <summary>Numbers that add up over texts: for every order the n-grams of the text (0 where the reference has none), those of the reference, and the common ones.</summary>
    internal static double[] SufficientCounts(string hypothesis, IReadOnlyList<string> references)
    {
        var predicted = Grams(hypothesis);
        return references.Select(reference => Counts(predicted, Grams(reference))).MaxBy(FromSufficientCounts)!;
    }

    internal static double FromSufficientCounts(double[] sums)
    {
        var (precision, recall, orders) = (0.0, 0.0, 0);
        for (var n = 0; n < Order; n++)
        {
            var (predicted, gold, same) = (sums[3 * n], sums[3 * n + 1], sums[3 * n + 2]);
            if (predicted == 0 || gold == 0) continue;
            (precision, recall, orders) = (precision + same / predicted, recall + same / gold, orders + 1);
        }

        if (precision + recall == 0) return 0;
        (precision, recall) = (precision / orders, recall / orders);
        return 100 * (1 + SquaredBeta) * precision * recall / (SquaredBeta * precision + recall);
    }

    private static double[] Counts(Dictionary<string, int>[] predicted, Dictionary<string, int>[] gold)
    {
        var counts = new double[3 * Order];
        for (var n = 0; n < Order; n++)
        {
            counts[3 * n] = gold[n].Count == 0 ? 0 : predicted[n].Values.Sum();
            counts[3 * n + 1] = gold[n].Values.Sum();
            counts[3 * n + 2] = predicted[n].Sum(gram => Math.Min(gram.Value, gold[n].GetValueOrDefault(gram.Key)));
        }

        return counts;
    }

    private static Dictionary<string, int>[] Grams(string text)
    {
        string[] characters = [.. text.EnumerateRunes().Where(rune => !Rune.IsWhiteSpace(rune)).Select(rune => rune.ToString())];
        return [.. Enumerable.Range(1, Order).Select(n => Enumerable.Range(0, Math.Max(0, characters.Length - n + 1)).CountBy(start => string.Concat(characters.AsSpan(start, n))).ToDictionary())];
    }
}
