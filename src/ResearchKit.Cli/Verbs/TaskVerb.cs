using System.CommandLine;
using ResearchKit.Core;
using ResearchKit.Core.Tokenization;
using ResearchKit.Evaluation;
using ResearchKit.Evaluation.Datasets;
using ResearchKit.Evaluation.Metrics;
using ResearchKit.Evaluation.Protocols;
using ResearchKit.Evaluation.Suite;
using ResearchKit.Evaluation.Tasks;
using ResearchKit.Experiments;
using static System.FormattableString;

namespace ResearchKit.Cli.Verbs;

/// <summary><c>rk task</c>: which tasks there are, and the exact prompt of an item.</summary>
internal sealed class TaskVerb : Verb
{
    public override Command Command()
    {
        var json = Json();
        var folder = new Option<string?>("--data") { Description = $"Data folder; default the environment variable {DataFolder.Variable}.", HelpName = "DIR" };
        var list = new Command("list", """
            Lists every task: the generated suite, and the benchmarks with their protocols, metric, sizes and whether their data is at hand.

            Example:  rk task list
            """) { folder, json };
        list.SetAction(parsed => List(parsed.GetValue(folder), parsed.GetValue(json)));

        var name = new Argument<string>("NAME") { Description = "Task name, or your own task's file, such as weather.json." };
        var item = new Option<int>("--item") { Description = "Index of the test item.", DefaultValueFactory = _ => 0 };
        var shots = new Option<int>("--shots", "-k") { Description = "Demonstrations.", DefaultValueFactory = _ => 0 };
        var seed = new Option<long>("--seed") { Description = "Seed of the demonstrations.", DefaultValueFactory = _ => 1 };
        var tokenizer = new Option<string>("--tokenizer") { Description = "Whose tokens to show: gpt2, gpt1-original, or a model folder.", DefaultValueFactory = _ => "gpt2", HelpName = "NAME|DIR" };
        var (protocol, assume, colour) = (ProtocolOptions.Protocol(", gpt1-finetune"), ProtocolOptions.Assume(), new Option<string>("--color") { Description = "auto (on a terminal), always or never.", DefaultValueFactory = _ => "auto" });
        colour.AcceptOnlyFromAmong("auto", "always", "never");
        var showFolder = new Option<string?>("--data") { Description = $"Data folder; default the environment variable {DataFolder.Variable}.", HelpName = "DIR" };
        var showJson = Json();
        var show = new Command("show", """
            Prints the exact prompt of an item under a protocol, its tokens, and what of them is scored.

            Example:  rk task show suite/label-induction --shots 4 --item 3
                      rk task show arc-easy --protocol gpt3-paper --shots 2
                      rk task show lambada --protocol gpt2-paper --assume scored_span=last_word
            """) { name, protocol, assume, shots, item, seed, tokenizer, colour, showFolder, showJson };
        show.SetAction(parsed => Show(
            new Request(parsed.GetRequiredValue(name), parsed.GetValue(protocol), ProtocolOptions.Parse(parsed.GetValue(assume)), parsed.GetValue(item), parsed.GetValue(shots), parsed.GetValue(seed), parsed.GetRequiredValue(tokenizer)),
            parsed.GetValue(showFolder), parsed.GetValue(showJson), parsed.GetValue(colour) switch { "always" => true, "never" => false, _ => PromptPrinter.IsColourTerminal }));
        return new Command("task", """
            Shows tasks and their prompts.

            Example:  rk task show suite/label-induction --shots 4
            """) { list, show };
    }

    private static int List(string? path, bool json)
    {
        var folder = DataFolder.Find(path);
        var suite = GeneratedSuite.All.Select(task =>
        {
            var splits = task.Load();
            return Row(task, new(splits.Train.Count, splits.Validation.Count, splits.Test.Count, splits.Test.Count), "generated");
        });
        var isAtHand = DatasetCatalog.Status(folder).ToDictionary(status => status.Entry.Name, status => status.IsComplete);
        var real = DatasetTasks.Names.Select(name => Row(DatasetTasks.Describe(name), DatasetTasks.SizesOf(name), isAtHand[DatasetTasks.DatasetOf(name)] ? "at hand" : "missing"));
        var rows = suite.Concat(real).ToList();
        if (json)
        {
            PrintJson(rows);
            return 0;
        }

        var (width, metricWidth, protocolWidth) = (rows.Max(row => row.Name.Length), rows.Max(row => row.Metric.Length), rows.Max(row => string.Join(' ', row.Protocols).Length));
        Console.WriteLine($"{"task".PadRight(width)}  {"data",-9}  {"train",6}  {"valid",5}  {"test",10}  {"metric".PadRight(metricWidth)}  protocols");
        foreach (var row in rows)
        {
            Console.WriteLine(Invariant(
                $"{row.Name.PadRight(width)}  {row.Data,-9}  {row.Train,6}  {row.Validation,5}  {(row.Published > row.Test ? Invariant($"{row.Test}/{row.Published}") : row.Test),10}  {row.Metric.PadRight(metricWidth)}  {string.Join(' ', row.Protocols)}"));
        }

        Console.WriteLine("\nA test size in two numbers: no training set is at hand. Published protocols score the second; runs that fine-tune hold the train items back and score the first.");
        if (folder is null) Console.WriteLine($"No data folder: set {DataFolder.Variable} to use the benchmarks.");
        return 0;
    }

    private static TaskRow Row(EvaluationTask task, TaskSizes sizes, string data) => new(
        task.Name, task.Description, data, sizes.Train, sizes.Validation, sizes.Test, sizes.Published, TaskMetrics.Names(task)[0], [.. TaskProtocols.Of(task).Select(protocol => protocol.Name)]);

    private static int Show(Request request, string? dataFolder, bool json, bool hasColours)
    {
        if (request.Shots < 0) throw new ConfigException($"--shots ({request.Shots}) must be 0 or more.");
        var loaded = TaskCatalog.Get(request.Task, dataFolder);
        var protocol = TaskProtocols.Get(loaded, request.Protocol ?? TaskProtocols.OwnName, request.Chosen);
        var task = protocol.ApplyTo(protocol.Name == TaskProtocols.OwnName || protocol.IsFineTuned ? loaded : loaded.OverPublishedSet());
        var splits = task.Load();
        if (request.Item < 0 || request.Item >= splits.Test.Count)
            throw new ConfigException($"--item ({request.Item}) must lie between 0 and {splits.Test.Count - 1}: {request.Task} has {splits.Test.Count} test items{(request.Protocol is null ? "" : $" under {request.Protocol}")}.");
        var item = splits.Test[request.Item];
        var facts = ProtocolFacts.Of(protocol, task, request.Shots);
        var printer = new PromptPrinter(Console.Out, hasColours);
        if (protocol.IsFineTuned && !json)
        {
            Console.WriteLine($"{request.Task}, item {item.Id}: {protocol.Name} fine-tunes, it does not prompt ({protocol.Source})");
            printer.FineTuned(item.Structured ?? throw new ConfigException($"{request.Task}, item {item.Id} has no input for fine-tuning."), item.Choices, item.Gold);
            Console.WriteLine($"  metric {string.Join(", ", facts.Metrics)}; split {facts.Split}");
            foreach (var option in facts.Options) Console.WriteLine($"  open point {option.Name}={option.Value}: {option.Note}");
            foreach (var difference in facts.Differences) Console.WriteLine($"  difference {difference}");
            return 0;
        }

        var tokenizer = TokenizerFolder.Load(request.Tokenizer);
        var view = ItemView.Of(task, splits, new EvaluationOptions { Shots = request.Shots, Seed = request.Seed }, item, tokenizer);
        if (json)
        {
            PrintJson(new
            {
                task = request.Task, request.Item, view.Id, request.Seed, tokenizer = tokenizer.Name, protocol = facts, isFineTuned = protocol.IsFineTuned ? true : (bool?)null,
                structured = protocol.IsFineTuned ? item.Structured : null, view.DemonstrationIds, view.DemonstrationText, view.Sequences, gold = item.Gold, view.Answers,
            });
            return 0;
        }

        Console.WriteLine(Invariant($"{request.Task}, item {item.Id}, {protocol.Name}, {view.DemonstrationIds.Count} demonstrations (seed {request.Seed})"));
        printer.Item(view, task.Scoring is GenerationScoring);
        printer.Tokens(view, tokenizer.Name);
        Console.WriteLine();
        printer.Facts(facts);
        return 0;
    }

    private sealed record Request(string Task, string? Protocol, Dictionary<string, string> Chosen, int Item, int Shots, long Seed, string Tokenizer);

    private sealed record TaskRow(string Name, string Description, string Data, int Train, int Validation, int Test, int Published, string Metric, IReadOnlyList<string> Protocols);
}
