using System.Text;
using ResearchKit.Core.Files;
using ResearchKit.Experiments.Reporting.Html;

namespace ResearchKit.Experiments.Reporting;

/// <summary>The report as one HTML file that needs nothing else: styles, scripts, figures and data are inside, and the page's own policy forbids the network.</summary>
public static class HtmlReport
{
    /// <summary>Writes the report; the same model gives the same bytes.</summary>
    /// <param name="model">What to show; parts that are absent leave no trace.</param>
    /// <param name="path">Target; replaced atomically.</param>
    /// <exception cref="ArgumentException">The model's parts do not fit together; lists every problem.</exception>
    /// <exception cref="IOException">The file cannot be written; what was there stays.</exception>
    public static void Write(ReportModel model, string path) => AtomicFile.WriteText(path, Render(model));

    /// <summary>The page as text.</summary>
    /// <exception cref="ArgumentException">The model's parts do not fit together; lists every problem.</exception>
    public static string Render(ReportModel model)
    {
        ReportCheck.ThrowIfInconsistent(model);
        var tables = new ReportTables(model);
        var sections = new PageSections(model, tables);
        var hasFigures = sections.FigureSpecs.Count > 0;
        var hasItems = model.Items.Count > 0;

        var links = Markup.Join(sections.All.Select(section => Markup.Of($"<li><a href=\"#{section.Id}\">{section.Title}</a></li>\n")));
        var body = Markup.Join(sections.All.Select(section => Markup.Of($"<section id=\"{section.Id}\" aria-labelledby=\"{section.Id}-title\">\n<h2 id=\"{section.Id}-title\">{section.Title}</h2>\n{section.Body}</section>\n\n")));
        var data = new StringBuilder();
        if (hasFigures)
        {
            var figures = sections.FigureSpecs.ToJsonString(new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping }).Replace("<", "\\u003c", StringComparison.Ordinal);
            data.Append("<script type=\"application/json\" id=\"figure-data\">").Append(figures).Append("</script>\n");
        }

        if (hasItems) data.Append("<script type=\"application/json\" id=\"item-data\">").Append(ExplorerData.Json(model, tables)).Append("</script>\n");
        if (hasFigures)
        {
            data.Append("<script type=\"text/plain\" id=\"plotly-licence\">").Append(Asset.PlotlyLicence()).Append("</script>\n");
            data.Append("<script>").Append(Asset.PlotlyScript()).Append("</script>\n");
        }

        data.Append("<script>\n").Append(Asset.Text("report.js")).Append(hasItems ? Asset.Text("explorer.js") : "").Append("</script>\n");

        return Fill(Asset.Text("page.html"), new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["title"] = Markup.Text(model.Title).Value,
            ["style"] = Asset.Text("report.css"),
            ["head"] = sections.Head.Value,
            ["contents"] = links.Value,
            ["body"] = body.Value,
            ["data"] = data.ToString(),
        });
    }

    // Replaces {{name}}; values are not searched again, so a prompt may hold {{anything}}.
    private static string Fill(string template, Dictionary<string, string> values)
    {
        var page = new StringBuilder(template.Length + values.Values.Sum(value => value.Length));
        var start = 0;
        while (template.IndexOf("{{", start, StringComparison.Ordinal) is var open and >= 0)
        {
            var close = template.IndexOf("}}", open, StringComparison.Ordinal);
            page.Append(template, start, open - start).Append(values[template[(open + 2)..close]]);
            start = close + 2;
        }

        return page.Append(template, start, template.Length - start).ToString();
    }
}
