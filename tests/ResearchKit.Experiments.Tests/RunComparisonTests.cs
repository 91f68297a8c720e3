using ResearchKit.Core;
using ResearchKit.Experiments.Configuration;
using ResearchKit.Experiments.Reporting;

namespace ResearchKit.Experiments.Tests;

/// <summary>Two stored runs side by side: what is compared, and what is refused.</summary>
public sealed class RunComparisonTests : IDisposable
{
    private readonly TinyComparison _tiny = new();

    public RunComparisonTests() => _tiny.Execute();

    public void Dispose() => _tiny.Dispose();

    private string Other(Func<ComparisonConfig, ComparisonConfig> edit)
    {
        var folder = _tiny.File("other");
        _tiny.Execute(edit(_tiny.Config) with { Output = folder });
        return folder;
    }

    [Fact]
    public void EveryConditionMeetsItselfAndDiffersByNothing()
    {
        var result = RunComparison.Of(_tiny.Run, _tiny.Run, new());
        Assert.Equal(
            ["suite/label-induction tiny/k0", "suite/label-induction tiny/k2", "suite/label-induction tiny/gpt1@8", "suite/function-copy tiny/k0", "suite/function-copy tiny/k2"],
            result.Rows.Select(row => $"{row.Task} {row.A}"));
        Assert.All(result.Rows, row => Assert.Equal((row.A, 0.0, 1.0, 1.0), (row.B, row.Comparison.Difference.Estimate, row.Comparison.PValue, row.HolmPValue)));
    }

    [Fact]
    public void TwoConditionsOfOneRunAreComparedItemByItem()
    {
        var row = Assert.Single(RunComparison.Of(_tiny.Run, _tiny.Run, new() { A = "gpt1@8", B = "tiny/k2", Tasks = ["suite/label-induction"] }).Rows);
        var report = RunReport.Read(_tiny.Run);
        var tuned = Assert.Single(report.FineTuning);
        var shots = report.InContext.Single(cell => cell.Task == row.Task && cell.K == 2);
        Assert.Equal(tuned.Score - shots.Score, row.Comparison.Difference.Estimate, 12);
        Assert.Equal(
            (tuned.ItemScores.Zip(shots.ItemScores).Count(pair => pair.First > pair.Second), tuned.ItemScores.Zip(shots.ItemScores).Count(pair => pair.First < pair.Second)),
            (row.Comparison.McNemar!.OnlyFirst, row.Comparison.McNemar.OnlySecond));
    }

    [Fact]
    public void OnlyCommonItemsCountAndTheOthersAreCounted()
    {
        var other = Other(config => config with { Tasks = [config.Tasks[0] with { Limit = 4 }] });
        var result = RunComparison.Of(_tiny.Run, other, new());
        Assert.All(result.Rows, row => Assert.Equal((4, (2, 0)), (row.Comparison.ItemCount, row.Unmatched)));
        Assert.Equal(3, result.Rows.Count);
    }

    [Fact]
    public void ScoresByDifferentPromptsAreRefusedUnlessAskedFor()
    {
        var other = Other(config => config with { Tasks = [config.Tasks[0] with { Prompt = new("{input} becomes", " {answer}\n") }] });
        var result = RunComparison.Of(_tiny.Run, other, new());
        Assert.Equal(["tiny/gpt1@8"], result.Rows.Select(row => row.A));          // a fine-tuned head reads no prompt
        Assert.Equal(2, result.Notes.Count(note => note.Contains("different protocols", StringComparison.Ordinal) && note.Contains("--across-protocols", StringComparison.Ordinal)));
        Assert.Equal(3, RunComparison.Of(_tiny.Run, other, new() { AcrossProtocols = true }).Rows.Count);
        Assert.Contains("different protocols", Refused(_tiny.Run, other, new() { Regime = "in_context" }), StringComparison.Ordinal);
    }

    [Fact]
    public void AnotherOverflowPolicyIsAnotherProtocol()
    {
        var other = Other(config => config with { InContext = config.InContext! with { Overflow = Evaluation.OverflowPolicy.TruncateLeft } });
        Assert.Contains("different protocols", Refused(_tiny.Run, other, new() { Regime = "in_context" }), StringComparison.Ordinal);
    }

    [Fact]
    public void ItemsOfOneIdWithOtherTextsAreRefused()
    {
        var other = Other(config => config);
        var stored = StoredItems.Read(other);
        (stored with { Tasks = [stored.Tasks[0] with { Items = [stored.Tasks[0].Items[0] with { Hash = "0123456789abcdef" }, .. stored.Tasks[0].Items.Skip(1)] }, stored.Tasks[1]] }).Write(other);
        var message = Refused(_tiny.Run, other, new() { Tasks = ["suite/label-induction"] });
        Assert.Contains("1 of 6 common items have other texts", message, StringComparison.Ordinal);
        Assert.Contains(stored.Tasks[0].Items[0].Id, message, StringComparison.Ordinal);
        Assert.All(RunComparison.Of(_tiny.Run, other, new()).Rows, row => Assert.Equal("suite/function-copy", row.Task));
    }

    [Fact]
    public void ItemsInTheWordsOfAnotherProtocolAreMatchedById()
    {
        var other = Other(config => config with { Tasks = [config.Tasks[0] with { Prompt = new("{input} becomes", " {answer}\n") }] });
        var stored = StoredItems.Read(other);
        // What a protocol does that has words of its own and numbers the labels in another order.
        (stored with { Tasks = [stored.Tasks[0] with { Items = [.. stored.Tasks[0].Items.Select(item => item with { Hash = "0123456789abcdef", Gold = 1 - item.Gold })] }] }).Write(other);
        var rows = RunComparison.Of(_tiny.Run, other, new() { AcrossProtocols = true, Regime = "in_context" }).Rows;
        Assert.Equal(["tiny/k0", "tiny/k2"], rows.Select(row => row.A));
        Assert.All(rows, row => Assert.Equal(6, row.Comparison.ItemCount));
        Assert.Contains("other texts", Refused(_tiny.Run, other, new() { Regime = "in_context" }), StringComparison.Ordinal);
    }

    [Fact]
    public void WhatARunDoesNotHaveIsNamedWithWhatItHas()
    {
        Assert.Contains("tiny/k0, tiny/k2, tiny/gpt1@8", Refused(_tiny.Run, _tiny.Run, new() { A = "k7" }), StringComparison.Ordinal);
        Assert.Contains("suite/label-induction, suite/function-copy", Refused(_tiny.Run, _tiny.Run, new() { Tasks = ["rte"] }), StringComparison.Ordinal);
        Assert.Contains("rk run FILE", Refused(_tiny.Run, _tiny.File("nothing"), new()), StringComparison.Ordinal);
        Assert.Contains("--regime (both)", Refused(_tiny.Run, _tiny.Run, new() { Regime = "both" }), StringComparison.Ordinal);
        var other = Other(config => config with { Tasks = [new() { Name = "suite/word-repeat", Limit = 3 }], FineTuning = null });
        Assert.Contains("no task in common", Refused(_tiny.Run, other, new()), StringComparison.Ordinal);
    }

    [Fact]
    public void ADamagedOrOldRunSaysWhatToDo()
    {
        var path = Path.Combine(_tiny.Run, StoredItems.FileName);
        var whole = File.ReadAllBytes(path);
        File.WriteAllBytes(path, whole[..(whole.Length / 2)]);
        Assert.Contains("damaged", Refused(_tiny.Run, _tiny.Run, new()), StringComparison.Ordinal);
        File.Delete(path);
        Assert.Contains("older version", Refused(_tiny.Run, _tiny.Run, new()), StringComparison.Ordinal);
    }

    private static string Refused(string a, string b, RunSelection selection) => Assert.Throws<ConfigException>(() => RunComparison.Of(a, b, selection)).Message;
}
