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

    /// <summary>McNemar's table and p-value, for accuracy with one seed on each side; its p-value ignores clusters.</summary>
    public McNemarResult? McNemar { get; init; }

    /// <summary>Permutation p-value over units.</summary>
    public required double PermutationPValue { get; init; }

    /// <summary>Cohen's h, for accuracy.</summary>
    public double? CohenH { get; init; }

    /// <summary>Odds ratio of the discordant pairs, for accuracy with one seed on each side.</summary>
    public double? OddsRatio { get; init; }

    /// <summary>Smallest accuracy difference that as many items with this share of discordant pairs (or, of clusters or several seeds, this spread of the units' differences) detect at 80% power; not a number where none is; null for other metrics.</summary>
    public double? DetectableDifference { get; init; }

    /// <summary>Compares two runs item by item.</summary>
    /// <param name="metric">Name as in <see cref="TaskResult.Metrics"/>.</param>
    /// <param name="first">Items of the first run.</param>
    /// <param name="second">Items of the second; matched by id.</param>
    /// <param name="options">Level, resamples and seed; the permutation test uses the same number and seed.</param>
    /// <exception cref="ConfigException">No common items, an id twice in a run, or different right answers under one id.</exception>
    public static PairedComparison Of(string metric, IReadOnlyList<ItemResult> first, IReadOnlyList<ItemResult> second, BootstrapOptions? options = null) =>
        OverSeeds(metric, [first], [second], options);

    /// <summary>Compares two conditions that were run with several seeds each: a side's value is the mean over its seeds, and items (or clusters) are what is drawn and permuted.</summary>
    /// <param name="metric">Name as in <see cref="TaskResult.Metrics"/>.</param>
    /// <param name="first">Items of every seed of the first condition, at least one seed; all seeds have the same items.</param>
    /// <param name="second">Items of every seed of the second; matched by id.</param>
    /// <param name="options">Level, resamples and seed; the permutation test uses the same number and seed.</param>
    /// <remarks>The result says nothing of seeds that were not run. McNemar's test needs one right or wrong answer an item, so there is none where a side has several seeds.</remarks>
    /// <exception cref="ConfigException">No common items, an id twice in a run, seeds of different items, or different right answers under one id.</exception>
    public static PairedComparison OverSeeds(string metric, IReadOnlyList<IReadOnlyList<ItemResult>> first, IReadOnlyList<IReadOnlyList<ItemResult>> second, BootstrapOptions? options = null)
    {
        options ??= new BootstrapOptions();
        if (first.Count == 0 || second.Count == 0) throw new ArgumentException("A comparison of no runs.");
        var common = Match(first[0], second[0]).First;
        var (a, b) = (Aligned(first, common, "first"), Aligned(second, common, "second"));
        foreach (var run in b) Match(common, run);                        // the right answers of every seed
        var additive = AdditiveMetric.Of(metric, [.. a, .. b]);
        var units = ItemUnits.Of(common);
        double[] Sums(ItemResult[][] runs, int[] unit) => [.. runs.SelectMany(run => additive.Sums([.. unit.Select(i => run[i])]))];
        var pairs = units.Select(unit => (First: Sums(a, unit), Second: Sums(b, unit))).ToArray();
        double Value(IReadOnlyList<double[]> sums, int seeds)
        {
            var sum = ItemUnits.Add(sums);
            if (seeds == 1) return additive.Value(sum);
            var (width, total) = (sum.Length / seeds, 0.0);
            for (var s = 0; s < seeds; s++) total += additive.Value(sum[(s * width)..((s + 1) * width)]);
            return total / seeds;
        }

        var (firstValue, secondValue) = (Value([.. pairs.Select(pair => pair.First)], a.Length), Value([.. pairs.Select(pair => pair.Second)], b.Length));
        var difference = Bootstrap.BiasCorrectedAccelerated(pairs, drawn => Value([.. drawn.Select(pair => pair.First)], a.Length) - Value([.. drawn.Select(pair => pair.Second)], b.Length), options);
        var permutation = Permutation(pairs, a.Length, b.Length, Value, options);
        var result = new PairedComparison
        {
            Metric = metric,
            ItemCount = common.Length,
            UnitCount = units.Count,
            UnmatchedCount = first[0].Count + second[0].Count - 2 * common.Length,
            First = firstValue,
            Second = secondValue,
            Difference = difference,
            PValue = permutation,
            Test = "permutation",
            PermutationPValue = permutation,
        };
        return metric.StartsWith("accuracy", StringComparison.Ordinal) ? result.WithAccuracy(additive, a, b, units) : result;
    }

    // Swapping the sides of a unit needs sums of one form: a side of several seeds is brought to the other's number by repeating its seeds.
    private static double Permutation((double[] First, double[] Second)[] pairs, int firstSeeds, int secondSeeds, Func<IReadOnlyList<double[]>, int, double> value, BootstrapOptions options)
    {
        var seeds = firstSeeds * secondSeeds / Gcd(firstSeeds, secondSeeds);
        double[] Repeated(double[] sums, int own) => [.. Enumerable.Repeat(sums, seeds / own).SelectMany(part => part)];
        return PairedTests.Permutation<double[]>([.. pairs.Select(pair => Repeated(pair.First, firstSeeds))], [.. pairs.Select(pair => Repeated(pair.Second, secondSeeds))], sums => value(sums, seeds), options.ResampleCount, options.Seed);
    }

    private static int Gcd(int a, int b) => b == 0 ? a : Gcd(b, a % b);

    private PairedComparison WithAccuracy(AdditiveMetric additive, ItemResult[][] a, ItemResult[][] b, IReadOnlyList<int[]> units)
    {
        double Score(ItemResult[][] runs, int item) => runs.Average(run => additive.Value(additive.Sums([run[item]])));
        var differences = Enumerable.Range(0, ItemCount).Select(i => (First: Score(a, i), Second: Score(b, i))).ToArray();
        var effect = this with { CohenH = EffectSize.CohenH(Math.Clamp(First, 0, 1), Math.Clamp(Second, 0, 1)) };
        if (a.Length == 1 && b.Length == 1)
        {
            var test = PairedTests.McNemar([.. differences.Select(pair => pair.First >= 1)], [.. differences.Select(pair => pair.Second >= 1)]);
            var discordant = test.OnlyFirst + test.OnlySecond;
            effect = effect with { McNemar = test, OddsRatio = EffectSize.PairedOddsRatio(test.OnlyFirst, test.OnlySecond) };
            if (UnitCount == ItemCount)
            {
                return effect with { PValue = test.PValue, Test = "mcnemar", DetectableDifference = discordant == 0 ? double.NaN : Power.DetectablePairedDifference(ItemCount, discordant / (double)ItemCount) };
            }
        }

        // Units count by their items, so a unit's share of the difference is its sum over the mean size.
        var parts = units.Select(unit => unit.Sum(i => differences[i].First - differences[i].Second) * UnitCount / ItemCount).ToArray();
        var mean = parts.Average();
        var deviation = parts.Length < 2 ? double.NaN : Math.Sqrt(parts.Sum(part => (part - mean) * (part - mean)) / (parts.Length - 1));
        return effect with { DetectableDifference = deviation > 0 ? Power.DetectableMeanDifference(UnitCount, deviation) : double.NaN };
    }

    private static ItemResult[][] Aligned(IReadOnlyList<IReadOnlyList<ItemResult>> runs, ItemResult[] common, string which) => [.. runs.Select((run, r) =>
    {
        if (run.Count != runs[0].Count) throw new ConfigException($"Comparison: the {which} condition has {runs[0].Count} items with one seed and {run.Count} with another; all seeds must score the same items.");
        var byId = run.ToDictionary(item => item.Id, StringComparer.Ordinal);
        return common.Select(item => byId.GetValueOrDefault(item.Id)
            ?? throw new ConfigException($"Comparison: item {item.Id} is missing with seed number {r + 1} of the {which} condition; all seeds must score the same items.")).ToArray();
    })];

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
