using System.Diagnostics;
using System.Runtime.InteropServices;

namespace ResearchKit.Cli.Tests;

/// <summary>Runs that are cut off, as child processes: what they leave must carry on to the same bytes.</summary>
public sealed class KillTests : IDisposable
{
    private const int CellCount = 1 + 5 * 4 + 2;

    private readonly TinyWorkspace _workspace = new();

    public KillTests() => _workspace.Write(new
    {
        tasks = new[] { new { name = "suite/label-induction", limit = 60 } },
        in_context = new { shots = new[] { 0, 1, 2, 4, 6 }, seeds = new[] { 1, 2, 3, 4, 5 } },
        fine_tuning = new { examples = new[] { 16 }, seeds = new[] { 1, 2 }, recipes = new { gpt1 = new { epochs = 1, batch_size = 8 } } },
    });

    public void Dispose() => _workspace.Dispose();

    private string Cells => Path.Combine(_workspace.Run, "cells");

    [Fact]
    public void AKilledRunCarriesOnToTheBytesOfAnUninterruptedOne()
    {
        Assert.Equal(0, Rk.Finish(Execute()).ExitCode);
        var whole = Report();
        Directory.Delete(_workspace.Run, recursive: true);

        using (var killed = Execute())
        {
            WaitForCell(killed);
            killed.Kill();
            killed.WaitForExit();
        }

        var finished = Directory.GetFiles(Cells, "*.json.gz").Length;
        Assert.InRange(finished, 1, CellCount - 1);
        Assert.False(File.Exists(Path.Combine(_workspace.Run, "report.json")));

        var (code, output, error) = Rk.Finish(Execute());
        Assert.True(code == 0, error);
        Assert.Contains($"{CellCount - finished} cells computed, {finished} reused", output, StringComparison.Ordinal);
        Assert.Equal(whole, Report());
    }

    [Fact]
    public void CtrlCKeepsWhatIsDoneAndSaysSo()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "signals are sent the Unix way");
        var interrupted = Execute();
        WaitForCell(interrupted);
        Assert.Equal(0, Signal(interrupted.Id, 2));
        var (code, _, error) = Rk.Finish(interrupted);
        Assert.Equal(130, code);
        Assert.Contains("run the same command again to carry on", error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", error, StringComparison.Ordinal);
        Assert.InRange(Directory.GetFiles(Cells, "*.json.gz").Length, 1, CellCount - 1);
    }

    [Fact]
    public void TwoProcessesOnOneRunLeaveTheBytesOfOne()
    {
        Assert.Equal(0, Rk.Finish(Execute()).ExitCode);
        var whole = Report();
        Directory.Delete(_workspace.Run, recursive: true);

        var (first, second) = (Execute(), Execute());
        var outcomes = new[] { Rk.Finish(first), Rk.Finish(second) };
        Assert.All(outcomes, outcome => Assert.True(outcome.ExitCode == 0, outcome.Error));
        Assert.All(outcomes, outcome => Assert.DoesNotContain("note:", outcome.Error, StringComparison.Ordinal));
        Assert.Equal(whole, Report());
        Assert.Equal(CellCount, Directory.GetFiles(Cells).Length);        // no temporary file stays behind
        Assert.Contains($"0 cells computed, {CellCount} reused", Rk.Finish(Execute()).Output, StringComparison.Ordinal);
    }

    private Process Execute() => Rk.Start("run", _workspace.Experiment, "--device", "cpu");

    private void WaitForCell(Process process)
    {
        var deadline = Stopwatch.StartNew();
        while (!Directory.Exists(Cells) || Directory.GetFiles(Cells, "*.json.gz").Length == 0)
        {
            Assert.False(process.HasExited, "the run ended before it could be cut off");
            Assert.True(deadline.Elapsed < TimeSpan.FromMinutes(2), "no cell within 2 minutes");
            Thread.Sleep(5);
        }
    }

    private (string, string, string) Report() =>
        (Read("report.json"), Read("report.html"), Read("report.md"));

    private string Read(string file) => Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(File.ReadAllBytes(Path.Combine(_workspace.Run, file))));

    [DllImport("libc", EntryPoint = "kill")]
    private static extern int Signal(int process, int signal);
}
