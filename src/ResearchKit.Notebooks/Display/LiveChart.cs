using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace ResearchKit.Notebooks.Display;

/// <summary>A line chart that grows while a cell runs, drawn as SVG at most four times a second. Thread-safe.</summary>
/// <remarks>A live chart is looked at for its trend; for a figure to keep, draw the numbers with Plotly afterwards.</remarks>
public sealed class LiveChart
{
    private const int MostPoints = 300;
    private const double Width = 640, Height = 250, Left = 52, Right = 12, Top = 12, Bottom = 34;
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(250);
    private static readonly string[] Colours = ["#2b6cb0", "#dd6b20", "#2f855a", "#805ad5", "#b83280"];

    private readonly object _gate = new();
    private readonly Stopwatch _clock = Stopwatch.StartNew();
    private readonly List<(string Name, List<(double X, double Y)> Points)> _series = [];
    private readonly string _title, _across, _up;
    private readonly DisplayHandle _handle;
    private TimeSpan _drawn = -Interval;
    private string _note = "";

    /// <summary>Shows an empty chart.</summary>
    /// <param name="title">What it is about.</param>
    /// <param name="across">Name of the horizontal axis, such as <c>update</c>.</param>
    /// <param name="up">Name of the vertical axis with its unit, such as <c>loss, nats per token</c>.</param>
    public LiveChart(string title, string across = "update", string up = "loss, nats per token")
    {
        (_title, _across, _up) = (title, across, up);
        _handle = Notebook.Display(Bundle());
    }

    /// <summary>Adds a point; the chart is drawn again when it is due.</summary>
    /// <param name="series">Name of the line; a new one begins a new line.</param>
    /// <param name="x">Place, not falling within a line.</param>
    /// <param name="y">Value; not-a-number and infinities are left out.</param>
    /// <param name="note">Words under the chart; null keeps those there.</param>
    public void Add(string series, double x, double y, string? note = null)
    {
        lock (_gate)
        {
            var at = _series.FindIndex(line => line.Name == series);
            if (at < 0)
            {
                at = _series.Count;
                _series.Add((series, []));
            }

            if (double.IsFinite(y)) _series[at].Points.Add((x, y));
            _note = note ?? _note;
            if (_clock.Elapsed - _drawn >= Interval) Draw();
        }
    }

    /// <summary>Draws what has come since; call it at the end.</summary>
    public void Finish()
    {
        lock (_gate) Draw();
    }

    private void Draw()
    {
        _drawn = _clock.Elapsed;
        _handle.Update(Bundle());
    }

    private MimeBundle Bundle()
    {
        var last = _series.Where(line => line.Points.Count > 0).Select(line => $"{line.Name} {Number.Short(line.Points[^1].Y)} at {Number.Short(line.Points[^1].X)}");
        var text = $"{_title}: {string.Join(", ", last)}{(_note.Length > 0 ? $" ({_note})" : "")}";
        return MimeBundle.OfHtml($"<div>{Html.Heading(_title, "")}{Svg()}<div style=\"font-variant-numeric:tabular-nums;font-size:90%\">{Html.Escape(_note)}&nbsp;</div></div>", text);
    }

    private string Svg()
    {
        var lines = _series.Select(line => (line.Name, Points: Thinned(line.Points))).ToList();
        var all = lines.SelectMany(line => line.Points).ToList();
        var (x0, x1) = all.Count == 0 ? (0.0, 1.0) : (Math.Min(0, all.Min(point => point.X)), Math.Max(1, all.Max(point => point.X)));
        var (low, high) = all.Count == 0 ? (0.0, 1.0) : (all.Min(point => point.Y), all.Max(point => point.Y));
        var step = Step((high - low) / 4);
        (low, high) = (Math.Floor(low / step) * step, Math.Max(Math.Ceiling(high / step), Math.Floor(low / step) + 1) * step);
        double X(double x) => Left + (Width - Left - Right) * (x - x0) / (x1 - x0);
        double Y(double y) => Height - Bottom - (Height - Top - Bottom) * (y - low) / (high - low);

        var svg = new StringBuilder();
        var invariant = CultureInfo.InvariantCulture;
        svg.Append(invariant, $"<svg role=\"img\" aria-label=\"{Html.Escape(_title)}\" viewBox=\"0 0 {Width} {Height}\" width=\"{Width}\" style=\"max-width:100%\" font-size=\"11\" fill=\"currentColor\">");
        for (var tick = low; tick <= high + step / 2; tick += step)
        {
            svg.Append(invariant, $"<line x1=\"{Left}\" x2=\"{Width - Right}\" y1=\"{Y(tick):F1}\" y2=\"{Y(tick):F1}\" stroke=\"currentColor\" stroke-opacity=\".15\"/><text x=\"{Left - 6}\" y=\"{Y(tick) + 4:F1}\" text-anchor=\"end\">{Math.Round(tick, 6):G4}</text>");
        }

        var across = Step((x1 - x0) / 6);
        for (var tick = Math.Ceiling(x0 / across) * across; tick <= x1 + across / 100; tick += across)
        {
            svg.Append(invariant, $"<text x=\"{X(tick):F1}\" y=\"{Height - Bottom + 14}\" text-anchor=\"middle\">{Math.Round(tick, 6):#,0.####}</text>");
        }

        svg.Append(invariant, $"<text x=\"{(Left + Width - Right) / 2}\" y=\"{Height - 4}\" text-anchor=\"middle\">{Html.Escape(_across)}</text><text transform=\"translate(12 {(Top + Height - Bottom) / 2}) rotate(-90)\" text-anchor=\"middle\">{Html.Escape(_up)}</text>");
        for (var i = 0; i < lines.Count; i++)
        {
            var (name, points) = lines[i];
            var colour = Colours[i % Colours.Length];
            svg.Append(invariant, $"<polyline fill=\"none\" stroke=\"{colour}\" stroke-width=\"1.8\" points=\"{string.Join(' ', points.Select(point => string.Create(invariant, $"{X(point.X):F1},{Y(point.Y):F1}")))}\"/>");
            if (points.Count < 40) svg.Append(string.Concat(points.Select(point => string.Create(invariant, $"<circle cx=\"{X(point.X):F1}\" cy=\"{Y(point.Y):F1}\" r=\"2.5\" fill=\"{colour}\"/>"))));
            svg.Append(invariant, $"<text x=\"{Width - Right - 4}\" y=\"{Top + 12 + 15 * i}\" text-anchor=\"end\" fill=\"{colour}\">{Html.Escape(name)}</text>");
        }

        return svg.Append("</svg>").ToString();
    }

    /// <summary>Means of neighbours where there are more points than pixels tell apart.</summary>
    private static List<(double X, double Y)> Thinned(List<(double X, double Y)> points) =>
        points.Count <= MostPoints ? points : [.. points.Chunk((points.Count + MostPoints - 1) / MostPoints).Select(group => (group.Average(point => point.X), group.Average(point => point.Y)))];

    /// <summary>1, 2 or 5 times a power of ten, at least the wanted step.</summary>
    private static double Step(double wanted)
    {
        if (!(wanted > 0)) return 1;
        var power = Math.Pow(10, Math.Floor(Math.Log10(wanted)));
        return power * (wanted / power <= 1 ? 1 : wanted / power <= 2 ? 2 : wanted / power <= 5 ? 5 : 10);
    }
}
