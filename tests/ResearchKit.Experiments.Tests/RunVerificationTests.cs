using ResearchKit.Core;
using ResearchKit.Experiments.Reporting;

namespace ResearchKit.Experiments.Tests;

/// <summary>A stored run computed again: what agrees, what does not, and why.</summary>
public sealed class RunVerificationTests : IDisposable
{
    private readonly TinyComparison _tiny = new();

    public RunVerificationTests()
    {
        _tiny.Execute();
        Directory.Delete(_tiny.Cells, recursive: true);                   // as a committed result, which has no cells
    }

    public void Dispose() => _tiny.Dispose();

    private VerificationResult Verify(int? sample = null) => RunVerification.Open(_tiny.Run).Run(TinyComparison.Device, sample);

    private void EditManifest(Func<ReportManifest, ReportManifest> edit)
    {
        var path = Path.Combine(_tiny.Run, "report.json");
        var report = ReportModelJson.Deserialize(File.ReadAllText(path), path);
        File.WriteAllText(path, ReportModelJson.Serialize(report with { Manifest = edit(report.Manifest!) }));
    }

    /// <summary>Edits the second in-context cell of label induction.</summary>
    private string EditCell(Func<StoredCell, StoredCell> edit)
    {
        var stored = StoredItems.Read(_tiny.Run);
        (stored with { Cells = [stored.Cells[0], edit(stored.Cells[1]), .. stored.Cells.Skip(2)] }).Write(_tiny.Run);
        return stored.Cells[1].Id;
    }

    [Fact]
    public void EveryCellHasTheSameBitsAndNothingIsWritten()
    {
        var before = _tiny.Output();
        var result = Verify();
        Assert.True(result.Agrees && result.SameMachine);
        Assert.Empty(result.Causes);
        Assert.Equal(Enumerable.Repeat(CellAgreement.SameBits, 5), result.Cells.Select(cell => cell.Agreement));
        Assert.Equal(before, _tiny.Output());
        Assert.False(Directory.Exists(_tiny.Cells));
    }

    [Fact]
    public void TheReportsConfigurationCountsWhateverWasStartedSince()
    {
        File.WriteAllText(Path.Combine(_tiny.Run, "config.json"), "{}");
        Assert.True(Verify().Agrees);
    }

    [Fact]
    public void ASampleHasBothRegimesAndIsTheSameEveryTime()
    {
        var cells = Verify(2).Cells.Select(cell => cell.Cell).ToList();
        Assert.Equal(2, cells.Count);
        Assert.Single(cells, cell => cell.Contains("/gpt1@8/", StringComparison.Ordinal));
        Assert.Equal(cells, Verify(2).Cells.Select(cell => cell.Cell));
    }

    [Fact]
    public void OtherWeightsAreNamedAndTheirCellsNotComputed()
    {
        Directory.Delete(Path.Combine(_tiny.Base, "models", "tiny"), recursive: true);
        TinyModelFolder.Make(Path.Combine(_tiny.Base, "models", "tiny"), seed: 9);
        var result = Verify();
        Assert.False(result.Agrees);
        Assert.All(result.Cells, cell => Assert.Equal(CellAgreement.InputChanged, cell.Agreement));
        Assert.Contains("weights of tiny", Assert.Single(result.Causes), StringComparison.Ordinal);
    }

    [Fact]
    public void OtherDataAreNamedAndOnlyTheirTasksCellsAreNotComputed()
    {
        var stored = StoredItems.Read(_tiny.Run);
        (stored with { Tasks = [stored.Tasks[0] with { Items = [stored.Tasks[0].Items[0] with { Hash = "0123456789abcdef" }, .. stored.Tasks[0].Items.Skip(1)] }, stored.Tasks[1]] }).Write(_tiny.Run);
        EditManifest(manifest => manifest with { Hashes = [.. manifest.Hashes.Select(row => row.Name == "items and prompt of suite/label-induction" ? row with { Value = new string('0', 64) } : row)] });
        var result = Verify();
        Assert.Contains("1 of 6 scored items differ", Assert.Single(result.Causes), StringComparison.Ordinal);
        Assert.Equal(3, result.Cells.Count(cell => cell.Agreement == CellAgreement.InputChanged));
        Assert.Equal(2, result.Cells.Count(cell => cell.Agreement == CellAgreement.SameBits));
    }

    [Fact]
    public void OtherResultsAreNamedByItem()
    {
        var id = EditCell(cell => cell with { Checksum = "other", Predicted = [1 - cell.Predicted![0], .. cell.Predicted.Skip(1)], Scores = [1 - cell.Scores[0], .. cell.Scores.Skip(1)] });
        var cell = Verify().Cells.Single(cell => cell.Agreement != CellAgreement.SameBits);
        Assert.Equal((id, CellAgreement.Different, 1), (cell.Cell, cell.Agreement, cell.ChangedCount));
        Assert.StartsWith("test/", Assert.Single(cell.ChangedItems), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void RoundingIsAllowedOnAnotherProcessorOnly(bool otherProcessor)
    {
        EditCell(cell => cell with { Checksum = "other", LogProbabilities = [.. cell.LogProbabilities!.Select(values => (IReadOnlyList<float>)[.. values.Select(value => value * (1 + 2e-6f))])] });
        if (otherProcessor) EditManifest(manifest => manifest with { Other = [.. manifest.Other.Select(row => row.Name == RunEnvironment.ProcessorRow ? row with { Value = "another" } : row)] });
        var result = Verify();
        var cell = result.Cells.Single(cell => cell.Agreement != CellAgreement.SameBits);
        Assert.Equal(CellAgreement.WithinTolerance, cell.Agreement);
        Assert.InRange(cell.LargestDifference!.Value, 1e-7, RunVerification.InContextTolerance);
        Assert.Equal(otherProcessor, result.Agrees);
        Assert.Equal(otherProcessor, result.Causes.Any(cause => cause.StartsWith("Processor: another then", StringComparison.Ordinal)));
    }

    [Fact]
    public void AFolderWithoutARunSaysWhatToDo()
    {
        Assert.Contains("rk run FILE", Assert.Throws<ConfigException>(() => RunVerification.Open(_tiny.File("nothing"))).Message, StringComparison.Ordinal);
        File.Delete(Path.Combine(_tiny.Run, "report.json"));
        Assert.Contains("no report.json", Assert.Throws<ConfigException>(() => RunVerification.Open(_tiny.Run)).Message, StringComparison.Ordinal);
    }
}
