using System.CommandLine;
using System.Globalization;
using ResearchKit.Core;
using ResearchKit.Evaluation;
using ResearchKit.Experiments;
using ResearchKit.Experiments.Configuration;
using ResearchKit.Models;
using ResearchKit.Models.Checkpoints;

namespace ResearchKit.Cli.Verbs;

/// <summary><c>rk eval</c>: one model on one task from the prompt alone.</summary>
internal sealed class EvalVerb : Verb
{
    public override Command Command()
    {
        var model = ModelFolderOption();
        var task = new Option<string>("--task") { Description = "Task name (rk task list shows all).", Required = true, HelpName = "NAME" };
        var shots = new Option<int>("--shots", "-k") { Description = "Demonstrations in the prompt.", DefaultValueFactory = _ => 0 };
        var limit = new Option<int?>("--limit") { Description = "Score at most this many test items, chosen by the seed.", HelpName = "N" };
        var seed = new Option<long>("--seed") { Description = "Seed of items and demonstrations.", DefaultValueFactory = _ => 1 };
        var overflow = new Option<OverflowPolicy>("--overflow") { Description = "What to do with prompts longer than the context.", DefaultValueFactory = _ => OverflowPolicy.ReduceShots };
        var show = new Option<int>("--show") { Description = "Also print the prompts and answers of the first n items.", HelpName = "N" };
        var (device, threads, json) = (Device(), Threads(), Json());
        var command = new Command("eval", """
            Evaluates a model on a task from the prompt alone, with all normalizations from one pass.

            Example:  rk eval --model results/models/gpt2-mini --task suite/label-induction --shots 8 --limit 200
            """) { model, task, shots, limit, seed, overflow, show, device, threads, json };
        command.SetAction((parsed, cancellation) =>
        {
            if (parsed.GetValue(shots) < 0) throw new ConfigException($"--shots ({parsed.GetValue(shots)}) must be 0 or more.");
            if (parsed.GetValue(limit) is < 1) throw new ConfigException($"--limit ({parsed.GetValue(limit)}) must be at least 1.");
            var compute = RunEnvironment.Start(parsed.GetRequiredValue(device), parsed.GetValue(threads));
            var ready = TaskCatalog.Ready(new TaskReference { Name = parsed.GetRequiredValue(task), Limit = parsed.GetValue(limit) }, parsed.GetValue(seed), Environment.CurrentDirectory);
            using var loaded = ModelFolder.Load(parsed.GetRequiredValue(model));
            var tokenizer = loaded.Tokenizer ?? throw new ConfigException($"{parsed.GetValue(model)} has no tokenizer files (vocab.json and merges.txt).");
            compute.Take(loaded.Model);
            using var languageModel = new GptLanguageModel(loaded.Model, loaded.Name, loaded.WeightsHash);
            var options = new EvaluationOptions { Shots = parsed.GetValue(shots), Seed = parsed.GetValue(seed), Overflow = parsed.GetValue(overflow) };
            TaskResult result;
            using (var line = new ProgressLine())
            {
                result = Evaluator.Run(languageModel, tokenizer, ready.Task, ready.Splits, options, new RequestProgress(line), cancellation);
            }

            if (parsed.GetValue(json)) PrintJson(result);
            else Print(result, parsed.GetValue(show));
            return Task.FromResult(0);
        });
        return command;
    }

    private static void Print(TaskResult result, int show)
    {
        foreach (var item in result.Items.Take(show))
        {
            Console.WriteLine($"── {item.Id} ──────────────────────────────────────\n{item.Prompt}");
            for (var i = 0; i < item.Choices.Count; i++)
            {
                var mark = i == item.Gold ? "*" : " ";
                Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  {mark}{(i == item.Predicted ? ">" : " ")} {item.Choices[i].LogProbability,9:0.000}  {item.Choices[i].Text.Trim()}"));
            }

            if (item.Generated is not null) Console.WriteLine($"   > {item.Generated}   (accepted: {string.Join(" | ", item.Answers)})");
        }

        Console.WriteLine($"{result.Model} on {result.Task}, {result.Options.Shots}-shot, {result.Items.Count} items{(result.Rule is null ? "" : ", ranked by " + result.Rule)}");
        foreach (var (name, value) in result.Metrics) Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  {(name == result.Metric ? "*" : " ")} {name,-34} {value:0.0000}"));
        if (result.ReducedItemCount > 0) Console.WriteLine($"  {result.ReducedItemCount} prompts did not fit with all demonstrations and were given fewer.");
        if (result.TruncatedItemCount > 0) Console.WriteLine($"  {result.TruncatedItemCount} prompts were cut from the left.");
        if (result.TiedItemCount > 0) Console.WriteLine($"  {result.TiedItemCount} answers were exact ties; the first choice was taken.");
    }

    private sealed class RequestProgress(ProgressLine line) : IProgress<EvaluationProgress>
    {
        private readonly System.Diagnostics.Stopwatch _clock = System.Diagnostics.Stopwatch.StartNew();

        public void Report(EvaluationProgress value)
        {
            var rate = value.Done / Math.Max(0.001, _clock.Elapsed.TotalSeconds);
            var left = rate > 0 ? ", " + ProgressLine.Duration(TimeSpan.FromSeconds((value.Total - value.Done) / rate)) + " left" : "";
            line.Show(string.Create(CultureInfo.InvariantCulture, $"[{value.Done}/{value.Total}] {value.Task}, {rate:0} requests/s{left}"));
        }
    }
}
