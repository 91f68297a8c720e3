using System.Text.Json.Nodes;
using ResearchKit.Kernel.Files;
using ResearchKit.Notebooks.Charts;
using ResearchKit.Testing;

namespace ResearchKit.Kernel.Tests;

/// <summary>The runner and the export, by the built program: each notebook has a process of its own.</summary>
public sealed class NotebookRunnerTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void AMixedNotebookRunsAndItsPageDrawsWithoutNetwork()
    {
        var (code, _, error, executed) = Run(TestNotebook.Of(
            "# A title", "open TorchSharp\nlet t = torch.ones([| 2L |])\nprintfn \"printed\"\nt.sum().item<float32>()", "#!csharp\n#!share t --from fsharp\nt.add_(1);\nnew[] { new { A = 1, B = \"<x>\" } }",
            "t.sum().item<float32>()", "open Plotly.NET\nlet shown = display (Chart.Point([ 1; 2 ], [ 3; 4 ]))\nshown.Update(Chart.Line([ 1; 2 ], [ 3; 4 ], Name = \"line\"))", "Chart.Line([ 1; 2 ], [ 3; 4 ]) |> Chart.withTitle \"</script>\""));
        Assert.True(code == 0, error);
        Assert.Equal("printed\n", Text(executed, 1, 0, "text"));
        Assert.Equal("2", Data(executed, 1, 1, "text/plain"));
        Assert.Contains("&lt;x&gt;", Data(executed, 2, 0, "text/html"), StringComparison.Ordinal);
        Assert.Equal("4", Data(executed, 3, 0, "text/plain"));
        Assert.StartsWith(PlotlyLoader.Opening, Data(executed, 4, 0, "text/html"), StringComparison.Ordinal);
        Assert.Contains("(line)", Data(executed, 4, 1, "text/plain"), StringComparison.Ordinal);
        Assert.Single(executed["cells"]![5]!["outputs"]!.AsArray());
        Assert.Equal("csharp", (string?)executed["cells"]![2]!["metadata"]!["polyglot_notebook"]!["kernelName"]);

        Assert.Equal(0, KernelProcess.Finish(KernelProcess.Start("export", _folder.File("out.ipynb"), "--out", _folder.File("page.html"))).Code);
        Assert.Equal(0, KernelProcess.Finish(KernelProcess.Start("export", _folder.File("out.ipynb"), "--out", _folder.File("small.html"), "--share-plotly")).Code);
        var (page, small) = (File.ReadAllText(_folder.File("page.html")), File.ReadAllText(_folder.File("small.html")));
        Assert.Contains("<title>A title</title>", page, StringComparison.Ordinal);
        Assert.Single(Occurrences(page, PlotlyLoader.Opening));
        Assert.Single(Occurrences(small, $"<script src=\"{HtmlPage.SharedScriptName}\"></script>"));
        Assert.InRange(small.Length, 1000, 100_000);
        Assert.True(new FileInfo(_folder.File(HtmlPage.SharedScriptName)).Length > 3_000_000);
        Assert.DoesNotContain("src=\"http", small, StringComparison.Ordinal);
    }

    [Fact]
    public void ABrokenCellStopsTheRunAndWhatRanBeforeItIsKept()
    {
        var (code, _, error, executed) = Run(TestNotebook.Of("#!csharp\n1 + 1", "#!csharp\nint Divide(int a, int b) => a / b;\nDivide(1, 0)", "#!csharp\n3"));
        Assert.Equal(1, code);
        Assert.Contains("cell 2 failed", error, StringComparison.Ordinal);
        Assert.Contains("line 2", error, StringComparison.Ordinal);
        Assert.Equal("2", Data(executed, 0, 0, "text/plain"));
        Assert.Equal("DivideByZeroException", (string?)executed["cells"]![1]!["outputs"]![0]!["ename"]);
        Assert.Empty(executed["cells"]![2]!["outputs"]!.AsArray());
    }

    [Fact]
    public void ACellThatExitsIsReportedAndTheOthersRun()
    {
        // Reflection hides the call from the compiler's check, so that the process is really told to exit.
        var (code, _, error, executed) = Run(
            TestNotebook.Of("#!csharp\nvar kept = 5;", "#!csharp\ntypeof(Environment).GetMethod(\"Exit\").Invoke(null, new object[] { 3 });", "#!csharp\nkept"), "--allow-errors");
        Assert.Equal(1, code);
        Assert.Contains("cell 2 failed", error, StringComparison.Ordinal);
        Assert.Contains("called exit", (string?)executed["cells"]![1]!["outputs"]![0]!["evalue"], StringComparison.Ordinal);
        Assert.Equal("5", Data(executed, 2, 0, "text/plain"));
    }

    [Fact]
    public void ACellThatNeverEndsMeetsItsTimeLimit()
    {
        var (code, _, error, executed) = Run(TestNotebook.Of("#!csharp\nwhile (true) { }"), "--timeout", "3");
        Assert.Equal(1, code);
        Assert.Contains("longer than 3 s", error, StringComparison.Ordinal);
        Assert.Equal("TimeLimit", (string?)executed["cells"]![0]!["outputs"]![0]!["ename"]);
    }

    [Fact]
    public void ACellThatEndsByItselfWhenItsTimeIsUpHasFailedToo()
    {
        var (code, _, error, _) = Run(TestNotebook.Of("#!csharp\nwhile (!cancellation.IsCancellationRequested) System.Threading.Thread.Sleep(20);", "#!csharp\n5"), "--timeout", "5");
        Assert.Equal(1, code);
        Assert.Contains("longer than 5 s", error, StringComparison.Ordinal);
    }

    [Fact]
    public void AClearedOutputMakesRoomAndTheLastValueTakesItsPlace()
    {
        var (code, _, error, executed) = Run(TestNotebook.Of("#!csharp\nfor (var i = 0; i < 1500; i++) { clear(); display(i); }", "#!csharp\ndisplay(\"old\");\nclear();\n\"new\""));
        Assert.True(code == 0, error);
        Assert.Equal("1499", Data(executed, 0, 0, "text/plain"));
        Assert.Single(executed["cells"]![0]!["outputs"]!.AsArray());
        Assert.Equal("new", Data(executed, 1, 0, "text/plain"));
        Assert.Single(executed["cells"]![1]!["outputs"]!.AsArray());
    }

    [Fact]
    public void AThreadThatACellHasLeftBehindDoesNotDisturbTheFile()
    {
        var (code, _, error, executed) = Run(TestNotebook.Of("#!csharp\nvar shown = display(0);\nnew Thread(() => { for (var i = 0; ; i++) shown.Update(new string('x', i % 5000)); }) { IsBackground = true }.Start();\nThread.Sleep(300);"));
        Assert.True(code == 0, error);
        Assert.Single(executed["cells"]![0]!["outputs"]!.AsArray());
    }

    [Fact]
    public void ADamagedNotebookIsRefusedInOneSentence()
    {
        File.WriteAllText(_folder.File("in.ipynb"), "{\"cells\": [");
        var (code, _, error) = KernelProcess.Finish(KernelProcess.Start("run", _folder.File("in.ipynb")));
        Assert.Equal(2, code);
        Assert.StartsWith("error: ", error, StringComparison.Ordinal);
        Assert.Single(error.Trim().Split('\n'));
    }

    [Fact]
    public void DebiansJupyterExecutesANotebook()
    {
        if (!Convert("--version")) Assert.Skip("jupyter nbconvert is not installed (Debian: apt-get install jupyter-notebook jupyter-nbconvert).");
        ResearchKit.Kernel.Jupyter.KernelSpec.Install(KernelProcess.Program, _folder.Path);
        File.WriteAllText(_folder.File("in.ipynb"), TestNotebook.Of("let x = 20\nprintfn \"from F#\"", "#!csharp\n#!share x --from fsharp\nx + 1", "open Plotly.NET\nChart.Line([ 1; 2 ], [ 3; 4 ])"));
        Assert.True(Convert("--execute", "--to", "notebook", "--output", "out.ipynb", _folder.File("in.ipynb")), "jupyter nbconvert failed");
        var executed = JsonNode.Parse(File.ReadAllText(_folder.File("out.ipynb")))!;
        Assert.Equal("from F#\n", Text(executed, 0, 0, "text"));
        Assert.Equal("21", Data(executed, 1, 0, "text/plain"));
        Assert.Contains("newPlot", Data(executed, 2, 1, "text/html"), StringComparison.Ordinal);
    }

    private (int Code, string Output, string Error, JsonNode Executed) Run(string notebook, params string[] options)
    {
        File.WriteAllText(_folder.File("in.ipynb"), notebook);
        var (code, output, error) = KernelProcess.Finish(KernelProcess.Start(["run", _folder.File("in.ipynb"), "--out", _folder.File("out.ipynb"), .. options]));
        return (code, output, error, JsonNode.Parse(File.ReadAllText(_folder.File("out.ipynb")))!);
    }

    private static string Data(JsonNode notebook, int cell, int output, string type) => Joined(notebook["cells"]![cell]!["outputs"]![output]!["data"]![type]);

    private static string Text(JsonNode notebook, int cell, int output, string key) => Joined(notebook["cells"]![cell]!["outputs"]![output]![key]);

    private static string Joined(JsonNode? text) => text is JsonArray lines ? string.Concat(lines.Select(line => (string?)line)) : (string?)text ?? "";

    private static IEnumerable<int> Occurrences(string text, string what)
    {
        for (var at = text.IndexOf(what, StringComparison.Ordinal); at >= 0; at = text.IndexOf(what, at + 1, StringComparison.Ordinal)) yield return at;
    }

    private bool Convert(params string[] arguments)
    {
        var start = new System.Diagnostics.ProcessStartInfo("jupyter", ["nbconvert", .. arguments]) { RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = _folder.Path };
        start.Environment["JUPYTER_PATH"] = Path.Combine(_folder.Path, "share", "jupyter");
        start.Environment["JUPYTER_RUNTIME_DIR"] = _folder.Path;
        start.Environment["OMP_NUM_THREADS"] = "1";
        try
        {
            var (code, _, error) = KernelProcess.Finish(System.Diagnostics.Process.Start(start)!);
            if (code != 0) TestContext.Current.TestOutputHelper?.WriteLine(error);
            return code == 0;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return false;
        }
    }
}
