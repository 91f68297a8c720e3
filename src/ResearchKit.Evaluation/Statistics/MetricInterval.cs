using ResearchKit.Evaluation.Metrics;

namespace ResearchKit.Evaluation.Statistics;

/// <summary>Confidence interval of a task metric over the items of one run, by the method that fits it.</summary>
public static class MetricInterval
{
    /// <summary>Wilson for shares of independent right answers; cluster-robust or Student for other means of item scores; BCa bootstrap, over clusters where there are any, for the rest.</summary>
    /// <param name="metric">Name as in <see cref="TaskResult.Metrics"/>.</param>
    /// <param name="items">Item results, at least one.</param>
    /// <param name="options">Level, and resamples where a bootstrap is needed.</param>
    public static Interval Of(string metric, IReadOnlyList<ItemResult> items, BootstrapOptions? options = null)
    {
        options ??= new BootstrapOptions();
        var units = ItemUnits.Of(items);
        var additive = AdditiveMetric.Of(metric, items);
        var sums = units.Select(unit => additive.Sums([.. unit.Select(i => items[i])])).ToArray();
        if (metric.StartsWith("accuracy", StringComparison.Ordinal))
        {
            var scores = items.Select(item => additive.Value(additive.Sums([item]))).ToArray();
            var clustered = units.Count < items.Count;
            if (!clustered && scores.All(score => score is 0 or 1)) return ProportionInterval.Wilson(scores.Count(score => score == 1), scores.Length, options.Level);
            var keys = new int[items.Count];
            foreach (var (u, unit) in units.Index())
            {
                foreach (var i in unit) keys[i] = u;
            }

            var interval = MeanEstimate.Clustered(scores, keys).Interval(options.Level);
            return interval with { Low = Math.Max(0, interval.Low), High = Math.Min(1, interval.High) };
        }

        return Bootstrap.BiasCorrectedAccelerated(sums, drawn => additive.Value(ItemUnits.Add(drawn)), options);
    }
}

/// <summary>Items grouped into what is independent: clusters, else groups that count together, else single items.</summary>
internal static class ItemUnits
{
    /// <summary>Indices of the items of every unit, in order of first appearance.</summary>
    public static IReadOnlyList<int[]> Of(IReadOnlyList<ItemResult> items) =>
        [.. Enumerable.Range(0, items.Count).GroupBy(i => items[i].Cluster ?? items[i].Group ?? "item/" + items[i].Id).Select(group => group.ToArray())];

    public static double[] Add(IReadOnlyList<double[]> vectors)
    {
        var sum = (double[])vectors[0].Clone();
        for (var v = 1; v < vectors.Count; v++)
        {
            var vector = vectors[v];
            for (var i = 0; i < sum.Length; i++) sum[i] += vector[i];
        }

        return sum;
    }
}
