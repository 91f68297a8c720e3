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
        return Score(successes / (double)count, count, Quantiles.Normal(level), level, "wilson");
    }

    /// <summary>Wilson's interval of a mean of scores in [0, 1] whose variance is estimated, because items share clusters or several seeds scored them:
    /// with as many independent items as have that variance, and Student's quantile in place of the normal one (Kott and Carr 1997). It never leaves [0, 1].</summary>
    /// <param name="mean">The mean, [0, 1].</param>
    /// <param name="variance">Its estimated variance, at least 0.</param>
    /// <param name="degreesOfFreedom">Of that estimate, at least 1.</param>
    /// <param name="unitCount">Independent units: they stand in for the variance where there is none, as where all scores are 1.</param>
    /// <param name="level">Confidence in (0, 1); default 0.95.</param>
    /// <param name="method">Name of the interval.</param>
    public static Interval WilsonOfMean(double mean, double variance, double degreesOfFreedom, int unitCount, double level = 0.95, string method = "wilson-effective")
    {
        Quantiles.CheckLevel(level);
        if (!(mean >= 0 && mean <= 1)) throw new ArgumentOutOfRangeException(nameof(mean), mean, "A mean of scores in [0, 1] lies there itself.");
        if (!(variance >= 0)) throw new ArgumentOutOfRangeException(nameof(variance), variance, "A variance is at least 0.");
        // Less than 10⁻⁸ of the largest variance is rounding.
        var spread = mean * (1 - mean);
        var count = spread <= 0 || variance < 1e-8 * spread ? unitCount : spread / variance;
        return Score(mean, count, Quantiles.Student(level, degreesOfFreedom), level, method);
    }

    // At 0 and 1 the bound is exactly there; rounding must not move it.
    private static Interval Score(double p, double n, double z, double level, string method)
    {
        var z2 = z * z;
        var center = (p + z2 / (2 * n)) / (1 + z2 / n);
        var half = z / (1 + z2 / n) * Math.Sqrt(p * (1 - p) / n + z2 / (4 * n * n));
        return new Interval(p, p <= 0 ? 0 : center - half, p >= 1 ? 1 : center + half, level, method);
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
