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
    public void EveryTaskThatAHarnessProtocolNamesExists() =>
        Assert.All(HarnessTasks.All.SelectMany(task => task.Tasks), name => Assert.Contains(name, DatasetTasks.Names));
}
