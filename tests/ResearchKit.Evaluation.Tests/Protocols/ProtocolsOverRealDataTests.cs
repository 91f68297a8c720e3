using ResearchKit.Evaluation.Datasets;
using ResearchKit.Evaluation.Protocols;
using ResearchKit.Evaluation.Tasks;
using ResearchKit.Evaluation.Tests.Datasets;

namespace ResearchKit.Evaluation.Tests.Protocols;

/// <summary>Needs the data folder; skipped without it.</summary>
public class ProtocolsOverRealDataTests
{
    [Fact]
    public void EveryTaskIsRenderedUnderEveryProtocolThatDefinesIt()
    {
        var folder = RealData.Require();
        var covered = new SortedDictionary<string, int>(StringComparer.Ordinal);
        foreach (var task in DatasetTasks.Names.Select(name => DatasetTasks.Get(name, folder)))
        {
            var loaded = new Lazy<TaskSplits>(task.Load);
            foreach (var protocol in TaskProtocols.Of(task))
            {
                var applied = protocol.ApplyTo(task with { Load = () => loaded.Value });
                var splits = applied.Load();
                var builder = new PromptBuilder(applied, splits, new EvaluationOptions());
                foreach (var item in splits.Test.Take(3))
                {
                    Assert.NotEmpty(builder.Build(item, 0).Contexts);
                    // Perplexity and thresholds have no demonstrations.
                    var pool = protocol.Demonstrations.Split == "test" ? splits.Test : splits.Train;
                    if (pool.Count > 2 && item.Choices.Count + item.Answers.Count > 0) Assert.Equal(2, builder.Build(item, 2).DemonstrationIds.Count);
                }

                covered[protocol.Name] = covered.GetValueOrDefault(protocol.Name) + 1;
            }
        }

        Assert.Equal(TaskProtocols.Names, covered.Keys);
        Assert.All(covered.Values, count => Assert.True(count >= 5));
    }

    [Fact]
    public void TheHarnessAsksTheLastQuestionOfEveryConversation()
    {
        var items = Harness("coqa").OverPublishedSet().Load().Test;
        Assert.Equal(500, items.Count);
        Assert.All(items, item => Assert.Equal(item.Answers.Count, item.Answers.Select(answer => answer.ToLowerInvariant()).Distinct().Count()));
        Assert.Contains(items, item => item.Fields["story"] != item.Fields["story"].Trim());
        Assert.All(items, item => Assert.StartsWith("Q: ", item.Fields["history"], StringComparison.Ordinal));
    }

    [Fact]
    public void TheHarnessShowsTextsAsTheyAreStored()
    {
        Assert.Contains(Harness("squad2").Load().Test, item => item.Fields["title"].Contains('_', StringComparison.Ordinal));
        Assert.Contains(Harness("piqa").Load().Test, item => item.Choices.Any(choice => choice != choice.Trim()));
        Assert.Contains(Harness("triviaqa").Load().Train, item => item.Answers[0] != DatasetTasks.Get("triviaqa", RealData.Require()).Load().Train.Single(own => own.Id == item.Id).Answers[0]);
        var translation = Harness("wmt14-en-fr");
        var splits = translation.Load();
        var prompt = new PromptBuilder(translation, splits, new EvaluationOptions()).Build(splits.Test[0], 1);
        Assert.Contains("\nFrench phrase:  ", prompt.Contexts[0], StringComparison.Ordinal);
    }

    [Fact]
    public void EveryTaskThatAHarnessProtocolNamesExists() =>
        Assert.All(HarnessTasks.All.SelectMany(task => task.Tasks), name => Assert.Contains(name, DatasetTasks.Names));

    private static EvaluationTask Harness(string name)
    {
        var task = DatasetTasks.Get(name, RealData.Require());
        return TaskProtocols.Get(task, "lm-eval", new Dictionary<string, string>()).ApplyTo(task);
    }
}
