using System.Diagnostics;

namespace ResearchKit.Experiments.Cells;

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
        _doing = cell.Describe(model);
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
