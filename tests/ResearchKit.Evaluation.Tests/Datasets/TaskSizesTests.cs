using ResearchKit.Core;
using ResearchKit.Evaluation.Datasets;

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
            Assert.Equal((name, DatasetTasks.SizesOf(name)), (name, new TaskSizes(splits.Train.Count, splits.Validation.Count, splits.Test.Count)));
        }
    }
}
