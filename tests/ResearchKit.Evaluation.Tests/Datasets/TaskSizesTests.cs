using ResearchKit.Core;
using ResearchKit.Evaluation.Datasets;
using ResearchKit.Evaluation.Tasks;

namespace ResearchKit.Evaluation.Tests.Datasets;

public class TaskSizesTests
{
    [Fact]
    public void EveryTasksSizesAreKnownWithoutItsData() => Assert.All(DatasetTasks.Names, name => Assert.True(DatasetTasks.SizesOf(name).Test > 0));

    [Fact]
    public void ATaskThatIsNotThereIsNamed() => Assert.Contains("'rtee'", Assert.Throws<ConfigException>(() => DatasetTasks.SizesOf("rtee")).Message);

    [Fact]
    public void SizesAreThoseOfTheLoadedSplits()
    {
        var folder = RealData.Require();
        foreach (var name in DatasetTasks.Names.Where(name => DatasetCatalog.Status(DatasetCatalog.Get(DatasetTasks.DatasetOf(name)), folder).IsComplete))
        {
            var splits = DatasetTasks.Get(name, folder).Load();
            var published = DatasetTasks.Get(name, folder).OverPublishedSet().Load().Test;
            Assert.Equal((name, DatasetTasks.SizesOf(name)), (name, new TaskSizes(splits.Train.Count, splits.Validation.Count, splits.Test.Count, published.Count)));
            Assert.Equal(published.Count, published.Select(item => item.Id).Distinct().Count());
            // Train and test items of one published split have ids that begin alike: then and only then training was held back.
            static string SplitOf(TaskItem item) => item.Id[..item.Id.LastIndexOf('/')];
            Assert.Equal((name, splits.Train.Any(item => SplitOf(item) == SplitOf(splits.Test[0]))), (name, published.Count > splits.Test.Count));
        }
    }
}
