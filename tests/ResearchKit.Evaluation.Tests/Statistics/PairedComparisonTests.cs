using FsCheck.Xunit;
using ResearchKit.Core;
using ResearchKit.Evaluation.Metrics;
using ResearchKit.Evaluation.Statistics;

namespace ResearchKit.Evaluation.Tests.Statistics;

public class PairedComparisonTests
{
    private static ItemResult Item(int id, int gold, int predicted, string? cluster = null) => new()
    {
        Id = $"test/{id}", Prompt = "", Gold = gold, Cluster = cluster, Score = gold == predicted ? 1 : 0,
        Predictions = [new ChoicePrediction("sum", predicted, gold == predicted, false)],
    };

    // 20 items: both right 8, only the first 7, only the second 2, neither 3.
    private static (ItemResult[] First, ItemResult[] Second) Runs(Func<int, string?>? cluster = null) =>
        ([.. Enumerable.Range(0, 20).Select(i => Item(i, i % 2, i < 15 ? i % 2 : 1 - i % 2, cluster?.Invoke(i)))],
         [.. Enumerable.Range(0, 20).Select(i => Item(i, i % 2, i < 8 || i is 15 or 16 ? i % 2 : 1 - i % 2, cluster?.Invoke(i)))]);

    [Fact]
    public void AccuracyOfIndependentItemsIsTestedByMcNemar()
    {
        var (first, second) = Runs();
        var result = PairedComparison.Of("accuracy", first, second);
        Assert.Equal((20, 20, 0, "mcnemar"), (result.ItemCount, result.UnitCount, result.UnmatchedCount, result.Test));
        Assert.Equal((0.75, 0.5), (result.First, result.Second));
        Assert.Equal(0.25, result.Difference.Estimate, 12);
        Assert.Equal(2 * (1 + 9 + 36) / 512.0, result.PValue, 12);
        Assert.Equal(result.PValue, result.PermutationPValue, 0.03);            // the same null hypothesis, by simulation
        Assert.Equal(3.5, result.OddsRatio!.Value, 12);
        Assert.InRange(result.Difference.Low, -0.1, 0.05);
        Assert.InRange(result.Difference.High, 0.4, 0.6);
    }

    private static ItemResult Number(int id, double accepted, double expected) => new()
    {
        Id = $"test/{id}", Prompt = "", Answers = [accepted.ToString(System.Globalization.CultureInfo.InvariantCulture)], Score = 0,
        Choices = [.. new[] { 0.0, 1 }.Select(value => new ChoiceResult { Text = "", Answer = value.ToString(System.Globalization.CultureInfo.InvariantCulture), TokenIds = [], TokenLogProbabilities = [], LogProbability = Math.Log(value == 1 ? expected : 1 - expected) })],
    };

    [Theory]
    [InlineData("pearson")]
    [InlineData("spearman")]
    public void CorrelationsOfSeveralRunsAreEachRunsOwn(string metric)
    {
        // Every run orders the numbers as they are, at a level of its own: over all runs together the order would be lost.
        double[] accepted = [0, 0.25, 0.5, 0.75, 1];
        ItemResult[] Run(double level) => [.. accepted.Select((value, i) => Number(i, value, level + 0.01 * i))];
        ItemResult[] backwards = [.. accepted.Select((value, i) => Number(i, value, 0.9 - 0.01 * i))];
        var compared = PairedComparison.OverSeeds(metric, [Run(0.1), Run(0.6)], [backwards], new BootstrapOptions(200));
        Assert.Equal(1, compared.First, 9);
        Assert.Equal(-1, compared.Second, 9);
        Assert.Equal(1, MetricInterval.OverSeeds(metric, [Run(0.1), Run(0.6)]).Estimate, 9);
    }

    [Fact]
    public void OneTextSaysNothingOfOthers()
    {
        ItemResult Text(double logProbability) => new()
        {
            Id = "test/0", Prompt = "", Score = logProbability,
            Choices = [new ChoiceResult { Text = "", Answer = "", TokenIds = [1, 2], TokenLogProbabilities = [], LogProbability = logProbability }],
        };
        var interval = MetricInterval.Of("token_perplexity", [Text(-2)]);
        Assert.Equal((0, double.PositiveInfinity, "one-unit"), (interval.Low, interval.High, interval.Method));
        var difference = PairedComparison.Of("token_perplexity", [Text(-2)], [Text(-3)]).Difference;
        Assert.Equal((double.NegativeInfinity, double.PositiveInfinity), (difference.Low, difference.High));
    }

    [Fact]
    public void ClustersArePermutedWhole()
    {
        var (first, second) = Runs(i => i is >= 8 and < 15 ? "one passage" : null);
        var result = PairedComparison.Of("accuracy", first, second);
        Assert.Equal((14, "permutation"), (result.UnitCount, result.Test));
        // Seven items of one passage are one coin: with the two other discordant items, |±7 ± 1 ± 1| ≥ 5 always.
        Assert.Equal(1, result.PValue);
    }

    [Fact]
    public void ItemsAreMatchedByIdWhateverTheirOrder()
    {
        var (first, second) = Runs();
        var shuffled = PairedComparison.Of("accuracy", first, [.. second.Reverse(), Item(99, 0, 0)]);
        Assert.Equal(PairedComparison.Of("accuracy", first, second) with { UnmatchedCount = 1 }, shuffled);
    }

    [Fact]
    public void RunsOfDifferentDataAreRefused()
    {
        var (first, second) = Runs();
        Assert.Contains("no item in common", Assert.Throws<ConfigException>(() => PairedComparison.Of("accuracy", first, [Item(99, 0, 0)])).Message);
        Assert.Contains("twice", Assert.Throws<ConfigException>(() => PairedComparison.Of("accuracy", first, [.. second, second[3]])).Message);
        second[4] = Item(4, 1, 1);
        Assert.Contains("test/4 has right answer 0 in the first run and 1 in the second", Assert.Throws<ConfigException>(() => PairedComparison.Of("accuracy", first, second)).Message);
    }

    [Fact]
    public void ASidesValueIsTheMeanOverItsSeedsAndItemsAreWhatIsDrawn()
    {
        var (first, second) = Runs();
        var worse = first.Select((item, i) => i < 4 ? Item(i, item.Gold!.Value, 1 - item.Gold.Value) : item).ToArray();
        var result = PairedComparison.OverSeeds("accuracy", [first, worse], [second]);
        Assert.Equal((20, "permutation", 0.65, 0.5), (result.UnitCount, result.Test, result.First, result.Second));
        Assert.Equal(0.15, result.Difference.Estimate, 12);
        Assert.Null(result.McNemar);
        Assert.NotNull(result.CohenH);
        Assert.True(result.DetectableDifference > 0);

        // Seeds that say the same add nothing: neither to the difference nor to its interval.
        var once = PairedComparison.Of("accuracy", first, second);
        var thrice = PairedComparison.OverSeeds("accuracy", [first, first, first], [second, second]);
        Assert.Equal(once.Difference.Low, thrice.Difference.Low, 12);
        Assert.Equal(once.Difference.High, thrice.Difference.High, 12);
        Assert.Equal(once.PermutationPValue, thrice.PermutationPValue);
        Assert.Equal(TaskMetrics.Value("matthews", first) / 2 + TaskMetrics.Value("matthews", worse) / 2, PairedComparison.OverSeeds("matthews", [first, worse], [second]).First, 12);
    }

    [Fact]
    public void SeedsOfDifferentItemsAreRefused()
    {
        var (first, second) = Runs();
        Assert.Contains("same items", Assert.Throws<ConfigException>(() => PairedComparison.OverSeeds("accuracy", [first, first[..^1]], [second])).Message);
        Assert.Contains("test/19 is missing", Assert.Throws<ConfigException>(() => PairedComparison.OverSeeds("accuracy", [first, [.. first[..^1], Item(50, 0, 0)]], [second])).Message);
    }

    [Fact]
    public void OtherMetricsArePermutedOnTheirSums()
    {
        var (first, second) = Runs();
        var result = PairedComparison.Of("matthews", first, second);
        Assert.Equal("permutation", result.Test);
        Assert.Null(result.McNemar);
        Assert.Equal(TaskMetrics.Value("matthews", first) - TaskMetrics.Value("matthews", second), result.Difference.Estimate, 12);
        Assert.InRange(result.PValue, 0.02, 0.5);
    }

    [Fact]
    public void IntervalsFollowTheMetric()
    {
        var (first, _) = Runs();
        Assert.Equal(ProportionInterval.Wilson(15, 20), MetricInterval.Of("accuracy", first));
        Assert.Equal("wilson-clustered", MetricInterval.Of("accuracy", Runs(i => $"{i / 4}").First).Method);
        var f1 = MetricInterval.Of("binary_f1", first);
        Assert.Equal("bootstrap-bca", f1.Method);
        Assert.True(f1.Low < f1.Estimate && f1.Estimate < f1.High);
    }

    [Property]
    public void MetricsOfCountsAreMetricsOfLists(byte[] labels)
    {
        if (labels.Length < 2) return;
        var items = labels.Select((label, i) => Item(i, label % 3, label / 3 % 3)).ToArray();
        int[] gold = [.. labels.Select(label => label % 3)], predicted = [.. labels.Select(label => label / 3 % 3)];
        Assert.Equal(Classification.Accuracy(gold, predicted), TaskMetrics.Value("accuracy/sum", items), 12);
        Assert.Equal(Classification.Matthews(gold, predicted), TaskMetrics.Value("matthews", items), 12);
        Assert.Equal(Classification.MacroF1(gold, predicted), TaskMetrics.Value("macro_f1", items), 12);
    }

    [Fact]
    public void MultiRcCountsAQuestionOnlyIfAllItsAnswersAreRight()
    {
        ItemResult Answer(int id, string question, int gold, int predicted) => Item(id, gold, predicted, "passage") with { Group = question };
        ItemResult[] items = [Answer(0, "a", 1, 1), Answer(1, "a", 0, 0), Answer(2, "b", 1, 1), Answer(3, "b", 1, 0), Answer(4, "b", 0, 1)];
        Assert.Equal(0.5, TaskMetrics.Value("multi_rc_exact_match", items));
        Assert.Equal(2 * 2 / 6.0, TaskMetrics.Value("multi_rc_f1", items), 12);
    }

    [Fact]
    public void RecordComparesThePredictedEntityWithAllAcceptedOnes()
    {
        ItemResult Query(int predicted) => new()
        {
            Id = "q", Prompt = "", Gold = 0, Answers = ["Ada Blum", "Blum"], Score = 0, Predictions = [new ChoicePrediction("sum", predicted, false, false)],
            Choices = [.. new[] { "Ada Blum", "the Blum", "Ada Kor", "Turin" }.Select(answer => new ChoiceResult { Text = "- " + answer, Answer = answer, TokenIds = [], TokenLogProbabilities = [], LogProbability = 0 })],
        };
        Assert.Equal([1.0, 1.0, 0.0, 0.0], Enumerable.Range(0, 4).Select(i => TaskMetrics.Value("record_exact_match", [Query(i)])));
        Assert.Equal([1.0, 1.0, 0.5, 0.0], Enumerable.Range(0, 4).Select(i => TaskMetrics.Value("record_f1", [Query(i)])));
    }

    [Fact]
    public void AnUnknownMetricOrRuleIsNamed()
    {
        var (first, _) = Runs();
        Assert.Contains("\"accurracy\"", Assert.Throws<ArgumentException>(() => TaskMetrics.Value("accurracy", first)).Message);
        Assert.Contains("by rule per_token", Assert.Throws<ArgumentException>(() => TaskMetrics.Value("accuracy/per_token", first)).Message);
    }
}
