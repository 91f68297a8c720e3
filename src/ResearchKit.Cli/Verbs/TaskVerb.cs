using System.CommandLine;
using ResearchKit.Core;
using ResearchKit.Core.Tokenization;
using ResearchKit.Evaluation;
using ResearchKit.Evaluation.Datasets;
using ResearchKit.Evaluation.Suite;
using ResearchKit.Experiments;

namespace ResearchKit.Cli.Verbs;

/// <summary><c>rk task</c>: which tasks there are, and the exact prompt of an item.</summary>
internal sealed class TaskVerb : Verb
{
    public override Command Command()
    {
        var json = Json();
        var list = new Command("list", """
            Lists every task: the generated suite, and the benchmarks with whether their data is at hand.

            Example:  rk task list
            """) { json };
        list.SetAction(parsed => List(parsed.GetValue(json)));

        var name = new Argument<string>("NAME") { Description = "Task name." };
        var item = new Option<int>("--item") { Description = "Index of the test item.", DefaultValueFactory = _ => 0 };
        var shots = new Option<int>("--shots", "-k") { Description = "Demonstrations.", DefaultValueFactory = _ => 0 };
        var seed = new Option<long>("--seed") { Description = "Seed of the demonstrations.", DefaultValueFactory = _ => 1 };
        var tokenizer = new Option<string?>("--tokenizer") { Description = "Also show the prompt's tokens: gpt2, or a model folder.", HelpName = "NAME|DIR" };
        var show = new Command("show", """
            Prints the exact prompt of an item, with its choices and gold answer.

            Example:  rk task show suite/label-induction --shots 4 --item 3
            """) { name, item, shots, seed, tokenizer };
        show.SetAction(parsed => Show(parsed.GetRequiredValue(name), parsed.GetValue(item), parsed.GetValue(shots), parsed.GetValue(seed), parsed.GetValue(tokenizer)));
        return new Command("task", """
            Shows tasks and their prompts.

            Example:  rk task show suite/label-induction --shots 4
            """) { list, show };
    }

    private static int List(bool json)
    {
        var folder = DataFolder.Find(null);
        var suite = GeneratedSuite.All.Select(task => new TaskRow(task.Name, task.Description, "generated"));
        var real = DatasetTasks.Names.Select(name => (name, entry: DatasetCatalog.Get(DatasetTasks.DatasetOf(name))))
            .Select(task => new TaskRow(task.name, task.entry.Title, DatasetCatalog.Status(task.entry, folder).IsComplete ? "at hand" : "missing"));
        var rows = suite.Concat(real).ToList();
        if (json)
        {
            PrintJson(rows);
            return 0;
        }

        var width = rows.Max(row => row.Name.Length);
        foreach (var row in rows) Console.WriteLine($"{row.Name.PadRight(width)}  {row.Data,-9}  {row.Description}");
        if (folder is null) Console.WriteLine($"\nNo data folder: set {DataFolder.Variable} to use the benchmarks.");
        return 0;
    }

    private static int Show(string name, int index, int shots, long seed, string? tokenizerName)
    {
        var task = TaskCatalog.Get(name);
        var splits = task.Load();
        if (index < 0 || index >= splits.Test.Count) throw new ConfigException($"--item ({index}) must lie between 0 and {splits.Test.Count - 1}: {name} has {splits.Test.Count} test items.");
        var item = splits.Test[index];
        var rendered = new PromptBuilder(task, splits, new EvaluationOptions { Shots = shots, Seed = seed }).Build(item, shots);
        Console.WriteLine(rendered.Contexts[0]);
        Console.WriteLine("──");
        for (var i = 0; i < rendered.Continuations.Count; i++) Console.WriteLine($"{(i == item.Gold ? "*" : " ")} \"{rendered.Continuations[i]}\"");
        if (item.Answers.Count > 0) Console.WriteLine("accepted: " + string.Join(" | ", item.Answers));
        if (tokenizerName is null) return 0;
        ITokenizer tokenizer = TokenizerFolder.Load(tokenizerName);
        var ids = tokenizer.Encode(rendered.Contexts[0]);
        Console.WriteLine($"── {ids.Length} tokens of {tokenizer.Name}");
        Console.WriteLine(string.Join("|", ids.Select(id => tokenizer.Decode([id]).Replace("\n", "\\n", StringComparison.Ordinal))));
        return 0;
    }

    private sealed record TaskRow(string Name, string Description, string Data);
}
