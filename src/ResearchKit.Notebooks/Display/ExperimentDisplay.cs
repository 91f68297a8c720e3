using System.Text.Json;
using ResearchKit.Core.Configuration;
using ResearchKit.Experiments;
using ResearchKit.Experiments.Cells;
using ResearchKit.Experiments.Configuration;
using ResearchKit.Experiments.Reporting;

namespace ResearchKit.Notebooks.Display;

/// <summary>Experiments before and after they run.</summary>
internal static class ExperimentDisplay
{
    public static MimeBundle Of(ExperimentConfig config) => OfJson(JsonSerializer.Serialize(config, ConfigJson.Options), config.Name, config.Question);

    /// <summary>A configuration as the file that it is.</summary>
    internal static MimeBundle OfJson(string json, string name, string? question) =>
        MimeBundle.OfHtml(Html.Heading(name, question ?? "") + Html.Folded("the declarative file", Html.Preformatted(json)), json);

    public static MimeBundle Of(ComparisonPlan plan)
    {
        var table = new Table("model", "task", "from the prompt", "fine-tuned", "to compute") { Numbers = new HashSet<int> { 2, 3, 4 } };
        var missing = plan.Missing.ToHashSet();
        foreach (var group in plan.Cells.GroupBy(cell => (plan.Models[cell.Model].Name, cell.Task.Task.Name)))
        {
            table.Add(group.Key.Item1, group.Key.Item2, Number.Count(group.OfType<PlannedInContext>().Count()), Number.Count(group.OfType<PlannedFineTuning>().Count()), Number.Count(group.Count(missing.Contains)));
        }

        table.AddTotal("all", "", Number.Count(plan.Cells.OfType<PlannedInContext>().Count()), Number.Count(plan.Cells.OfType<PlannedFineTuning>().Count()), Number.Count(plan.Missing.Count));
        return MimeBundle.OfHtml(Html.Heading($"{Number.Count(plan.Cells.Count)} cells", "one for each model, task, condition and seed") + table.Html(), table.Text());
    }

    public static MimeBundle Of(RunOutcome outcome)
    {
        var words = $"{Number.Count(outcome.ComputedCells)} cells computed, {Number.Count(outcome.ReusedCells)} taken from earlier runs, {Number.Fixed(outcome.Seconds, 1)} s";
        var warnings = outcome.Warnings.Count == 0 ? "" : "<ul>" + string.Concat(outcome.Warnings.Select(warning => $"<li>{Html.Escape(warning)}</li>")) + "</ul>";
        var report = File.Exists(Path.Combine(outcome.Folder, RunReport.FileName)) ? ReportDisplay.Of(RunReport.Read(outcome.Folder)) : null;
        return MimeBundle.OfHtml(Html.Heading("Run finished:", words) + warnings + (report?.Html ?? ""), $"Run finished: {words}\n{string.Concat(outcome.Warnings.Select(warning => warning + "\n"))}{report?.PlainText}");
    }

    public static MimeBundle Of(PretrainingOutcome outcome)
    {
        var words = $"{Number.Count(outcome.Steps)} updates, {Number.Count(outcome.Tokens)} tokens, last loss {Number.Fixed(outcome.FinalLoss, 3)} nats per token";
        var table = new Table("validation", "nats per token") { Numbers = new HashSet<int> { 1 } };
        foreach (var (name, loss) in outcome.Validation.OrderBy(pair => pair.Key, StringComparer.Ordinal)) table.Add(name, Number.Fixed(loss, 3));
        return MimeBundle.OfHtml(Html.Heading("Pre-trained:", words) + table.Html(), $"Pre-trained: {words}\n{table.Text()}");
    }

    public static MimeBundle Of(ModelCard card)
    {
        var last = card.Curve.LastOrDefault(point => point.ValidationLoss is not null)?.ValidationLoss;
        var words = $"{Number.Count(card.Tokens)} tokens of pre-training{(last is { } loss ? $", validation loss {Number.Fixed(loss, 3)} nats per token" : "")}";
        return MimeBundle.OfHtml(Html.Heading("Model card:", words) + Html.Folded("what its makers say", Html.Preformatted(card.Text)), $"Model card: {words}\n{card.Text}");
    }
}
