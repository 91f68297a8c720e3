using ResearchKit.Evaluation.Datasets;

namespace ResearchKit.Evaluation.Tests.Datasets;

/// <summary>The data folder of the machine, where there is one.</summary>
internal static class RealData
{
    /// <summary>The folder; skips the test where it is absent or lacks the data set.</summary>
    public static DataFolder Require(string? dataset = null)
    {
        var folder = DataFolder.Find(null);
        Assert.SkipWhen(folder is null, $"{DataFolder.Variable} names no data folder");
        if (dataset is not null)
            Assert.SkipUnless(DatasetCatalog.Status(DatasetCatalog.Get(dataset), folder).IsComplete, $"{dataset} is not in the data folder");
        return folder!;
    }
}

/// <summary>A folder that is removed after the test.</summary>
internal sealed class TemporaryFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("researchkit-data-").FullName;

    public string File(string name) => System.IO.Path.Combine(Path, name);

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
