using ResearchKit.Core;
using ResearchKit.Core.Configuration;
using ResearchKit.Evaluation.Tasks;
using ResearchKit.Experiments.Cells;
using ResearchKit.Experiments.Configuration;
using ResearchKit.Experiments.Reporting;

namespace ResearchKit.Experiments.Tests;

/// <summary>One declaration: item ids, numbers of demonstrations per task, and several protocols of one task on the same items.</summary>
public sealed class DeclarationTests : IDisposable
{
    private readonly TinyComparison _tiny = new();

    public DeclarationTests()
    {
        // Protocols join with tasks by name, so an own file named like a benchmark stands in for its data.
        File.WriteAllText(Path.Combine(_tiny.Base, "arc.json"), """
            {
              "name": "arc", "data": { "train": "arc.jsonl", "test": "arc.jsonl" }, "prompt": { "context": "{question}" }, "choices_field": "choices", "label_field": "label",
              "scoring": { "kind": "choices", "normalization": "unconditional", "answer_context": "Answer:" }, "structured": { "kind": "multiple_choice", "context": "{question}" }
            }
            """);
        File.WriteAllLines(Path.Combine(_tiny.Base, "arc.jsonl"), Enumerable.Range(0, 8).Select(i => $$"""{"question": "What is {{i}}?", "choices": ["a", "a b"], "label": {{i % 2}}}"""));
    }

    public void Dispose() => _tiny.Dispose();

    private TaskReference Arc(params string[] protocols) => new() { Name = "arc-easy", File = "arc.json", Protocols = protocols };

    private ComparisonPlan PlanOf(ComparisonConfig config) => new ComparisonRunner(config, _tiny.Base, TinyComparison.Device).Plan();

    [Fact]
    public void NamedItemsAreScoredAndNoOthers()
    {
        var all = TaskCatalog.Ready(_tiny.Config.Tasks[0] with { Limit = null }, 1, _tiny.Base).Splits.Test;
        string[] wanted = [all[7].Id, all[2].Id];
        Assert.Equal([all[2].Id, all[7].Id], TaskCatalog.Ready(_tiny.Config.Tasks[0] with { Limit = null, Items = wanted }, 1, _tiny.Base).Splits.Test.Select(item => item.Id));
        var error = Assert.Throws<ConfigException>(() => TaskCatalog.Ready(_tiny.Config.Tasks[0] with { Limit = null, Items = [all[2].Id, "test/none"] }, 1, _tiny.Base));
        Assert.Contains("no test item test/none, named in `items`; ids are such as " + all[0].Id, error.Message);
    }

    [Fact]
    public void ATaskMayHaveItsOwnNumbersOfDemonstrations()
    {
        var config = _tiny.Config with { InContext = new() { Shots = [0, 2, 3], Seeds = [1, 2], Variation = new() { Shots = [2], Orders = 2 } } };
        var plan = PlanOf(config with { Tasks = [config.Tasks[0], config.Tasks[1] with { Shots = [0, 1] }] });
        (int, int)[] Planned(ReadyTask task) => [.. plan.Cells.OfType<PlannedInContext>().Where(cell => cell.Task == task).Select(cell => (cell.Shots, cell.Order))];
        Assert.Equal([(0, 0), (2, 0), (2, 0), (3, 0), (3, 0), (2, 1), (2, 1)], Planned(plan.Tasks[0]));
        Assert.Equal([(0, 0), (1, 0), (1, 0)], Planned(plan.Tasks[1]));                 // two-shot is not scored, so its order is not varied
    }

    [Fact]
    public void SeveralProtocolsOfATaskAreCellsOfTheirOwnOnTheSameItems()
    {
        var config = _tiny.Config with { Tasks = [Arc("kit", "lm-eval")], InContext = new() { Shots = [0, 1], Seeds = [1] } };
        var outcome = _tiny.Execute(config);
        var report = RunReport.Read(outcome.Folder);
        Assert.Equal([(0, null), (1, null), (0, "lm-eval"), (1, "lm-eval")], report.InContext.Select(cell => (cell.K, cell.Protocol)));
        Assert.Single(report.FineTuning);
        Assert.All(report.InContext, cell => Assert.Equal(report.Tasks[0].ItemIds.Count, cell.ItemScores.Count));
        Assert.Equal(["kit 1-0", "kit ft-1", "lm-eval 1-0", "lm-eval ft-1"], report.Comparisons.Select(row => $"{row.B.Protocol ?? "kit"} {(row.A.IsFineTuned ? "ft" : row.A.K)}-{row.B.K}").Order());
        Assert.Equal(report.Comparisons.Count, DesignPower.ComparisonCount(config, PlanOf(config)));

        // Alone, each protocol gives the same cells: nothing of one leaks into the other.
        Assert.Equal(0, _tiny.Execute(config with { Tasks = [Arc("lm-eval")] }).ComputedCells);
        Assert.Equal(0, _tiny.Execute(config with { Tasks = [Arc()] }).ComputedCells);
    }

    [Fact]
    public void RunsByDifferentProtocolsAreComparedOnlyOnRequest()
    {
        var config = _tiny.Config with { Tasks = [Arc("kit", "lm-eval")], FineTuning = null };
        var folder = _tiny.Execute(config).Folder;
        var selection = new RunSelection { A = "k2", B = "k2/lm-eval" };
        Assert.Contains("different protocols", Assert.Throws<ConfigException>(() => RunComparison.Of(folder, folder, selection)).Message);
        var row = Assert.Single(RunComparison.Of(folder, folder, selection with { AcrossProtocols = true }).Rows);
        Assert.Equal(("tiny/k2", "tiny/k2/lm-eval"), (row.A, row.B));
    }

    [Fact]
    public void WhatDoesNotFitTogetherIsRefused()
    {
        string[] Problems(string task) => [.. Assert.Throws<ConfigException>(() => ConfigJson.Parse<ExperimentConfig>(
            """{"kind":"comparison","name":"a","models":["m"],"tasks":[""" + task + """],"fine_tuning":{}}""", "file.json", problems: config => config.Problems())).Problems];
        Assert.Contains("`tasks[0]` has `items` and `limit`", Assert.Single(Problems("""{"name":"rte","items":["a"],"limit":1}""")));
        Assert.Contains("names an id twice", Assert.Single(Problems("""{"name":"rte","items":["a","a"]}""")));
        Assert.Contains("names one twice", Assert.Single(Problems("""{"name":"rte","protocols":["kit","kit"]}""")));
        Assert.Contains("`tasks[0].shots` needs `in_context`", Assert.Single(Problems("""{"name":"rte","shots":[0]}""")));
        Assert.Contains("fine-tunes; leave it out of `protocols`", Assert.Throws<ConfigException>(() => TaskCatalog.Ready(new() { Name = "rte", File = "arc.json", Protocols = ["gpt1-finetune"] }, 1, _tiny.Base)).Message);
    }

    [Fact]
    public void AnItemWhoseAnswerNoContextHoldsIsLeftOutOfEveryConditionAndNamed()
    {
        var endless = string.Concat(Enumerable.Repeat("b a ", 400));
        File.AppendAllLines(Path.Combine(_tiny.Base, "arc.jsonl"), [$$"""{"question": "What?", "choices": ["a", "{{endless}}"], "label": 0}"""]);
        var config = _tiny.Config with { Tasks = [Arc()], InContext = new() { Shots = [0], Seeds = [1] } };
        var plan = PlanOf(config);
        var leftOut = Assert.Single(plan.Tasks[0].LeftOut);
        Assert.Equal(8, plan.Tasks[0].Splits.Test.Count);
        Assert.Contains(plan.Warnings, warning => warning.Contains($"{leftOut} left out of every condition", StringComparison.Ordinal));
        var report = RunReport.Read(_tiny.Execute(config).Folder);
        Assert.Contains(report.Notes, note => note.Kind == NoteKind.ContextOverflow && note.Text.Contains(leftOut, StringComparison.Ordinal));
        Assert.Equal(8, report.Tasks[0].ItemCount);

        var error = Assert.Throws<ConfigException>(() => PlanOf(config with { InContext = config.InContext! with { Overflow = Evaluation.OverflowPolicy.Error } }));
        Assert.Contains(leftOut, error.Message, StringComparison.Ordinal);
    }
}
