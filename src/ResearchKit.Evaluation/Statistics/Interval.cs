namespace ResearchKit.Evaluation.Statistics;

/// <summary>An estimate with its confidence interval.</summary>
/// <param name="Estimate">Point estimate.</param>
/// <param name="Low">Lower bound.</param>
/// <param name="High">Upper bound.</param>
/// <param name="Level">Confidence, such as 0.95.</param>
/// <param name="Method">How it was made, such as <c>wilson</c>.</param>
public sealed record Interval(double Estimate, double Low, double High, double Level, string Method)
{
    /// <summary>Half the width.</summary>
    public double HalfWidth => (High - Low) / 2;

    /// <summary>Whether a value lies inside, bounds included.</summary>
    public bool Contains(double value) => Low <= value && value <= High;
}
