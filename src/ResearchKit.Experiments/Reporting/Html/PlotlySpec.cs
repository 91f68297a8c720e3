// Plotly figures as JSON. Colours are names ("@s0", "@muted") that the page's script replaces by those of the light or dark theme.
using System.Text.Json.Nodes;

namespace ResearchKit.Experiments.Reporting.Html;

/// <summary>One series of a figure.</summary>
internal sealed record PlotSeries
{
    /// <summary>Keys of the legend entries that switch it: its model and its style, or its own. Equal keys in several figures are switched together.</summary>
    public required IReadOnlyList<string> Keys { get; init; }

    /// <summary>Colour name without its @.</summary>
    public required string Color { get; init; }

    /// <summary>Points: place, value, interval, text on hover.</summary>
    public required IReadOnlyList<PlotPoint> Points { get; init; }

    /// <summary>Plotly's dash style; null draws no line.</summary>
    public string? Dash { get; init; } = "solid";

    /// <summary>Plotly's marker symbol; null draws none.</summary>
    public string? Symbol { get; init; }

    /// <summary>Opacity in (0, 1].</summary>
    public double Opacity { get; init; } = 1;

    /// <summary>Width of the line, pixels.</summary>
    public double Width { get; init; } = 2;

    /// <summary>Whether pointing at it shows something.</summary>
    public bool Hover { get; init; } = true;
}

/// <summary>A point of a figure.</summary>
/// <param name="X">Place on the axis.</param>
/// <param name="Y">Value; not-a-number leaves a gap.</param>
/// <param name="Interval">Drawn as an error bar; null for none.</param>
/// <param name="Text">On hover.</param>
internal sealed record PlotPoint(double X, double Y, ScoreInterval? Interval, string Text);

/// <summary>An axis.</summary>
/// <param name="Title">Title; null for none.</param>
/// <param name="Low">Lower end; not-a-number lets Plotly choose both.</param>
/// <param name="High">Upper end.</param>
/// <param name="Ticks">Places and texts; the page leaves out those that would overlap. Null lets Plotly choose.</param>
/// <param name="Format">d3 format of Plotly's own ticks.</param>
internal sealed record PlotAxis(string? Title, double Low = double.NaN, double High = double.NaN, IReadOnlyList<(double Place, string Text)>? Ticks = null, string? Format = null);

/// <summary>A horizontal or diagonal line with a text, such as the chance level.</summary>
/// <param name="X0">Left end in the axis' unit; null is the left edge.</param>
/// <param name="X1">Right end; null is the right edge.</param>
/// <param name="Y0">Height at the left end.</param>
/// <param name="Y1">Height at the right end.</param>
/// <param name="Text">Text in the right margin; null for none.</param>
/// <param name="Color">Colour name.</param>
/// <param name="Keys">Keys of the series that the line belongs to; null for none.</param>
internal sealed record PlotLine(double? X0, double? X1, double Y0, double Y1, string? Text, string Color, IReadOnlyList<string>? Keys = null);

/// <summary>A figure.</summary>
internal sealed record PlotSpec(PlotAxis X, PlotAxis Y, IReadOnlyList<PlotSeries> Series, IReadOnlyList<PlotLine> Lines)
{
    /// <summary>Plotly's form: {"data": […], "layout": {…}}. The same figure gives the same text.</summary>
    public JsonObject ToJson() => new()
    {
        ["data"] = new JsonArray([.. Series.Select(Trace)]),
        ["layout"] = new JsonObject
        {
            ["xaxis"] = Axis(X),
            ["yaxis"] = Axis(Y),
            ["shapes"] = new JsonArray([.. Lines.Select(Shape)]),
            ["annotations"] = new JsonArray([.. Lines.Where(line => line.Text is not null).Select(Annotation)]),
        },
    };

    private static JsonNode Trace(PlotSeries series)
    {
        var color = "@" + series.Color;
        var trace = new JsonObject
        {
            ["type"] = "scatter",
            ["mode"] = (series.Dash, series.Symbol) switch { (null, _) => "markers", (_, null) => "lines", _ => "lines+markers" },
            ["meta"] = new JsonArray([.. series.Keys.Select(key => (JsonNode)Markup.Sound(key))]),
            ["x"] = Numbers(series.Points.Select(point => point.X)),
            ["y"] = Numbers(series.Points.Select(point => point.Y)),
            ["opacity"] = series.Opacity,
            ["line"] = new JsonObject { ["color"] = color, ["width"] = series.Width, ["dash"] = series.Dash ?? "solid" },
            ["marker"] = new JsonObject { ["color"] = color, ["size"] = 8, ["symbol"] = series.Symbol ?? "circle", ["line"] = new JsonObject { ["color"] = color, ["width"] = 1.5 } },
        };
        if (series.Hover)
        {
            trace["text"] = new JsonArray([.. series.Points.Select(point => (JsonNode)Text(point.Text))]);
            trace["hovertemplate"] = "%{text}<extra></extra>";
        }
        else
        {
            trace["hoverinfo"] = "skip";
        }

        if (series.Points.Any(point => point.Interval is not null))
        {
            trace["error_y"] = new JsonObject
            {
                ["type"] = "data",
                ["symmetric"] = false,
                ["array"] = Numbers(series.Points.Select(point => point.Interval is { } interval ? interval.High - point.Y : 0)),
                ["arrayminus"] = Numbers(series.Points.Select(point => point.Interval is { } interval ? point.Y - interval.Low : 0)),
                ["color"] = color,
                ["thickness"] = 1.2,
                ["width"] = 0,
            };
        }

        return trace;
    }

    private static JsonObject Axis(PlotAxis axis)
    {
        var json = new JsonObject();
        if (axis.Title is not null) json["title"] = new JsonObject { ["text"] = Text(axis.Title) };
        if (double.IsFinite(axis.Low) && double.IsFinite(axis.High)) json["range"] = Numbers([axis.Low, axis.High]);
        if (axis.Format is not null) json["tickformat"] = axis.Format;
        if (axis.Ticks is not null)
        {
            json["tickvals"] = Numbers(axis.Ticks.Select(tick => tick.Place));
            json["ticktext"] = new JsonArray([.. axis.Ticks.Select(tick => (JsonNode)Text(tick.Text))]);
        }

        return json;
    }

    private static JsonNode Shape(PlotLine line) => new JsonObject
    {
        ["type"] = "line",
        ["xref"] = line.X0 is null ? "paper" : "x",
        ["x0"] = Number(line.X0 ?? 0),
        ["x1"] = Number(line.X1 ?? 1),
        ["y0"] = Number(line.Y0),
        ["y1"] = Number(line.Y1),
        ["layer"] = "below",
        ["name"] = line.Keys is null ? null : string.Join('\n', line.Keys),                // Plotly keeps no other data with a shape
        ["line"] = new JsonObject { ["color"] = "@" + line.Color, ["width"] = line.Keys is null ? 1.2 : 1, ["dash"] = line.Keys is null ? "6px,4px" : "2px,3px" },
    };

    private static JsonNode Annotation(PlotLine line) => new JsonObject
    {
        ["text"] = Text(line.Text!),
        ["xref"] = "paper",
        ["x"] = 1,
        ["xanchor"] = "left",
        ["align"] = "left",
        ["y"] = Number(line.Y1),
        ["showarrow"] = false,
        ["font"] = new JsonObject { ["color"] = "@" + line.Color, ["size"] = 12 },
    };

    // Plotly reads a little HTML in its texts.
    private static string Text(string text) =>
        Markup.Sound(text).Replace("&", "&amp;", StringComparison.Ordinal).Replace("<", "&lt;", StringComparison.Ordinal).Replace(">", "&gt;", StringComparison.Ordinal).Replace("\n", "<br>", StringComparison.Ordinal);

    private static JsonArray Numbers(IEnumerable<double> values) => new([.. values.Select(Number)]);

    private static JsonNode? Number(double value) => double.IsFinite(value) ? JsonValue.Create(value) : null;
}
