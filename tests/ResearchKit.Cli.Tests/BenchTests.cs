using System.Text.Json;
using System.Xml.Linq;
using ResearchKit.Benchmarking;
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

    [Fact]
    public void WhatWasMeasuredAgainstTheLengthIsDrawnALineForEachSeries()
    {
        using var folder = new TemporaryFolder();
        var rows = from series in new[] { "dense", "band" } from length in new[] { 512, 1024, 2048 }
                   select new BenchmarkRow { Case = "attention", What = $"{series}, T={length}", Value = series == "band" ? length : (double)length * length, Unit = "ms", Series = series, Length = length, PeakBytes = length * 1000L };
        Report([.. rows]).Write(folder.Path);
        var figure = XDocument.Load(Path.Combine(folder.Path, "length.svg"));
        var lines = figure.Descendants().Where(element => element.Name.LocalName == "polyline").ToList();
        Assert.Equal(4, lines.Count);                                    // two series in each of two panels
        Assert.All(lines, line => Assert.Equal(3, line.Attribute("points")!.Value.Split(' ').Length));
        Assert.Contains("](length.svg)", File.ReadAllText(Path.Combine(folder.Path, "benchmarks.md")), StringComparison.Ordinal);
    }

    [Fact]
    public void WithoutLengthsNothingIsDrawn()
    {
        using var folder = new TemporaryFolder();
        Report([new BenchmarkRow { Case = "startup", What = "rk --help", Value = 0.1, Unit = "s" }]).Write(folder.Path);
        Assert.False(File.Exists(Path.Combine(folder.Path, "length.svg")));
        Assert.DoesNotContain("svg", File.ReadAllText(Path.Combine(folder.Path, "benchmarks.md")), StringComparison.Ordinal);
    }

    private static BenchmarkReport Report(IReadOnlyList<BenchmarkRow> rows) => new()
    {
        Environment = new BenchmarkEnvironment { Processor = "", Cores = 1, Threads = 1, MemoryBytes = 1, System = "", DotNet = "", TorchSharp = "", Kit = "", Started = "" },
        Roofline = new Roofline(1, [1, 1], 1, [1, 1]),
        Rows = rows,
    };
}
