using MathNet.Numerics.Distributions;
using ResearchKit.Core.Random;

namespace ResearchKit.Evaluation.Statistics;

/// <summary>Outcome of McNemar's test.</summary>
/// <param name="OnlyFirst">Items that only the first got right.</param>
/// <param name="OnlySecond">Items that only the second got right.</param>
/// <param name="PValue">Exact two-sided p-value.</param>
public sealed record McNemarResult(int OnlyFirst, int OnlySecond, double PValue);

/// <summary>Tests of two systems on the same items.</summary>
public static class PairedTests
{
    /// <summary>McNemar's exact test (1947): among the items that exactly one got right, is each as likely as the other? Items must be independent.</summary>
    /// <param name="first">Right or wrong, per item.</param>
    /// <param name="second">The same items, in the same order.</param>
    public static McNemarResult McNemar(IReadOnlyList<bool> first, IReadOnlyList<bool> second)
    {
        if (first.Count != second.Count) throw new ArgumentException($"{first.Count} items against {second.Count}; a paired test needs the same items.");
        var onlyFirst = first.Zip(second).Count(pair => pair.First && !pair.Second);
        var onlySecond = first.Zip(second).Count(pair => !pair.First && pair.Second);
        return new McNemarResult(onlyFirst, onlySecond, BinomialTwoSided(Math.Min(onlyFirst, onlySecond), onlyFirst + onlySecond));
    }

    /// <summary>Permutation test: swaps the systems' results of every unit by a coin, and asks how often the difference is as large as the one seen.</summary>
    /// <param name="first">First system's result of every unit (item or cluster).</param>
    /// <param name="second">Second system's, in the same order.</param>
    /// <param name="statistic">Metric of all units of one system; it must not keep the list.</param>
    /// <param name="permutationCount">Random permutations; all of them are tried where there are no more. Default 5,000.</param>
    /// <param name="seed">Seed of the coins.</param>
    /// <returns>Two-sided p-value: exact, or (1 + as large)/(1 + permutations), which never undershoots (Phipson and Smyth 2010).</returns>
    public static double Permutation<T>(IReadOnlyList<T> first, IReadOnlyList<T> second, Func<IReadOnlyList<T>, double> statistic, int permutationCount = 5000, long seed = 0)
    {
        if (first.Count != second.Count) throw new ArgumentException($"{first.Count} units against {second.Count}; a paired test needs the same units.");
        if (first.Count == 0) throw new ArgumentException("A test of no units.");
        var (n, a, b) = (first.Count, new T[first.Count], new T[first.Count]);
        double Difference(Func<int, bool> swapped)
        {
            for (var i = 0; i < n; i++) (a[i], b[i]) = swapped(i) ? (second[i], first[i]) : (first[i], second[i]);
            return Math.Abs(statistic(a) - statistic(b));
        }

        // Sums in another order differ in their last bits; what is equal must count as equal.
        var seen = Difference(_ => false);
        var least = seen - 1e-12 * Math.Max(1, seen);
        if (n < 31 && 1L << n <= permutationCount)
        {
            var all = 1 << n;
            return Enumerable.Range(0, all).Count(mask => Difference(i => (mask >> i & 1) == 1) >= least) / (double)all;
        }

        var large = 0;
        for (var r = 0; r < permutationCount; r++)
        {
            var random = new CounterRandom(seed, "permutation", r);
            ulong bits = 0;
            if (Difference(i =>
            {
                if (i % 64 == 0) bits = random.NextUInt64();
                return (bits >> (i % 64) & 1) == 1;
            }) >= least) large++;
        }

        return (1.0 + large) / (1.0 + permutationCount);
    }

    /// <summary>Holm's step-down correction (1979): adjusted p-values in the order given; rejecting those at most α keeps the chance of any false rejection at most α.</summary>
    public static double[] Holm(IReadOnlyList<double> pValues)
    {
        var adjusted = new double[pValues.Count];
        var largest = 0.0;
        foreach (var (rank, index) in Enumerable.Range(0, pValues.Count).OrderBy(i => pValues[i]).Index())
        {
            largest = Math.Max(largest, Math.Min(1, (pValues.Count - rank) * pValues[index]));
            adjusted[index] = largest;
        }

        return adjusted;
    }

    private static double BinomialTwoSided(int smaller, int trials) =>
        trials == 0 ? 1 : Math.Min(1, 2 * Binomial.CDF(0.5, trials, smaller));
}
