namespace ResearchKit.Evaluation.Statistics;

/// <summary>A mean with its standard error.</summary>
/// <param name="Mean">Mean.</param>
/// <param name="StandardError">Standard error; not a number where there is only one item or cluster.</param>
/// <param name="Count">Items.</param>
/// <param name="ClusterCount">Clusters; equals <paramref name="Count"/> where items are independent.</param>
public sealed record MeanEstimate(double Mean, double StandardError, int Count, int ClusterCount)
{
    /// <summary>Mean and standard error s/√n of independent values.</summary>
    public static MeanEstimate Of(IReadOnlyList<double> values) => Clustered(values, Enumerable.Range(0, values.Count).ToArray());

    /// <summary>Mean with a cluster-robust standard error: residuals are summed within clusters before they are squared.</summary>
    /// <param name="values">Item scores, at least one.</param>
    /// <param name="clusters">Cluster of each item, such as its passage.</param>
    /// <remarks>√(G/(G-1) · Σ_g (Σ_{i∈g} (xᵢ - x̄))²) / n, the usual sandwich with its small-sample factor (Liang and Zeger 1986); with one item per cluster it is s/√n.</remarks>
    public static MeanEstimate Clustered<TKey>(IReadOnlyList<double> values, IReadOnlyList<TKey> clusters)
        where TKey : notnull
    {
        if (values.Count == 0) throw new ArgumentException("The mean of no values.", nameof(values));
        if (values.Count != clusters.Count) throw new ArgumentException($"{values.Count} values but clusters of {clusters.Count}.", nameof(clusters));
        var mean = values.Average();
        var sums = new Dictionary<TKey, double>();
        for (var i = 0; i < values.Count; i++) sums[clusters[i]] = sums.GetValueOrDefault(clusters[i]) + values[i] - mean;
        double g = sums.Count;
        var error = g < 2 ? double.NaN : Math.Sqrt(g / (g - 1) * sums.Values.Sum(sum => sum * sum)) / values.Count;
        return new MeanEstimate(mean, error, values.Count, sums.Count);
    }

    /// <summary>Mean ± t · standard error with clusters - 1 degrees of freedom.</summary>
    /// <param name="level">Confidence in (0, 1); default 0.95.</param>
    public Interval Interval(double level = 0.95)
    {
        Quantiles.CheckLevel(level);
        var half = ClusterCount < 2 ? double.PositiveInfinity : Quantiles.Student(level, ClusterCount - 1) * StandardError;
        return new Interval(Mean, Mean - half, Mean + half, level, ClusterCount == Count ? "student" : "cluster-robust");
    }
}
