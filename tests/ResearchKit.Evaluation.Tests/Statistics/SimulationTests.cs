using MathNet.Numerics.Distributions;
using ResearchKit.Core.Random;
using ResearchKit.Evaluation.Statistics;

namespace ResearchKit.Evaluation.Tests.Statistics;

/// <summary>Coverage of intervals of one system's scores, by simulation.</summary>
public class SimulationTests(ITestOutputHelper output) : Simulation(output)
{
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

        Covers("Clopper-Pearson, n 20000", 6000, simulation =>
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
        Output.WriteLine($"the same ignoring passages: {100 * naive:0.0}%");
        Assert.True(naive < 0.90);                                              // what the clustering is for
    }

    [Fact]
    public void ThePercentileBootstrapCoversAMean() => Covers("bootstrap percentile, mean of 150", 6000, simulation =>
    {
        var random = Stream("percentile", simulation);
        double[] values = [.. Enumerable.Range(0, 150).Select(_ => random.NextDouble())];
        return Bootstrap.Percentile(values, Mean, new BootstrapOptions(400, Seed: simulation)).Contains(0.5);
    });

    [Fact]
    public void TheBcaBootstrapCoversASkewedRatio() => Covers("BCa, ratio of sums of 200 skewed pairs", 3000, simulation =>
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
    public void TheClusterBootstrapCoversWhereItemsShareAPassage() => Covers("bootstrap percentile over 60 passages", 6000, simulation =>
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
}
