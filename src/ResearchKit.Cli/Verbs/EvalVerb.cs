using System.CommandLine;
using System.Diagnostics;
using System.Text.Json;
using ResearchKit.Core;
using ResearchKit.Core.Configuration;
using ResearchKit.Evaluation;
using ResearchKit.Evaluation.Protocols;
using ResearchKit.Evaluation.Tasks;
using ResearchKit.Experiments;
using ResearchKit.Models;
using ResearchKit.Models.Checkpoints;
using static System.FormattableString;

namespace ResearchKit.Cli.Verbs;

/// <summary><c>rk eval</c>: one model on one task from the prompt alone, under one protocol or all that define it.</summary>
internal sealed class EvalVerb : Verb
{
    public override Command Command()
    {
        var model = ModelFolderOption();
        var task = TaskOption();
        var (protocol, assume) = (ProtocolOptions.Protocol(", or `all` that define the task, side by side"), ProtocolOptions.Assume());
        var shots = new Option<int>("--shots", "-k") { Description = "Demonstrations in the prompt.", DefaultValueFactory = _ => 0 };
        var limit = new Option<int?>("--limit") { Description = "Score at most this many test items, chosen by the seed.", HelpName = "N" };
        var seed = new Option<long>("--seed") { Description = "Seed of items and demonstrations.", DefaultValueFactory = _ => 1 };
        var overflow = new Option<OverflowPolicy?>("--overflow") { Description = "What to do with prompts longer than the context; default the protocol's own (the kit's words: ReduceShots)." };
        var show = new Option<int>("--show") { Description = "Also print the prompts and answers of the first n items.", HelpName = "N" };
        var set = Set("Change one more option of the evaluation, by its name in a result's JSON: --set demonstration_seed=3, --set 'separator=\"\\n\"', --set unconditional_contexts=[]. May be given several times.");
        var int8 = Int8("first, to learn what that costs in accuracy; no faster here.");
        var (device, threads, json) = (Device(), Threads(), Json());
        var command = new Command("eval", """
            Evaluates a model on a task from the prompt alone, with all normalizations from one pass, and prints the protocol beside the score.

            Example:  rk eval --model results/models/gpt2-mini --task suite/label-induction --shots 8 --limit 200
                      rk eval --model gpt2 --task lambada --protocol gpt2-paper
                      rk eval --model gpt2 --task arc-easy --protocol all --limit 500
            """) { model, task, protocol, assume, shots, limit, seed, overflow, show, set, int8, device, threads, json };
        command.SetAction((parsed, cancellation) =>
        {
            var options = Overridden(new EvaluationOptions { Shots = parsed.GetValue(shots), Seed = parsed.GetValue(seed), Limit = parsed.GetValue(limit) }, "options", parsed.GetValue(set));
            if (options.Shots < 0) throw new ConfigException($"--shots ({options.Shots}) must be 0 or more.");
            if (options.Limit is < 1) throw new ConfigException($"--limit ({options.Limit}) must be at least 1.");
            var policy = parsed.GetValue(set)?.Any(change => change.StartsWith("overflow=", StringComparison.Ordinal)) == true ? options.Overflow : parsed.GetValue(overflow);
            var computeDevice = RunEnvironment.Start(parsed.GetRequiredValue(device), parsed.GetValue(threads));
            var loadedTask = TaskCatalog.Get(parsed.GetRequiredValue(task));
            var (name, chosen) = (parsed.GetValue(protocol), ProtocolOptions.Parse(parsed.GetValue(assume)));
            // The kit's own words are for comparison with fine-tuning, on items that it did not see.
            if (name is not (null or TaskProtocols.OwnName)) loadedTask = loadedTask.OverPublishedSet();
            var protocols = name == "all" ? AllOf(loadedTask, chosen) : [TaskProtocols.Get(loadedTask, name ?? TaskProtocols.OwnName, chosen)];
            if (protocols[0].IsFineTuned) throw new ConfigException($"{protocols[0].Name} fine-tunes on {loadedTask.Name}: use `rk finetune --task {loadedTask.Name}`.");
            using var original = ModelFolder.Load(parsed.GetRequiredValue(model));
            var loaded = parsed.GetValue(int8) ? original.RoundedToInt8() : original;
            var tokenizer = loaded.RequireTokenizer();
            computeDevice.MoveHere(loaded.Model);
            using var languageModel = new GptLanguageModel(loaded.Model, loaded.Name, loaded.WeightsHash);
            ProtocolComparisonResult compared;
            using (var line = new ProgressLine())
            {
                var clock = Stopwatch.StartNew();
                compared = ProtocolComparison.Run(languageModel, tokenizer, loadedTask, protocols, options, policy, line.For<EvaluationProgress>(value => Words(value, clock.Elapsed)), cancellation);
            }

            if (name == "all")
            {
                if (parsed.GetValue(json)) PrintJson(new { compared.Task, compared.Model, compared.Shots, compared.SharedItemCount, compared.RequestCount, compared.AskedCount, scores = compared.Scores.Select(score => new { protocol = score.Facts, score.Result }), compared.Gaps });
                else PrintAll(compared, parsed.GetValue(show));
            }
            else if (parsed.GetValue(json))
            {
                var node = JsonSerializer.SerializeToNode(compared.Scores[0].Result, ConfigJson.Options)!.AsObject();
                node["protocol"] = JsonSerializer.SerializeToNode(compared.Scores[0].Facts, ConfigJson.Options);
                Console.WriteLine(node.ToJsonString(ConfigJson.Options));
            }
            else
            {
                Print(compared.Scores[0].Result, parsed.GetValue(show));
                new PromptPrinter(Console.Out, PromptPrinter.IsColourTerminal).Facts(compared.Scores[0].Facts);
            }

            return Task.FromResult(0);
        });
        return command;
    }

    /// <summary>The published protocols that prompt; those that fine-tune are named and left to `rk finetune`.</summary>
    private static IReadOnlyList<Protocol> AllOf(EvaluationTask task, Dictionary<string, string> chosen)
    {
        var defined = TaskProtocols.Of(task, chosen);
        var prompted = defined.Where(protocol => !protocol.IsFineTuned).ToArray();
        if (prompted.Length == 0)
            throw new ConfigException($"No published protocol prompts for {task.Name}" + (defined.Count > 0 ? $"; {defined[0].Name} fine-tunes on it (`rk finetune --task {task.Name}`)." : ".") + " Leave --protocol out for the kit's own words.");
        TaskProtocols.RequireKnown(chosen, prompted);
        return prompted;
    }

    private static void PrintAll(ProtocolComparisonResult compared, int show)
    {
        var printer = new PromptPrinter(Console.Out, PromptPrinter.IsColourTerminal);
        foreach (var score in compared.Scores)
        {
            Print(score.Result, show);
            printer.Facts(score.Facts);
            Console.WriteLine();
        }

        Console.WriteLine($"{compared.Model} on {compared.Task}, {compared.Shots}-shot, by protocol:");
        var width = compared.Scores.Max(score => score.Protocol.Name.Length);
        foreach (var score in compared.Scores)
            Console.WriteLine(Invariant($"  {score.Protocol.Name.PadRight(width)}  {string.Join(", ", score.Facts.Metrics.Select(name => Invariant($"{name} {score.Result.Metrics[name]:0.0000}")))}; {score.Result.Items.Count} items"));
        if (compared.Gaps.Count > 0) Console.WriteLine($"How much of a gap is protocol (same model, same {compared.SharedItemCount} items, so all of it is):");
        foreach (var gap in compared.Gaps)
        {
            var parts = gap.Difference is not { } difference
                ? "they report no number in common"
                : Invariant($"{gap.Metric} {difference:+0.0000;-0.0000;0.0000}")
                    + (gap.Normalization is { } normalization ? Invariant($" = normalization {normalization:+0.0000;-0.0000;0.0000}, prompt and the rest {gap.Rest:+0.0000;-0.0000;0.0000}") : "")
                    + (gap.ChangedItemCount is { } changed ? Invariant($"; {changed} items right under one only") : "");
            Console.WriteLine($"  {gap.From} -> {gap.To}: {parts}; they differ in {string.Join(", ", gap.Differs)}");
        }

        Console.WriteLine($"  {compared.RequestCount} requests of {compared.Scores.Count} protocols; the model scored {compared.AskedCount} different ones.");
    }

    private static void Print(TaskResult result, int show)
    {
        foreach (var item in result.Items.Take(show))
        {
            Console.WriteLine($"── {item.Id} ──────────────────────────────────────\n{item.Prompt}");
            for (var i = 0; i < item.Choices.Count; i++)
            {
                var mark = i == item.Gold ? "*" : " ";
                Console.WriteLine(Invariant($"  {mark}{(i == item.Predicted ? ">" : " ")} {item.Choices[i].LogProbability,9:0.000}  {item.Choices[i].Text.Trim()}"));
            }

            if (item.Generated is not null) Console.WriteLine($"   > {item.Generated}   (accepted: {string.Join(" | ", item.Answers)})");
        }

        Console.WriteLine($"{result.Model} on {result.Task}, {result.Options.Shots}-shot, {result.Items.Count} items{(result.Rule is null ? "" : ", ranked by " + result.Rule)}");
        foreach (var (name, value) in result.Metrics) Console.WriteLine(Invariant($"  {(name == result.Metric ? "*" : " ")} {name,-34} {value:0.0000}"));
        if (result.ReducedItemCount > 0) Console.WriteLine($"  {result.ReducedItemCount} prompts did not fit with all demonstrations and were given fewer.");
        if (result.TruncatedItemCount > 0) Console.WriteLine($"  {result.TruncatedItemCount} prompts were cut from the left.");
        if (result.TiedItemCount > 0) Console.WriteLine($"  {result.TiedItemCount} answers were exact ties; the first choice was taken.");
    }

    private static string Words(EvaluationProgress value, TimeSpan elapsed)
    {
        var rate = value.Done / Math.Max(0.001, elapsed.TotalSeconds);
        var left = rate > 0 ? ", " + ProgressLine.Duration(TimeSpan.FromSeconds((value.Total - value.Done) / rate)) + " left" : "";
        return Invariant($"[{value.Done}/{value.Total}] {value.Task}, {rate:0} requests/s{left}");
    }
}
