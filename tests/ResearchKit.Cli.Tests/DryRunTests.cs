using System.Text.Json;

namespace ResearchKit.Cli.Tests;

/// <summary>What a dry run says, and that it leaves nothing behind.</summary>
public sealed class DryRunTests : IDisposable
{
    private readonly TinyWorkspace _workspace = new();

    public DryRunTests() => _workspace.Write(new
    {
        tasks = new object[] { new { name = "suite/label-induction", limit = 40 }, new { name = "suite/function-first", limit = 50, fine_tune = false } },
        in_context = new { shots = new[] { 0, 2 }, seeds = new[] { 1, 2 } },
        fine_tuning = new { examples = new[] { 8 }, seeds = new[] { 1 }, recipes = new { gpt1 = new { epochs = 1, batch_size = 8 } } },
    });

    public void Dispose() => _workspace.Dispose();

    private Outcome DryRun(params string[] more) => Rk.Call(["run", _workspace.Experiment, "--device", "cpu", "--threads", "1", "--dry-run", .. more]);

    [Fact]
    public void ItListsEveryCellAndLeavesNothingBehind()
    {
        var before = Directory.GetFileSystemEntries(Path.GetDirectoryName(_workspace.Experiment)!, "*", SearchOption.AllDirectories).Order().ToArray();
        var (code, output, error) = DryRun();
        Assert.True(code == 0, error);
        Assert.Equal(7, output.Split('\n').Count(line => line.StartsWith("to do ", StringComparison.Ordinal)));
        Assert.Contains("tiny · suite/label-induction · 2-shot, draw 2", output, StringComparison.Ordinal);
        Assert.Contains("tiny · suite/label-induction · fine-tuning on 8, gpt1, seed 1", output, StringComparison.Ordinal);
        Assert.Contains("tiny: 7 cells, 0 cached, 7 to do", output, StringComparison.Ordinal);
        Assert.Equal(before, Directory.GetFileSystemEntries(Path.GetDirectoryName(_workspace.Experiment)!, "*", SearchOption.AllDirectories).Order());
    }

    [Fact]
    public void AfterARunEverythingIsCachedAndAnEditShowsWhatItTouches()
    {
        Assert.Equal(0, Rk.Call("run", _workspace.Experiment, "--device", "cpu", "--threads", "1").ExitCode);
        Assert.Contains("7 cells, 7 cached, 0 to do", DryRun().Output, StringComparison.Ordinal);
        var edited = DryRun("--set", "in_context.shots=[0,1]").Output;
        Assert.Contains("cached  tiny · suite/label-induction · 0-shot", edited, StringComparison.Ordinal);
        Assert.Contains("to do   tiny · suite/label-induction · 1-shot, draw 1", edited, StringComparison.Ordinal);
        Assert.Contains("by this run's finished cells", edited, StringComparison.Ordinal);
    }

    [Fact]
    public void TheJsonHoldsWorkTimeMemoryAndTheDetectableDifferenceOfEveryTask()
    {
        using var json = JsonDocument.Parse(DryRun("--json").Output);
        var root = json.RootElement;
        Assert.Equal((7, 7, 3), (root.GetProperty("cells").GetInt32(), root.GetProperty("missing").GetInt32(), root.GetProperty("comparisons").GetInt32()));
        Assert.True(root.GetProperty("seconds").GetDouble() > 0);
        Assert.InRange(root.GetProperty("memory_bytes").GetInt64(), 100L << 20, 4L << 30);
        Assert.Equal(root.GetProperty("forward_tokens").GetInt64(), root.GetProperty("list").EnumerateArray().Sum(cell => cell.GetProperty("forward_tokens").GetInt64()));
        var tasks = root.GetProperty("tasks").EnumerateArray().ToList();
        // Connor's formula for 50 independent items and 30% discordant pairs, solved by hand: (δ - 1/n)√n = 1.96√ψ + 0.8416√(ψ - δ²).
        Assert.Equal(0.2309, tasks[1].GetProperty("detectable").GetDouble(), 0.0005);
        Assert.True(tasks[0].GetProperty("units").GetInt32() < tasks[0].GetProperty("items").GetInt32(), "label induction has clusters of items");
        Assert.True(tasks[1].GetProperty("detectable_corrected").GetDouble() > tasks[1].GetProperty("detectable").GetDouble());
    }
}
