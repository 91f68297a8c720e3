using System.Globalization;
using ResearchKit.Core;
using ResearchKit.Core.Files;
using ResearchKit.Kernel.Cells;
using ResearchKit.Kernel.Files;
using ResearchKit.Kernel.Jupyter;

namespace ResearchKit.Kernel;

/// <summary>Entry point of <c>rk-kernel</c>, which <c>rk notebook</c> and Jupyter start. Arguments are those that <c>rk notebook</c> has checked; people call <c>rk notebook --help</c>.</summary>
/// <remarks>Exit codes are rk's: 0 done; 1 a cell failed, or a bug; 2 something the user can mend; 130 interrupted.</remarks>
internal static class Program
{
    // The console of the process: once a session exists, Console belongs to the cells.
    private static readonly TextWriter Out = new StreamWriter(Console.OpenStandardOutput()) { AutoFlush = true };
    private static readonly TextWriter Error = new StreamWriter(Console.OpenStandardError()) { AutoFlush = true };

    private static int Main(string[] args)
    {
        CultureInfo.DefaultThreadCurrentCulture = CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
        int code;
        try
        {
            code = Run(args);
        }
        catch (ConfigException error)
        {
            Error.WriteLine("error: " + error.Message);
            code = 2;
        }
        catch (OperationCanceledException)
        {
            Error.WriteLine("Interrupted.");
            code = 130;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            Error.WriteLine("error: " + error.Message);
            code = 1;
        }

        // Threads that cells started may still run; a notebook that has ended does not wait for them.
        ProcessGuard.Leave(code);
        return code;
    }

    private static int Run(string[] args)
    {
        if (args.Length < 2) throw new ConfigException("rk-kernel is started by `rk notebook` and by Jupyter; see rk notebook --help.");
        var (verb, file) = (args[0], args[1]);
        string? Value(string option) => Array.IndexOf(args, option) is >= 0 and var at && at + 1 < args.Length ? args[at + 1] : null;
        bool Has(string option) => args.Contains(option);
        return verb switch
        {
            "kernel" => Serve(file, Value("--language") ?? "fsharp"),
            "install" => Install(file, Value("--prefix")),
            "run" => RunNotebook(file, Value("--out"), double.Parse(Value("--timeout") ?? "600", CultureInfo.InvariantCulture), Has("--allow-errors")),
            "check" => Check(file, Has("--allow-outputs")),
            "strip" => Strip(file, Value("--out") ?? file, Has("--mark-languages")),
            "export" => Export(file, Value("--out") ?? Path.ChangeExtension(file, ".html"), Has("--share-plotly")),
            _ => throw new ConfigException($"rk-kernel has no verb {verb}; see rk notebook --help."),
        };
    }

    private static int Serve(string connection, string language)
    {
        using var server = new KernelServer(ConnectionFile.Read(connection), language);
        server.Serve();
        return 0;
    }

    private static int Install(string kernel, string? prefix)
    {
        foreach (var folder in KernelSpec.Install(kernel, prefix)) Out.WriteLine(folder);
        Out.WriteLine("Registered with Jupyter: ResearchKit F#, ResearchKit C#. Start `jupyter notebook` and choose one under New.");
        return 0;
    }

    private static int RunNotebook(string file, string? output, double seconds, bool allowErrors)
    {
        var notebook = NotebookFile.Read(file);
        output = output is null ? null : Path.GetFullPath(output);
        // Paths in cells start from the notebook's folder, as under Jupyter.
        Environment.CurrentDirectory = Path.GetDirectoryName(Path.GetFullPath(file))!;
        using var cancellation = new CancellationTokenSource();
        Console.CancelKeyPress += (_, pressed) =>
        {
            pressed.Cancel = true;
            cancellation.Cancel();
        };
        NotebookOutcome outcome;
        try
        {
            outcome = NotebookRunner.Run(notebook, TimeSpan.FromSeconds(seconds), allowErrors, (cell, count, all) => Error.WriteLine($"{file}: cell {count} of {all}: {FirstLine(cell.Source)}"), cancellation.Token);
        }
        finally
        {
            // Also when it was interrupted: what has run is worth seeing.
            if (output is not null)
            {
                notebook.MarkLanguages();
                notebook.Write(output);
            }
        }

        if (outcome.Error is not { } error)
        {
            Out.WriteLine($"{file}: {outcome.RanCount} cells ran{(output is null ? "" : $"; {output}")}");
            return 0;
        }

        Error.WriteLine($"{file}: cell {outcome.FailedCell} failed (code cell {outcome.RanCount}){(output is null ? "" : $"; outputs up to it are in {output}")}\n{string.Join('\n', error.Traceback)}");
        return 1;
    }

    private static int Check(string file, bool allowOutputs)
    {
        var problems = NotebookCheck.Problems(NotebookFile.Read(file), allowOutputs);
        foreach (var problem in problems) Error.WriteLine($"{file}: {problem}");
        if (problems.Count == 0) Out.WriteLine($"{file}: no problems");
        return problems.Count == 0 ? 0 : 2;
    }

    private static int Strip(string file, string output, bool marks)
    {
        var notebook = NotebookFile.Read(file);
        var before = notebook.ToString();
        var count = notebook.Strip();
        if (marks) notebook.MarkLanguages();
        if (output != file || notebook.ToString() != before) notebook.Write(output);
        Out.WriteLine($"{output}: outputs of {count} cells removed");
        return 0;
    }

    private static int Export(string file, string output, bool shares)
    {
        var notebook = NotebookFile.Read(file);
        if (!notebook.Cells.Any(cell => cell.Outputs.Count > 0)) Error.WriteLine($"{file} has no outputs: the page will show code only. Run it first: rk notebook run {file} --out EXECUTED.ipynb");
        AtomicFile.WriteText(output, HtmlPage.Of(notebook, shares));
        if (shares)
        {
            var script = Path.Combine(Path.GetDirectoryName(Path.GetFullPath(output))!, HtmlPage.SharedScriptName);
            if (!File.Exists(script)) AtomicFile.WriteText(script, Notebooks.Charts.PlotlyLoader.SharedScript());
        }

        Out.WriteLine(output);
        return 0;
    }

    private static string FirstLine(string source) => source.Split('\n').FirstOrDefault(line => !string.IsNullOrWhiteSpace(line) && !line.StartsWith("#!", StringComparison.Ordinal), "").Trim();
}
