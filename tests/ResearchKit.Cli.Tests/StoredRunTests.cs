using System.Text.Json;

namespace ResearchKit.Cli.Tests;

/// <summary>The verbs that read a stored run, as a user calls them.</summary>
public sealed class StoredRunTests : IDisposable
{
    private readonly TinyWorkspace _workspace = new();

    public StoredRunTests() => Assert.Equal(0, Rk.Call("run", _workspace.Experiment, "--device", "cpu").ExitCode);

    public void Dispose() => _workspace.Dispose();

    [Fact]
    public void CompareSaysWhatIsComparedAndBetweenWhat()
    {
        var (code, output, error) = Rk.Call("compare", _workspace.Run, _workspace.Run, "--a", "k1", "--b", "k0");
        Assert.True(code == 0, error);
        Assert.Contains("suite/label-induction, accuracy: 4 items in common", output, StringComparison.Ordinal);
        Assert.Contains("tiny/k1 − tiny/k0", output, StringComparison.Ordinal);
        using var json = JsonDocument.Parse(Rk.Call("compare", _workspace.Run, _workspace.Run, "--json").Output);
        Assert.Equal([4, 4], json.RootElement.GetProperty("rows").EnumerateArray().Select(row => row.GetProperty("common_items").GetInt32()));
        Assert.Equal(2, Rk.Call("compare", _workspace.Run, _workspace.Run, "--a", "k9").ExitCode);
    }

    [Fact]
    public void VerifyConfirmsARunAndSaysWhyNotWhenItCannot()
    {
        var (code, output, error) = Rk.Call("verify", _workspace.Run, "--all");
        Assert.True(code == 0, error);
        Assert.Contains("2 have the same bits", output, StringComparison.Ordinal);
        Assert.Contains("The run is confirmed.", output, StringComparison.Ordinal);

        Directory.Delete(_workspace.Model, recursive: true);
        Experiments.Tests.TinyModelFolder.Make(_workspace.Model, seed: 3);
        (code, output, _) = Rk.Call("verify", _workspace.Run, "--all");
        Assert.Equal(1, code);
        Assert.Contains("The weights of tiny are no longer those of the run", output, StringComparison.Ordinal);
        Assert.Contains("NOT confirmed", output, StringComparison.Ordinal);
        Assert.Equal(2, Rk.Call("verify", _workspace.Run, "--sample", "0").ExitCode);
    }
}
