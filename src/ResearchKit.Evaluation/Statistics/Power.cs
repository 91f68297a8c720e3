using MathNet.Numerics.Distributions;

namespace ResearchKit.Evaluation.Statistics;

/// <summary>Smallest difference that a design can detect, before anything runs. Two-sided tests, normal approximation.</summary>
public static class Power
{
    /// <summary>Smallest accuracy difference of two systems on the same items that McNemar's exact test finds.</summary>
    /// <param name="itemCount">Items n, at least 1.</param>
    /// <param name="discordantShare">Share ψ of items that exactly one of the two gets right, (0, 1]; a guess such as 0.3 before a run.</param>
    /// <param name="power">Chance to find a difference of this size; default 0.8.</param>
    /// <param name="significance">α; default 0.05.</param>
    /// <returns>δ in (0, ψ] with z_{1-α/2}·√ψ + z_power·√(ψ - δ²) = (δ - 1/n)·√n (Connor 1987, with the correction for continuity that the exact test amounts to); not a number where even δ = ψ is not detectable.</returns>
    public static double DetectablePairedDifference(int itemCount, double discordantShare, double power = 0.8, double significance = 0.05)
    {
        Check(itemCount, power, significance);
        if (!(discordantShare > 0 && discordantShare <= 1)) throw new ArgumentOutOfRangeException(nameof(discordantShare), discordantShare, "The discordant share must lie in (0, 1].");
        var (za, zb) = (Normal.InvCDF(0, 1, 1 - significance / 2), Normal.InvCDF(0, 1, power));
        return Smallest(discordantShare, delta =>
            (delta - 1.0 / itemCount) * Math.Sqrt(itemCount) - za * Math.Sqrt(discordantShare) - zb * Math.Sqrt(Math.Max(0, discordantShare - delta * delta)));
    }

    /// <summary>Smallest accuracy difference of two systems on different items of equal number.</summary>
    /// <param name="itemCount">Items n of each system.</param>
    /// <param name="accuracy">Accuracy p of the weaker one, [0, 1).</param>
    /// <param name="power">Chance to find a difference of this size; default 0.8.</param>
    /// <param name="significance">α; default 0.05.</param>
    /// <returns>δ in (0, 1 - p] with z_{1-α/2}·√(2p̄q̄) + z_power·√(p₁q₁ + p₂q₂) = δ·√n (Fleiss 1981); not a number where even p + δ = 1 is not detectable.</returns>
    public static double DetectableUnpairedDifference(int itemCount, double accuracy, double power = 0.8, double significance = 0.05)
    {
        Check(itemCount, power, significance);
        if (!(accuracy >= 0 && accuracy < 1)) throw new ArgumentOutOfRangeException(nameof(accuracy), accuracy, "The accuracy must lie in [0, 1).");
        var (za, zb) = (Normal.InvCDF(0, 1, 1 - significance / 2), Normal.InvCDF(0, 1, power));
        return Smallest(1 - accuracy, delta =>
        {
            double other = accuracy + delta, middle = accuracy + delta / 2;
            return delta * Math.Sqrt(itemCount) - za * Math.Sqrt(2 * middle * (1 - middle))
                - zb * Math.Sqrt(accuracy * (1 - accuracy) + Math.Max(0, other * (1 - other)));
        });
    }

    /// <summary>Smallest difference of means of paired scores: (z_{1-α/2} + z_power)·s/√n.</summary>
    /// <param name="itemCount">Pairs n.</param>
    /// <param name="differenceDeviation">Standard deviation s of the items' differences.</param>
    /// <param name="power">Chance to find a difference of this size; default 0.8.</param>
    /// <param name="significance">α; default 0.05.</param>
    public static double DetectableMeanDifference(int itemCount, double differenceDeviation, double power = 0.8, double significance = 0.05)
    {
        Check(itemCount, power, significance);
        return (Normal.InvCDF(0, 1, 1 - significance / 2) + Normal.InvCDF(0, 1, power)) * differenceDeviation / Math.Sqrt(itemCount);
    }

    // The root of a function that is negative at 0 and crosses zero at most once below `largest`.
    private static double Smallest(double largest, Func<double, double> excess)
    {
        if (excess(largest) < 0) return double.NaN;
        var (low, high) = (0.0, largest);
        for (var i = 0; i < 100; i++)
        {
            var middle = (low + high) / 2;
            if (excess(middle) < 0) low = middle;
            else high = middle;
        }

        return high;
    }

    private static void Check(int itemCount, double power, double significance)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(itemCount, 1);
        if (!(power > 0 && power < 1)) throw new ArgumentOutOfRangeException(nameof(power), power, "The power must lie in (0, 1).");
        if (!(significance > 0 && significance < 1)) throw new ArgumentOutOfRangeException(nameof(significance), significance, "The significance must lie in (0, 1).");
    }
}
