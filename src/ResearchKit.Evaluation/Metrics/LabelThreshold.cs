namespace ResearchKit.Evaluation.Metrics;

/// <summary>Chooses the threshold that best separates two classes.</summary>
internal static class LabelThreshold
{
    /// <summary>Threshold with the largest Matthews correlation between "value above threshold" and the label; half-way between neighbouring values, the lowest of equals.</summary>
    public static double Best(IReadOnlyList<(double Value, bool Positive)> items)
    {
        var sorted = items.OrderBy(item => item.Value).ToArray();
        double positives = sorted.Count(item => item.Positive), negatives = sorted.Length - positives;
        // Starting below everything: all predicted positive. Moving up turns one item after another into a predicted negative.
        var (truePositives, trueNegatives, best, threshold) = (positives, 0.0, 0.0, double.NegativeInfinity);
        for (var i = 0; i < sorted.Length - 1; i++)
        {
            if (sorted[i].Positive) truePositives--;
            else trueNegatives++;
            if (sorted[i].Value.Equals(sorted[i + 1].Value)) continue;
            double falsePositives = negatives - trueNegatives, falseNegatives = positives - truePositives;
            var spread = Math.Sqrt((truePositives + falsePositives) * positives * negatives * (trueNegatives + falseNegatives));
            var matthews = spread == 0 ? 0 : (truePositives * trueNegatives - falsePositives * falseNegatives) / spread;
            if (matthews > best) (best, threshold) = (matthews, (sorted[i].Value + sorted[i + 1].Value) / 2);
        }

        return threshold;
    }
}
