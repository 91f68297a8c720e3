using ResearchKit.Evaluation.Metrics;

namespace ResearchKit.Evaluation.Statistics;

/// <summary>Confidence interval of a task metric over the items of one run, by the method that fits it.</summary>
public static class MetricInterval
{
    /// <summary>Wilson for means of item scores (with the cluster-robust variance where items share a passage, the scores' own where they are fractions); BCa bootstrap, over clusters where there are any, for the rest.</summary>
    /// <param name="metric">Name as in <see cref="TaskResult.Metrics"/>.</param>
    /// <param name="items">Item results, at least one.</param>
    /// <param name="options">Level, and resamples where a bootstrap is needed.</param>
    public static Interval Of(string metric, IReadOnlyList<ItemResult> items, BootstrapOptions? options = null)
    {
        options ??= new BootstrapOptions();
        var units = ItemUnits.Of(items);
        var additive = AdditiveMetric.Of(metric, items);
        var sums = units.Select(unit => additive.Sums([.. unit.Select(i => items[i])])).ToArray();
        if (additive.IsMeanOfShares)
        {
            var scores = items.Select(item => additive.Value(additive.Sums([item]))).ToArray();
            var clustered = units.Count < items.Count;
            if (!clustered && scores.All(score => score is 0 or 1)) return ProportionInterval.Wilson(scores.Count(score => score == 1), scores.Length, options.Level);
            var keys = new int[items.Count];
            foreach (var (u, unit) in units.Index())
            {
                foreach (var i in unit) keys[i] = u;
            }

            var mean = MeanEstimate.Clustered(scores, keys);
            if (units.Count < 2) return mean.Interval(options.Level) with { Low = 0, High = 1 };
            return ProportionInterval.WilsonOfMean(mean.Mean, mean.StandardError * mean.StandardError, units.Count - 1, units.Count, options.Level, clustered ? "wilson-clustered" : "wilson-of-mean");
        }

        if (units.Count < 2)
        {
            var range = MetricRange.Of(metric);
            return new Interval(additive.Value(sums[0]), range.Low, range.High, options.Level, "one-unit");
        }

        return Bootstrap.BiasCorrectedAccelerated(sums, drawn => additive.Value(ItemUnits.Add(drawn)), options);
    }

    /// <summary>Interval of a condition's score, the mean over its seeds: for new items and new seeds. All seeds score the same items, so both are crossed.</summary>
    /// <param name="metric">Name as in <see cref="TaskResult.Metrics"/>.</param>
    /// <param name="seeds">Items of every seed, in one order; at least two seeds.</param>
    /// <param name="level">Confidence in (0, 1); default 0.95.</param>
    /// <remarks>Pseudo-values of a jackknife over units (items, or whole clusters), units × seeds, are split into what differs between units and what differs between seeds.
    /// Each part has Student's quantile of its own degrees of freedom (Cochran 1954), or both have one of Satterthwaite's, whichever is wider: three seeds tell little about other seeds, however many items there are.
    /// The part of the units has Wilson's form for metrics in [0, 1] (and, stretched, in [-1, 1]); perplexities have a logarithmic scale. No interval leaves the metric's range.
    /// Simulated coverage is 94% to 96% with five seeds; with three it is between 93% (where they differ much) and 97% (where they do not differ).</remarks>
    public static Interval OverSeeds(string metric, IReadOnlyList<IReadOnlyList<ItemResult>> seeds, double level = 0.95)
    {
        if (seeds.Count < 2) throw new ArgumentException($"{seeds.Count} seeds; an interval over seeds needs at least two.", nameof(seeds));
        if (seeds.Any(items => items.Count != seeds[0].Count || items.Zip(seeds[0]).Any(pair => pair.First.Id != pair.Second.Id))) throw new ArgumentException("All seeds must score the same items in the same order.", nameof(seeds));
        var units = ItemUnits.Of(seeds[0]);
        var additive = AdditiveMetric.Of(metric, seeds);
        var range = MetricRange.Of(metric);
        var pseudo = new double[units.Count, seeds.Count, 1];
        var estimate = 0.0;
        for (var s = 0; s < seeds.Count; s++)
        {
            var sums = units.Select(unit => additive.Sums([.. unit.Select(i => seeds[s][i])])).ToArray();
            var all = ItemUnits.Add(sums);
            var own = additive.Value(all);
            estimate += own / seeds.Count;
            for (var u = 0; u < units.Count && units.Count > 1; u++)
            {
                pseudo[u, s, 0] = units.Count * range.Inner(own) - (units.Count - 1) * range.Inner(additive.Value([.. all.Zip(sums[u], (a, b) => a - b)]));
            }
        }

        if (units.Count < 2) return new Interval(estimate, range.Low, range.High, level, "one-unit");
        var overUnits = MeanEstimate.Of([.. Enumerable.Range(0, units.Count).Select(u => Enumerable.Range(0, seeds.Count).Average(s => pseudo[u, s, 0]))]);
        var components = VarianceComponents.Estimate(pseudo);
        var overSeeds = Square(Quantiles.Student(level, seeds.Count - 1)) * components.Draw / seeds.Count;
        var together = Square(components.Interval(level).HalfWidth) - Square(Quantiles.Student(level, units.Count - 1) * overUnits.StandardError);
        return range.Interval(estimate, overUnits.StandardError, units.Count, Math.Sqrt(Math.Max(overSeeds, together)), level);
    }

    private static double Square(double value) => value * value;

    // Where a metric can lie, and the scale on which its errors are about even.
    private sealed record MetricRange(double Low, double High)
    {
        public static MetricRange Of(string metric) =>
            TaskMetrics.IsCorrelation(metric) ? new(-1, 1)
            : TaskMetrics.IsShare(metric) || metric == "calibration_error" ? new(0, 1)
            : new(0, double.PositiveInfinity);

        public double Inner(double value) => double.IsFinite(High) ? (value - Low) / (High - Low) : Math.Log(Math.Max(value, double.Epsilon));

        /// <param name="estimate">The score.</param>
        /// <param name="unitError">Standard error over units, on the inner scale.</param>
        /// <param name="units">Independent units.</param>
        /// <param name="overSeeds">Half-width over seeds, on the inner scale.</param>
        /// <param name="level">Confidence.</param>
        public Interval Interval(double estimate, double unitError, int units, double overSeeds, double level)
        {
            if (double.IsFinite(High))
            {
                // Either side is the root of the sum of squares of its parts (Zou and Donner 2008).
                var inner = Math.Clamp(Inner(estimate), 0, 1);
                var over = ProportionInterval.WilsonOfMean(inner, unitError * unitError, units - 1, units, level);
                var (low, high) = (inner - Math.Sqrt(Square(inner - over.Low) + Square(overSeeds)), inner + Math.Sqrt(Square(over.High - inner) + Square(overSeeds)));
                return new Interval(estimate, Low + (High - Low) * Math.Max(0, low), Low + (High - Low) * Math.Min(1, high), level, "items-and-seeds");
            }

            var factor = Math.Exp(Math.Sqrt(Square(Quantiles.Student(level, units - 1) * unitError) + Square(overSeeds)));
            return new Interval(estimate, estimate / factor, estimate * factor, level, "items-and-seeds");
        }
    }
}

/// <summary>Items grouped into what is independent: clusters, else groups that count together, else single items.</summary>
internal static class ItemUnits
{
    /// <summary>Name of the unit of an item.</summary>
    public static string NameOf(string? cluster, string? group, string id) => cluster ?? group ?? "item/" + id;

    /// <summary>Indices of the items of every unit, in order of first appearance.</summary>
    public static IReadOnlyList<int[]> Of(IReadOnlyList<ItemResult> items) =>
        [.. Enumerable.Range(0, items.Count).GroupBy(i => items[i].Unit).Select(group => group.ToArray())];

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
