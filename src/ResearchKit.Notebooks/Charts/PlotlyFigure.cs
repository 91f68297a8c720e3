using System.Net;
using System.Security.Cryptography;
using System.Text;
using static System.FormattableString;

namespace ResearchKit.Notebooks.Charts;

/// <summary>A Plotly figure that draws without a network, in live notebooks and in exported pages.</summary>
/// <param name="Data">Plotly's <c>data</c>, a JSON array of traces.</param>
/// <param name="Layout">Plotly's <c>layout</c>, a JSON object.</param>
public sealed record PlotlyFigure(string Data, string Layout)
{
    private static long s_count;

    /// <summary>Plotly's <c>config</c>, a JSON object.</summary>
    public string Config { get; init; } = """{"responsive":true,"displaylogo":false}""";

    /// <summary>Height in pixels, 420 by default; the width is the page's.</summary>
    public int Height { get; init; } = 420;

    /// <summary>What is shown where there is no HTML.</summary>
    public string Text { get; init; } = "[Plotly figure]";

    /// <summary>The figure of a Plotly.NET chart.</summary>
    public static PlotlyFigure Of(Plotly.NET.GenericChart chart)
    {
        var figure = System.Text.Json.Nodes.JsonNode.Parse(Plotly.NET.GenericChart.toFigureJson(chart))!;
        if (figure["layout"] is System.Text.Json.Nodes.JsonObject sized && (int?)sized["width"] == Plotly.NET.Defaults.DefaultWidth && (int?)sized["height"] == Plotly.NET.Defaults.DefaultHeight)
        {
            // Nobody chose the square that Plotly.NET gives every chart; the page's width reads better.
            sized.Remove("width");
            sized.Remove("height");
        }

        if (figure["layout"] is System.Text.Json.Nodes.JsonObject open && !open.ContainsKey("margin"))
        {
            // Plotly.js keeps 100 pixels free for a title that most charts do not have.
            open["margin"] = new System.Text.Json.Nodes.JsonObject { ["t"] = open.ContainsKey("title") ? 70 : 30, ["b"] = 60, ["l"] = 70, ["r"] = 30 };
        }

        using var json = System.Text.Json.JsonDocument.Parse(figure.ToJsonString());
        var layout = json.RootElement.GetProperty("layout");
        var traces = json.RootElement.GetProperty("data");
        var height = layout.TryGetProperty("height", out var given) && given.TryGetInt32(out var pixels) ? pixels : 420;
        return new PlotlyFigure(traces.GetRawText(), layout.GetRawText()) { Height = height, Text = Describe(layout, traces) };
    }

    /// <summary>The figure as HTML. Where the page has no plotly.js yet, that is shown before it, as an output of its own (see <see cref="PlotlyLoader"/>).</summary>
    public MimeBundle ToBundle()
    {
        PlotlyLoader.ShowWhereNeeded();
        var hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Data + Layout)))[..12];
        // The counter keeps two equal figures on a page apart.
        var id = Invariant($"rk-figure-{hash}-{Interlocked.Increment(ref s_count)}");
        var draw = $$"""
            <script>(function(){var draw=function(P){var at=document.getElementById("{{id}}");if(at)P.newPlot(at,{{Inline(Data)}},{{Inline(Layout)}},{{Inline(Config)}});};
            if(window.ResearchKitPlotly)draw(window.ResearchKitPlotly);else(window.ResearchKitPlotlyWaiting=window.ResearchKitPlotlyWaiting||[]).push(draw);})();</script>
            """;
        return MimeBundle.OfHtml(Invariant($"<div id=\"{id}\" style=\"width:100%;height:{Height}px\"></div>{draw}"), Text);
    }

    // Within a script element only these two sequences could end it or open a comment.
    private static string Inline(string json) => json.Replace("</", "<\\/", StringComparison.Ordinal).Replace("<!--", "<\\u0021--", StringComparison.Ordinal);

    private static string Describe(System.Text.Json.JsonElement layout, System.Text.Json.JsonElement traces)
    {
        var title = layout.TryGetProperty("title", out var given) ? given.ValueKind == System.Text.Json.JsonValueKind.String ? given.GetString() : given.TryGetProperty("text", out var text) ? text.GetString() : null : null;
        var names = traces.EnumerateArray().Select(trace => trace.TryGetProperty("name", out var name) ? name.GetString() : null).Where(name => !string.IsNullOrEmpty(name));
        var list = string.Join(", ", names);
        return $"[Plotly figure{(string.IsNullOrEmpty(title) ? "" : ": " + WebUtility.HtmlDecode(title))}{(list.Length == 0 ? "" : $" ({list})")}]";
    }
}
