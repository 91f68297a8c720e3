using System.Xml.Linq;

namespace ResearchKit.Core.Tests;

/// <summary>Keeps the architecture's arrows: who may reference whom, and where TorchSharp may appear.</summary>
public sealed class ProjectArrowsTests
{
    private static readonly Dictionary<string, string[]> Allowed = new(StringComparer.Ordinal)
    {
        ["ResearchKit.Core"] = [],
        ["ResearchKit.Models"] = ["ResearchKit.Core"],
        ["ResearchKit.Training"] = ["ResearchKit.Core", "ResearchKit.Models"],
        ["ResearchKit.Evaluation"] = ["ResearchKit.Core"],
        ["ResearchKit.Experiments"] = ["ResearchKit.Core", "ResearchKit.Models", "ResearchKit.Training", "ResearchKit.Evaluation"],
        ["ResearchKit.Benchmarking"] = ["ResearchKit.Experiments"],
        ["ResearchKit.Cli"] = ["ResearchKit.Experiments", "ResearchKit.Benchmarking"],
        ["ResearchKit.Notebooks"] = ["ResearchKit.Experiments"],
        // How its own types look in notebooks is said where the types are.
        ["ResearchKit.FSharp"] = ["ResearchKit.Experiments", "ResearchKit.Notebooks"],
        ["ResearchKit.Notebooks.FSharp"] = ["ResearchKit.Notebooks"],
        ["ResearchKit.Kernel"] = ["ResearchKit.FSharp", "ResearchKit.Notebooks", "ResearchKit.Notebooks.FSharp"],
    };

    [Fact]
    public void EveryProjectReferencesOnlyWhatTheArchitectureAllows()
    {
        var projects = Directory.GetFiles(Path.Combine(RepositoryRoot(), "src"), "*.*proj", SearchOption.AllDirectories);
        Assert.NotEmpty(projects);
        foreach (var project in projects)
        {
            var name = Path.GetFileNameWithoutExtension(project);
            Assert.True(Allowed.TryGetValue(name, out var allowed), $"{name} is not in the architecture: add it here and to the README's map.");
            var references = References(project, "ProjectReference").Select(path => Path.GetFileNameWithoutExtension(path.Replace('\\', '/')));
            Assert.Empty(references.Except(allowed));
        }
    }

    [Fact]
    public void TorchSharpIsReferencedByModelsAndTrainingAlone()
    {
        var projects = Directory.GetFiles(Path.Combine(RepositoryRoot(), "src"), "*.*proj", SearchOption.AllDirectories);
        var withTorch = projects.Where(project => References(project, "PackageReference").Contains("TorchSharp")).Select(Path.GetFileNameWithoutExtension).Order(StringComparer.Ordinal);
        Assert.Equal(["ResearchKit.Models", "ResearchKit.Training"], withTorch);
    }

    private static IEnumerable<string> References(string project, string element) =>
        XDocument.Load(project).Descendants(element).Select(reference => (string?)reference.Attribute("Include")).OfType<string>();

    private static string RepositoryRoot()
    {
        var folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "ResearchKit.sln"))) folder = Path.GetDirectoryName(folder) ?? throw new DirectoryNotFoundException("ResearchKit.sln is not above the test folder.");
        return folder;
    }
}
