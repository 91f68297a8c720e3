using System.Globalization;

namespace ResearchKit.Experiments.Reporting.Html;

/// <summary>Small drawings inside table rows. The numbers stand beside them, so they are hidden from screen readers.</summary>
internal static class InlineDrawing
{
    private const double Width = 120, Height = 18, Margin = 5;

    /// <summary>An interval with its estimate and the line of no difference.</summary>
    /// <param name="estimate">The estimate.</param>
    /// <param name="interval">Its interval; null draws the estimate alone.</param>
    /// <param name="extent">Largest absolute value of all rows that share the scale.</param>
    public static Markup Forest(double estimate, ScoreInterval? interval, double extent)
    {
        var x = Scale(-extent, extent);
        var apart = interval is not null && (interval.Low > 0 || interval.High < 0);
        var line = interval is null ? Markup.Empty : Markup.Of($"<line class=\"range\" x1=\"{x(interval.Low)}\" x2=\"{x(interval.High)}\" y1=\"9\" y2=\"9\"/>");
        return Markup.Of($"{Open(apart ? "forest apart" : "forest")}<line class=\"zero\" x1=\"{x(0)}\" x2=\"{x(0)}\" y1=\"0\" y2=\"18\"/>{line}<circle cx=\"{x(estimate)}\" cy=\"9\" r=\"3.5\"/></svg>");
    }

    /// <summary>The scores of all seeds on the task's scale, with their mean.</summary>
    /// <param name="scores">One for each seed.</param>
    /// <param name="low">Left end of the scale.</param>
    /// <param name="high">Right end of the scale.</param>
    public static Markup Strip(IReadOnlyList<double> scores, double low, double high)
    {
        var x = Scale(low, high);
        var dots = Markup.Join(scores.Where(double.IsFinite).Select(score => Markup.Of($"<circle cx=\"{x(score)}\" cy=\"9\" r=\"3\"/>")));
        var mean = scores.Average();
        return Markup.Of($"{Open("strip")}<line class=\"axis\" x1=\"{x(low)}\" x2=\"{x(high)}\" y1=\"9\" y2=\"9\"/>{dots}<line class=\"mean\" x1=\"{x(mean)}\" x2=\"{x(mean)}\" y1=\"2\" y2=\"16\"/></svg>");
    }

    private static Markup Open(string name) => new($"<svg class=\"{name}\" width=\"{Text(Width)}\" height=\"{Text(Height)}\" viewBox=\"0 0 {Text(Width)} {Text(Height)}\" aria-hidden=\"true\" focusable=\"false\">");

    private static Func<double, string> Scale(double low, double high) =>
        value => Text(Margin + (Width - 2 * Margin) * (high > low && double.IsFinite(value) ? Math.Clamp((value - low) / (high - low), 0, 1) : 0.5));

    private static string Text(double value) => value.ToString("0.#", CultureInfo.InvariantCulture);
}
