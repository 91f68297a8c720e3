using System.CommandLine;
using System.Globalization;
using ResearchKit.Core;

namespace ResearchKit.Cli.Verbs;

/// <summary><c>rk notebook</c>: F# and C# notebooks. Checks the arguments and starts rk-kernel, a program of its own.</summary>
/// <remarks>rk does not reference the kernel: the compilers of two languages would make the first build of <c>rk run</c> longer and its output larger by what no other verb needs.</remarks>
internal sealed class NotebookVerb : Verb
{
    public override Command Command() => new("notebook", """
        F# and C# in one notebook: registers the kernel with Jupyter, and runs, checks, strips and exports .ipynb files without Python.

        Example:  rk notebook install
                  rk notebook run notebooks/*.ipynb
        """) { Install(), Run(), Check(), Strip(), Export(), Kernel() };

    private static Command Run()
    {
        var files = Files();
        var output = new Option<string?>("--out") { Description = "Write the executed notebook to this file, or into this folder (ends in /) for several.", HelpName = "FILE|DIR/" };
        var limit = new Option<double>("--timeout") { Description = "Most seconds for one cell; it is stopped then, and counts as failed.", DefaultValueFactory = _ => 600, HelpName = "SECONDS" };
        var allow = new Option<bool>("--allow-errors") { Description = "Go on behind cells that fail." };
        var command = new Command("run", """
            Runs notebooks from top to bottom, each in a process of its own. Stops at the first cell that fails, except those tagged raises-exception.

            Example:  rk notebook run notebooks/01-a-language-model-in-ten-cells.ipynb --out executed.ipynb
            """) { files, output, limit, allow };
        command.SetAction((parsed, cancellation) =>
        {
            if (parsed.GetValue(limit) is not (> 0 and <= 1e6)) throw new ConfigException($"--timeout ({parsed.GetValue(limit)}) must lie above 0 and be at most 1000000 seconds.");
            return Each(parsed.GetRequiredValue(files), parsed.GetValue(output), file => Path.GetFileName(file), (file, target) =>
                ["run", file, .. target is null ? Array.Empty<string>() : ["--out", target], "--timeout", parsed.GetValue(limit).ToString(CultureInfo.InvariantCulture), .. parsed.GetValue(allow) ? ["--allow-errors"] : Array.Empty<string>()], cancellation);
        });
        return command;
    }

    private static Command Check()
    {
        var files = Files();
        var allow = new Option<bool>("--allow-outputs") { Description = "Outputs may be left in the file." };
        var command = new Command("check", """
            Says what is wrong with notebooks without running them: damaged files, unknown magics, syntax, missing files, outputs left in them.

            Example:  rk notebook check notebooks/*.ipynb
            """) { files, allow };
        command.SetAction((parsed, cancellation) => Each(parsed.GetRequiredValue(files), null, file => file, (file, _) => ["check", file, .. parsed.GetValue(allow) ? ["--allow-outputs"] : Array.Empty<string>()], cancellation));
        return command;
    }

    private static Command Strip()
    {
        var files = Files();
        var output = new Option<string?>("--out") { Description = "Write here instead of into the file itself.", HelpName = "FILE|DIR/" };
        var mark = new Option<bool>("--mark-languages") { Description = "Also write each cell's language into its metadata, as .NET Interactive and Polyglot notebooks do, so that other tools open the file." };
        var command = new Command("strip", """
            Removes what a run leaves, outputs, execution counts and the note of its version, and nothing else: so notebooks are committed.

            Example:  rk notebook strip notebooks/*.ipynb
            """) { files, output, mark };
        command.SetAction((parsed, cancellation) => Each(parsed.GetRequiredValue(files), parsed.GetValue(output), file => Path.GetFileName(file), (file, target) =>
            ["strip", file, .. target is null ? Array.Empty<string>() : ["--out", target], .. parsed.GetValue(mark) ? ["--mark-languages"] : Array.Empty<string>()], cancellation));
        return command;
    }

    private static Command Export()
    {
        var files = Files();
        var output = new Option<string?>("--out") { Description = "Page, or folder (ends in /) for several; default is beside the notebook.", HelpName = "FILE.html|DIR/" };
        var share = new Option<bool>("--share-plotly") { Description = "Take plotly.js from a file beside the page, one for all pages of a folder, instead of 3.5 MB in each." };
        var command = new Command("export", """
            Writes executed notebooks as HTML pages that need no network.

            Example:  rk notebook export executed.ipynb --out page.html
            """) { files, output, share };
        command.SetAction((parsed, cancellation) => Each(parsed.GetRequiredValue(files), parsed.GetValue(output), file => Path.GetFileNameWithoutExtension(file) + ".html", (file, target) =>
            ["export", file, .. target is null ? Array.Empty<string>() : ["--out", target], .. parsed.GetValue(share) ? ["--share-plotly"] : Array.Empty<string>()], cancellation));
        return command;
    }

    private static Command Install()
    {
        var prefix = new Option<string?>("--prefix") { Description = "Register under DIR/share/jupyter/kernels instead of for this user.", HelpName = "DIR" };
        var fast = new Option<bool>("--no-compile") { Description = "Skip the ahead-of-time compilation, which takes a minute or more and halves the time to the first result." };
        var command = new Command("install", """
            Registers two kernels with Jupyter, ResearchKit F# and ResearchKit C#: the same program, with another language for cells that name none.

            Example:  rk notebook install
            """) { prefix, fast };
        command.SetAction((parsed, cancellation) =>
        {
            var kernel = KernelProgram.Install(aheadOfTime: !parsed.GetValue(fast), cancellation);
            string[] where = parsed.GetValue(prefix) is { } folder ? ["--prefix", Path.GetFullPath(folder)] : [];
            return KernelProgram.Start(kernel, ["install", kernel, .. where], cancellation);
        });
        return command;
    }

    private static Command Kernel()
    {
        var file = new Argument<string>("CONNECTION") { Description = "Connection file that Jupyter wrote." };
        var language = new Option<string>("--language") { Description = "fsharp or csharp: the language of cells that name none.", DefaultValueFactory = _ => "fsharp" };
        var command = new Command("kernel", """
            Serves a Jupyter front end; Jupyter starts this itself.

            Example:  rk notebook kernel connection.json --language csharp
            """) { file, language };
        command.SetAction((parsed, cancellation) => KernelProgram.Start(KernelProgram.Find(), ["kernel", parsed.GetRequiredValue(file), "--language", parsed.GetRequiredValue(language)], cancellation));
        return command;
    }

    private static Argument<string[]> Files() => new("FILE") { Description = "Notebooks, .ipynb.", Arity = ArgumentArity.OneOrMore };

    // Every file is done, also when an earlier one fails; the gravest exit code is the answer.
    private static async Task<int> Each(string[] files, string? output, Func<string, string> name, Func<string, string?, IEnumerable<string>> arguments, CancellationToken cancellation)
    {
        var isFolder = output is not null && (output.EndsWith('/') || output.EndsWith(Path.DirectorySeparatorChar) || Directory.Exists(output));
        if (output is not null && !isFolder && files.Length > 1) throw new ConfigException($"--out {output} names one file for {files.Length} notebooks; give a folder, ending in /.");
        if (isFolder && files.GroupBy(name, StringComparer.Ordinal).FirstOrDefault(group => group.Count() > 1) is { } same)
            throw new ConfigException($"{string.Join(" and ", same)} would both be written to {Path.Combine(output!, same.Key)}; give them folders of their own.");
        var kernel = KernelProgram.Find();
        var worst = 0;
        foreach (var file in files)
        {
            cancellation.ThrowIfCancellationRequested();
            var code = await KernelProgram.Start(kernel, arguments(file, output is null ? null : isFolder ? Path.Combine(output, name(file)) : output), cancellation).ConfigureAwait(false);
            if (code is not (0 or 1 or 2 or 130))
            {
                await Console.Error.WriteLineAsync($"error: {file}: the process ended with code {code}, in the cell named last: native code crashed, the stack overflowed, or memory ran out. Its outputs are lost.").ConfigureAwait(false);
                code = 1;
            }

            worst = code == 0 ? worst : worst is 0 or 2 ? code : worst;
        }

        return worst;
    }
}
