using System.Text.Json.Nodes;
using ResearchKit.Testing;

namespace ResearchKit.Cli.Tests;

/// <summary><c>rk notebook</c>: what it adds to rk-kernel, which has tests of its own.</summary>
public sealed class NotebookTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void NotebooksAreRunExportedCheckedAndStripped()
    {
        Write("one.ipynb", "1 + 1");
        Write("two.ipynb", "\"two\"");
        var (code, _, error) = Notebook("run", File("one.ipynb"), File("two.ipynb"), "--out", File("ran/"));
        Assert.True(code == 0, error);
        Assert.Contains("\"2\"", System.IO.File.ReadAllText(File("ran/one.ipynb")), StringComparison.Ordinal);

        Assert.Equal(2, Notebook("check", File("ran/one.ipynb")).ExitCode);
        Assert.Equal(0, Notebook("check", File("ran/one.ipynb"), "--allow-outputs").ExitCode);
        Assert.Equal(0, Notebook("export", File("ran/one.ipynb"), File("ran/two.ipynb"), "--out", File("pages/")).ExitCode);
        Assert.Equal(["one.html", "two.html"], Directory.GetFiles(File("pages")).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        Assert.Equal(0, Notebook("strip", File("ran/one.ipynb")).ExitCode);
        Assert.Equal(0, Notebook("check", File("ran/one.ipynb")).ExitCode);
    }

    [Fact]
    public void NotebooksOfTheSameNameDoNotOverwriteOneAnother()
    {
        var (code, _, error) = Notebook("run", File("a/same.ipynb"), File("b/same.ipynb"), "--out", File("ran/"));
        Assert.Equal(2, code);
        Assert.Contains("would both be written to", error, StringComparison.Ordinal);
    }

    [Fact]
    public void AProcessThatACellHasKilledIsSaidAndTheNextNotebookRuns()
    {
        Write("killed.ipynb", "System.Diagnostics.Process.GetCurrentProcess().Kill(); Thread.Sleep(60000);");
        Write("after.ipynb", "1");
        var (code, output, error) = Notebook("run", File("killed.ipynb"), File("after.ipynb"));
        Assert.Equal(1, code);
        Assert.Contains("killed.ipynb: the process ended with code", error, StringComparison.Ordinal);
        Assert.Contains("after.ipynb: 1 cells ran", output, StringComparison.Ordinal);
    }

    [Fact]
    public void AnInstalledKernelSharesNoAssemblyWithTheBuild()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "hard links are made the Unix way");
        System.IO.File.WriteAllText(File("built.dll"), "as built");
        Directory.CreateDirectory(File("kernel"));
        Rk.Finish(System.Diagnostics.Process.Start(new System.Diagnostics.ProcessStartInfo("ln", [File("built.dll"), File("kernel/linked.dll")]) { RedirectStandardOutput = true, RedirectStandardError = true })!);
        KernelProgram.TakeOwnCopies(File("kernel"));
        // As a compiler writes: into the file that is there.
        System.IO.File.WriteAllText(File("built.dll"), "built again");
        Assert.Equal("as built", System.IO.File.ReadAllText(File("kernel/linked.dll")));
        Assert.Equal(["linked.dll"], Directory.GetFiles(File("kernel")).Select(Path.GetFileName));
    }

    private string File(string name) => _folder.File(name);

    private void Write(string name, string code) => System.IO.File.WriteAllText(File(name), new JsonObject
    {
        ["cells"] = new JsonArray(new JsonObject { ["cell_type"] = "code", ["execution_count"] = null, ["id"] = "c", ["metadata"] = new JsonObject(), ["outputs"] = new JsonArray(), ["source"] = code }),
        ["metadata"] = new JsonObject { ["kernelspec"] = new JsonObject { ["language"] = "C#", ["name"] = "researchkit-csharp" } },
        ["nbformat"] = 4,
        ["nbformat_minor"] = 5,
    }.ToJsonString());

    private static Outcome Notebook(params string[] arguments) => Rk.Finish(Rk.Start(["notebook", .. arguments]));
}
