using System.Globalization;
using ResearchKit.Experiments;

namespace ResearchKit.Cli;

/// <summary>A run's progress on one line.</summary>
internal sealed class LineProgress(ProgressLine line) : IProgress<RunProgress>
{
    public void Report(RunProgress value)
    {
        var left = value.Left is { } time ? $", {ProgressLine.Duration(time)} left" : "";
        var rate = value.TokensPerSecond > 0 ? string.Create(CultureInfo.InvariantCulture, $", {value.TokensPerSecond:N0} tokens/s{left}") : "";
        line.Show($"[{value.Done}/{value.Total}] {value.Doing}{rate}");
    }
}
