using ResearchKit.Evaluation;
using ResearchKit.Evaluation.Statistics;
using ResearchKit.Training.FineTuning;

namespace ResearchKit.Notebooks.Display;

/// <summary>What a run of one task gave, from the prompt or by fine-tuning.</summary>
internal static class ResultDisplay
{
    private const int ShownItems = 3;

    public static MimeBundle Of(TaskResult result)
    {
        var interval = MetricInterval.Of(result.Metric, result.Items);
        var shots = result.Options.Shots == 0 ? "zero-shot" : $"{result.Options.Shots}-shot";
        var title = $"{result.Task}: {result.Metric} {Number.Short(result.Score)} [{Number.Short(interval.Low)}, {Number.Short(interval.High)}]";
        var remarks = new[]
        {
            $"{result.Model}, {shots}, {Number.Count(result.Items.Count)} items",
            result.ReducedItemCount > 0 ? $"{result.ReducedItemCount} prompts lost demonstrations" : null,
            result.TruncatedItemCount > 0 ? $"{result.TruncatedItemCount} prompts were cut" : null,
        };
        var words = string.Join("; ", remarks.OfType<string>());
        var metrics = new Table("metric", "value") { Numbers = new HashSet<int> { 1 } };
        foreach (var (name, value) in result.Metrics) metrics.Add(name, Number.Short(value));
        var items = string.Concat(result.Items.Take(ShownItems).Select(Item));
        return MimeBundle.OfHtml(Html.Heading(title, words) + Html.Folded("all metrics", metrics.Html()) + Html.Folded($"the first {Math.Min(ShownItems, result.Items.Count)} items", items), $"{title}\n{words}\n{metrics.Text()}");
    }

    public static MimeBundle Of(FineTuneResult result)
    {
        var table = new Table("epoch", "loss", "task", "language model", "validation accuracy", "validation loss") { Numbers = new HashSet<int> { 0, 1, 2, 3, 4, 5 } };
        foreach (var epoch in result.Epochs)
        {
            string[] cells = [epoch.Epoch.ToString(System.Globalization.CultureInfo.InvariantCulture), Number.Fixed(epoch.TrainLoss, 3), Number.Fixed(epoch.TrainTaskLoss, 3), Number.Fixed(epoch.TrainLmLoss, 3),
                epoch.ValidAccuracy is { } accuracy ? Number.Fixed(accuracy, 3) : "–", epoch.ValidLoss is { } loss ? Number.Fixed(loss, 3) : "–"];
            if (epoch.Epoch == result.BestEpoch) table.AddTotal(cells);
            else table.Add(cells);
        }

        var words = $"the best epoch is {result.BestEpoch}; {Number.Count(result.Test.Count)} test items predicted{(result.TruncatedCount > 0 ? $"; {result.TruncatedCount} texts were cut" : "")}";
        return MimeBundle.OfHtml(Html.Heading("Fine-tuned:", words) + table.Html(), $"Fine-tuned: {words}\n{table.Text()}");
    }

    private static string Item(ItemResult item)
    {
        var table = new Table("", "answer", "log P", "per token", "") { Numbers = new HashSet<int> { 2, 3 } };
        for (var i = 0; i < item.Choices.Count; i++)
        {
            var choice = item.Choices[i];
            table.Add(item.Predicted == i ? "▶" : "", choice.Answer, Number.Fixed(choice.LogProbability, 2), Number.Fixed(choice.LogProbability / Math.Max(1, choice.TokenIds.Count), 2), item.Gold == i ? "right" : "");
        }

        var answer = item.Generated is { } text ? $"<div>generated: <code>{Html.Escape(text)}</code>, accepted: {Html.Escape(string.Join(" | ", item.Answers))}</div>" : table.Html();
        return $"<div style=\"margin:8px 0\"><b>{Html.Escape(item.Id)}</b> {(item.Correct ? "✓" : "✗")}{Html.Preformatted(item.Prompt)}{answer}</div>";
    }
}
