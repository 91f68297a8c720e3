using System.Diagnostics;
using ResearchKit.Core;
using ResearchKit.Models;
using ResearchKit.Models.Checkpoints;

namespace ResearchKit.Benchmarking.Cases;

/// <summary>How long a user waits for the first answer of the command.</summary>
internal sealed class StartUp : BenchmarkCase
{
    public override string Name => "startup";

    public override string Description => "Seconds until the command answers: rk --help, rk describe, and the first token of a 124M model in a folder.";

    public override void Run(BenchmarkContext context)
    {
        if (context.Options.Command.Count == 0)
        {
            context.Add(new BenchmarkRow { Case = context.Case, What = "rk --help, rk describe, first token", NotMeasured = "the program rk was not named" });
            return;
        }

        var folder = Directory.CreateTempSubdirectory("rk-bench-").FullName;
        try
        {
            context.Say("writing a 124M model");
            using (var model = new Gpt(Gpt2Small)) ModelFolder.Save(folder, model, tokenizer: null);
            Measure(context, "rk --help", ["--help"], 0.2);
            Measure(context, "rk describe gpt2-small", ["describe", "gpt2-small"], 1);
            Measure(context, "first token, 124M", ["generate", "--model", folder, "--tokens", "1,2,3", "--max-new-tokens", "1", "--threads", FormattableString.Invariant($"{context.Threads}")], 2);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static void Measure(BenchmarkContext context, string what, string[] arguments, double goal)
    {
        var turns = new Turns().Add(what, () => Start(context.Options.Command, arguments));
        turns.Run(context.Quick ? 3 : 7, context);
        var row = new BenchmarkRow { Case = context.Case, What = what, Unit = "s", Repetitions = turns.Count };
        context.Add(row with { Value = turns.Seconds(what), Goal = goal, LessIsBetter = true, Note = turns.CpuSeconds(what) is var cpu && double.IsNaN(cpu) ? null : FormattableString.Invariant($"{cpu:0.00} s of processor time") });
    }

    private static Timing Start(IReadOnlyList<string> command, string[] arguments)
    {
        var start = new ProcessStartInfo(command[0]) { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var argument in command.Skip(1).Concat(arguments)) start.ArgumentList.Add(argument);
        var cpu = MachineState.ChildCpuSeconds();
        var watch = Stopwatch.StartNew();
        using var process = Process.Start(start)!;
        var error = process.StandardError.ReadToEndAsync();
        process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        var seconds = watch.Elapsed.TotalSeconds;
        if (process.ExitCode != 0) throw new ConfigException($"{string.Join(' ', command.Concat(arguments))} ended with code {process.ExitCode}: {error.Result.Trim()}");
        return new Timing(seconds, MachineState.ChildCpuSeconds() - cpu);
    }
}
