using FsCheck;
using FsCheck.Fluent;
using FsCheck.Xunit;
using ResearchKit.Core;
using ResearchKit.Experiments.Reporting;

namespace ResearchKit.Experiments.Tests.Reporting;

public sealed class ReportNumbersTests
{
    private static readonly TaskEntry Accuracy = new() { Name = "t", Metric = "accuracy", ItemCount = 100 };
    private static readonly TaskEntry Perplexity = new() { Name = "p", Metric = "word_perplexity", Unit = ScoreUnit.Raw, HigherIsBetter = false, ItemCount = 100 };

    private static ReportModel Model(params InContextCell[] cells) => new()
    {
        Title = "t", Question = "q", Models = [new ModelEntry { Name = "m", Family = "gpt2", Parameters = 1 }, new ModelEntry { Name = "n", Family = "gpt2", Parameters = 1 }], Tasks = [Accuracy, Perplexity], InContext = cells,
    };

    private static InContextCell Shot(int k, long seed, double score, ScoreInterval? interval = null, string model = "m", string task = "t") =>
        new() { Id = $"{model}{task}{k}/{seed}", Model = model, Task = task, K = k, Seed = seed, Score = score, Interval = interval, ItemCount = 100 };

    private static FineTuningCell Tuned(int count, double score, ScoreInterval? interval = null, string task = "t") =>
        new() { Id = $"ft{task}{count}", Model = "m", Task = task, LabelledCount = count, Recipe = "gpt1", Seed = 1, Score = score, Interval = interval, ItemCount = 100 };

    [Theory]
    [InlineData(0.71249, "71.2%")]
    [InlineData(1, "100.0%")]
    [InlineData(-0.0361, "−3.6%")]
    [InlineData(-0.0001, "0.0%")]
    public void FractionsAreShownAsPercentages(double score, string text) => Assert.Equal(text, ReportFormat.Score(Accuracy, score));

    [Theory]
    [InlineData(23.456, "23.46")]
    [InlineData(812.31, "812.3")]
    [InlineData(0.012345, "0.01235")]
    [InlineData(123456.7, "123457")]
    [InlineData(double.NaN, "–")]
    [InlineData(double.NegativeInfinity, "−∞")]
    public void OtherScoresHaveFourSignificantDigits(double score, string text) => Assert.Equal(text, ReportFormat.Score(Perplexity, score));

    [Theory]
    [InlineData(5_115_392, "5.12M")]
    [InlineData(124_439_808, "124M")]
    [InlineData(175e9, "175B")]
    [InlineData(1.5e9, "1.5B")]
    [InlineData(999, "999")]
    public void SizesHaveTheFieldsShortForm(double size, string text) => Assert.Equal(text, ReportFormat.Size(size));

    [Theory]
    [InlineData(0.00099, "< 0.001")]
    [InlineData(0.001, "0.001")]
    [InlineData(0.0499, "0.050")]
    [InlineData(1, "1.000")]
    public void SmallPValuesAreNotShownAsZero(double p, string text) => Assert.Equal(text, ReportFormat.PValue(p));

    [Fact]
    public void LargeNumbersArePowersOfTen() => Assert.Equal(["6.0 × 10¹⁴", "1.0 × 10¹⁴", "9.9 × 10¹³"], new[] { 6.034e14, 9.994e13, 9.94e13 }.Select(ReportFormat.Power));

    [Property]
    public Property ShownPercentagesAreWithinHalfADigitOfTheScore(NormalFloat score)
    {
        var value = Math.Abs(score.Get) % 1;
        var shown = double.Parse(ReportFormat.BareScore(Accuracy, value), System.Globalization.CultureInfo.InvariantCulture);
        return (Math.Abs(shown - value * 100) <= 0.05 + 1e-9).ToProperty();
    }

    [Fact]
    public void OneSeedKeepsItsInterval()
    {
        var summary = Assert.Single(ConditionSummaries.All(Model(Shot(4, 1, 0.6, new(0.5, 0.72)))));
        Assert.Equal(new ConditionSummary("t", new("m", K: 4), 0.6, new(0.5, 0.72), 1), summary);
    }

    [Fact]
    public void SeveralSeedsAddTheirOwnVarianceToThatOfTheItems()
    {
        // Half-widths 0.1 below and 0.12 above for both; s² = 0.02² / 2; t²·s²/2 with one degree of freedom.
        var summary = Assert.Single(ConditionSummaries.All(Model(Shot(4, 1, 0.60, new(0.50, 0.72)), Shot(4, 2, 0.62, new(0.52, 0.74)))));
        var seeds = 12.706204736174698 * 12.706204736174698 * 0.0002 / 2;
        Assert.Equal(0.61, summary.Score, 12);
        Assert.Equal(0.61 - Math.Sqrt(0.01 + seeds), summary.Interval!.Low, 8);
        Assert.Equal(0.61 + Math.Sqrt(0.0144 + seeds), summary.Interval.High, 8);
        Assert.Equal(Math.Sqrt(0.0002), summary.SeedDeviation!.Value, 12);
        Assert.Equal(2, summary.SeedCount);
    }

    [Fact]
    public void AShareOverSeedsStaysBelowOneHundredPercent()
    {
        var interval = Assert.Single(ConditionSummaries.All(Model(Shot(4, 1, 0.96, new(0.92, 1)), Shot(4, 2, 0.99, new(0.95, 1))))).Interval!;
        Assert.Equal(1, interval.High);
        Assert.InRange(interval.Low, 0.5, 0.95);
    }

    [Fact]
    public void ASummaryOfTheRunnerIsTakenAsItIs()
    {
        var given = new ConditionSummary("t", new("m", K: 4), 0.9, new(0.8, 0.95), 7, 0.03);
        Assert.Equal([given], ConditionSummaries.All(Model(Shot(4, 1, 0.6)) with { Summaries = [given] }));
    }

    [Fact]
    public void CellsWithoutAnIntervalGiveNone() => Assert.Null(Assert.Single(ConditionSummaries.All(Model(Shot(4, 1, 0.6, new(0.5, 0.7)), Shot(4, 2, 0.6)))).Interval);

    [Fact]
    public void SummariesFollowTheReportsOrder()
    {
        var model = Model(Shot(16, 1, 0.5, model: "n"), Shot(1, 1, 0.5, task: "p"), Shot(16, 1, 0.5), Shot(2, 1, 0.5)) with { FineTuning = [Tuned(64, 0.5), Tuned(16, 0.5)] };
        Assert.Equal(
            [("t", "m", 2), ("t", "m", 16), ("t", "m", 16), ("t", "m", 64), ("t", "n", 16), ("p", "m", 1)],
            ConditionSummaries.All(model).Select(row => (row.Task, row.Condition.Model, row.Condition.LabelledCount ?? row.Condition.K!.Value)));
    }

    [Fact]
    public void FineTuningOvertakesAtTheFirstBetterScore()
    {
        var model = Model(Shot(0, 1, 0.5, new(0.4, 0.6)), Shot(8, 1, 0.62, new(0.55, 0.69))) with { FineTuning = [Tuned(16, 0.60, new(0.53, 0.67)), Tuned(64, 0.66, new(0.6, 0.72)), Tuned(256, 0.8, new(0.75, 0.85))] };
        var crossover = Assert.Single(Crossover.All(model, ConditionSummaries.All(model)));
        Assert.Equal(8, crossover.InContext.Condition.K);
        Assert.Equal(64, crossover.PassesAt);
        Assert.Equal(256, crossover.ClearAt);
        Assert.Equal(256, crossover.FineTuned.Condition.LabelledCount);
    }

    [Fact]
    public void LowerIsBetterForPerplexity()
    {
        var model = Model(Shot(0, 1, 90, task: "p"), Shot(8, 1, 70, task: "p")) with { FineTuning = [Tuned(16, 80, task: "p"), Tuned(64, 60, task: "p")] };
        var crossover = Assert.Single(Crossover.All(model, ConditionSummaries.All(model)));
        Assert.Equal((8, 64, 64), (crossover.InContext.Condition.K, crossover.PassesAt, crossover.FineTuned.Condition.LabelledCount));
        Assert.Null(crossover.ClearAt);
    }

    [Fact]
    public void TheModelsJsonFormReadsBack()
    {
        var json = ReportModelJson.Serialize(SyntheticReport.Make(20, 6));
        Assert.Equal(json, ReportModelJson.Serialize(ReportModelJson.Deserialize(json)));
        Assert.Contains("\"in_context\":", json, StringComparison.Ordinal);
        Assert.Contains("\"kind\":\"missed_target\"", json, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{\"title\":\"t\",\"question\":\"q\",\"surprise\":1}", "surprise")]
    [InlineData("{\"title\":\"t\"}", "question")]
    [InlineData("{\"schema_version\":2,\"title\":\"t\",\"question\":\"q\"}", "schema_version is 2")]
    [InlineData("null", "null")]
    [InlineData("{", "file.json")]
    public void AForeignFileIsRefusedWithItsName(string json, string part)
    {
        var message = Assert.Throws<ConfigException>(() => ReportModelJson.Deserialize(json, "file.json")).Message;
        Assert.Contains("file.json", message, StringComparison.Ordinal);
        Assert.Contains(part, message, StringComparison.Ordinal);
    }
}
