using System.Text.Json;
using ResearchKit.Evaluation.Datasets;

namespace ResearchKit.Cli.Tests;

/// <summary>The single verbs take a user's own task file, and options beyond their flags.</summary>
public sealed class OwnTaskTests : IDisposable
{
    private readonly TinyWorkspace _workspace = new();

    public OwnTaskTests()
    {
        string Row(int i) => JsonSerializer.Serialize(new { text = $"day {i} was {(i % 2 == 0 ? "dry" : "wet")}", label = i % 2 });
        foreach (var (split, count) in new[] { ("train", 8), ("validation", 4), ("test", 4) }) File.WriteAllLines(_workspace.File(split + ".jsonl"), Enumerable.Range(0, count).Select(Row));
        File.WriteAllText(Weather, """
            {
              "name": "weather",
              "data": { "train": "train.jsonl", "validation": "validation.jsonl", "test": "test.jsonl" },
              "prompt": { "context": "{text} rain?", "answer": " {answer}", "separator": "\n" },
              "choices": ["no", "yes"],
              "label_field": "label",
              "structured": { "kind": "classification", "text": "{text}" }
            }
            """);
    }

    private string Weather => _workspace.File("weather.json");

    public void Dispose() => _workspace.Dispose();

    private static JsonElement Result(params string[] arguments)
    {
        var (code, output, error) = Rk.Call([.. arguments, "--json"]);
        Assert.True(code == 0, error);
        return JsonElement.Parse(output);
    }

    private JsonElement Evaluate(params string[] more) => Result(["eval", "--model", _workspace.Model, "--task", Weather, "--device", "cpu", "--threads", "1", .. more]);

    [Fact]
    public void AnOwnTaskIsEvaluatedFineTunedOnAndShown()
    {
        var evaluated = Evaluate("--shots", "2");
        Assert.Equal("weather", evaluated.GetProperty("task").GetString());
        Assert.Equal(4, evaluated.GetProperty("items").GetArrayLength());
        var tuned = Result("finetune", "--model", _workspace.Model, "--task", Weather, "--set", "epochs=1", "--device", "cpu", "--threads", "1");
        Assert.Equal(8, tuned.GetProperty("examples").GetInt32());
        var shown = Result("task", "show", Weather, "--shots", "1");
        Assert.Contains("rain?", shown.GetProperty("demonstration_text").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public void OptionsWithoutAFlagAreSet()
    {
        var set = Evaluate("--shots", "3", "--set", "order_seed=7", "--set", "separator= ## ", "--set", "overflow=truncate_left").GetProperty("options");
        Assert.Equal(7, set.GetProperty("order_seed").GetInt32());
        Assert.Equal("truncate_left", set.GetProperty("overflow").GetString());
        var prompt = Evaluate("--shots", "3", "--set", "separator= ## ", "--show", "1").GetProperty("items")[0].GetProperty("prompt").GetString()!;
        Assert.Equal(4, prompt.Split(" ## ").Length);
    }

    [Theory]
    [InlineData("shot=3", "`shot` is not a known key. Did you mean `shots`?")]
    [InlineData("shots=-1", "--shots (-1)")]
    [InlineData("prefix_token_id=100000", "Prefix token (100000)")]
    public void AWrongOptionIsNamed(string assignment, string message)
    {
        var (code, _, error) = Rk.Call(["eval", "--model", _workspace.Model, "--task", Weather, "--device", "cpu", "--set", assignment]);
        Assert.Equal(2, code);
        Assert.Contains(message, error, StringComparison.Ordinal);
    }

    [Fact]
    public void AModelIsDescribedWithOtherValues()
    {
        Assert.Equal(124_439_808 + 3072 * 768, Result("describe", "gpt2-small", "--set", "n_ctx=4096").GetProperty("parameters").GetInt64());
        var (_, text, _) = Rk.Call(["describe", "gpt2-small", "--set", "n_head=5"]);
        Assert.Contains("impossible", text, StringComparison.Ordinal);
    }

    [Fact]
    public void APullIsPrintedAsJson()
    {
        Assert.SkipUnless(DatasetCatalog.Status(DatasetCatalog.Get("copa"), DataFolder.Find(null)).IsComplete, $"copa is not in {DataFolder.Variable}");
        var pulled = Result("data", "pull", "copa");
        Assert.NotEmpty(pulled.GetProperty("already_present").EnumerateArray());
        Assert.Empty(pulled.GetProperty("downloaded").EnumerateArray());
        Assert.NotEqual("", pulled.GetProperty("licence").GetString());
    }
}
