using MathNet.Numerics.Distributions;

namespace ResearchKit.Evaluation.Statistics;

/// <summary>Confidence intervals of a proportion of independent items.</summary>
public static class ProportionInterval
{
    /// <summary>Wilson's score interval (1927): close to its level at every size, the default for accuracies.</summary>
    /// <param name="successes">Right items, 0 to <paramref name="count"/>.</param>
    /// <param name="count">Items, at least 1.</param>
    /// <param name="level">Confidence in (0, 1); default 0.95.</param>
    public static Interval Wilson(int successes, int count, double level = 0.95)
    {
        Check(successes, count, level);
        double n = count, p = successes / n, z = Quantiles.Normal(level), z2 = z * z;
        var center = (p + z2 / (2 * n)) / (1 + z2 / n);
        var half = z / (1 + z2 / n) * Math.Sqrt(p * (1 - p) / n + z2 / (4 * n * n));
        // At 0 and n successes the bound is exactly 0 or 1; rounding must not move it.
        return new Interval(p, successes == 0 ? 0 : center - half, successes == count ? 1 : center + half, level, "wilson");
    }

    /// <summary>Clopper and Pearson's exact interval (1934): never below its level, and therefore wide.</summary>
    /// <inheritdoc cref="Wilson"/>
    public static Interval ClopperPearson(int successes, int count, double level = 0.95)
    {
        Check(successes, count, level);
        var tail = (1 - level) / 2;
        var low = successes == 0 ? 0 : Beta.InvCDF(successes, count - successes + 1, tail);
        var high = successes == count ? 1 : Beta.InvCDF(successes + 1, count - successes, 1 - tail);
        return new Interval(successes / (double)count, low, high, level, "clopper-pearson");
    }

    /// <summary>The normal approximation p ± z·√(p(1-p)/n), clipped to [0, 1]: for comparison with published ± values; too short near 0 and 1.</summary>
    /// <inheritdoc cref="Wilson"/>
    public static Interval Normal(int successes, int count, double level = 0.95)
    {
        Check(successes, count, level);
        var p = successes / (double)count;
        var half = Quantiles.Normal(level) * Math.Sqrt(p * (1 - p) / count);
        return new Interval(p, Math.Max(0, p - half), Math.Min(1, p + half), level, "normal");
    }

    private static void Check(int successes, int count, double level)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        if (successes < 0 || successes > count) throw new ArgumentOutOfRangeException(nameof(successes), successes, $"Successes must lie in [0, {count}].");
        Quantiles.CheckLevel(level);
    }
}

/// <summary>Two-sided quantiles.</summary>
internal static class Quantiles
{
    public static double Normal(double level) => MathNet.Numerics.Distributions.Normal.InvCDF(0, 1, 0.5 + level / 2);

    public static double Student(double level, double degreesOfFreedom) => StudentT.InvCDF(0, 1, degreesOfFreedom, 0.5 + level / 2);

    public static void CheckLevel(double level)
    {
        if (!(level > 0 && level < 1)) throw new ArgumentOutOfRangeException(nameof(level), level, "A confidence level must lie in (0, 1).");
    }
}
