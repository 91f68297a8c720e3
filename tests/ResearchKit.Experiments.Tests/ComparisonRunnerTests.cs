using System.IO.Compression;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using ResearchKit.Core.Configuration;
using ResearchKit.Evaluation;
using ResearchKit.Experiments.Cells;
using ResearchKit.Experiments.Configuration;
using ResearchKit.Experiments.Reporting;

namespace ResearchKit.Experiments.Tests;

public sealed class ComparisonRunnerTests : IDisposable
{
    private const int CellCount = 5;

    private readonly TinyComparison _tiny = new();

    public void Dispose() => _tiny.Dispose();

    [Fact]
    public void RunningAgainComputesNothingAndLeavesEveryByte()
    {
        var first = _tiny.Execute();
        Assert.Equal((0, CellCount), (first.ReusedCells, first.ComputedCells));
        Assert.Empty(first.Warnings);
        var output = _tiny.Output();
        Assert.All(["config.json", "report.json", "report.html", "report.md"], name => Assert.Contains(name, output.Keys));

        var second = _tiny.Execute();
        Assert.Equal((CellCount, 0), (second.ReusedCells, second.ComputedCells));
        Assert.Equal(output, _tiny.Output());
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(5)]
    public void AnInterruptedRunEndsInTheBytesOfAnUninterruptedOne(int finishedCells)
    {
        _tiny.Execute();
        var uninterrupted = _tiny.Output();
        _tiny.Forget();

        using var interrupt = new CancellationTokenSource();
        Assert.ThrowsAny<OperationCanceledException>(() => _tiny.Execute(progress: step =>
        {
            if (step.Done == finishedCells) interrupt.Cancel();
        }, cancellation: interrupt.Token));
        Assert.Equal(finishedCells, _tiny.CellFiles().Length);
        Assert.False(File.Exists(Path.Combine(_tiny.Run, "report.html")));

        var resumed = _tiny.Execute();
        Assert.Equal((finishedCells, CellCount - finishedCells), (resumed.ReusedCells, resumed.ComputedCells));
        Assert.Equal(uninterrupted, _tiny.Output());
    }

    [Fact]
    public void AModelsOwnDropoutIsPartOfItsFineTunings()
    {
        _tiny.Execute();
        var path = Path.Combine(_tiny.Base, "models", "tiny", "config.json");
        var config = File.ReadAllText(path);
        Assert.Contains("\"resid_pdrop\": 0", config, StringComparison.Ordinal);
        File.WriteAllText(path, System.Text.RegularExpressions.Regex.Replace(config, "\"resid_pdrop\": 0(\\.0)?", "\"resid_pdrop\": 0.1"));
        var again = _tiny.Execute();
        Assert.Equal((CellCount - 1, 1), (again.ReusedCells, again.ComputedCells));   // prompts see no dropout
    }

    [Fact]
    public void TablesOfAnEarlierVersionOfTheExperimentDoNotStay()
    {
        _tiny.Execute(_tiny.Config with { InContext = new() { Shots = [0, 2], Seeds = [1, 2] } });
        Assert.Contains(_tiny.Output().Keys, name => name.EndsWith("_seed2.json", StringComparison.Ordinal));
        File.WriteAllText(Path.Combine(_tiny.Run, "paper-values.csv"), "old");
        File.WriteAllText(Path.Combine(_tiny.Run, "my-own.csv"), "mine");
        _tiny.Execute();
        Assert.DoesNotContain(_tiny.Output().Keys, name => name.EndsWith("_seed2.json", StringComparison.Ordinal) || name == "paper-values.csv");
        Assert.Contains("my-own.csv", _tiny.Output().Keys);
    }

    [Fact]
    public void DamagedCellsAreReportedAndComputedAgain()
    {
        _tiny.Execute();
        var output = _tiny.Output();
        var files = _tiny.CellFiles();
        var contents = files.Select(File.ReadAllBytes).ToArray();
        var flipped = contents[0].ToArray();
        flipped[flipped.Length / 2] ^= 0x10;
        File.WriteAllBytes(files[0], flipped);
        File.WriteAllBytes(files[1], contents[1][..(contents[1].Length / 2)]);
        File.WriteAllBytes(files[2], []);
        File.WriteAllBytes(files[3], contents[4]);                        // a whole cell, but another one

        var repaired = _tiny.Execute();
        Assert.Equal((1, 4), (repaired.ReusedCells, repaired.ComputedCells));
        Assert.All(files[..4], file => Assert.Single(repaired.Warnings, warning => warning.Contains(file, StringComparison.Ordinal) && warning.Contains("damaged", StringComparison.Ordinal)));
        Assert.Equal(contents, files.Select(File.ReadAllBytes));
        Assert.Equal(output, _tiny.Output());
        Assert.Empty(_tiny.Execute().Warnings);
    }

    [Fact]
    public void CellsOfARenamedModelFolderAreThoseOfTheNewName()
    {
        _tiny.Execute();
        var renamed = _tiny.Config with { Models = ["models/renamed"] };
        Directory.Move(Path.Combine(_tiny.Base, "models", "tiny"), Path.Combine(_tiny.Base, "models", "renamed"));
        Assert.Equal((CellCount, 0), (_tiny.Execute(renamed).ReusedCells, _tiny.Execute(renamed).ComputedCells));
        var reused = StoredItems.Read(_tiny.Run).Cells.Select(cell => (cell.Id, cell.Checksum)).ToList();
        _tiny.Forget();
        _tiny.Execute(renamed);
        Assert.Equal(StoredItems.Read(_tiny.Run).Cells.Select(cell => (cell.Id, cell.Checksum)), reused);
    }

    [Fact]
    public void CellsOfAnotherVersionOrThreadCountAreLeftAloneAndNamed()
    {
        _tiny.Execute();
        var output = _tiny.Output();
        var own = _tiny.CellFiles();
        var other = new ComparisonRunner(_tiny.Config, _tiny.Base, new("cpu", 2)).Plan();
        Assert.Equal(CellCount, other.Missing.Count);
        Assert.Contains("5 finished cells", Assert.Single(other.Warnings), StringComparison.Ordinal);
        Assert.Contains("--threads 1 would use them", other.Warnings[0], StringComparison.Ordinal);

        // What an older program would have left: the same key but for the version, under its own address.
        var key = JsonSerializer.Serialize(new InContextKey("w", "t", "suite/label-induction", "f", 0, 1, OverflowPolicy.ReduceShots, new("cpu", 1, "0.1")) { ScoringVersion = 1 }, ConfigJson.Compact);
        new CellStore(_tiny.Cells, _ => { }).Write(JsonSerializer.Deserialize<InContextKey>(key, ConfigJson.Compact), "an older payload");
        File.Delete(own[0]);
        var again = _tiny.Execute();
        Assert.Equal((CellCount - 1, 1), (again.ReusedCells, again.ComputedCells));
        Assert.Contains("1 finished cell ", Assert.Single(again.Warnings), StringComparison.Ordinal);
        Assert.Contains("scoring 1, now 3", again.Warnings[0], StringComparison.Ordinal);
        Assert.Equal(CellCount + 1, _tiny.CellFiles().Length);
        Assert.Equal(output, _tiny.Output());
        Assert.Empty(_tiny.Execute().Warnings);                           // nothing was missing, so nothing needs to be explained
    }

    [Fact]
    public void CellsOfAnotherProcessorAreUsedAndSaid()
    {
        _tiny.Execute();
        var file = _tiny.CellFiles()[0];
        var cell = JsonNode.Parse(Unpacked(file))!;
        Assert.Equal(RunEnvironment.Processor, (string?)cell["processor"]);
        cell["processor"] = "another machine";
        using (var gzip = new GZipStream(File.Create(file), CompressionLevel.Fastest)) gzip.Write(Encoding.UTF8.GetBytes(cell.ToJsonString(ConfigJson.Compact)));

        var again = _tiny.Execute();
        var shares = $"{RunEnvironment.Processor} (4 cells), another machine (1 cell)";
        Assert.Equal(CellCount, again.ReusedCells);
        Assert.Contains(shares, Assert.Single(again.Warnings), StringComparison.Ordinal);
        Assert.Contains(RunReport.Read(_tiny.Run).Manifest!.Other, row => row.Value == shares);
    }

    private static string Unpacked(string file)
    {
        using var reader = new StreamReader(new GZipStream(File.OpenRead(file), CompressionMode.Decompress));
        return reader.ReadToEnd();
    }

    [Fact]
    public void AnEditRecomputesOnlyWhatItTouches()
    {
        _tiny.Execute();
        var config = _tiny.Config;

        Computes(0, config with { Question = "Does it?", Confidence = 0.9 });
        Computes(2, config with { InContext = config.InContext! with { Shots = [0, 2, 3] } });
        Computes(2, config with { InContext = config.InContext! with { Seeds = [1, 2] } });
        Computes(1, config with { FineTuning = config.FineTuning! with { Examples = [8, 12] } });
        Computes(1, config with { FineTuning = config.FineTuning! with { Recipes = Recipe("gpt1", new() { Epochs = 1, BatchSize = 4, LearningRate = 0.01, Lambda = 0 }) } });
        Computes(0, config with { FineTuning = config.FineTuning! with { Recipes = Recipe("renamed", config.FineTuning.Recipes["gpt1"]) } });
        Computes(2, config with { Tasks = [config.Tasks[0], config.Tasks[1] with { Limit = 5 }] });
        Computes(2, config with { Tasks = [config.Tasks[0], config.Tasks[1] with { Prompt = new("{input} becomes", " {answer}\n") }] });
        Computes(2, config with { Tasks = [config.Tasks[0] with { Prompt = new("{input} is a", " {answer}") }, config.Tasks[1]] });      // another prompt trains nothing anew
        Computes(0, config with { Tasks = [config.Tasks[0]] });

        TinyModelFolder.Make(Path.Combine(_tiny.Base, "models", "other"), seed: 2);
        Computes(CellCount, config with { Models = ["models/tiny", "models/other"] });

        void Computes(int expected, ComparisonConfig edited) => Assert.Equal(expected, _tiny.Execute(edited).ComputedCells);
    }

    [Fact]
    public void TheManifestsCommandFindsEverythingFromTheRunFolder()
    {
        _tiny.Execute();
        var output = _tiny.Output();
        var manifest = Report().Manifest!;
        var file = manifest.Command!.Split(' ')[2];
        var config = Assert.IsType<ComparisonConfig>(ExperimentConfig.Load(file));

        var again = new ComparisonRunner(config, Path.GetDirectoryName(Path.GetFullPath(file))!, TinyComparison.Device).Run();

        Assert.Equal((CellCount, 0), (again.ReusedCells, again.ComputedCells));
        Assert.Equal(output, _tiny.Output());
    }

    [Fact]
    public void ProgressCountsEveryCellOnceAndKnowsTheTimeLeft()
    {
        var steps = new List<RunProgress>();
        _tiny.Execute(progress: steps.Add);
        Assert.All(steps, step => Assert.Equal(CellCount, step.Total));
        Assert.Equal(Enumerable.Range(0, CellCount + 1), steps.Select(step => step.Done).Distinct());
        Assert.True(steps.Zip(steps.Skip(1), (a, b) => a.Done <= b.Done).All(inOrder => inOrder));
        Assert.All(steps.Where(step => step is { Done: > 0, Left: not null }), step => Assert.True(step is { TokensPerSecond: > 0 } && step.Left >= TimeSpan.Zero));
    }

    [Fact]
    public void EveryRegimeIsScoredOnTheSameItems()
    {
        _tiny.Execute();
        var report = Report();
        var task = report.Tasks.Single(task => task.Name == "suite/label-induction");
        Assert.Equal(6, task.ItemIds.Distinct().Count());
        Assert.All(report.InContext.Where(cell => cell.Task == task.Name), cell => Assert.Equal(6, cell.ItemScores.Count));
        Assert.Equal(6, Assert.Single(report.FineTuning).ItemScores.Count);
    }

    private ReportModel Report() => RunReport.Read(_tiny.Run);

    private static Dictionary<string, FineTuneRecipe> Recipe(string name, FineTuneRecipe recipe) => new() { [name] = recipe };
}
