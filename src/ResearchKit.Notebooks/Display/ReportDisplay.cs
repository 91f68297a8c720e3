using System.Globalization;
using System.Text.Json.Nodes;
using ResearchKit.Experiments.Reporting;
using ResearchKit.Notebooks.Charts;

namespace ResearchKit.Notebooks.Display;

/// <summary>A report's first screen, its figures and its scores. The whole page is <c>report.html</c> in the run's folder.</summary>
public static class ReportDisplay
{
    private static readonly string[] Colours = ["#2b6cb0", "#dd6b20", "#2f855a", "#805ad5", "#b83280", "#718096"];

    /// <summary>Question, answer, a figure for each task, and the scores in a table.</summary>
    public static MimeBundle Of(ReportModel report)
    {
        var facts = string.Concat(report.Facts.Select(fact =>
            $"<div style=\"border-left:3px solid #2b6cb0;padding:2px 12px\"><div style=\"font-size:85%\">{Html.Escape(fact.Label)}</div><b style=\"font-size:120%\">{Html.Escape(fact.Value)}</b><div style=\"font-size:85%\">{Html.Escape(fact.Detail ?? "")}</div></div>"));
        var table = new Table("task", "condition", "score", "interval", "seeds") { Numbers = new HashSet<int> { 2, 4 } };
        var labels = new ReportLabels(report);
        foreach (var row in ConditionSummaries.All(report))
        {
            table.Add(row.Task, labels.Full(row.Condition), Number.Fixed(row.Score, 3), row.Interval is { } interval ? $"[{Number.Fixed(interval.Low, 3)}, {Number.Fixed(interval.High, 3)}]" : "", Number.Count(row.SeedCount));
        }

        var figures = string.Concat(report.Tasks.Select(task => Scores(report, task)).OfType<PlotlyFigure>().Select(figure => figure.ToBundle().Html));
        return MimeBundle.OfHtml(
            $"<div style=\"font-size:120%\"><b>{Html.Escape(report.Title)}</b></div><div>{Html.Escape(report.Question)}</div><p><b>{Html.Escape(report.Answer ?? "")}</b></p>"
            + $"<div style=\"display:flex;flex-wrap:wrap;gap:14px;margin:8px 0\">{facts}</div>{figures}{Html.Folded("all scores", table.Html())}",
            $"{report.Title}\n{report.Question}\n{report.Answer}\n{table.Text()}");
    }

    /// <summary>Scores of a task against the number of examples: shown in the prompt (solid), or trained on (dashed). Null where there are none.</summary>
    /// <param name="report">The report.</param>
    /// <param name="task">One of its tasks.</param>
    public static PlotlyFigure? Scores(ReportModel report, TaskEntry task)
    {
        var rows = ConditionSummaries.All(report).Where(row => row.Task == task.Name && double.IsFinite(row.Score)).ToList();
        if (rows.Count == 0) return null;
        var counts = rows.Select(row => Examples(row.Condition)).Distinct().Order().ToList();
        var models = report.Models.Select(model => model.Name).ToList();
        var traces = new JsonArray();
        foreach (var series in rows.GroupBy(row => (row.Condition.Model, row.Condition.IsFineTuned, Variant: row.Condition.Recipe ?? row.Condition.Protocol ?? "")))
        {
            var colour = Colours[Math.Max(0, models.IndexOf(series.Key.Model)) % Colours.Length];
            var ordered = series.OrderBy(row => Examples(row.Condition)).ToList();
            traces.Add(new JsonObject
            {
                ["type"] = "scatter", ["mode"] = "lines+markers",
                ["name"] = $"{series.Key.Model}, {(series.Key.IsFineTuned ? "fine-tuned" : "from the prompt")}{(series.Key.Variant.Length > 0 ? $" ({series.Key.Variant})" : "")}",
                ["x"] = Array(ordered.Select(row => Name(Examples(row.Condition)))),
                ["y"] = Array(ordered.Select(row => row.Score)),
                ["line"] = new JsonObject { ["color"] = colour, ["dash"] = series.Key.IsFineTuned ? "dash" : "solid" },
                ["marker"] = new JsonObject { ["color"] = colour, ["symbol"] = series.Key.IsFineTuned ? "square-open" : "circle", ["size"] = 8 },
                ["error_y"] = new JsonObject
                {
                    ["type"] = "data", ["symmetric"] = false, ["thickness"] = 1,
                    ["array"] = Array(ordered.Select(row => row.Interval is { } interval ? interval.High - row.Score : 0)),
                    ["arrayminus"] = Array(ordered.Select(row => row.Interval is { } interval ? row.Score - interval.Low : 0)),
                },
            });
        }

        var layout = new JsonObject
        {
            ["title"] = new JsonObject { ["text"] = task.Name, ["font"] = new JsonObject { ["size"] = 15 } },
            ["xaxis"] = new JsonObject { ["type"] = "category", ["categoryorder"] = "array", ["categoryarray"] = Array(counts.Select(Name)), ["title"] = new JsonObject { ["text"] = "labelled examples, in the prompt or to train on" } },
            ["yaxis"] = new JsonObject { ["title"] = new JsonObject { ["text"] = task.Metric.Replace('_', ' ') }, ["rangemode"] = "tozero" },
            ["margin"] = new JsonObject { ["t"] = 40, ["r"] = 20, ["b"] = 50, ["l"] = 60 },
            ["shapes"] = new JsonArray(),
        };
        if (task.ChanceLevel is { } chance)
        {
            ((JsonArray)layout["shapes"]!).Add(new JsonObject
            {
                ["type"] = "line", ["xref"] = "paper", ["x0"] = 0, ["x1"] = 1, ["y0"] = chance, ["y1"] = chance, ["line"] = new JsonObject { ["color"] = "#718096", ["dash"] = "dot", ["width"] = 1 },
            });
            layout["annotations"] = new JsonArray(new JsonObject
            {
                ["xref"] = "paper", ["x"] = 1, ["y"] = chance, ["text"] = "guessing", ["showarrow"] = false, ["xanchor"] = "right", ["yanchor"] = "bottom", ["font"] = new JsonObject { ["color"] = "#718096", ["size"] = 11 },
            });
        }

        return new PlotlyFigure(traces.ToJsonString(), layout.ToJsonString()) { Text = $"[Plotly figure: {task.Name}, {task.Metric} against labelled examples]" };
    }

    private static int Examples(Condition condition) => condition.LabelledCount ?? condition.K ?? 0;

    private static string Name(int count) => count.ToString(CultureInfo.InvariantCulture);

    private static JsonArray Array(IEnumerable<string> values) => new([.. values.Select(value => (JsonNode)value)]);

    private static JsonArray Array(IEnumerable<double> values) => new([.. values.Select(value => (JsonNode)value)]);
}
