using System.Text.Json.Nodes;
using ResearchKit.Kernel.Files;
using ResearchKit.Notebooks.Charts;
using ResearchKit.Testing;

namespace ResearchKit.Kernel.Tests;

/// <summary>The notebooks of the repository, run from top to bottom on the shipped models without a data folder, as a new user runs them.</summary>
public sealed class ShippedNotebookTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public static TheoryData<string> Names => new(Directory.GetFiles(Folder, "*.ipynb").Select(path => Path.GetFileName(path)!).Order(StringComparer.Ordinal));

    internal static string Folder { get; } = Path.Combine(RepositoryRoot(), "notebooks");

    public void Dispose() => _folder.Dispose();

    [Theory]
    [MemberData(nameof(Names))]
    public void EveryNotebookRunsFromTopToBottom(string name)
    {
        var path = Path.Combine(Folder, name);
        var target = _folder.File("executed.ipynb");
        var (code, _, error) = KernelProcess.Finish(KernelProcess.Start("run", path, "--out", target), minutes: 10);
        Assert.True(code == 0, error);

        var executed = JsonNode.Parse(File.ReadAllText(target))!;
        var outputs = executed["cells"]!.AsArray().Where(cell => (string?)cell!["cell_type"] == "code").SelectMany(cell => cell!["outputs"]!.AsArray()).ToList();
        Assert.DoesNotContain(outputs, output => (string?)output!["output_type"] == "error");
        // A warning of the compiler, or a value that could not be shown, is not what a reader should see.
        Assert.DoesNotContain(outputs, output => (string?)output!["name"] == "stderr");
        Assert.DoesNotContain(outputs, output => Plain(output!).Contains("(showing it failed", StringComparison.Ordinal));
        var hasPlotly = outputs.Any(output => Html(output!).Contains("newPlot", StringComparison.Ordinal));
        Assert.True(hasPlotly || outputs.Any(output => Html(output!).Contains("<svg", StringComparison.Ordinal)), "It draws nothing.");
        Assert.Equal(hasPlotly ? 1 : 0, outputs.Count(output => Html(output!).StartsWith(PlotlyLoader.Opening, StringComparison.Ordinal)));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void EveryNotebookIsCommittedWithoutOutputsAndIsSound(string name) =>
        Assert.Empty(NotebookCheck.Problems(NotebookFile.Read(Path.Combine(Folder, name)), allowOutputs: false));

    [Fact]
    public void TheIndexNamesEveryNotebook()
    {
        var index = File.ReadAllText(Path.Combine(Folder, "README.md"));
        foreach (var name in Directory.GetFiles(Folder, "*.ipynb").Select(Path.GetFileName)) Assert.Contains($"({name})", index, StringComparison.Ordinal);
    }

    private static string Html(JsonNode output) => Text(output, "text/html");

    private static string Plain(JsonNode output) => Text(output, "text/plain");

    private static string Text(JsonNode output, string type) => output["data"]?[type] switch
    {
        JsonArray lines => string.Concat(lines.Select(line => (string?)line)),
        JsonValue text => (string?)text ?? "",
        _ => "",
    };

    private static string RepositoryRoot()
    {
        var folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "ResearchKit.sln"))) folder = Path.GetDirectoryName(folder) ?? throw new DirectoryNotFoundException("ResearchKit.sln is not above the test folder.");
        return folder;
    }
}
