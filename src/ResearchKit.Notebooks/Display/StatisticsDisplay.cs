using ResearchKit.Evaluation.Statistics;
using static System.FormattableString;

namespace ResearchKit.Notebooks.Display;

/// <summary>Intervals and paired comparisons: a sentence, and a line with its interval.</summary>
internal static class StatisticsDisplay
{
    public static MimeBundle Of(Interval interval)
    {
        var words = $"{Number.Short(interval.Estimate)} [{Number.Short(interval.Low)}, {Number.Short(interval.High)}], {Level(interval.Level)}, {interval.Method}";
        return MimeBundle.OfHtml($"<div>{Html.Escape(words)}</div>", words);
    }

    public static MimeBundle Of(MeanEstimate estimate)
    {
        var words = $"{Number.Short(estimate.Mean)} ± {Number.Short(estimate.StandardError)} (standard error), {Number.Count(estimate.Count)} items{(estimate.ClusterCount < estimate.Count ? $" in {Number.Count(estimate.ClusterCount)} clusters" : "")}";
        return MimeBundle.OfHtml($"<div>{Html.Escape(words)}</div>", words);
    }

    public static MimeBundle Of(PairedComparison comparison)
    {
        var difference = comparison.Difference;
        var verdict = difference.Contains(0) ? "No difference is shown: the interval contains 0." : difference.Estimate > 0 ? "The first is ahead." : "The second is ahead.";
        var words = $"{comparison.Metric}: {Number.Short(comparison.First)} against {Number.Short(comparison.Second)} on {Number.Count(comparison.ItemCount)} common items; difference {Signed(difference.Estimate)} "
            + $"[{Signed(difference.Low)}, {Signed(difference.High)}], {Level(difference.Level)}; {Number.PValue(comparison.PValue)} ({comparison.Test}).";
        return MimeBundle.OfHtml($"<div>{Html.Escape(words)} <b>{Html.Escape(verdict)}</b></div>{Forest(difference)}", $"{words} {verdict}");
    }

    private static string Level(double level) => Number.Fixed(100 * level, level is > 0.99 or < 0.9 ? 1 : 0) + "%";

    private static string Signed(double value) => (value > 0 ? "+" : "") + Number.Short(value);

    private static string Forest(Interval interval)
    {
        var extent = 1.1 * new[] { Math.Abs(interval.Low), Math.Abs(interval.High), 1e-9 }.Max();
        double At(double value) => 160 + 150 * value / extent;
        return Invariant($"""
            <svg role="img" aria-label="difference with its interval" width="320" height="34" viewBox="0 0 320 34"><line x1="160" x2="160" y1="2" y2="32" stroke="currentColor" stroke-opacity=".4" stroke-dasharray="3 3"/><line x1="{At(interval.Low):F1}" x2="{At(interval.High):F1}" y1="17" y2="17" stroke="#2b6cb0" stroke-width="3"/><circle cx="{At(interval.Estimate):F1}" cy="17" r="6" fill="#2b6cb0"/></svg>
            """);
    }
}
