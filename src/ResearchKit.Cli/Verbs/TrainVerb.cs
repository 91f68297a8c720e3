using System.CommandLine;
using ResearchKit.Core;
using ResearchKit.Experiments;
using ResearchKit.Experiments.Configuration;
using ResearchKit.Training;
using static System.FormattableString;

namespace ResearchKit.Cli.Verbs;

/// <summary><c>rk train</c>: pre-trains a model from an experiment file.</summary>
internal sealed class TrainVerb : Verb
{
    public override Command Command()
    {
        var file = new Argument<string>("FILE") { Description = "Pre-training experiment (JSON, kind: pretraining)." };
        var (set, json, device, threads) = (Set(), Json(), Device(), ThreadsOfFile());
        var command = new Command("train", """
            Pre-trains a model from text, with checkpoints. Interrupted or killed, the same command carries on and, on the CPU, ends in the same bits.

            Example:  rk train experiments/sisters/gpt2-mini.json
                      rk train experiments/sisters/gpt2-mini.json --set training.tokens=100000 --set name=trial
            """) { file, set, device, threads, json };
        command.SetAction((parsed, cancellation) =>
        {
            var path = parsed.GetRequiredValue(file);
            var config = ExperimentConfig.Load(path, parsed.GetValue(set)) as PretrainingConfig ?? throw new ConfigException($"{path} is not a pre-training (kind: pretraining). `rk run` runs every kind.");
            return Task.FromResult(Train(config, path, parsed.GetRequiredValue(device), parsed.GetValue(threads), parsed.GetValue(json), cancellation));
        });
        return command;
    }

    internal static int Train(PretrainingConfig config, string file, string deviceName, int threads, bool json, CancellationToken cancellation)
    {
        var device = RunEnvironment.Start(deviceName, threads != 0 ? threads : config.Threads);
        var runner = new PretrainingRunner(config, Path.GetDirectoryName(Path.GetFullPath(file))!, device);
        PretrainingOutcome outcome;
        try
        {
            using var line = new ProgressLine();
            outcome = runner.Run(what => line.Show($"preparing {what} …"), line.For<TrainingProgress>(Words), cancellation);
        }
        catch (TrainingDivergedException error)
        {
            Console.Error.WriteLine("error: " + error.Message);
            return 1;
        }

        if (json)
        {
            PrintJson(outcome);
        }
        else
        {
            Console.WriteLine(Invariant($"{config.Name}: {outcome.Steps:N0} steps, {outcome.Tokens:N0} tokens{(outcome.ResumedFrom > 0 ? $" (carried on from step {outcome.ResumedFrom:N0})" : "")}."));
            foreach (var (name, value) in outcome.Validation) Console.WriteLine(Invariant($"  {name,-36} {value:0.0000}"));
            Console.WriteLine($"Model: {outcome.ModelFolder}");
        }

        return 0;
    }

    private static string Words(TrainingProgress value) => Invariant(
        $"step {value.Step:N0}/{value.TotalSteps:N0}, loss {value.Loss:0.000}, {value.TokensPerSecond:N0} tokens/s, {ProgressLine.Duration(value.TimeLeft)} left");
}
