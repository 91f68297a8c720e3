using System.Diagnostics;
using ResearchKit.Core.Configuration;

namespace ResearchKit.Experiments.Cells;

/// <summary>Rough work of a cell in forward-pass tokens, from text lengths alone; good enough for time left.</summary>
public static class CellCost
{
    private const double CharactersPerToken = 3.0;

    /// <summary>Work of a k-shot evaluation.</summary>
    public static long InContext(ReadyTask task, int shots, int contextLength)
    {
        var item = ItemTokens(task);
        var prompt = Math.Min(contextLength, item * (shots + 1));
        return (long)(task.Splits.Test.Count * (prompt + (Math.Max(1, task.Splits.Test[0].Choices.Count) - 1) * item * 0.5));
    }

    /// <summary>Work of a fine-tuning: training tokens count three times (forward and backward).</summary>
    public static long FineTuning(ReadyTask task, int examples, FineTuneRecipe recipe) =>
        (long)(ItemTokens(task) * (3.0 * recipe.Epochs * examples + recipe.Epochs * task.Splits.Validation.Count + task.Splits.Test.Count));

    private static double ItemTokens(ReadyTask task) =>
        4 + task.Splits.Test.Take(50).Average(item => (task.Task.Prompt.Context.Length + item.Fields.Values.Sum(text => text.Length)) / CharactersPerToken);
}

/// <summary>Turns finished work into rate and time left.</summary>
internal sealed class CostMeter(int totalCells, IReadOnlyList<PlannedCell> missing, IProgress<RunProgress>? progress)
{
    private readonly Stopwatch _clock = Stopwatch.StartNew();
    private readonly long _totalCost = missing.Sum(cell => cell.Cost);
    private int _done = totalCells - missing.Count;
    private long _doneCost;
    private string _doing = "";

    public void Begin(PlannedCell cell, string model)
    {
        _doing = cell switch
        {
            PlannedInContext inContext => $"{model} · {cell.Task.Task.Name} · {inContext.Shots}-shot, draw {inContext.Seed}",
            PlannedFineTuning tuning => $"{model} · {cell.Task.Task.Name} · fine-tuning on {tuning.Examples}, {tuning.Recipe}, seed {tuning.Seed}",
            _ => model,
        };
        Report(0);
    }

    public void Within(PlannedCell cell, double fraction) => Report((long)(cell.Cost * Math.Clamp(fraction, 0, 1)));

    public void End(PlannedCell cell)
    {
        _doneCost += cell.Cost;
        _done++;
        Report(0);
    }

    private void Report(long partial)
    {
        var seconds = _clock.Elapsed.TotalSeconds;
        var rate = seconds > 0 ? (_doneCost + partial) / seconds : 0;
        progress?.Report(new RunProgress(_doing, _done, totalCells, rate, rate > 0 ? TimeSpan.FromSeconds((_totalCost - _doneCost - partial) / rate) : null));
    }
}
