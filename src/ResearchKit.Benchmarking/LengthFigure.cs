using System.Globalization;
using System.Text;

namespace ResearchKit.Benchmarking;

/// <summary>Draws time and memory against the length of the text, on logarithmic axes, as an SVG that a README can show.</summary>
internal static class LengthFigure
{
    private const int Width = 420, Height = 320, Left = 64, Top = 34, Bottom = 40, Right = 12, LegendWidth = 130;

    // Okabe and Ito's palette, which the colour-blind can tell apart.
    private static readonly string[] Colours = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#000000"];

    /// <summary>The figure, or null where no series was measured at two lengths.</summary>
    /// <param name="rows">Rows with <see cref="BenchmarkRow.Series"/> are drawn.</param>
    public static string? Draw(IEnumerable<BenchmarkRow> rows)
    {
        var series = rows.Where(row => row is { Series: not null, Length: not null } && !double.IsNaN(row.Value)).GroupBy(row => row.Series!).ToList();
        if (series.Count == 0 || series.Max(group => group.Count()) < 2) return null;
        var svg = new StringBuilder(Text($"<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {2 * Width + LegendWidth} {Height}\" font-family=\"sans-serif\" font-size=\"12\">\n"));
        svg.Append("<title>Time and peak memory of one attention layer, forward and backward, against the length of the text</title>\n<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n");
        Panel(svg, 0, "time, ms", series, row => row.Value);
        Panel(svg, Width, "peak memory, MB", series, row => row.PeakBytes / 1e6);
        foreach (var (group, i) in series.Select((group, i) => (group, i)))
        {
            var y = Top + 10 + 20 * i;
            svg.Append(Text($"<line x1=\"{2 * Width}\" x2=\"{2 * Width + 22}\" y1=\"{y}\" y2=\"{y}\" stroke=\"{Colours[i % Colours.Length]}\" stroke-width=\"2\"/><text x=\"{2 * Width + 28}\" y=\"{y + 4}\">{group.Key}</text>\n"));
        }

        return svg.Append("</svg>\n").ToString();
    }

    private static void Panel(StringBuilder svg, int x0, string title, List<IGrouping<string, BenchmarkRow>> series, Func<BenchmarkRow, double?> value)
    {
        var points = series.ConvertAll(group => group.Where(row => value(row) > 0).Select(row => (X: (double)row.Length!.Value, Y: value(row)!.Value)).OrderBy(point => point.X).ToList());
        var all = points.SelectMany(line => line).ToList();
        if (all.Count == 0) return;
        var (xLow, xHigh) = (all.Min(point => point.X), all.Max(point => point.X));
        var (yLow, yHigh) = (Math.Pow(10, Math.Floor(Math.Log10(all.Min(point => point.Y)))), Math.Pow(10, Math.Ceiling(Math.Log10(all.Max(point => point.Y)))));
        double X(double x) => x0 + Left + Share(x, xLow, xHigh) * (Width - Left - Right);
        double Y(double y) => Height - Bottom - Share(y, yLow, yHigh) * (Height - Top - Bottom);
        svg.Append(Text($"<text x=\"{x0 + Left}\" y=\"20\" font-weight=\"bold\">{title}</text>\n"));
        foreach (var x in all.Select(point => point.X).Distinct().Order())
        {
            svg.Append(Text($"<line x1=\"{X(x):0.#}\" x2=\"{X(x):0.#}\" y1=\"{Top}\" y2=\"{Height - Bottom}\" stroke=\"#eee\"/><text x=\"{X(x):0.#}\" y=\"{Height - Bottom + 16}\" text-anchor=\"middle\">{x:0}</text>\n"));
        }

        for (var y = yLow; y <= yHigh * 1.01; y *= 10)
        {
            svg.Append(Text($"<line x1=\"{x0 + Left}\" x2=\"{x0 + Width - Right}\" y1=\"{Y(y):0.#}\" y2=\"{Y(y):0.#}\" stroke=\"#ccc\"/><text x=\"{x0 + Left - 6}\" y=\"{Y(y) + 4:0.#}\" text-anchor=\"end\">{y:N0}</text>\n"));
        }

        svg.Append(Text($"<text x=\"{x0 + (Left + Width - Right) / 2}\" y=\"{Height - 6}\" text-anchor=\"middle\">T, positions</text>\n"));
        foreach (var (line, i) in points.Select((line, i) => (line, i)))
        {
            var colour = Colours[i % Colours.Length];
            svg.Append(Text($"<polyline fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\" points=\"{string.Join(' ', line.Select(point => Text($"{X(point.X):0.#},{Y(point.Y):0.#}")))}\"/>\n"));
            foreach (var (x, y) in line) svg.Append(Text($"<circle cx=\"{X(x):0.#}\" cy=\"{Y(y):0.#}\" r=\"3\" fill=\"{colour}\"/>"));
            svg.Append('\n');
        }
    }

    private static double Share(double value, double low, double high) => high > low ? Math.Log(value / low) / Math.Log(high / low) : 0.5;

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
