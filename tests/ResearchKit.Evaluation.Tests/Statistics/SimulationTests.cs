using MathNet.Numerics.Distributions;
using ResearchKit.Core.Random;
using ResearchKit.Evaluation.Statistics;

namespace ResearchKit.Evaluation.Tests.Statistics;

/// <summary>Coverage of intervals and false positives of tests, by simulation. Bounds are 94% to 96%, and 5%, plus three standard errors of the simulation itself.</summary>
public class SimulationTests(ITestOutputHelper output)
{
    private static double MonteCarloError(double share, int count) => Math.Sqrt(share * (1 - share) / count);

    private void Covers(string name, int count, Func<int, bool> covers)
    {
        var coverage = Enumerable.Range(0, count).Count(covers) / (double)count;
        var slack = 3 * MonteCarloError(0.95, count);
        output.WriteLine($"{name}: coverage {100 * coverage:0.00}% of {count} simulations (Monte Carlo standard error {100 * MonteCarloError(0.95, count):0.00}%)");
        Assert.InRange(coverage, 0.94 - slack, 0.96 + slack);
    }

    private void RejectsAtMostFivePercent(string name, int count, Func<int, double> pValue)
    {
        var rate = Enumerable.Range(0, count).Count(i => pValue(i) <= 0.05) / (double)count;
        output.WriteLine($"{name}: {100 * rate:0.00}% false positives in {count} simulations (Monte Carlo standard error {100 * MonteCarloError(0.05, count):0.00}%)");
        Assert.True(rate <= 0.05 + 3 * MonteCarloError(0.05, count), $"{rate}");
    }

    private static CounterRandom Stream(string name, int simulation) => new(2024, "simulation/" + name, simulation);

    private static int Successes(CounterRandom random, int count, double probability) => Enumerable.Range(0, count).Count(_ => random.NextDouble() < probability);

    // An accuracy and a number of items as they occur in evaluations.
    private static (CounterRandom Random, int Count, double Probability) Accuracy(string name, int simulation)
    {
        var random = Stream(name, simulation);
        return (random, 200 + random.Next(400), 0.2 + 0.6 * random.NextDouble());
    }

    [Fact]
    public void WilsonCovers() => Covers("Wilson, n 200-600, p 0.2-0.8", 10000, simulation =>
    {
        var (random, n, p) = Accuracy("wilson", simulation);
        return ProportionInterval.Wilson(Successes(random, n, p), n).Contains(p);
    });

    [Fact]
    public void NormalCoversAtModerateAccuracies() => Covers("Normal, n 200-600, p 0.2-0.8", 10000, simulation =>
    {
        var (random, n, p) = Accuracy("normal", simulation);
        return ProportionInterval.Normal(Successes(random, n, p), n).Contains(p);
    });

    [Fact]
    public void ClopperPearsonNeverCoversLessThanItsLevel()
    {
        // Exact, by summing the binomial distribution: its coverage is a guarantee, not an approximation.
        foreach (var (n, p) in from n in new[] { 10, 56, 277, 1000 } from p in new[] { 0.02, 0.3, 0.5, 0.77, 0.99 } select (n, p))
        {
            var coverage = Enumerable.Range(0, n + 1).Where(k => ProportionInterval.ClopperPearson(k, n).Contains(p)).Sum(k => Binomial.PMF(p, n, k));
            Assert.InRange(coverage, 0.95 - 1e-9, 1);
        }

        Covers("Clopper-Pearson, n 20000", 3000, simulation =>
        {
            var random = Stream("exact", simulation);
            var p = 0.2 + 0.6 * random.NextDouble();
            var k = (int)Math.Round(20000 * p + Math.Sqrt(20000 * p * (1 - p)) * random.NextGaussian());
            return ProportionInterval.ClopperPearson(k, 20000).Contains(p);
        });
    }

    [Fact]
    public void StudentCovers() => Covers("Student, n 20, normal values", 10000, simulation =>
    {
        var random = Stream("student", simulation);
        return MeanEstimate.Of([.. Enumerable.Range(0, 20).Select(_ => 3 + random.NextGaussian())]).Interval().Contains(3);
    });

    // 60 passages with 1 to 8 questions each; the share of right answers differs between passages.
    private static (double[] Values, int[] Clusters) Passages(CounterRandom random)
    {
        var (values, clusters) = (new List<double>(), new List<int>());
        for (var passage = 0; passage < 60; passage++)
        {
            var ease = random.NextDouble();
            for (var question = random.Next(1, 9); question > 0; question--)
            {
                values.Add(random.NextDouble() < ease ? 1 : 0);
                clusters.Add(passage);
            }
        }

        return ([.. values], [.. clusters]);
    }

    [Fact]
    public void ClusterRobustErrorsCoverWhereItemsShareAPassage()
    {
        Covers("cluster-robust, 60 passages", 6000, simulation =>
        {
            var (values, clusters) = Passages(Stream("clusters", simulation));
            return MeanEstimate.Clustered(values, clusters).Interval().Contains(0.5);
        });
        var naive = Enumerable.Range(0, 2000).Count(simulation => MeanEstimate.Of(Passages(Stream("clusters", simulation)).Values).Interval().Contains(0.5)) / 2000.0;
        output.WriteLine($"the same ignoring passages: {100 * naive:0.0}%");
        Assert.True(naive < 0.90);                                              // what the clustering is for
    }

    [Fact]
    public void ThePercentileBootstrapCoversAMean() => Covers("bootstrap percentile, mean of 150", 2000, simulation =>
    {
        var random = Stream("percentile", simulation);
        double[] values = [.. Enumerable.Range(0, 150).Select(_ => random.NextDouble())];
        return Bootstrap.Percentile(values, Mean, new BootstrapOptions(400, Seed: simulation)).Contains(0.5);
    });

    [Fact]
    public void TheBcaBootstrapCoversASkewedRatio() => Covers("BCa, ratio of sums of 200 skewed pairs", 2000, simulation =>
    {
        var random = Stream("bca", simulation);
        double[][] values = [.. Enumerable.Range(0, 200).Select(_ => new[] { -Math.Log(1 - random.NextDouble()), 1 + random.NextDouble() })];
        return Bootstrap.BiasCorrectedAccelerated(values, pairs =>
        {
            double above = 0, below = 0;
            for (var i = 0; i < pairs.Count; i++) (above, below) = (above + pairs[i][0], below + pairs[i][1]);
            return above / below;
        }, new BootstrapOptions(400, Seed: simulation)).Contains(1 / 1.5);
    });

    [Fact]
    public void TheClusterBootstrapCoversWhereItemsShareAPassage() => Covers("bootstrap percentile over 60 passages", 2000, simulation =>
    {
        var (values, clusters) = Passages(Stream("cluster bootstrap", simulation));
        double[][] units = [.. values.Zip(clusters).GroupBy(pair => pair.Second, pair => pair.First).Select(group => new[] { group.Sum(), group.Count() })];
        return Bootstrap.Percentile(units, drawn =>
        {
            double sum = 0, count = 0;
            for (var i = 0; i < drawn.Count; i++) (sum, count) = (sum + drawn[i][0], count + drawn[i][1]);
            return sum / count;
        }, new BootstrapOptions(400, Seed: simulation)).Contains(0.5);
    });

    // Two systems with equal accuracy that agree more often than by chance.
    private static (bool First, bool Second)[] EqualSystems(CounterRandom random, int count) => [.. Enumerable.Range(0, count).Select(_ =>
    {
        var ease = random.NextDouble();
        return (random.NextDouble() < ease, random.NextDouble() < ease);
    })];

    [Fact]
    public void McNemarRejectsAtMostFivePercent() => RejectsAtMostFivePercent("McNemar exact, n 300", 3000, simulation =>
    {
        var pairs = EqualSystems(Stream("mcnemar", simulation), 300);
        return PairedTests.McNemar([.. pairs.Select(p => p.First)], [.. pairs.Select(p => p.Second)]).PValue;
    });

    [Fact]
    public void ThePermutationTestRejectsAtMostFivePercentForF1() => RejectsAtMostFivePercent("permutation, F1 of 80", 1200, simulation =>
    {
        var random = Stream("permutation", simulation);
        double[][] One(bool[] predicted, bool[] gold) => [.. predicted.Zip(gold, (p, g) => new double[] { p && g ? 2 : 0, (p ? 1 : 0) + (g ? 1 : 0) })];
        bool[] Labels() => [.. Enumerable.Range(0, 80).Select(_ => random.NextDouble() < 0.4)];
        var gold = Labels();
        return PairedTests.Permutation(One(Labels(), gold), One(Labels(), gold), units =>
        {
            double both = 0, sum = 0;
            for (var i = 0; i < units.Count; i++) (both, sum) = (both + units[i][0], sum + units[i][1]);
            return both / Math.Max(1, sum);
        }, 200, simulation);
    });

    [Fact]
    public void ThePairedBootstrapIntervalOfEqualSystemsExcludesZeroInAboutFivePercent() => Covers("paired bootstrap BCa, equal systems, n 250", 2000, simulation =>
    {
        double[] differences = [.. EqualSystems(Stream("paired bootstrap", simulation), 250).Select(p => (p.First ? 1.0 : 0) - (p.Second ? 1.0 : 0))];
        return Bootstrap.BiasCorrectedAccelerated(differences, Mean, new BootstrapOptions(400, Seed: simulation)).Contains(0);
    });

    [Fact]
    public void HolmKeepsTheChanceOfAnyFalseRejection() => RejectsAtMostFivePercent("Holm over 8 tasks", 8000, simulation =>
    {
        var random = Stream("holm", simulation);
        return PairedTests.Holm([.. Enumerable.Range(0, 8).Select(_ => random.NextDouble())]).Min();
    });

    [Fact]
    public void TheDetectableDifferenceIsDetectedInFourOfFiveRuns()
    {
        const int items = 400, runs = 4000;
        const double discordant = 0.3;
        var delta = Power.DetectablePairedDifference(items, discordant);
        var found = Enumerable.Range(0, runs).Count(simulation =>
        {
            var random = Stream("power", simulation);
            int first = 0, second = 0;
            for (var i = 0; i < items; i++)
            {
                var u = random.NextDouble();
                if (u < (discordant + delta) / 2) first++;
                else if (u < discordant) second++;
            }

            return Math.Abs(first - second) / Math.Sqrt(first + second) > 1.959963985;
        }) / (double)runs;
        output.WriteLine($"power at the detectable difference {delta:0.000}: {100 * found:0.0}%");
        Assert.InRange(found, 0.78, 0.82);
    }

    [Fact]
    public void TheCrossedIntervalCoversTheMeanOverNewItemsAndDraws() => Covers("crossed analysis of variance, 100 items × 8 draws", 4000, simulation =>
    {
        var random = Stream("crossed", simulation);
        double[] item = [.. Enumerable.Range(0, 100).Select(_ => random.NextGaussian())], draw = [.. Enumerable.Range(0, 8).Select(_ => 0.3 * random.NextGaussian())];
        var scores = new double[100, 8, 1];
        for (var i = 0; i < 100; i++)
        {
            for (var d = 0; d < 8; d++) scores[i, d, 0] = item[i] + draw[d] + random.NextGaussian();
        }

        return VarianceComponents.Estimate(scores).Interval().Contains(0);
    });

    private static double Mean(IReadOnlyList<double> values)
    {
        var sum = 0.0;
        for (var i = 0; i < values.Count; i++) sum += values[i];
        return sum / values.Count;
    }
}
