using System.Text.Json;
using ResearchKit.Core.Tokenization;
using ResearchKit.Evaluation.Datasets;

namespace ResearchKit.Cli.Tests;

/// <summary>Protocols as a person sees them: exact prompts, what is scored, and the protocol beside every score.</summary>
public sealed class ProtocolTests : IDisposable
{
    private readonly TinyWorkspace _workspace = new();

    public void Dispose() => _workspace.Dispose();

    private static string Succeeds(params string[] arguments)
    {
        var (code, output, error) = Rk.Call(arguments);
        Assert.True(code == 0, error);
        return output;
    }

    private static void NeedsData(string dataset) => Assert.SkipUnless(
        DatasetCatalog.Status(DatasetCatalog.Get(dataset), DataFolder.Find(null)).IsComplete, $"{dataset} is not in {DataFolder.Variable}");

    [Fact]
    public void AnItemIsShownWithItsTokensWhatIsScoredAndItsProtocol()
    {
        var shown = Succeeds("task", "show", "suite/label-induction", "--shots", "2", "--item", "3", "--color", "never");
        Assert.DoesNotContain('\e', shown);
        Assert.Contains("2 demonstrations (seed 1)", shown);
        Assert.Contains("\n* [ ", shown);
        Assert.Contains("── tokens of gpt2", shown);
        Assert.Contains("protocol       kit", shown);
        Assert.Contains("\e[32m", Succeeds("task", "show", "suite/label-induction", "--shots", "2", "--color", "always"));
    }

    [Fact]
    public void TheTokensOfAShownItemAreThePromptsOwn()
    {
        using var shown = JsonDocument.Parse(Succeeds("task", "show", "suite/label-induction", "--shots", "3", "--item", "5", "--seed", "9", "--json"));
        var root = shown.RootElement;
        Assert.Equal(3, root.GetProperty("demonstration_ids").GetArrayLength());
        foreach (var sequence in root.GetProperty("sequences").EnumerateArray())
        {
            var text = sequence.GetProperty("text").GetString()!;
            var tokens = sequence.GetProperty("tokens").EnumerateArray().ToArray();
            Assert.Equal(BytePairTokenizer.Gpt2().Encode(text), tokens.Select(token => token.GetProperty("id").GetInt32()));
            var scored = string.Concat(tokens.Where(token => token.GetProperty("is_scored").GetBoolean()).Select(token => token.GetProperty("text").GetString()));
            Assert.Equal(text[sequence.GetProperty("scored_start").GetInt32()..], scored);
            Assert.StartsWith(root.GetProperty("demonstration_text").GetString()!, text, StringComparison.Ordinal);
        }

        Assert.Single(root.GetProperty("sequences").EnumerateArray(), sequence => sequence.GetProperty("is_right").GetBoolean());
    }

    [Theory]
    [InlineData("arc-easy", "gpt3-paper", "Question: Which statement best explains why photosynthesis is the foundation of most food webs?\nAnswer:\n", "log P(choice | prompt) - log P(choice | \"Answer:\")")]
    [InlineData("arc-easy", "lm-eval", "Question: Which statement best explains why photosynthesis is the foundation of most food webs?\nAnswer:\n", "sum of log-probabilities")]
    [InlineData("rte", "gpt3-paper", "question: Christopher Reeve had an accident. True or False?\nanswer:\n", "mean log-probability per token")]
    [InlineData("rte", "gpt1-finetune", "[delimiter]Christopher Reeve had an accident.[extract]", "metric accuracy")]
    public void ABenchmarksItemIsShownInTheWordsOfAProtocol(string task, string protocol, string prompt, string rule)
    {
        NeedsData(DatasetTasks.DatasetOf(task));
        var shown = Succeeds("task", "show", task, "--protocol", protocol);
        Assert.Contains(prompt, shown);
        Assert.Contains(rule, shown);
    }

    [Fact]
    public void TheListNamesProtocolsMetricAndSizesOfEveryTask()
    {
        using var list = JsonDocument.Parse(Succeeds("task", "list", "--json"));
        var tasks = list.RootElement.EnumerateArray().ToDictionary(task => task.GetProperty("name").GetString()!);
        Assert.Superset(DatasetTasks.Names.ToHashSet(), tasks.Keys.ToHashSet());
        var cola = tasks["cola"];
        Assert.Equal("matthews", cola.GetProperty("metric").GetString());
        Assert.Equal(["gpt1-finetune", "gpt1-paper", "lm-eval"], cola.GetProperty("protocols").EnumerateArray().Select(name => name.GetString()));
        Assert.Equal((7696, 855, 1043), (cola.GetProperty("train").GetInt32(), cola.GetProperty("validation").GetInt32(), cola.GetProperty("test").GetInt32()));
        Assert.True(tasks["suite/label-induction"].GetProperty("test").GetInt32() > 100);
    }

    [Fact]
    public void AScoreIsPrintedWithItsProtocol()
    {
        var output = Succeeds("eval", "--model", _workspace.Model, "--task", "suite/label-induction", "--limit", "4", "--threads", "1", "--device", "cpu");
        Assert.Contains("accuracy", output);
        Assert.Contains("protocol       kit", output);
        Assert.Contains("normalization ", output);
        using var result = JsonDocument.Parse(Succeeds("eval", "--model", _workspace.Model, "--task", "suite/label-induction", "--limit", "4", "--threads", "1", "--device", "cpu", "--json"));
        Assert.Equal("kit", result.RootElement.GetProperty("protocol").GetProperty("protocol").GetString());
        Assert.Equal(4, result.RootElement.GetProperty("items").GetArrayLength());
    }

    [Fact]
    public void AllProtocolsOfATaskAreRunInOnePassAndCompared()
    {
        NeedsData("arc");
        var output = Succeeds("eval", "--model", _workspace.Model, "--task", "arc-easy", "--protocol", "all", "--limit", "5", "--threads", "1", "--device", "cpu");
        Assert.Contains("gpt3-paper -> lm-eval: ", output);
        Assert.Contains("= normalization ", output);
        Assert.Matches(@"(\d+) requests of 2 protocols; the model scored \d+ different ones", output);
        using var json = JsonDocument.Parse(Succeeds("eval", "--model", _workspace.Model, "--task", "arc-easy", "--protocol", "all", "--limit", "5", "--threads", "1", "--device", "cpu", "--json"));
        Assert.Equal(2 * json.RootElement.GetProperty("asked_count").GetInt32(), json.RootElement.GetProperty("request_count").GetInt32());
    }

    [Theory]
    [InlineData("--protocol \"gpt4\" is", "eval", "--protocol", "gpt4")]
    [InlineData("no published protocol", "eval", "--protocol", "all")]
    [InlineData("must be name=value", "eval", "--assume", "answer")]
    [InlineData("kit of suite/label-induction has no option answer_context; it has none", "eval", "--assume", "answer_context=A:")]
    [InlineData("no protocol does: leave it out", "show", "--protocol", "gpt3-paper")]
    public void ProtocolsThatCannotBeRunAreRefused(string said, string verb, params string[] more)
    {
        string[] arguments = verb == "eval" ? ["eval", "--model", _workspace.Model, "--task", "suite/label-induction", "--device", "cpu", .. more] : ["task", "show", "suite/label-induction", .. more];
        var (code, _, error) = Rk.Call(arguments);
        Assert.Equal(2, code);
        Assert.Contains(said.Replace("--protocol ", "", StringComparison.Ordinal), error, StringComparison.OrdinalIgnoreCase);
    }
}
