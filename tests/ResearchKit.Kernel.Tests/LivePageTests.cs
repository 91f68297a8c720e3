using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using ResearchKit.Kernel.Files;
using ResearchKit.Kernel.Jupyter;
using ResearchKit.Testing;

namespace ResearchKit.Kernel.Tests;

/// <summary>What a person sees: notebooks in a browser that reaches nothing but this machine.</summary>
public sealed class LivePageTests : IDisposable
{
    // A chart is drawn when Plotly has put its drawing into it, and the drawing has a size.
    private const string Drawn = "[...document.querySelectorAll('.js-plotly-plot')].filter(plot => plot.querySelector('.main-svg') && plot.querySelector('.main-svg').getBoundingClientRect().height > 100).length";

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void ChartsOfExportedPagesAreDrawnWithoutNetwork()
    {
        using var browser = Chromium.StartOrSkip();
        const string Chart = "new ResearchKit.Notebooks.Charts.PlotlyFigure(\"[{\\\"y\\\":[1,3,2]}]\", \"{}\")";
        File.WriteAllText(_folder.File("in.ipynb"), TestNotebook.Of("# Charts", "#!csharp\n" + Chart, $"#!csharp\ndisplay({Chart});\n{Chart}"));
        Finish("run", _folder.File("in.ipynb"), "--out", _folder.File("out.ipynb"));
        Finish("export", _folder.File("out.ipynb"), "--out", _folder.File("whole.html"));
        Finish("export", _folder.File("out.ipynb"), "--out", _folder.File("shared.html"), "--share-plotly");
        foreach (var page in new[] { "whole.html", "shared.html" })
        {
            browser.Open("file://" + _folder.File(page), $"document.title === 'Charts' && location.pathname.endsWith('{page}') && {Drawn} === 3", TimeSpan.FromSeconds(30));
        }

        Assert.Equal(new[] { "whole.html", "shared.html", HtmlPage.SharedScriptName }.Order(StringComparer.Ordinal),
            browser.Requests.Select(address => address[(address.LastIndexOf('/') + 1)..]).Where(name => name != "about:blank").Distinct().Order(StringComparer.Ordinal));
    }

    [Fact]
    public void AShippedNotebookRunsInJupyterNotebookAndDrawsItsCharts()
    {
        const string Name = "01-a-language-model-in-ten-cells.ipynb";
        Assert.SkipUnless(HasNotebook6(), "Jupyter Notebook 6 is not installed (Debian: apt-get install jupyter-notebook).");
        using var browser = Chromium.StartOrSkip();
        KernelSpec.Install(KernelProcess.Program, _folder.Path);
        Directory.CreateDirectory(_folder.File("notebooks"));
        File.Copy(Path.Combine(ShippedNotebookTests.Folder, Name), _folder.File("notebooks/" + Name));
        Directory.CreateSymbolicLink(_folder.File("results"), Path.Combine(ShippedNotebookTests.Folder, "..", "results"));

        var port = FreePort();
        using (var server = Jupyter("notebook", "--no-browser", "--allow-root", "--ip=127.0.0.1", $"--port={port}", "--port-retries=0", "--NotebookApp.token=", "--NotebookApp.password=", $"--notebook-dir={_folder.Path}"))
        {
            WaitUntilServed(port);
            browser.Open($"http://127.0.0.1:{port}/notebooks/notebooks/{Name}", "window.Jupyter && Jupyter.notebook && Jupyter.notebook.kernel && Jupyter.notebook.kernel.is_connected()", TimeSpan.FromMinutes(1));
            Assert.Equal("researchkit-fsharp", (string?)browser.Value("Jupyter.notebook.kernel.name"));
            RunAll(browser);
            // Twice: a kernel that was restarted carries the script again.
            browser.Value("new Promise(done => Jupyter.notebook.kernel.restart(done))");
            browser.WaitFor("Jupyter.notebook.kernel.is_connected()", TimeSpan.FromMinutes(1));
            RunAll(browser);
            Assert.DoesNotContain(browser.Requests, address => !address.StartsWith($"http://127.0.0.1:{port}/", StringComparison.Ordinal) && address != "about:blank");

            server.Kill();
            Assert.True(server.WaitForExit(TimeSpan.FromSeconds(20)), "Jupyter did not end");
        }

        // Jupyter was killed, not asked to stop: its kernels notice by themselves.
        var clock = Stopwatch.StartNew();
        while (Kernels().Any() && clock.Elapsed < TimeSpan.FromSeconds(20)) Thread.Sleep(200);
        Assert.Empty(Kernels());
    }

    private static void RunAll(Chromium browser)
    {
        browser.Value("Jupyter.notebook.clear_all_output(), Jupyter.notebook.execute_all_cells()");
        const string Cells = "Jupyter.notebook.get_cells().filter(cell => cell.cell_type === 'code')";
        browser.WaitFor($"{Cells}.every(cell => typeof cell.input_prompt_number === 'number') || document.querySelector('.output_error')", TimeSpan.FromMinutes(3));
        Assert.Equal("", (string?)browser.Value("[...document.querySelectorAll('.output_error, .output_stderr')].map(output => output.innerText).join('\\n')"));
        var charts = (int?)browser.Value($"{Cells}.flatMap(cell => cell.output_area.outputs).filter(output => output.data && (output.data['text/html'] || '').includes('newPlot(at')).length");
        Assert.InRange(charts ?? 0, 3, 20);
        browser.WaitFor($"{Drawn} === {charts}", TimeSpan.FromSeconds(30));
    }

    // Processes that were started with a connection file of this test.
    private IEnumerable<string> Kernels()
    {
        foreach (var process in Directory.GetDirectories("/proc"))
        {
            var text = "";
            try
            {
                text = File.ReadAllText(Path.Combine(process, "cmdline"));
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                // No process, or one that has just ended.
            }

            if (text.Contains("rk-kernel", StringComparison.Ordinal) && text.Contains(_folder.Path, StringComparison.Ordinal)) yield return text;
        }
    }

    private bool HasNotebook6()
    {
        try
        {
            using var process = Jupyter("notebook", "--version");
            var version = process.StandardOutput.ReadToEnd();
            process.WaitForExit();
            return version.StartsWith("6.", StringComparison.Ordinal);
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return false;
        }
    }

    private Process Jupyter(params string[] arguments)
    {
        var start = new ProcessStartInfo("jupyter", arguments) { RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = _folder.Path };
        start.Environment["JUPYTER_PATH"] = Path.Combine(_folder.Path, "share", "jupyter");
        start.Environment["JUPYTER_RUNTIME_DIR"] = _folder.File("runtime");
        start.Environment["JUPYTER_CONFIG_DIR"] = _folder.File("config");
        start.Environment["OMP_NUM_THREADS"] = "1";
        var process = Process.Start(start)!;
        // Read, so that a full pipe does not stop it.
        process.ErrorDataReceived += (_, _) => { };
        process.BeginErrorReadLine();
        return process;
    }

    private static void WaitUntilServed(int port)
    {
        using var client = new HttpClient();
        for (var clock = Stopwatch.StartNew(); ; Thread.Sleep(200))
        {
            Assert.True(clock.Elapsed < TimeSpan.FromMinutes(1), "Jupyter did not start");
            try
            {
                using var answer = client.GetAsync($"http://127.0.0.1:{port}/api").GetAwaiter().GetResult();
                if (answer.IsSuccessStatusCode) return;
            }
            catch (HttpRequestException)
            {
                // Not yet.
            }
        }
    }

    private static void Finish(params string[] arguments)
    {
        var (code, _, error) = KernelProcess.Finish(KernelProcess.Start(arguments));
        Assert.True(code == 0, error);
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
