using ResearchKit.Evaluation.Metrics;
using ResearchKit.Evaluation.Tasks;

namespace ResearchKit.Evaluation.Tests.Metrics;

public class TaskMetricsTests
{
    [Fact]
    public void AnyAcceptedEntityIsRightInReCoRDAndOnlyThere()
    {
        var item = new TaskItem { Id = "0", Fields = new Dictionary<string, string>(), Choices = ["Rome", "The Tiber", "Rhine"], Gold = 0, Answers = ["Rome", "Tiber"] };
        var task = Examples.Task(new ChoiceScoring());
        bool[] Right(EvaluationTask of) => [.. Enumerable.Range(0, 3).Select(choice => TaskMetrics.IsRight(of, item, choice))];
        Assert.Equal([true, true, false], Right(task with { Metrics = [TaskMetric.RecordExactMatch] }));
        Assert.Equal([true, false, false], Right(task));
    }

    [Theory]
    [InlineData("accuracy")]
    [InlineData("accuracy/per_character")]
    [InlineData("macro_f1")]
    [InlineData("multi_rc_exact_match")]
    [InlineData("squad_f1")]
    [InlineData("bleu")]
    [InlineData("chrf")]
    [InlineData("rouge_l")]
    public void AShareOfWhatCouldBeReachedReadsAsAPercentage(string metric) =>
        Assert.Equal((true, false, true), (TaskMetrics.IsShare(metric), TaskMetrics.IsCorrelation(metric), TaskMetrics.HigherIsBetter(metric)));

    [Theory]
    [InlineData("matthews")]
    [InlineData("matthews/threshold")]
    [InlineData("pearson")]
    [InlineData("spearman")]
    public void ACorrelationIsNoShare(string metric) =>
        Assert.Equal((false, true, true), (TaskMetrics.IsShare(metric), TaskMetrics.IsCorrelation(metric), TaskMetrics.HigherIsBetter(metric)));

    [Theory]
    [InlineData("word_perplexity")]
    [InlineData("bits_per_byte")]
    [InlineData("brier")]
    [InlineData("ter")]
    [InlineData("calibration_error")]
    public void AnErrorIsNoShareAndBetterSmall(string metric) =>
        Assert.Equal((false, false, false), (TaskMetrics.IsShare(metric), TaskMetrics.IsCorrelation(metric), TaskMetrics.HigherIsBetter(metric)));

    [Fact]
    public void OnlyWhatCountsEveryItemOneOrZeroIsAShareOfRightItems()
    {
        Assert.All(["accuracy", "accuracy/sum", "exact_match", "squad_exact"], metric => Assert.True(TaskMetrics.IsShareOfRightItems(metric)));
        Assert.All(["f1", "macro_f1", "multi_rc_exact_match", "bleu", "matthews"], metric => Assert.False(TaskMetrics.IsShareOfRightItems(metric)));
    }
}
