using System.CommandLine;
using System.Diagnostics;
using ResearchKit.Core;
using ResearchKit.Core.Configuration;
using ResearchKit.Evaluation.Protocols;
using ResearchKit.Experiments;
using ResearchKit.Experiments.Configuration;
using ResearchKit.Models.Checkpoints;
using ResearchKit.Training.FineTuning;
using static System.FormattableString;

namespace ResearchKit.Cli.Verbs;

/// <summary><c>rk finetune</c>: one model on one task by GPT-1's method.</summary>
internal sealed class FineTuneVerb : Verb
{
    public override Command Command()
    {
        var model = ModelFolderOption();
        var task = TaskOption();
        var examples = new Option<int?>("--examples") { Description = "Labelled training examples, drawn by the seed; default all.", HelpName = "N" };
        var limit = new Option<int?>("--limit") { Description = "Score at most this many test items, the same as `rk eval` with this seed.", HelpName = "N" };
        var seed = new Option<long>("--seed") { Description = "Seed of items, examples, new parameters and batch order.", DefaultValueFactory = _ => 1 };
        var (set, device, threads, json) = (Set(), Device(), Threads(), Json());
        var command = new Command("finetune", """
            Fine-tunes a model on a task by GPT-1's method and scores the test items. --set changes the recipe; its keys are in experiments/schema.json.

            Example:  rk finetune --model results/models/gpt1-mini --task suite/sentiment --examples 256 --set epochs=5 --set learning_rate=0.0005
            """) { model, task, examples, limit, seed, set, device, threads, json };
        command.SetAction((parsed, cancellation) =>
        {
            if (parsed.GetValue(limit) is < 1) throw new ConfigException($"--limit ({parsed.GetValue(limit)}) must be at least 1.");
            var recipe = ConfigJson.Parse<FineTuneRecipe>("{}", "recipe", parsed.GetValue(set), value => value.Problems());
            var computeDevice = RunEnvironment.Start(parsed.GetRequiredValue(device), parsed.GetValue(threads));
            var start = parsed.GetValue(seed);
            var ready = TaskCatalog.Ready(new TaskReference { Name = parsed.GetRequiredValue(task), Limit = parsed.GetValue(limit) }, start, Environment.CurrentDirectory);
            if (!ready.FineTune) throw new ConfigException($"{ready.Task.Name} can't be fine-tuned on: it has no training items with choices.");
            var count = parsed.GetValue(examples) ?? ready.Splits.Train.Count;
            if (count < 1 || count > ready.Splits.Train.Count) throw new ConfigException($"--examples ({count}) must lie between 1 and {ready.Splits.Train.Count}, the training items of {ready.Task.Name}.");
            using var loaded = ModelFolder.Load(parsed.GetRequiredValue(model));
            var tokenizer = loaded.RequireTokenizer();
            computeDevice.MoveHere(loaded.Model);
            var train = ready.TrainingExamples(count, start);
            FineTuneResult result;
            try
            {
                using var line = new ProgressLine();
                var clock = Stopwatch.StartNew();
                result = FineTuner.Run(loaded.Model, tokenizer, recipe, ready.ClassCount, train, ready.Labelled(ready.Splits.Validation), ready.Labelled(ready.Splits.Test), start, line.For<FineTuneProgress>(value => Words(value, clock.Elapsed)), cancellation);
            }
            catch (ArgumentException error)
            {
                throw new ConfigException($"Task {ready.Task.Name}: {Sentence(error)}", error);
            }

            var accuracy = ready.Splits.Test.Zip(result.Test, (item, prediction) => item.Gold == prediction.Predicted ? 1.0 : 0.0).Average();
            var metrics = FineTunedScores.Of(ready, result);
            if (parsed.GetValue(json))
            {
                PrintJson(new { model = loaded.Name, weights = loaded.WeightsHash, task = ready.Task.Name, examples = count, seed = start, recipe, accuracy, metrics, result });
                return Task.FromResult(0);
            }

            Console.WriteLine($"{loaded.Name} on {ready.Task.Name}, fine-tuned on {count} examples, {result.Test.Count} test items");
            foreach (var epoch in result.Epochs) Console.WriteLine(Invariant($"  epoch {epoch.Epoch,2}  loss {epoch.TrainLoss:0.0000}  validation accuracy {epoch.ValidAccuracy:0.0000}{(epoch.Epoch == result.BestEpoch ? "  <- used" : "")}"));
            foreach (var (name, value) in metrics) Console.WriteLine(Invariant($"  test {name} {value:0.0000}"));
            if (TaskProtocols.Of(ready.Task).FirstOrDefault(protocol => protocol.IsFineTuned) is { } source)
            {
                Console.WriteLine($"  published: {source.Source}; split {source.Split}, {string.Join(", ", ProtocolFacts.Of(source, ready.Task, 0).Metrics)}");
                foreach (var difference in source.Assumptions) Console.WriteLine($"    {difference}");
            }
            return Task.FromResult(0);
        });
        return command;
    }

    private static string Words(FineTuneProgress value, TimeSpan elapsed)
    {
        var rate = value.Step / Math.Max(0.001, elapsed.TotalSeconds);
        return Invariant($"step {value.Step}/{value.TotalSteps}, {rate:0.0} steps/s, {ProgressLine.Duration(TimeSpan.FromSeconds((value.TotalSteps - value.Step) / Math.Max(rate, 0.001)))} left");
    }
}
