using ResearchKit.Core;
using ResearchKit.Core.Configuration;
using ResearchKit.Experiments.Configuration;
using ResearchKit.Experiments.Reporting;

namespace ResearchKit.Experiments.Tests;

/// <summary>Experiments that run a benchmark under a published protocol.</summary>
public sealed class ProtocolExperimentTests : IDisposable
{
    private readonly TinyComparison _tiny = new();

    public ProtocolExperimentTests()
    {
        // Protocols join with tasks by name, so an own file named like a benchmark stands in for its data.
        File.WriteAllText(Path.Combine(_tiny.Base, "arc.json"), """
            {
              "name": "arc", "data": { "train": "arc.jsonl", "test": "arc.jsonl" }, "prompt": { "context": "{question}" }, "choices_field": "choices", "label_field": "label",
              "scoring": { "kind": "choices", "normalization": "unconditional", "answer_context": "Answer:" }, "structured": { "kind": "multiple_choice", "context": "{question}" }
            }
            """);
        File.WriteAllLines(Path.Combine(_tiny.Base, "arc.jsonl"), Enumerable.Range(0, 6).Select(i => $$"""{"question": "What is {{i}}?", "choices": ["a", "a b"], "label": {{i % 2}}}"""));
    }

    public void Dispose() => _tiny.Dispose();

    private TaskReference Arc(string? protocol, params (string, string)[] assume) => new()
    {
        Name = "arc-easy", File = "arc.json", Protocols = protocol is null ? [] : [protocol], Assume = assume.Length > 0 ? assume.ToDictionary(pair => pair.Item1, pair => pair.Item2) : null,
    };

    [Fact]
    public void TheProtocolDecidesTheWordsAndIsPartOfWhatIsHashed()
    {
        var (own, paper, harness) = (TaskCatalog.Ready(Arc(null), 1, _tiny.Base), TaskCatalog.Ready(Arc("gpt3-paper"), 1, _tiny.Base), TaskCatalog.Ready(Arc("lm-eval"), 1, _tiny.Base));
        Assert.Equal(("{question}", "Question: {question}\nAnswer:"), (own.Task.Prompt.Context, harness.Task.Prompt.Context));
        Assert.Equal("gpt3-paper", paper.Protocol!.Name);
        Assert.Equal(3, new[] { own, harness, TaskCatalog.Ready(Arc("gpt3-paper", ("answer_context", "A:")), 1, _tiny.Base) }.Select(task => task.Fingerprint).Distinct().Count());
        Assert.Equal(own.Splits.Test.Select(item => item.Id), harness.Splits.Test.Select(item => item.Id));
    }

    [Fact]
    public void AReportSaysWhichProtocolEachScoreIsOfAndWhichPublishedValuesShareIt()
    {
        var outcome = _tiny.Execute(_tiny.Config with { Tasks = [Arc("gpt3-paper")], FineTuning = null });
        var report = RunReport.Read(outcome.Folder);
        Assert.All(report.InContext, cell => Assert.Equal("gpt3-paper", cell.Protocol));
        var description = Assert.Single(report.Tasks).Description;
        Assert.Contains("protocol: gpt3-paper (Brown et al. 2020", description);
        Assert.Contains("answer_context=Answer:", description);
        Assert.Contains(report.PaperValues, value => value.SameProtocol);
        Assert.All(report.PaperValues, value => Assert.Equal(value.Setting != "finetune", value.SameProtocol));
    }

    [Fact]
    public void ProtocolsThatCannotBeRunAreRefused()
    {
        string Fails(TaskReference task) => Assert.Throws<ConfigException>(() => TaskCatalog.Ready(task, 1, _tiny.Base)).Message;
        Assert.Contains("does not define the task arc-easy", Fails(Arc("gpt2-paper")));
        Assert.Contains("must be one of Answer:, A:", Fails(Arc("gpt3-paper", ("answer_context", "B:"))));
        string[] Problems(string task) => [.. Assert.Throws<ConfigException>(() => ConfigJson.Parse<ExperimentConfig>(
            """{"kind":"comparison","name":"a","models":["m"],"tasks":[""" + task + """],"in_context":{"shots":[0]}}""", "file.json", problems: config => config.Problems())).Problems];
        Assert.Contains("`tasks[0]` has `protocols` and `prompt`", Assert.Single(Problems("""{"name":"rte","protocols":["lm-eval"],"prompt":{"context":"{premise}"}}""")));
        Assert.Contains("`tasks[0].assume` needs `protocols`", Assert.Single(Problems("""{"name":"rte","assume":{"a":"b"}}""")));
    }
}
