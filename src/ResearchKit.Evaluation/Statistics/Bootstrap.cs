using MathNet.Numerics.Distributions;
using ResearchKit.Core.Random;

namespace ResearchKit.Evaluation.Statistics;

/// <summary>How a bootstrap is done.</summary>
/// <param name="ResampleCount">Resamples; default 2,000.</param>
/// <param name="Level">Confidence in (0, 1).</param>
/// <param name="Seed">Seed of the resamples; resample r is a function of (seed, r).</param>
public sealed record BootstrapOptions(int ResampleCount = 2000, double Level = 0.95, long Seed = 0);

/// <summary>Bootstrap intervals (Efron 1979) of any statistic over any units. Where items are clustered, the units are whole clusters.</summary>
/// <remarks>Resamples of n units spread too little by a factor of about √((n-1)/n) and know no Student quantile; both kinds of interval therefore
/// read their quantiles further out, at Φ(±t_{n-1}·√(n/(n-1))) (Hesterberg 2015 §3.3), which matters below some hundred units.</remarks>
public static class Bootstrap
{
    // More jackknife values than this would cost more than they tell; units are then left out in blocks.
    private const int LargestJackknife = 400;

    /// <summary>Values of the statistic on resamples of the units, drawn with replacement.</summary>
    /// <param name="units">Items, or clusters of items, at least one.</param>
    /// <param name="statistic">Function of as many units; it must not keep the list.</param>
    /// <param name="options">Number and seed.</param>
    public static double[] Resample<T>(IReadOnlyList<T> units, Func<IReadOnlyList<T>, double> statistic, BootstrapOptions options)
    {
        if (units.Count == 0) throw new ArgumentException("A bootstrap of no units.", nameof(units));
        ArgumentOutOfRangeException.ThrowIfLessThan(options.ResampleCount, 1);
        var drawn = new T[units.Count];
        var values = new double[options.ResampleCount];
        for (var r = 0; r < values.Length; r++)
        {
            var random = new CounterRandom(options.Seed, "bootstrap", r);
            for (var i = 0; i < drawn.Length; i++) drawn[i] = units[random.Next(units.Count)];
            values[r] = statistic(drawn);
        }

        return values;
    }

    /// <summary>Percentile interval: quantiles of the resampled values.</summary>
    /// <inheritdoc cref="Resample"/>
    public static Interval Percentile<T>(IReadOnlyList<T> units, Func<IReadOnlyList<T>, double> statistic, BootstrapOptions? options = null)
    {
        options ??= new BootstrapOptions();
        Quantiles.CheckLevel(options.Level);
        var values = Resample(units, statistic, options);
        Array.Sort(values);
        var tail = Tail(options.Level, units.Count);
        return new Interval(statistic(units), Quantile(values, tail), Quantile(values, 1 - tail), options.Level, "bootstrap-percentile");
    }

    /// <summary>Bias-corrected and accelerated interval (Efron 1987): shifts the quantiles for bias and skewness.</summary>
    /// <remarks>The acceleration is a jackknife over the units (over blocks of them beyond 400). A constant statistic gives an interval of width 0; a single unit says nothing of others, so its interval has no ends.</remarks>
    /// <inheritdoc cref="Resample"/>
    public static Interval BiasCorrectedAccelerated<T>(IReadOnlyList<T> units, Func<IReadOnlyList<T>, double> statistic, BootstrapOptions? options = null)
    {
        options ??= new BootstrapOptions();
        Quantiles.CheckLevel(options.Level);
        var estimate = statistic(units);
        if (units.Count == 1) return new Interval(estimate, double.NegativeInfinity, double.PositiveInfinity, options.Level, "one-unit");
        var values = Resample(units, statistic, options);
        Array.Sort(values);
        // Values equal to the estimate count half: statistics of few items have many ties.
        var below = (values.Count(value => value < estimate) + 0.5 * values.Count(value => value.Equals(estimate))) / values.Length;
        var bias = Normal.InvCDF(0, 1, Math.Clamp(below, 0.5 / values.Length, 1 - 0.5 / values.Length));
        var acceleration = Acceleration(units, statistic);
        double Shifted(double probability)
        {
            var z = bias + Normal.InvCDF(0, 1, probability);
            return Normal.CDF(0, 1, bias + z / (1 - acceleration * z));
        }

        var tail = Tail(options.Level, units.Count);
        return new Interval(estimate, Quantile(values, Shifted(tail)), Quantile(values, Shifted(1 - tail)), options.Level, "bootstrap-bca");
    }

    private static double Tail(double level, int units) =>
        units < 2 ? (1 - level) / 2 : Normal.CDF(0, 1, -Quantiles.Student(level, units - 1) * Math.Sqrt(units / (units - 1.0)));

    /// <summary>Quantile of sorted values, interpolated at (n + 1)·p and held inside their range.</summary>
    internal static double Quantile(double[] sorted, double probability)
    {
        var at = Math.Clamp((sorted.Length + 1) * probability - 1, 0, sorted.Length - 1);
        var (low, high) = (sorted[(int)Math.Floor(at)], sorted[(int)Math.Ceiling(at)]);
        return low.Equals(high) ? low : low + (at - Math.Floor(at)) * (high - low);
    }

    private static double Acceleration<T>(IReadOnlyList<T> units, Func<IReadOnlyList<T>, double> statistic)
    {
        var blocks = Math.Min(units.Count, LargestJackknife);
        if (blocks < 2) return 0;
        var left = Enumerable.Range(0, blocks).Select(block => statistic([.. units.Where((_, i) => (long)i * blocks / units.Count != block)])).ToArray();
        var mean = left.Average();
        double squares = left.Sum(x => (mean - x) * (mean - x)), cubes = left.Sum(x => Math.Pow(mean - x, 3));
        return squares <= 1e-300 ? 0 : cubes / (6 * Math.Pow(squares, 1.5));
    }
}
