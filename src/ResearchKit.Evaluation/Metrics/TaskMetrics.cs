using System.Text.Json;
using ResearchKit.Evaluation.Tasks;

namespace ResearchKit.Evaluation.Metrics;

/// <summary>Numbers over the items of a task, by name, computed from stored item results: log first, score later.</summary>
public static class TaskMetrics
{
    /// <summary>Names of a task's metrics, headline first.</summary>
    public static IReadOnlyList<string> Names(EvaluationTask task)
    {
        TaskMetric[] standard = task.Scoring switch
        {
            TargetScoring => [TaskMetric.Accuracy, TaskMetric.TargetPerplexity],
            PerplexityScoring => [TaskMetric.WordPerplexity, TaskMetric.BytePerplexity, TaskMetric.BitsPerByte, TaskMetric.TokenPerplexity],
            GenerationScoring => [TaskMetric.Score],
            ThresholdScoring => [TaskMetric.Matthews, TaskMetric.Accuracy],
            _ => [TaskMetric.Accuracy],
        };
        return [.. (task.Metrics.Count > 0 ? task.Metrics : standard).Select(metric => NameOf(task.Scoring, metric))];
    }

    /// <summary>Every metric that the results of a task support: its own, accuracy under every ranking rule, calibration, and other metrics of generated answers.</summary>
    public static IReadOnlyDictionary<string, double> All(EvaluationTask task, IReadOnlyList<ItemResult> items)
    {
        IEnumerable<string> names = Names(task);
        if (task.Scoring is ChoiceScoring or PartialScoring && items.All(item => item.Gold is not null))
        {
            names = names.Concat(items[0].Predictions.Select(prediction => "accuracy/" + prediction.Rule))
                .Concat([NameOf(task.Scoring, TaskMetric.Accuracy), NameOf(task.Scoring, TaskMetric.Brier), NameOf(task.Scoring, TaskMetric.CalibrationError)]);
        }
        else if (task.Scoring is GenerationScoring)
        {
            names = names.Concat([Snake(GenerationMetric.ExactMatch), Snake(GenerationMetric.NormalizedExactMatch), Snake(GenerationMetric.F1)]);
        }

        return new SortedDictionary<string, double>(names.Distinct().ToDictionary(name => name, name => Value(name, items)), StringComparer.Ordinal);
    }

    /// <summary>Value of one metric over any items.</summary>
    /// <param name="name">As in <see cref="TaskResult.Metrics"/>; <c>NAME/RULE</c> takes the predictions of another ranking rule, such as <c>accuracy/per_character</c>.</param>
    /// <param name="items">Item results, at least one.</param>
    /// <exception cref="ArgumentException">No such metric, no items, or items without what the metric needs.</exception>
    public static double Value(string name, IReadOnlyList<ItemResult> items)
    {
        var metric = AdditiveMetric.Of(name, items);
        return metric.Value(metric.Sums(items));
    }

    /// <summary>Whether larger values of a metric are better; perplexities, bits and errors (edit rate, Brier, calibration) are better small.</summary>
    public static bool HigherIsBetter(string name) => WithoutRule(name) is var metric
        && !(metric.EndsWith("perplexity", StringComparison.Ordinal) || metric is "bits_per_byte" or "brier" or "calibration_error" or "ter");

    /// <summary>Whether a metric is a correlation: in [-1, 1], and 0 for guessing.</summary>
    public static bool IsCorrelation(string name) => WithoutRule(name) is "matthews" or "pearson" or "spearman";

    /// <summary>Whether a metric is the share of what could be reached, in [0, 1], so that it reads as a percentage: accuracies, F1, overlaps with a reference.
    /// Correlations, perplexities, bits and errors are not, though some errors lie in [0, 1] as well.</summary>
    public static bool IsShare(string name) => HigherIsBetter(name) && !IsCorrelation(name);

    /// <summary>Whether a metric is the share of items that are right: every item counts 1 or 0, as McNemar's test and its power need it.</summary>
    public static bool IsShareOfRightItems(string name) => WithoutRule(name) is
        "accuracy" or "exact_match" or "normalized_exact_match" or "contains" or "record_exact_match" or "squad_exact" or "caseless_match" or "caseless_match_without_articles";

    private static string WithoutRule(string name) => name.Split('/')[0];

    /// <summary>Whether a choice is right: the right one, and in ReCoRD, where several entities may be right, any whose text is an accepted answer.</summary>
    public static bool IsRight(EvaluationTask task, TaskItem item, int choice) => choice == item.Gold
        || (task.Metrics.Any(metric => metric is TaskMetric.RecordExactMatch or TaskMetric.RecordF1) && SquadMetrics.ExactMatch(item.Choices[choice], item.Answers) > 0);

    private static string NameOf(Scoring scoring, TaskMetric metric) => metric switch
    {
        TaskMetric.F1 => "binary_f1",
        TaskMetric.Score when scoring is GenerationScoring generation => Snake(generation.Metric),
        _ => Snake(metric),
    };

    private static string Snake(Enum value) => JsonNamingPolicy.SnakeCaseLower.ConvertName(value.ToString());

    internal static GenerationMetric? GenerationMetricOf(string name) =>
        Enum.GetValues<GenerationMetric>().Cast<GenerationMetric?>().FirstOrDefault(metric => Snake(metric!) == name);
}
