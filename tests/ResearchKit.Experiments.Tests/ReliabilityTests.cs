using ResearchKit.Evaluation;
using ResearchKit.Evaluation.Metrics;
using ResearchKit.Evaluation.Tasks;
using ResearchKit.Experiments.Cells;
using ResearchKit.Experiments.Configuration;
using ResearchKit.Experiments.Reporting;

namespace ResearchKit.Experiments.Tests;

/// <summary>What a run says of its own reliability: variance by source, calibration, and the plain second scoring.</summary>
public sealed class ReliabilityTests : IDisposable
{
    private readonly TinyComparison _tiny = new();

    public void Dispose() => _tiny.Dispose();

    private ReportModel Report() => RunReport.Read(_tiny.Run);

    private ComparisonConfig Varied => _tiny.Config with
    {
        Tasks = [_tiny.Config.Tasks[0] with { Wordings = [new("{input} becomes", " {answer}\n")] }, _tiny.Config.Tasks[1]],
        InContext = new() { Shots = [0, 2], Seeds = [1, 2], Variation = new() { Orders = 3 } },
    };

    [Fact]
    public void OrdersAndWordingsAreExtraCellsThatOnlyTheVarianceSplitShows()
    {
        // Two tasks with 0 shots and two draws of 2 shots, one fine-tuning; then two more orders of every draw, and one wording for one task.
        Assert.Equal(2 * 3 + 1 + 2 * 2 * 2 + 2, _tiny.Execute(Varied).ComputedCells);
        var report = Report();
        Assert.Equal(6, report.InContext.Count);
        Assert.All(report.VarianceSplits, split => Assert.True(split is { K: 2, DrawCount: 2, Draws: >= 0, Order: >= 0 }));
        Assert.Equal([true, false], report.VarianceSplits.Select(split => split.Wording is not null));
        Assert.Equal(_tiny.CellFiles().Length, StoredItems.Read(_tiny.Run).Cells.Count);
    }

    [Fact]
    public void AVariationThatCannotBeIsNamedWithWhatIsAllowed()
    {
        var problems = (_tiny.Config with { InContext = new() { Shots = [0, 2], Variation = new() { Shots = [3], Orders = 0 }, HalfWidth = 2 } }).Problems().ToList();
        Assert.Collection(problems.Order(StringComparer.Ordinal),
            problem => Assert.Contains("`in_context.half_width` (2)", problem, StringComparison.Ordinal),
            problem => Assert.Contains("`in_context.variation.orders` (0)", problem, StringComparison.Ordinal),
            problem => Assert.Contains("`in_context.variation.shots` ([3])", problem, StringComparison.Ordinal));
        var unused = Assert.Single((_tiny.Config with { Tasks = Varied.Tasks }).Problems());
        Assert.Contains("`tasks[0].wordings`", unused, StringComparison.Ordinal);
    }

    [Fact]
    public void ItemsThatCountOnlyTogetherVaryTogetherAsThoseOfAClusterDo()
    {
        // Six questions of two items each, both right or both wrong: six independent units, not twelve.
        var alone = ItemsDeviation((item, _) => item);
        var clustered = ItemsDeviation((item, unit) => item with { Cluster = unit });
        Assert.True(clustered > 1.3 * alone, $"{clustered} and {alone}");
        Assert.Equal(clustered, ItemsDeviation((item, unit) => item with { Group = unit }));
    }

    private double ItemsDeviation(Func<TaskItem, string, TaskItem> joined)
    {
        var items = Enumerable.Range(0, 12).Select(i => joined(new TaskItem { Id = $"test/{i}", Fields = new Dictionary<string, string>() }, $"question {i / 2}")).ToArray();
        var task = new ReadyTask(TaskCatalog.Get("suite/label-induction"), new TaskSplits([], [], items), "", FineTune: false);
        var result = new TaskResult
        {
            Task = "t", Model = "m", WeightsHash = "", Tokenizer = "", TokenizerFingerprint = "", Options = new(), Metric = "accuracy", Rule = "sum", Score = 0.5, Metrics = new Dictionary<string, double>(),
            PrefixTokenId = 0, RequestCount = 1, DistinctRequestCount = 1, ForwardTokenCount = 1,
            Items = [.. items.Select((item, i) => new ItemResult { Id = item.Id, Prompt = "", Score = i / 2 % 2 })],
        };
        var config = _tiny.Config;
        var plan = new ComparisonPlan([ModelHeader.Read(Path.Combine(_tiny.Base, config.Models[0]))], [task], [], new CellStore(_tiny.Cells, _ => { }), [], []);
        var results = new ComparisonResults([(new PlannedInContext(0, task, 2, 1, 0), result)], [], [], new PlainPassCheck(0, 0, 0, 0), new Dictionary<PlannedCell, string>(), "");
        return Assert.Single(Reliability.Variance(config.InContext!, plan, results)).Items;
    }

    [Fact]
    public void CalibrationCountsEveryItemOfEverySeedOnce()
    {
        _tiny.Execute(Varied);
        var report = Report();
        var task = report.Tasks.Single(entry => entry.Name == "suite/label-induction");
        var few = report.Calibration.Single(curve => curve.Task == task.Name && curve.Condition.K == 2);
        Assert.Equal(2 * task.ItemCount, few.Bins.Sum(bin => bin.Count));
        Assert.Equal(task.ItemCount, report.Calibration.Single(curve => curve.Condition.IsFineTuned).Bins.Sum(bin => bin.Count));
        Assert.All(report.Calibration, curve => Assert.InRange(curve.ExpectedError, 0, 1));
        Assert.All(few.Bins, bin => Assert.InRange(bin.Confidence, 0.5, 1));
    }

    [Fact]
    public void OneItemInAHundredIsScoredAgainAndAgrees()
    {
        var outcome = _tiny.Execute();
        Assert.Equal(4, outcome.Check!.ItemCount);                        // four in-context cells of fewer than 100 items
        Assert.InRange(outcome.Check.LargestDifference, 0, 1e-4);
        Assert.Equal(0, outcome.Check.ChangedDecisions);
        Assert.Contains(Report().Notes, note => note.Text.StartsWith("Scoring check: 4 items", StringComparison.Ordinal));
        Assert.Equal((1, 1, 2), (PlainPassCheck.ItemsOf(1), PlainPassCheck.ItemsOf(100), PlainPassCheck.ItemsOf(101)));
    }

    [Fact]
    public void ASecondScoringThatDisagreesIsCounted()
    {
        static TaskResult Result(double logProbability, int predicted) => new()
        {
            Task = "t", Model = "m", WeightsHash = "", Tokenizer = "", TokenizerFingerprint = "", Options = new(), Metric = "accuracy", Rule = "sum", Score = 0, Metrics = new Dictionary<string, double>(),
            PrefixTokenId = 0, RequestCount = 1, DistinctRequestCount = 1, ForwardTokenCount = 1,
            Items =
            [
                new()
                {
                    Id = "a", Prompt = "p", Gold = 0, Score = predicted == 0 ? 1 : 0, Predictions = [new("sum", predicted, predicted == 0, false)],
                    Choices = [new() { Text = "x", Answer = "x", TokenIds = [1], TokenLogProbabilities = [logProbability], LogProbability = logProbability }],
                },
            ],
        };
        var check = PlainPassCheck.Of(Result(-1, 0), Result(-1.25, 1));
        Assert.Equal((1, 0.25, 1), (check.ItemCount, check.LargestDifference, check.ChangedDecisions));
        Assert.Equal(0, PlainPassCheck.Of(Result(-1, 0), Result(-1, 0)).ChangedDecisions);
    }

    [Fact]
    public void WhatIsStoredOfTheItemsGivesTheReportsScores()
    {
        _tiny.Execute();
        var (report, stored) = (Report(), StoredItems.Read(_tiny.Run));
        var scores = report.InContext.Select(cell => (cell.Id, cell.Score)).Concat(report.FineTuning.Select(cell => (cell.Id, cell.Score))).ToDictionary();
        Assert.Equal(5, stored.Cells.Count);
        Assert.All(stored.Cells, cell =>
        {
            var task = stored.Tasks.Single(entry => entry.Name == cell.Task);
            Assert.Equal(scores[cell.Id], TaskMetrics.Value(task.Metric, cell.Results(task)), 12);
            Assert.Equal(64, cell.Checksum.Length);
        });
        Assert.Equal(stored.Cells.Count, stored.Cells.Select(cell => cell.Checksum).Distinct().Count());
    }
}
