using System.Text.Json;
using ResearchKit.Testing;

namespace ResearchKit.Cli.Tests;

public sealed class ContaminationTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private static JsonElement Find(string corpus, params string[] more)
    {
        var (code, output, error) = Rk.Call(["data", "contamination", "--task", "suite/sentiment", "--corpus", corpus, "--json", .. more]);
        Assert.True(code == 0, error);
        return JsonDocument.Parse(output).RootElement;
    }

    [Fact]
    public void AnItemCopiedIntoTheCorpusIsFoundWithItsPlace()
    {
        using var shown = JsonDocument.Parse(Rk.Call("task", "show", "suite/sentiment", "--item", "7", "--json").Output);
        var item = shown.RootElement.GetProperty("sequences")[0];
        var text = item.GetProperty("text").GetString()![..item.GetProperty("scored_start").GetInt32()];
        Directory.CreateDirectory(_folder.File("corpus"));
        File.WriteAllText(_folder.File("corpus/a.txt"), "Nothing of interest stands here.");
        File.WriteAllText(_folder.File("corpus/b.txt"), "Once: " + text.ToUpperInvariant() + " ... and more");
        var found = Find(_folder.File("corpus"), "--n", "4");
        Assert.Equal((2, 4), (found.GetProperty("document_count").GetInt32(), found.GetProperty("gram_length").GetInt32()));
        var dirty = found.GetProperty("dirty").EnumerateArray().Single(example => example.GetProperty("id").GetString() == shown.RootElement.GetProperty("id").GetString());
        Assert.Equal("b.txt", dirty.GetProperty("spans")[0].GetProperty("document").GetString());

        File.WriteAllLines(_folder.File("lines.jsonl"), [JsonSerializer.Serialize("nothing"), JsonSerializer.Serialize(new { text })]);
        Assert.Equal("lines.jsonl:2", Find(_folder.File("lines.jsonl"), "--n", "4").GetProperty("dirty")[0].GetProperty("spans")[0].GetProperty("document").GetString());
    }

    [Fact]
    public void TheKitsOwnGeneratedDocumentsHoldNoTestItem() => Assert.Equal(0, Find("generated:200").GetProperty("dirty_count").GetInt32());

    [Theory]
    [InlineData("There is no corpus nowhere", "nowhere")]
    [InlineData("at least 1", "generated:0")]
    public void ACorpusThatIsNoneIsRefused(string said, string corpus)
    {
        var (code, _, error) = Rk.Call("data", "contamination", "--task", "suite/sentiment", "--corpus", corpus);
        Assert.Equal(2, code);
        Assert.Contains(said, error);
    }

    [Fact]
    public void ABrokenLineIsNamed()
    {
        File.WriteAllText(_folder.File("bad.jsonl"), "\"fine\"\n{\"txt\": 1}\n");
        var (code, _, error) = Rk.Call("data", "contamination", "--task", "suite/sentiment", "--corpus", _folder.File("bad.jsonl"));
        Assert.Equal(2, code);
        Assert.Contains("bad.jsonl, line 2", error);
    }
}
