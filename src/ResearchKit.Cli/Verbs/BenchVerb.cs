using System.CommandLine;
using ResearchKit.Benchmarking;
using ResearchKit.Core;

namespace ResearchKit.Cli.Verbs;

/// <summary><c>rk bench</c>: how fast the kit is on this machine, against the machine's limits.</summary>
internal sealed class BenchVerb : Verb
{
    public override Command Command()
    {
        var only = new Option<string[]>("--only") { Description = "Run this benchmark alone; may be given several times. `rk bench --list` names them.", AllowMultipleArgumentsPerToken = false, HelpName = "NAME" };
        var list = new Option<bool>("--list") { Description = "Names the benchmarks and says what they measure; measures nothing." };
        var quick = new Option<bool>("--quick") { Description = "Fewer repetitions and smaller shapes: some minutes instead of half an hour." };
        var threads = Threads();
        var text = new Option<string?>("--text") { Description = "Text file for the tokenizer, instead of text that the kit generates.", HelpName = "FILE" };
        var output = new Option<string?>("--out") { Description = "Writes benchmarks.md and benchmarks.json there as well.", HelpName = "DIR" };
        var json = Json();
        var command = new Command("bench", """
            Measures this machine (sgemm rate, memory bandwidth) and the kit against it: training steps, memory, attention patterns, scoring prompts,
            generation, tokenizing, start-up, reports. What is compared takes turns; numbers are medians. Run it on a quiet machine.
            Interrupted, it prints what it has. Peers (nanoGPT, other tokenizers) are in tests/ResearchKit.Benchmarks.

            Example:  rk bench --quick
                      rk bench --only decode --only train --threads 1 --json
            """) { only, list, quick, threads, text, output, json };
        command.SetAction((parsed, cancellation) =>
        {
            if (parsed.GetValue(list))
            {
                foreach (var (name, description) in BenchmarkSuite.List) Console.WriteLine($"{name,-10} {description}");
                return Task.FromResult(0);
            }

            if (parsed.GetValue(output) is { } path && File.Exists(path)) throw new ConfigException($"--out {path} is a file; give a folder.");
            BenchmarkReport report;
            using (var line = new ProgressLine())
            {
                report = BenchmarkSuite.Run(new BenchmarkOptions
                {
                    Only = parsed.GetValue(only) ?? [], Quick = parsed.GetValue(quick), Threads = parsed.GetValue(threads), TextFile = parsed.GetValue(text), Command = OwnCommand(),
                }, line.For<string>(words => words), cancellation);
            }

            if (parsed.GetValue(output) is { } folder) report.Write(folder);
            if (parsed.GetValue(json)) PrintJson(report);
            else Console.Write(report.Text());
            return Task.FromResult(report.Interrupted ? 130 : 0);
        });
        return command;
    }

    /// <summary>How this program was started: its own executable, or dotnet with its library.</summary>
    private static string[] OwnCommand()
    {
        var program = Environment.ProcessPath ?? "dotnet";
        return Path.GetFileNameWithoutExtension(program) == "dotnet" ? [program, typeof(BenchVerb).Assembly.Location] : [program];
    }
}
