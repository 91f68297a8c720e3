using System.Text.Json;
using ResearchKit.Core;
using ResearchKit.Evaluation.Protocols;
using ResearchKit.Evaluation.Tasks;
using static ResearchKit.Evaluation.Tests.Examples;

namespace ResearchKit.Evaluation.Tests.Protocols;

public class TaskProtocolsTests
{
    private static EvaluationTask Named(string name, Scoring? scoring = null, params TaskItem[] items) =>
        Task(scoring ?? new ChoiceScoring(), "{premise}\nquestion: {hypothesis}\nanswer:") with { Name = name, Load = () => Test(items) };

    private static TaskItem Pair(int gold, params string[] labels) => new()
    {
        Id = "val/0", Fields = new Dictionary<string, string> { ["premise"] = "It rains.", ["hypothesis"] = "It is wet" }, Choices = labels, Gold = gold,
    };

    [Fact]
    public void EveryProtocolIsNamedAndSaysWhatItAssumes()
    {
        var protocols = TaskProtocols.Of(Named("arc-easy", new ChoiceScoring(Normalization.Unconditional, "Answer:")));
        Assert.Equal(["gpt3-paper", "lm-eval"], protocols.Select(protocol => protocol.Name));
        Assert.Equal("Answer:", protocols[0].Options.Single(option => option.Name == "answer_context").Value);
        Assert.Equal((50, Normalization.Unconditional), (protocols[0].Shots, ((ChoiceScoring)protocols[0].Scoring).Normalization));
        Assert.Equal(("arc_easy v1.0 at 4e7e0d47", Normalization.Sum), (protocols[1].Source, ((ChoiceScoring)protocols[1].Scoring).Normalization));
        Assert.Empty(TaskProtocols.Of(Named("suite/copy")));
    }

    [Fact]
    public void AProtocolThatDoesNotDefineATaskIsRefusedWithThoseThatDo()
    {
        Assert.Contains("these do: gpt1-finetune, gpt3-paper, lm-eval", Assert.Throws<ConfigException>(() => TaskProtocols.Get(Named("rte"), "gpt2-paper")).Message);
        Assert.Contains("known are gpt1-finetune, gpt1-paper", Assert.Throws<ConfigException>(() => TaskProtocols.Get(Named("rte"), "gpt4")).Message);
    }

    [Fact]
    public void RelabellingKeepsTheMeaningOfTheRightAnswer()
    {
        var mnli = Named("mnli", null, Pair(2, "true", "false", "neither"));                     // neutral
        var item = TaskProtocols.Apply(mnli, "lm-eval").Load().Test[0];
        Assert.Equal("Neither", item.Choices[item.Gold!.Value]);
        Assert.Equal(("val/0", "It is wet."), (item.Id, item.Fields["hypothesis"]));
        var commitment = TaskProtocols.Apply(Named("cb", null, Pair(1, "true", "false", "neither")), "lm-eval").Load().Test[0];
        Assert.Equal("False", commitment.Choices[commitment.Gold!.Value]);
    }

    [Fact]
    public void TheSameItemsAreScoredInTheWordsOfEachProtocol()
    {
        var task = Named("rte", null, Pair(0, "True", "False"));
        string Prompt(string protocol)
        {
            var model = RuleModel.Uniform();
            var applied = TaskProtocols.Apply(task, protocol);
            return Run(model, applied, applied.Load()).Items[0].Prompt;
        }

        Assert.Equal("It rains.\nquestion: It is wet\nanswer:", Prompt("gpt3-paper"));
        Assert.Equal("It rains.\nQuestion: It is wet True or False?\nAnswer:", Prompt("lm-eval"));
    }

    [Fact]
    public void OfRaceTheHarnessScoresTheLastQuestionOfAnArticle()
    {
        TaskItem Question(int id, string question, int gold) => new()
        {
            Id = $"test/{id}", Cluster = "article", Fields = new Dictionary<string, string> { ["article"] = "Tim ran.", ["question"] = question, ["history"] = "" }, Choices = ["Tim", "Jo"], Gold = gold,
        };
        var items = TaskProtocols.Apply(Named("race-high", null, Question(0, "Who ran?", 0), Question(1, "Who sat?", 1)), "lm-eval").Load().Test;
        Assert.Equal("Article: Tim ran.\n\nQuestion: Who ran?\nAnswer: Tim\nWho sat?", Assert.Single(items).Fields["prompt"]);
    }

    [Fact]
    public void HellaSwagsSecondHalfIsCapitalized()
    {
        var item = new TaskItem { Id = "val/0", Fields = new Dictionary<string, string> { ["context"] = "Roof: A man sits on a roof. he" }, Choices = ["falls", "sings"], Gold = 0 };
        Assert.Equal("Roof: A man sits on a roof. He", TaskProtocols.Apply(Named("hellaswag", null, item), "lm-eval").Load().Test[0].Fields["context"]);
    }

    [Fact]
    public void AcceptabilityIsAMeanLogProbabilityAboveTheThresholdOfTheTrainingSet()
    {
        // Letters cost 1 nat, "!" costs 9: training puts the threshold between them.
        TaskItem Sentence(string id, string text, int gold) => new() { Id = id, Fields = new Dictionary<string, string> { ["sentence"] = text }, Choices = ["no", "yes"], Gold = gold };
        var model = new RuleModel((_, text) => [.. text.Select(c => c == '!' ? -9.0 : -1.0)]);
        var splits = new TaskSplits([Sentence("t0", "ab", 1), Sentence("t1", "a!", 0), Sentence("t2", "abcd", 1)], [], [Sentence("0", "xyz", 1), Sentence("1", "x!z", 0), Sentence("2", "x!!", 1)]);
        var result = Run(model, TaskProtocols.Apply(Named("cola"), "gpt1-paper"), splits);
        Assert.Equal([1, 0, 0], result.Items.Select(item => item.Predicted!.Value));
        Assert.Equal("matthews", result.Metric);
        Assert.Equal(0.5, result.Score, 12);                                                     // tp 1, fn 1, tn 1: 1/√(1·2·1·2)
    }

    [Theory]
    [InlineData("['a', \"b'c\", 'd\\'e\\n', 'caf\\xe9']", "[\"a\",\"b'c\",\"d'e\\n\",\"café\"]")]
    [InlineData("[{'question': 'q', 'options': ['x', 'y',]}]", "[{\"question\":\"q\",\"options\":[\"x\",\"y\"]}]")]
    [InlineData("[]", "[]")]
    public void PythonLiteralsAreRead(string literal, string json) => 
        Assert.Equal(json, JsonSerializer.Serialize(PythonLiteral.Parse(literal), new JsonSerializerOptions { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping }));

    [Theory]
    [InlineData("['a'")]
    [InlineData("['a' 'b']")]
    [InlineData("[__import__('os')]")]
    [InlineData("['a'] + ['b']")]
    [InlineData("{'a' 'b'}")]
    [InlineData("['\\x4']")]
    public void OtherPythonIsRefused(string literal) => Assert.Throws<ConfigException>(() => PythonLiteral.Parse(literal));

    [Fact]
    public void AMissingFieldOfARowIsNamed()
    {
        using var row = JsonDocument.Parse("""{"goal": "x", "sol1": "a", "label": 0}""");
        Assert.Contains("no field `sol2`; it has goal, sol1, label", Assert.Throws<ConfigException>(() => HarnessTasks.Get("piqa").Item(row.RootElement, "0")).Message);
    }
}
