using ResearchKit.Core.Random;
using ResearchKit.Evaluation.Metrics;
using ResearchKit.Evaluation.Statistics;

namespace ResearchKit.Evaluation.Tests.Statistics;

/// <summary>Intervals over items and seeds, and the split of variance, by simulation.</summary>
public class SeedSimulationTests(ITestOutputHelper output) : Simulation(output)
{
    private static ItemResult Item(int id, int gold, int predicted, string? cluster = null) => new()
    {
        Id = $"test/{id}", Prompt = "", Gold = gold, Cluster = cluster, Score = gold == predicted ? 1 : 0,
        Predictions = [new ChoicePrediction("sum", predicted, gold == predicted, false)],
    };

    // Items of different ease, and seeds that are better or worse on all of them; the mean accuracy is the middle of the eases.
    private static ItemResult[][] Seeds(CounterRandom random, int items, double low, double high, double seedDeviation, int clusterSize = 1, int count = 3)
    {
        double[] seeds = [.. Enumerable.Range(0, count).Select(_ => seedDeviation * random.NextGaussian())];
        double[] ease = [.. Enumerable.Range(0, (items + clusterSize - 1) / clusterSize).Select(_ => low + (high - low) * random.NextDouble())];
        return [.. seeds.Select(seed => Enumerable.Range(0, items)
            .Select(i => Item(i, 1, random.NextDouble() < ease[i / clusterSize] + seed ? 1 : 0, clusterSize > 1 ? $"{i / clusterSize}" : null)).ToArray())];
    }

    [Theory]
    [InlineData("seeds a little apart", 200, 0.2, 0.8, 0.03)]
    [InlineData("near 100%", 200, 0.94, 0.98, 0.01)]
    [InlineData("items of very different ease", 200, 0.1, 0.9, 0.03)]
    [InlineData("seeds far apart", 100, 0.5, 0.7, 0.1)]
    public void AnIntervalOverItemsAndFiveSeedsCovers(string name, int items, double low, double high, double seedDeviation) =>
        Covers($"accuracy over 5 seeds, {name}", 4000, simulation => Holds(name, simulation, items, low, high, seedDeviation, 5));

    [Theory]
    [InlineData("seeds alike", 200, 0.2, 0.8, 0)]
    [InlineData("seeds a little apart", 200, 0.2, 0.8, 0.03)]
    [InlineData("near 100%", 200, 0.94, 0.98, 0.01)]
    [InlineData("seeds far apart", 100, 0.5, 0.7, 0.1)]
    public void ThreeSeedsAreFewForExactCoverage(string name, int items, double low, double high, double seedDeviation)
    {
        // Whether three seeds differ at all is hard to say: where they do not, the interval is a little wide, where they differ much a little short.
        var coverage = Enumerable.Range(0, 4000).Count(simulation => Holds(name, simulation, items, low, high, seedDeviation, 3)) / 4000.0;
        Output.WriteLine($"accuracy over 3 seeds, {name}: coverage {100 * coverage:0.0}% in 4000 simulations (Monte Carlo standard error {100 * MonteCarloError(0.95, 4000):0.00}%)");
        Assert.InRange(coverage, 0.92, 0.975);
    }

    private static bool Holds(string name, int simulation, int items, double low, double high, double seedDeviation, int count)
    {
        var interval = MetricInterval.OverSeeds("accuracy", Seeds(Stream("seeds/" + name, simulation), items, low, high, seedDeviation, count: count));
        Assert.InRange(interval.Low, 0, interval.Estimate);
        Assert.InRange(interval.High, interval.Estimate, 1);
        return interval.Contains((low + high) / 2);
    }

    [Fact]
    public void AnIntervalOverClustersAndSeedsCovers() => Covers("accuracy over 5 seeds, 50 passages of 4", 4000, simulation =>
        MetricInterval.OverSeeds("accuracy", Seeds(Stream("clustered seeds", simulation), 200, 0.3, 0.9, 0.06, clusterSize: 4, count: 5)).Contains(0.6));

    [Fact]
    public void AnIntervalOfMatthewsCorrelationOverSeedsCovers()
    {
        // Half the items are positive, 70% and 60% of them are found: φ = (0.7·0.6 - 0.3·0.4)/√(0.5·0.5·…) of the 2 × 2 table.
        const double found = 0.7, refused = 0.6;
        var truth = (found * refused - (1 - found) * (1 - refused)) / Math.Sqrt((found + 1 - refused) * (refused + 1 - found));
        Covers("Matthews over 5 seeds, n 200", 2000, simulation =>
        {
            var random = Stream("matthews seeds", simulation);
            (int Label, double Ease)[] items = [.. Enumerable.Range(0, 200).Select(_ => (random.Next(2), 0.6 * (random.NextDouble() - 0.5)))];
            double[] better = [.. Enumerable.Range(0, 5).Select(_ => 0.03 * random.NextGaussian())];
            ItemResult[][] seeds = [.. better.Select(own => items.Select((item, i) => Item(i, item.Label, random.NextDouble() < (item.Label == 1 ? found : refused) + item.Ease + own ? item.Label : 1 - item.Label)).ToArray())];
            return MetricInterval.OverSeeds("matthews", seeds).Contains(truth);
        });
    }

    [Fact]
    public void WilsonOfClusteredScoresCoversNearOneHundredPercent() => Covers("Wilson, clustered, 80 passages, mean 92%", 6000, simulation =>
    {
        var items = Seeds(Stream("clustered wilson", simulation), 240, 0.85, 0.99, 0, clusterSize: 3)[0];
        return MetricInterval.Of("accuracy", items).Contains(0.92);
    });

    private static double[,,] Scores(CounterRandom random, int items, int draws, int variants, (double Item, double Draw, double Variant, double Noise) deviations)
    {
        double[] Effects(int n, double deviation) => [.. Enumerable.Range(0, n).Select(_ => deviation * random.NextGaussian())];
        double[] item = Effects(items, deviations.Item), draw = Effects(draws, deviations.Draw), variant = Effects(draws * variants, deviations.Variant);
        var scores = new double[items, draws, variants];
        for (var i = 0; i < items; i++)
        {
            for (var d = 0; d < draws; d++)
            {
                for (var v = 0; v < variants; v++) scores[i, d, v] = item[i] + draw[d] + variant[d * variants + v] + deviations.Noise * random.NextGaussian();
            }
        }

        return scores;
    }

    [Fact]
    public void TheCrossedIntervalCoversTheMeanOverNewItemsAndDraws() => Covers("analysis of variance, 100 items × 8 draws", 6000, simulation =>
        VarianceComponents.Estimate(Scores(Stream("crossed", simulation), 100, 8, 1, (1, 0.3, 0, 1))).Interval().Contains(0));

    [Fact]
    public void TheNestedBootstrapCoversTheMeanOverNewItemsDrawsAndOrders() => Covers("nested bootstrap, 60 items × 10 draws × 2 orders", 2000, simulation =>
        VarianceComponents.Estimate(Scores(Stream("nested bootstrap", simulation), 60, 10, 2, (1, 0.2, 0.1, 1))).Bootstrap(new BootstrapOptions(300, Seed: simulation)).Contains(0));

    [Fact]
    public void AsManyDrawsAsNeededGiveTheWantedInterval()
    {
        // The truth is put in; the number of draws is read off an estimate of a large pilot, and new studies of that size spread as wanted.
        var deviations = (Item: 1.0, Draw: 0.4, Variant: 0.0, Noise: 1.0);
        var pilot = VarianceComponents.Estimate(Scores(Stream("pilot", 0), 400, 200, 1, deviations));
        const double wanted = 0.25;
        var needed = pilot.DrawsNeeded(wanted, 400)!.Value;
        double HalfWidth(int draws) => 1.959963985 * Math.Sqrt(Enumerable.Range(0, 1500).Average(simulation => Math.Pow(VarianceComponents.Estimate(Scores(Stream("study of " + draws, simulation), 400, draws, 1, deviations)).Mean, 2)));
        var (enough, tooFew) = (HalfWidth(needed), HalfWidth(needed - 3));
        Output.WriteLine($"{needed} draws for ±{wanted}: new studies of {needed} draws spread ±{enough:0.000}, of {needed - 3} draws ±{tooFew:0.000}");
        Assert.InRange(needed, 10, 15);                                         // by hand: (0.16 + 1/400)/((0.25/1.96)² - 1/400) = 11.8
        Assert.True(enough <= wanted * 1.05);
        Assert.True(tooFew > wanted * 1.05);
    }
}
