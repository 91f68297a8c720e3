using System.CommandLine;
using System.Globalization;
using ResearchKit.Core;
using ResearchKit.Experiments;
using ResearchKit.Experiments.Configuration;

namespace ResearchKit.Cli.Verbs;

/// <summary><c>rk run</c>: an experiment file to its end.</summary>
internal sealed class RunVerb : Verb
{
    public override Command Command()
    {
        var file = new Argument<string>("FILE") { Description = "Experiment file (JSON; experiments/schema.json describes it)." };
        var dryRun = new Option<bool>("--dry-run") { Description = "List the cells and which are finished, forward tokens, estimated time and memory, and the smallest difference that the design can detect; run and write nothing." };
        var (set, json, device, threads) = (Set(), Json(), Device(), ThreadsOfFile());
        var command = new Command("run", """
            Runs an experiment file to its end and names the report. Interrupted or killed, the same command carries on.

            Example:  rk run experiments/quickstart.json
                      rk run experiments/quickstart.json --set fine_tuning.examples=[16,64] --dry-run
            """) { file, dryRun, set, device, threads, json };
        command.SetAction((parsed, cancellation) => Task.FromResult(Run(
            parsed.GetRequiredValue(file), parsed.GetValue(set) ?? [], parsed.GetRequiredValue(device), parsed.GetValue(threads), parsed.GetValue(dryRun), parsed.GetValue(json), cancellation)));
        return command;
    }

    private static int Run(string file, string[] overrides, string device, int threads, bool dryRun, bool json, CancellationToken cancellation) =>
        ExperimentConfig.Load(file, overrides) switch
        {
            ComparisonConfig comparison => Compare(comparison, file, device, threads, dryRun, json, cancellation),
            PretrainingConfig when dryRun => throw new ConfigException("--dry-run lists the cells of a comparison; a pre-training has none. `rk describe` tells what the model needs."),
            PretrainingConfig pretraining => TrainVerb.Train(pretraining, file, device, threads, json, cancellation),
            var other => throw new ConfigException($"{file}: `rk run` does not know experiments of kind {other.GetType().Name}."),
        };

    private static int Compare(ComparisonConfig config, string file, string deviceName, int threads, bool dryRun, bool json, CancellationToken cancellation)
    {
        var device = RunEnvironment.Start(deviceName, threads != 0 ? threads : config.Threads);
        var runner = new ComparisonRunner(config, Path.GetDirectoryName(Path.GetFullPath(file))!, device);
        if (dryRun)
        {
            var plan = runner.Plan();
            DryRun.Show(config, plan, RunEstimate.Of(config, plan, device), device, json);
            return 0;
        }

        RunOutcome outcome;
        using (var line = new ProgressLine())
        {
            outcome = runner.Run(line.ForRun(), cancellation);
        }

        foreach (var warning in outcome.Warnings) Console.Error.WriteLine("note: " + warning);
        if (json)
        {
            PrintJson(outcome);
        }
        else
        {
            Console.WriteLine($"{outcome.ComputedCells} cells computed, {outcome.ReusedCells} reused, in {ProgressLine.Duration(TimeSpan.FromSeconds(outcome.Seconds))}.");
            if (outcome.Check is { } check) Console.WriteLine(check);
            Console.WriteLine($"Report: {outcome.ReportPath}");
        }

        return 0;
    }
}
