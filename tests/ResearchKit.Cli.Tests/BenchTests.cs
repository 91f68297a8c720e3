using System.Text.Json;
using ResearchKit.Testing;

namespace ResearchKit.Cli.Tests;

public class BenchTests
{
    [Fact]
    public void ListNamesEveryBenchmarkAndMeasuresNothing()
    {
        var list = Rk.Call("bench", "--list");
        Assert.Equal((0, ""), (list.ExitCode, list.Error));
        Assert.All(["train", "memory", "attention", "scoring", "decode", "tokenize", "startup", "report"], name => Assert.Contains("\n" + name, "\n" + list.Output, StringComparison.Ordinal));
    }

    [Fact]
    public void AnUnknownBenchmarkIsRefusedWithTheNames()
    {
        var outcome = Rk.Call("bench", "--only", "flight");
        Assert.Equal((2, ""), (outcome.ExitCode, outcome.Output));
        Assert.Contains("\"flight\"", outcome.Error, StringComparison.Ordinal);
        Assert.Contains("train", outcome.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void ATextThatIsNotThereIsRefused()
    {
        var outcome = Rk.Call("bench", "--only", "tokenize", "--quick", "--threads", "1", "--text", "no-such-file.txt");
        Assert.Equal(2, outcome.ExitCode);
        Assert.Contains("no-such-file.txt", outcome.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void AMeasurementComesWithTheLimitsOfTheMachineAndIsWrittenToFiles()
    {
        using var folder = new TemporaryFolder();
        var text = Path.Combine(folder.Path, "text.txt");
        File.WriteAllText(text, string.Concat(Enumerable.Repeat("The same words on every line, once and again.\n", 2000)));
        var outcome = Rk.Call("bench", "--only", "tokenize", "--quick", "--threads", "1", "--text", text, "--out", folder.Path, "--json");
        Assert.Equal(0, outcome.ExitCode);
        using var report = JsonDocument.Parse(outcome.Output);
        Assert.True(report.RootElement.GetProperty("roofline").GetProperty("sgemm_gflops").GetDouble() > 0);
        Assert.Equal(1, report.RootElement.GetProperty("environment").GetProperty("threads").GetInt32());
        var first = report.RootElement.GetProperty("rows")[0];
        Assert.Equal(("tokenize", "MB/s"), (first.GetProperty("case").GetString(), first.GetProperty("unit").GetString()));
        Assert.True(first.GetProperty("value").GetDouble() > 0);
        Assert.Contains("gpt2, one core", File.ReadAllText(Path.Combine(folder.Path, "benchmarks.md")), StringComparison.Ordinal);
        using var written = JsonDocument.Parse(File.ReadAllText(Path.Combine(folder.Path, "benchmarks.json")));
        Assert.Equal(first.GetProperty("value").GetDouble(), written.RootElement.GetProperty("rows")[0].GetProperty("value").GetDouble());
    }
}
