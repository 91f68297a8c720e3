using System.Text.Json.Nodes;

namespace ResearchKit.Experiments.Reporting.Html;

/// <summary>Numbers the figures of a page, keeps their specifications, and writes the elements that hold them.</summary>
internal sealed class FigureMarkup(Figures figures, ReportTables tables)
{
    private int _count;

    /// <summary>Specifications by element id, for the page's script.</summary>
    public JsonObject Specs { get; } = [];

    /// <summary>A figure with its caption and the table that says the same.</summary>
    /// <param name="spec">The figure.</param>
    /// <param name="label">Name of the values, above the axis.</param>
    /// <param name="caption">What it shows.</param>
    /// <param name="summary">The same in words, for readers who cannot see it.</param>
    /// <param name="values">The values as tables.</param>
    /// <param name="size">CSS class of the height: tall or small.</param>
    public Markup Of(PlotSpec spec, string label, Markup caption, string summary, Markup values, string size = "tall")
    {
        var id = $"figure-{++_count}";
        Specs[id] = spec.ToJson();
        return Markup.Of($"""
            <figure>
            <div class="axis-label" aria-hidden="true">{label}</div>
            <div class="plot {size}" id="{id}" role="img" aria-label="{summary}"></div>
            <figcaption><b>Figure {_count}.</b> {caption}</figcaption>
            {TableMarkup.Details("Values of this figure", values)}</figure>

            """);
    }

    /// <summary>The switchable legend of figures that stand in the same element with class <c>plots</c>: models by colour and marker, regimes by line and filling.</summary>
    public Markup Legend(IReadOnlyList<Condition> series)
    {
        var models = series.DistinctBy(condition => condition.Model).Select(condition => (condition.Model, figures.Color(condition.Model), (string?)figures.Symbol(condition.Model), (string?)null));
        var styles = series.DistinctBy(tables.Labels.Style).OrderBy(condition => condition.IsFineTuned)
            .Select(condition => (tables.Labels.Style(condition), "style", (string?)(condition.IsFineTuned ? "circle-open" : "circle"), (string?)figures.Dash(condition))).ToList();
        return Entries(styles.Count > 1 ? [models, styles] : [models]);
    }

    /// <summary>A switchable legend; groups are set apart.</summary>
    public static Markup Entries(IEnumerable<IEnumerable<(string Key, string Color, string? Symbol, string? Dash)>> groups)
    {
        var parts = groups.Select(group => Markup.Of($"<div>{Markup.Join(group.Select(entry =>
            Markup.Of($"""<button type="button" class="series {entry.Color}" aria-pressed="true" data-series="{entry.Key}">{Swatch(entry.Symbol, entry.Dash)}{entry.Key}</button>""")))}</div>"));
        return Markup.Of($"""<div class="legend" role="group" aria-label="Series; press to hide or show">{Markup.Join(parts)}</div>""");
    }

    // The line and marker as Plotly draws them, in the entry's colour.
    private static Markup Swatch(string? symbol, string? dash)
    {
        var line = dash is null ? Markup.Empty : Markup.Of($"""<line x1="0" x2="30" y1="7" y2="7" stroke-dasharray="{(dash == "solid" ? "" : dash.Replace("px", "", StringComparison.Ordinal).Replace(",", " ", StringComparison.Ordinal))}"/>""");
        var open = symbol?.EndsWith("-open", StringComparison.Ordinal) == true;
        var shape = symbol?.Replace("-open", "", StringComparison.Ordinal) switch
        {
            null => "",
            "square" => "M11 3h8v8h-8z",
            "diamond" => "M15 2l5 5-5 5-5-5z",
            "triangle-up" => "M15 2l5 9h-10z",
            "triangle-down" => "M15 12l5-9h-10z",
            "pentagon" => "M15 2l5 3.6-1.9 5.9h-6.2l-1.9-5.9z",
            "star" => "M15 1.5l1.6 3.4 3.8.5-2.8 2.6.7 3.7-3.3-1.8-3.3 1.8.7-3.7-2.8-2.6 3.8-.5z",
            "hexagon" => "M15 2l4.3 2.5v5l-4.3 2.5-4.3-2.5v-5z",
            "x-thin" => "M11 3l8 8m0-8l-8 8",
            "cross-thin" => "M15 2v10m-5-5h10",
            "asterisk" => "M15 2v10m-5-5h10m-8.5-3.5l7 7m0-7l-7 7",
            _ => "M19 7a4 4 0 1 1-8 0a4 4 0 1 1 8 0z",
        };
        // A marker without a line needs no room for one.
        var box = dash is null ? "10 0 10 14" : "0 0 30 14";
        return Markup.Of($"""<svg width="{(dash is null ? 10 : 30)}" height="14" viewBox="{box}" aria-hidden="true" focusable="false">{line}<path class="{(open ? "open" : "filled")}" d="{shape}"/></svg>""");
    }
}
