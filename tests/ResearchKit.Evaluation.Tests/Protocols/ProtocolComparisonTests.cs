using ResearchKit.Core;
using ResearchKit.Evaluation.Datasets;
using ResearchKit.Evaluation.Protocols;
using ResearchKit.Evaluation.Tasks;
using static ResearchKit.Evaluation.Tests.Examples;

namespace ResearchKit.Evaluation.Tests.Protocols;

public class ProtocolComparisonTests
{
    private static TaskItem Question(int i, int gold) => new()
    {
        Id = $"test/{i}", Fields = new Dictionary<string, string> { ["question"] = $"What is {i}?" }, Choices = ["a", "a long one"], Gold = gold,
    };

    private static ProtocolComparisonResult Compare(EvaluationTask task, ILanguageModel model, int? limit = null) =>
        ProtocolComparison.Run(model, new LetterTokenizer(), task, [.. TaskProtocols.Of(task).Where(protocol => !protocol.IsFineTuned)], new EvaluationOptions { Limit = limit });

    /// <summary>Letters cost 1 nat each after a question, 2 after a bare answer context: sums prefer the short choice, the unconditional form the long one.</summary>
    private static RuleModel Letters() => new((context, text) => [.. text.Select(_ => context.Contains("What", StringComparison.Ordinal) ? -1.0 : -2.0)]);

    [Fact]
    public void ProtocolsThatShareAPromptAreScoredInOnePassAndTheGapIsNormalization()
    {
        var task = DatasetTasks.Describe("arc-easy") with { Load = () => Test([Question(0, 0), Question(1, 1), Question(2, 0)]) };
        var model = Letters();
        var compared = Compare(task, model);
        Assert.Equal(["gpt3-paper", "lm-eval"], compared.Scores.Select(score => score.Protocol.Name));
        Assert.Equal([1 / 3.0, 2 / 3.0], compared.Scores.Select(score => score.Result.Score));
        Assert.Equal(compared.Scores[0].Result.DistinctRequestCount, model.Asked.Count);
        Assert.Equal((2 * model.Asked.Count, model.Asked.Count), (compared.RequestCount, compared.AskedCount));
        var gap = Assert.Single(compared.Gaps);
        Assert.Equal((1 / 3.0, 1 / 3.0, 0.0), (gap.Difference!.Value, gap.Normalization!.Value, gap.Rest!.Value));
        Assert.Equal(3, gap.ChangedItemCount);
        Assert.Equal(["normalization", "truncation"], gap.Differs);
    }

    [Fact]
    public void APromptDoesNotDependOnHowManyItemsAreScored()
    {
        // Of the released files the other items are the demonstrations.
        TaskItem Sum(int i) => new() { Id = $"test/{i}", Fields = new Dictionary<string, string> { ["context"] = $"Q: What is {i} plus 1?\n\nA:" }, Answers = [$"{i + 1}"] };
        var task = DatasetTasks.Describe("gpt3/two_digit_addition") with { Load = () => Test([.. Enumerable.Range(0, 20).Select(Sum)]) };
        Dictionary<string, string> Prompts(int? limit) => ProtocolComparison.Run(new RuleModel((_, text) => [.. text.Select(_ => -1.0)], _ => "5"), new LetterTokenizer(), task, [TaskProtocols.Get(task, "gpt3-paper")], new EvaluationOptions { Shots = 8, Limit = limit })
            .Scores[0].Result.Items.ToDictionary(item => item.Id, item => item.Prompt);
        var (few, all) = (Prompts(3), Prompts(null));
        Assert.Equal(3, few.Count);
        Assert.All(few, item => Assert.Equal(all[item.Key], item.Value));
    }

    [Fact]
    public void AGapBetweenPromptsIsSplitIntoNormalizationAndTheRest()
    {
        // The harness's words for a goal make the model prefer the long choice; GPT-3's do not.
        TaskItem Goal(int i) => new() { Id = $"valid/{i}", Fields = new Dictionary<string, string> { ["goal"] = $"g{i}" }, Stored = new Dictionary<string, string> { ["sol1"] = "no", ["sol2"] = "a long one" }, Choices = ["no", "a long one"], Gold = 1 };
        var task = DatasetTasks.Describe("piqa") with { Load = () => Test(Goal(0), Goal(1)) };
        var model = new RuleModel((context, text) => [.. text.Select(c => context.StartsWith("Question", StringComparison.Ordinal) && text.Contains("long", StringComparison.Ordinal) ? -0.01 : -1.0)]);
        var gap = Assert.Single(Compare(task, model).Gaps);
        Assert.Equal((1.0, 0.0, 1.0), (gap.Difference!.Value, gap.Normalization!.Value, gap.Rest!.Value));
    }

    [Fact]
    public void ItemsRewrittenUnderTheSameTemplateAreAnotherPrompt()
    {
        TaskItem Scene(string context) => new() { Id = "val/0", Fields = new Dictionary<string, string> { ["context"] = context }, Choices = ["falls", "sings"], Gold = 0 };
        var hellaswag = DatasetTasks.Describe("hellaswag");
        Assert.Equal(["prompt", "normalization", "truncation"], Assert.Single(Compare(hellaswag with { Load = () => Test(Scene("Roof: A man sits. he")) }, Letters()).Gaps).Differs);
        Assert.Equal(["normalization", "truncation"], Assert.Single(Compare(hellaswag with { Load = () => Test(Scene("Roof: A man")) }, Letters()).Gaps).Differs);
    }

    [Fact]
    public void OfDifferentItemsTheSharedOnesAreCompared()
    {
        TaskItem Asked(int i, string article) => new()
        {
            Id = $"test/{i}", Cluster = article, Fields = new Dictionary<string, string> { ["article"] = article, ["question"] = $"What {i}?", ["history"] = "" }, Choices = ["a", "a long one"], Gold = 0,
        };
        var task = DatasetTasks.Describe("race-high") with { Load = () => Test(Asked(0, "x"), Asked(1, "x"), Asked(2, "y")) };
        var compared = Compare(task, Letters());
        Assert.Equal([3, 3, 2], compared.Scores.Select(score => score.Result.Items.Count));
        Assert.Equal((2, 3), (compared.SharedItemCount, compared.Gaps.Count));
        var limited = Compare(task, Letters(), limit: 1);
        Assert.All(limited.Scores, score => Assert.Single(score.Result.Items));
        Assert.Single(limited.Scores.Select(score => score.Result.Items[0].Id).Distinct());
        Assert.Contains("What 0", Compare(task, Letters()).Scores[2].Result.Items[0].Prompt);       // earlier questions come from outside the limit
    }

    [Fact]
    public void TheFirstNumberThatBothReportIsCompared()
    {
        var task = DatasetTasks.Describe("cnn_dm") with { Load = () => Test(Free("0", "") with { Fields = new Dictionary<string, string> { ["article"] = "Long." }, Answers = ["short"] }) };
        var compared = Compare(task, new RuleModel((_, _) => [], _ => "short. more"));
        Assert.Equal(["gpt2-paper", "lm-eval"], compared.Scores.Select(score => score.Protocol.Name));
        Assert.Equal("stemmed_rouge1", Assert.Single(compared.Gaps).Metric);
        var lambada = DatasetTasks.Describe("lambada") with { Load = () => Test(Free("0", "", "word") with { Fields = new Dictionary<string, string> { ["text"] = "the last" } }) };
        var gap = Compare(lambada, new RuleModel((_, text) => [.. text.Select(_ => -1.0)], _ => "d")).Gaps.Single(gap => (gap.From, gap.To) == ("gpt2-paper", "lm-eval"));
        Assert.Equal(("accuracy", -1.0, 1), (gap.Metric, gap.Difference, gap.ChangedItemCount));     // the harness reports perplexity first; its target is the whole word
    }
}
