using ResearchKit.Core.Random;
using ResearchKit.Evaluation.Metrics;
using ResearchKit.Evaluation.Statistics;

namespace ResearchKit.Evaluation.Tests.Statistics;

/// <summary>Tests and intervals of two systems on the same items, by simulation, through the comparison that reports use.</summary>
public class PairedSimulationTests(ITestOutputHelper output) : Simulation(output)
{
    private static BootstrapOptions Options(int simulation) => new(300, Seed: simulation);

    private static ItemResult Item(int id, int gold, int predicted, string? cluster = null) => new()
    {
        Id = $"test/{id}", Prompt = "", Gold = gold, Cluster = cluster, Score = gold == predicted ? 1 : 0,
        Predictions = [new ChoicePrediction("sum", predicted, gold == predicted, false)],
    };

    // Two systems that find the same items easy, so that they agree more often than by chance; the second is worse by `gap`.
    private static (ItemResult[] First, ItemResult[] Second) Systems(CounterRandom random, int count, double gap = 0, int clusterSize = 1)
    {
        var (first, second) = (new ItemResult[count], new ItemResult[count]);
        double ease = 0, advantage = 0;
        for (var i = 0; i < count; i++)
        {
            if (i % clusterSize == 0) (ease, advantage) = (0.2 + 0.6 * random.NextDouble(), clusterSize > 1 ? 0.2 * (2 * random.NextDouble() - 1) : 0);
            var (gold, cluster) = (random.NextDouble() < 0.4 ? 1 : 0, clusterSize > 1 ? $"{i / clusterSize}" : null);
            first[i] = Item(i, gold, random.NextDouble() < ease + advantage ? gold : 1 - gold, cluster);
            second[i] = Item(i, gold, random.NextDouble() < ease - advantage - gap ? gold : 1 - gold, cluster);
        }

        return (first, second);
    }

    private static PairedComparison Compare(string metric, (ItemResult[] First, ItemResult[] Second) systems, int simulation) => PairedComparison.Of(metric, systems.First, systems.Second, Options(simulation));

    [Fact]
    public void McNemarRejectsAtMostFivePercent() => RejectsAtMostFivePercent("McNemar exact, n 300", 6000, simulation =>
    {
        var (first, second) = Systems(Stream("mcnemar", simulation), 300);
        return PairedTests.McNemar([.. first.Select(item => item.Correct)], [.. second.Select(item => item.Correct)]).PValue;
    }, atLeast: 0.025);                                                         // exact: on the safe side, but not idle

    [Theory]
    [InlineData("accuracy")]
    [InlineData("binary_f1")]
    [InlineData("matthews")]
    public void ThePermutationTestRejectsAtMostFivePercent(string metric) => RejectsAtMostFivePercent($"permutation, {metric}, n 100", 2000, simulation =>
        Compare(metric, Systems(Stream("permutation/" + metric, simulation), 100), simulation).PermutationPValue);

    [Fact]
    public void ThePermutationTestOfClustersRejectsAtMostFivePercent()
    {
        RejectsAtMostFivePercent("permutation of 40 passages of 5", 2000, simulation => Compare("accuracy", Systems(Stream("permuted clusters", simulation), 200, clusterSize: 5), simulation).PValue);
        var naive = Enumerable.Range(0, 2000).Count(simulation => Compare("accuracy", Systems(Stream("permuted clusters", simulation), 200, clusterSize: 5), simulation).McNemar!.PValue <= 0.05) / 2000.0;
        Output.WriteLine($"McNemar's test of the same, ignoring passages: {100 * naive:0.0}%");
        Assert.True(naive > 0.06);                                              // what the clustering is for
    }

    [Fact]
    public void ThePermutationTestOfSeveralSeedsRejectsAtMostFivePercent() => RejectsAtMostFivePercent("permutation, accuracy of 3 seeds against 1, n 100", 2000, simulation =>
    {
        var random = Stream("seeds", simulation);
        var (a, b) = Systems(random, 100);
        ItemResult[] Again(ItemResult[] items) => [.. items.Select((item, i) => random.NextDouble() < 0.5 ? item : Item(i, item.Gold!.Value, 1 - item.Predicted!.Value))];
        return PairedComparison.OverSeeds("accuracy", [a, Again(a), Again(a)], [b, Again(b), Again(b)], Options(simulation)).PValue;
    });

    [Fact]
    public void ThePairedBootstrapCoversADifferenceOfAccuracies() => Covers("paired bootstrap, accuracy, n 120, difference 10 points", 2500, simulation =>
        Compare("accuracy", Systems(Stream("accuracy", simulation), 120, gap: 0.1), simulation).Difference.Contains(0.1));

    [Fact]
    public void ThePairedBootstrapOfClustersCovers() => Covers("paired bootstrap of 60 passages of 4, accuracy, difference 10 points", 3000, simulation =>
        Compare("accuracy", Systems(Stream("accuracy of clusters", simulation), 240, gap: 0.1, clusterSize: 4), simulation).Difference.Contains(0.1));

    // 40% positive; the systems are right on 50% and on 40% of either class.
    private static double F1(double right) => 2 * 0.4 * right / (2 * 0.4 * right + 0.4 * (1 - right) + 0.6 * (1 - right));

    private static double Matthews(double right)
    {
        var positive = 0.4 * right + 0.6 * (1 - right);
        return (0.4 * right * 0.6 * right - 0.4 * (1 - right) * 0.6 * (1 - right)) / Math.Sqrt(0.4 * 0.6 * positive * (1 - positive));
    }

    [Fact]
    public void ThePairedBootstrapCoversADifferenceOfF1() => Covers("paired bootstrap, F1, n 150", 2000, simulation =>
        Compare("binary_f1", Systems(Stream("f1", simulation), 150, gap: 0.1), simulation).Difference.Contains(F1(0.5) - F1(0.4)));

    [Fact]
    public void ThePairedBootstrapCoversADifferenceOfMatthewsCorrelations() => Covers("paired bootstrap, Matthews, n 150", 2000, simulation =>
        Compare("matthews", Systems(Stream("matthews", simulation), 150, gap: 0.1), simulation).Difference.Contains(Matthews(0.5) - Matthews(0.4)));

    // Answers of eight words; a system keeps each with its own chance, else says another.
    private static (ItemResult[] First, ItemResult[] Second) Translations(CounterRandom random, int count, double first, double second)
    {
        string Words(Func<int, string> word) => string.Join(' ', Enumerable.Range(0, 8).Select(word));
        ItemResult Of(int id, string answer, double kept) => new()
        {
            Id = $"test/{id}", Prompt = "", Answers = [answer], Score = 0,
            Generated = Words(w => random.NextDouble() < kept ? answer.Split(' ')[w] : "x" + random.Next(50)),
        };
        var answers = Enumerable.Range(0, count).Select(_ => Words(_ => "w" + random.Next(30))).ToArray();
        return ([.. answers.Select((answer, i) => Of(i, answer, first))], [.. answers.Select((answer, i) => Of(i, answer, second))]);
    }

    [Fact]
    public void ThePermutationTestRejectsAtMostFivePercentForBleu() => RejectsAtMostFivePercent("permutation, BLEU, n 60", 1500, simulation =>
        Compare("bleu", Translations(Stream("bleu permutation", simulation), 60, 0.8, 0.8), simulation).PValue);

    [Fact]
    public void ThePairedBootstrapCoversADifferenceOfBleu()
    {
        // The truth is that of a corpus so large that its own error does not matter.
        var (first, second) = Translations(Stream("large corpus", 0), 60_000, 0.85, 0.75);
        var truth = TaskMetrics.Value("bleu", first) - TaskMetrics.Value("bleu", second);
        Covers("paired bootstrap, BLEU, n 80", 1500, simulation => Compare("bleu", Translations(Stream("bleu", simulation), 80, 0.85, 0.75), simulation).Difference.Contains(truth));
    }

    [Fact]
    public void HolmKeepsTheChanceOfAnyFalseRejection() => RejectsAtMostFivePercent("Holm over 8 tasks", 8000, simulation =>
    {
        var random = Stream("holm", simulation);
        return PairedTests.Holm([.. Enumerable.Range(0, 8).Select(_ => random.NextDouble())]).Min();
    }, atLeast: 0.04);

    [Fact]
    public void HolmStillFindsWhatIsThere()
    {
        // Three of eight tasks differ: one false rejection or more among the five others in at most 5%, and more found than by Bonferroni.
        var (holm, bonferroni) = (0, 0);
        RejectsAtMostFivePercent("Holm over 5 equal tasks beside 3 different ones", 8000, simulation =>
        {
            var random = Stream("holm mixed", simulation);
            double[] p = [.. Enumerable.Range(0, 8).Select(task => task < 3 ? 0.02 * random.NextDouble() : random.NextDouble())];
            var corrected = PairedTests.Holm(p);
            holm += corrected[..3].Count(value => value <= 0.05);
            bonferroni += p[..3].Count(value => value * 8 <= 0.05);
            return corrected[3..].Min();
        });
        Output.WriteLine($"different tasks found: Holm {holm / 24000.0:P1}, Bonferroni {bonferroni / 24000.0:P1}");
        Assert.True(holm > bonferroni);
    }

    [Theory]
    [InlineData(150, 0.3)]
    [InlineData(400, 0.3)]
    [InlineData(400, 0.1)]
    public void TheDetectableDifferenceIsDetectedInFourOfFiveRuns(int items, double discordant)
    {
        const int runs = 4000;
        var delta = Power.DetectablePairedDifference(items, discordant);
        var found = Enumerable.Range(0, runs).Count(simulation =>
        {
            var random = Stream("power", simulation);
            bool[] first = new bool[items], second = new bool[items];
            for (var i = 0; i < items; i++)
            {
                var u = random.NextDouble();
                first[i] = u < (discordant + delta) / 2;
                second[i] = u >= (discordant + delta) / 2 && u < discordant;
            }

            return PairedTests.McNemar(first, second).PValue <= 0.05;
        }) / (double)runs;
        Output.WriteLine($"power of McNemar's exact test at the detectable difference {delta:0.000} of {items} items, {discordant:P0} discordant: {100 * found:0.0}%");
        Assert.InRange(found, 0.78, 0.83);
    }
}
