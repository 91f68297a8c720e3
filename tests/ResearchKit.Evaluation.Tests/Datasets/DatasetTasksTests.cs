using ResearchKit.Core;
using ResearchKit.Core.Tasks;
using ResearchKit.Evaluation.Datasets;
using ResearchKit.Evaluation.Tasks;

namespace ResearchKit.Evaluation.Tests.Datasets;

public sealed class DatasetTasksTests
{
    public static TheoryData<string> TaskNames => [.. DatasetTasks.Names];

    /// <summary>Reading also compares every checksum and every number of rows with the catalogue.</summary>
    [Theory]
    [MemberData(nameof(TaskNames))]
    public void EveryTaskReadsItsItemsAndPutsThemIntoWords(string name)
    {
        var folder = RealData.Require(DatasetTasks.DatasetOf(name));
        var task = DatasetTasks.Get(name, folder);
        var splits = task.Load();
        var all = splits.Train.Concat(splits.Validation).Concat(splits.Test).ToArray();

        Assert.Equal(name, task.Name);
        Assert.NotEmpty(splits.Test);
        Assert.Equal(all.Length, all.Select(i => i.Id).Distinct().Count());
        foreach (var item in all)
        {
            if (task.Scoring is ChoiceScoring or PartialScoring)
            {
                Assert.True(item.Choices.Count >= 2, item.Id);
                Assert.InRange(item.Gold!.Value, 0, item.Choices.Count - 1);
                Assert.All(item.Choices, c => Assert.False(string.IsNullOrWhiteSpace(c), item.Id));
            }
            else if (task.Scoring is GenerationScoring or TargetScoring)
            {
                Assert.NotEmpty(item.Answers);
                Assert.All(item.Answers, a => Assert.False(string.IsNullOrWhiteSpace(a), item.Id));
            }

            if (item.Structured is MultipleChoiceInput multiple) Assert.Equal(item.Choices.Count, multiple.Answers.Count);
        }

        // Rendering fails where a template names a field that the items lack, or where demonstrations run out.
        var builder = new PromptBuilder(task, splits, new EvaluationOptions());
        foreach (var item in new[] { splits.Test[0], splits.Test[^1] })
        {
            Assert.DoesNotContain('\uFEFF', builder.Build(item, 0).Contexts[0]);
            if (task.Scoring is not PerplexityScoring) Assert.Equal(2, builder.Build(item, 2).DemonstrationIds.Count);
        }
    }

    [Theory]
    [InlineData("rte", 277, 0.5271)]           // published majority class of the development set
    [InlineData("sst2", 872, 0.5092)]
    [InlineData("boolq", 3270, 0.6217)]
    [InlineData("cb", 56, 0.5)]
    [InlineData("copa", 100, 0.55)]
    [InlineData("wic", 638, 0.5)]
    [InlineData("wsc", 104, 0.6346)]
    [InlineData("mrpc", 1725, 0.6649)]
    public void TheMajorityClassIsThePublishedOne(string name, int count, double share)
    {
        var items = DatasetTasks.Get(name, RealData.Require(DatasetTasks.DatasetOf(name))).Load().Test;
        Assert.Equal(count, items.Count);
        Assert.Equal(share, items.GroupBy(i => i.Gold).Max(g => g.Count()) / (double)items.Count, 0.0001);
    }

    [Theory]
    [InlineData("copa", "The man turned on the faucet therefore", " water flowed from the spout.")]
    [InlineData("winogrande", "Sarah was a much better surgeon than Maria so Maria", " always got the easier cases.")]
    [InlineData("wsc273", "The city councilmen refused the demonstrators a permit because the city councilmen", " feared violence.")]
    [InlineData("gpt3/two_digit_addition", "\n\nQ: What is 98 plus 45?\n\nA:", " 143")]
    [InlineData("arc-easy", "Question: Which statement best explains why photosynthesis is the foundation of most food webs?\nAnswer:", " Sunlight is the source of energy for nearly all ecosystems.")]
    [InlineData("hellaswag", "Carving jack-o-lanterns: We see a black opening logo. A man etches a pumpkin with a knife like tool. the man", " then carves a logo into the pumpkin.")]
    [InlineData("nq_open", "Q: when was the last time anyone was on the moon\n\nA:", " 14 December 1972 UTC")]
    public void TheFirstItemReadsAsInThePaper(string name, string context, string continuation)
    {
        var task = DatasetTasks.Get(name, RealData.Require(DatasetTasks.DatasetOf(name)));
        var splits = task.Load();
        var item = splits.Test[0];
        var prompt = new PromptBuilder(task, splits, new EvaluationOptions()).Build(item, 0);
        var gold = item.Gold ?? 0;
        Assert.Equal(context, prompt.Contexts[Math.Min(gold, prompt.Contexts.Count - 1)]);
        Assert.Equal(continuation, prompt.Continuations.Count > 0 ? prompt.Continuations[gold] : " " + item.Answers[0]);
    }

    [Theory]
    [InlineData("race-middle")]
    [InlineData("multirc")]
    [InlineData("squad2")]
    [InlineData("coqa")]
    [InlineData("drop")]
    public void NoPassageIsOnBothSides(string name)
    {
        var splits = DatasetTasks.Get(name, RealData.Require(DatasetTasks.DatasetOf(name))).Load();
        Assert.Empty(splits.Train.Select(i => i.Cluster).Intersect(splits.Test.Select(i => i.Cluster)));
        Assert.DoesNotContain(null, splits.Test.Select(i => i.Cluster));
    }

    [Fact]
    public void LaterQuestionsOfARacePassageFollowTheRightAnswersOfEarlierOnes()
    {
        var items = DatasetTasks.Get("race-high", RealData.Require("race")).Load().Test;
        var second = items.First(i => i.Fields["history"].Length > 0);
        var first = items[items.ToList().IndexOf(second) - 1];
        Assert.Equal(first.Cluster, second.Cluster);
        Assert.Equal("", first.Fields["history"]);
        Assert.Equal($"Q: {first.Fields["question"]}\n\nA: {first.Choices[first.Gold!.Value]}\n\n", second.Fields["history"]);
    }

    [Fact]
    public void MultiRcCountsItsQuestions()
    {
        var splits = DatasetTasks.Get("multirc", RealData.Require("multirc")).Load();
        var all = splits.Train.Concat(splits.Test).ToArray();
        Assert.Equal(953, all.Select(i => i.Group).Distinct().Count());
        Assert.Equal(83, all.Select(i => i.Cluster).Distinct().Count());
    }

    [Fact]
    public void CandidatesOfRecordHoldARightAnswer()
    {
        var splits = DatasetTasks.Get("record", RealData.Require("record")).Load();
        Assert.All(splits.Train.Concat(splits.Test), i => Assert.Contains(i.Choices[i.Gold!.Value], i.Answers));
    }

    [Fact]
    public void WikiTextIsCutIntoItsSixtyArticlesAndLosesNothing()
    {
        var folder = RealData.Require("wikitext2");
        var items = DatasetTasks.Get("wikitext2", folder).Load().Test;
        Assert.Equal(60, items.Count);
        Assert.Equal(new DatasetReader(folder, DatasetCatalog.Get("wikitext2")).Text("wikitext2/test.txt.gz"), string.Concat(items.Select(i => i.Fields["text"])));
    }

    [Theory]
    [InlineData(" The cost was 1 @,@ 000 @.@ 5 ( about ) ; \" yes \" he said . \n", " The cost was 1,000.5 (about); \"yes\" he said.\n")]
    [InlineData(" = = Early life = = \n", " == Early life ==\n")]
    [InlineData("a guest @-@ starring role , the boys ' house", "a guest-starring role, the boys' house")]
    public void WikiTextMarksAreUndone(string stored, string text) => Assert.Equal(text, Detokenizer.WikiText(stored));

    [Fact]
    public void TheValidationSplitIsATenthOfTrainAndTheSameEveryTime()
    {
        var items = Enumerable.Range(0, 300).Select(i => new TaskItem { Id = $"train/{i}", Fields = new Dictionary<string, string>() }).ToArray();
        var first = DatasetSplits.CarveValidation("rte", items, []);
        Assert.Equal(30, first.Validation.Count);
        Assert.Equal(270, first.Train.Count);
        Assert.Equal(items.Select(i => i.Id).Order(), first.Train.Concat(first.Validation).Select(i => i.Id).Order());
        Assert.Equal(first.Validation.Select(i => i.Id), DatasetSplits.CarveValidation("rte", items, []).Validation.Select(i => i.Id));
    }

    [Fact]
    public void AnUnknownTaskIsAnsweredWithTheKnownOnes()
    {
        var error = Assert.Throws<ConfigException>(() => DatasetTasks.DatasetOf("rte2"));
        Assert.Contains("winogrande", error.Message, StringComparison.Ordinal);
    }
}
