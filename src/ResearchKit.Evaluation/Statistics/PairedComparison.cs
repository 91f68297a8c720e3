using ResearchKit.Core;
using ResearchKit.Evaluation.Metrics;

namespace ResearchKit.Evaluation.Statistics;

/// <summary>Two systems on their common items: fine-tuned against k-shot, or any two runs.</summary>
public sealed record PairedComparison
{
    /// <summary>Metric compared.</summary>
    public required string Metric { get; init; }

    /// <summary>Items that both have.</summary>
    public required int ItemCount { get; init; }

    /// <summary>Independent units: clusters where items share a passage, else items.</summary>
    public required int UnitCount { get; init; }

    /// <summary>Items that only one of the two has, which the comparison leaves out.</summary>
    public required int UnmatchedCount { get; init; }

    /// <summary>First system's value on the common items.</summary>
    public required double First { get; init; }

    /// <summary>Second system's.</summary>
    public required double Second { get; init; }

    /// <summary>First - second with its paired bootstrap interval (BCa), over units.</summary>
    public required Interval Difference { get; init; }

    /// <summary>Two-sided p-value: McNemar's exact test for accuracy of independent items, otherwise the permutation test over units.</summary>
    public required double PValue { get; init; }

    /// <summary>mcnemar or permutation.</summary>
    public required string Test { get; init; }

    /// <summary>McNemar's table and p-value, for accuracy; its p-value ignores clusters.</summary>
    public McNemarResult? McNemar { get; init; }

    /// <summary>Permutation p-value over units.</summary>
    public required double PermutationPValue { get; init; }

    /// <summary>Cohen's h, for accuracy.</summary>
    public double? CohenH { get; init; }

    /// <summary>Odds ratio of the discordant pairs, for accuracy.</summary>
    public double? OddsRatio { get; init; }

    /// <summary>Smallest accuracy difference that as many items with this share of discordant pairs detect at 80% power; not a number where none is; null for other metrics.</summary>
    public double? DetectableDifference { get; init; }

    /// <summary>Compares two runs item by item.</summary>
    /// <param name="metric">Name as in <see cref="TaskResult.Metrics"/>.</param>
    /// <param name="first">Items of the first run.</param>
    /// <param name="second">Items of the second; matched by id.</param>
    /// <param name="options">Level, resamples and seed; the permutation test uses the same number and seed.</param>
    /// <exception cref="ConfigException">No common items, an id twice in a run, or different right answers under one id.</exception>
    public static PairedComparison Of(string metric, IReadOnlyList<ItemResult> first, IReadOnlyList<ItemResult> second, BootstrapOptions? options = null)
    {
        options ??= new BootstrapOptions();
        var (a, b) = Match(first, second);
        var additive = AdditiveMetric.Of(metric, [.. a, .. b]);
        var units = ItemUnits.Of(a);
        double[] Sums(IReadOnlyList<ItemResult> items, int[] unit) => additive.Sums([.. unit.Select(i => items[i])]);
        var pairs = units.Select(unit => (First: Sums(a, unit), Second: Sums(b, unit))).ToArray();
        double Value(IEnumerable<double[]> sums) => additive.Value(ItemUnits.Add([.. sums]));

        var (firstValue, secondValue) = (Value(pairs.Select(pair => pair.First)), Value(pairs.Select(pair => pair.Second)));
        var difference = Bootstrap.BiasCorrectedAccelerated(pairs, drawn => Value(drawn.Select(pair => pair.First)) - Value(drawn.Select(pair => pair.Second)), options);
        var permutation = PairedTests.Permutation<double[]>([.. pairs.Select(pair => pair.First)], [.. pairs.Select(pair => pair.Second)], Value, options.ResampleCount, options.Seed);
        var result = new PairedComparison
        {
            Metric = metric,
            ItemCount = a.Length,
            UnitCount = units.Count,
            UnmatchedCount = first.Count + second.Count - 2 * a.Length,
            First = firstValue,
            Second = secondValue,
            Difference = difference,
            PValue = permutation,
            Test = "permutation",
            PermutationPValue = permutation,
        };
        return metric.StartsWith("accuracy", StringComparison.Ordinal) ? result.WithAccuracy(additive, a, b) : result;
    }

    private PairedComparison WithAccuracy(AdditiveMetric additive, ItemResult[] a, ItemResult[] b)
    {
        bool[] Right(ItemResult[] items) => [.. items.Select(item => additive.Value(additive.Sums([item])) >= 1)];
        var test = PairedTests.McNemar(Right(a), Right(b));
        var discordant = test.OnlyFirst + test.OnlySecond;
        var independent = UnitCount == ItemCount;
        return this with
        {
            McNemar = test,
            PValue = independent ? test.PValue : PermutationPValue,
            Test = independent ? "mcnemar" : "permutation",
            CohenH = EffectSize.CohenH(First, Second),
            OddsRatio = EffectSize.PairedOddsRatio(test.OnlyFirst, test.OnlySecond),
            DetectableDifference = discordant == 0 ? double.NaN : Power.DetectablePairedDifference(ItemCount, discordant / (double)ItemCount),
        };
    }

    private static (ItemResult[] First, ItemResult[] Second) Match(IReadOnlyList<ItemResult> first, IReadOnlyList<ItemResult> second)
    {
        Dictionary<string, ItemResult> ById(IReadOnlyList<ItemResult> items, string which)
        {
            var byId = new Dictionary<string, ItemResult>(items.Count);
            foreach (var item in items)
            {
                if (!byId.TryAdd(item.Id, item)) throw new ConfigException($"Comparison: the {which} run has item {item.Id} twice.");
            }

            return byId;
        }

        ById(first, "first");
        var right = ById(second, "second");
        var common = first.Where(item => right.ContainsKey(item.Id)).ToArray();
        if (common.Length == 0)
        {
            throw new ConfigException($"Comparison: the runs have no item in common ({first.Count} and {second.Count} items, such as {first.FirstOrDefault()?.Id} and {second.FirstOrDefault()?.Id}); compare runs of the same task and split.");
        }

        var other = common.Select(item => right[item.Id]).ToArray();
        foreach (var (a, b) in common.Zip(other))
        {
            if (a.Gold != b.Gold) throw new ConfigException($"Comparison: item {a.Id} has right answer {a.Gold} in the first run and {b.Gold} in the second; the runs are not of the same data.");
        }

        return (common, other);
    }
}
