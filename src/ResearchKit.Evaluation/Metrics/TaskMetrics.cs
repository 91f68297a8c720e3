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

    /// <summary>Value of one metric over any items, such as those of a bootstrap sample.</summary>
    /// <param name="name">As in <see cref="TaskResult.Metrics"/>; <c>NAME/RULE</c> takes the predictions of another ranking rule for accuracy, matthews, binary_f1, macro_f1 and the multi_rc metrics.</param>
    /// <param name="items">Item results, at least one.</param>
    /// <exception cref="ArgumentException">No such metric, no items, or items without what the metric needs.</exception>
    public static double Value(string name, IReadOnlyList<ItemResult> items)
    {
        if (items.Count == 0) throw new ArgumentException($"Metric {name} of no items.");
        var slash = name.IndexOf('/');
        var rule = slash < 0 ? null : name[(slash + 1)..];
        int[] Gold() => [.. items.Select(item => item.Gold ?? throw new ArgumentException($"Metric {name}: item {item.Id} has no right choice."))];
        int[] Predicted() => [.. items.Select(item => Prediction(item, rule, name).Choice)];
        double LogProbability() => items.Sum(item => item.Choices[0].LogProbability);
        return (slash < 0 ? name : name[..slash]) switch
        {
            "accuracy" when rule is null => items.Average(item => item.Score),
            "accuracy" => items.Average(item => Prediction(item, rule, name).Correct ? 1.0 : 0.0),
            "matthews" => Classification.Matthews(Gold(), Predicted()),
            "binary_f1" or "multi_rc_f1" => Classification.F1(Gold(), Predicted()),
            "macro_f1" => Classification.MacroF1(Gold(), Predicted()),
            "multi_rc_exact_match" => items.GroupBy(item => item.Group ?? item.Cluster ?? item.Id).Average(group => group.All(item => Prediction(item, rule, name).Correct) ? 1.0 : 0.0),
            "record_exact_match" => items.Average(item => SquadMetrics.ExactMatch(item.Choices[Prediction(item, rule, name).Choice].Answer, item.Answers)),
            "record_f1" => items.Average(item => SquadMetrics.F1(item.Choices[Prediction(item, rule, name).Choice].Answer, item.Answers)),
            "score" => items.Average(item => item.Score),
            "target_perplexity" => Math.Exp(-LogProbability() / items.Count),
            "token_perplexity" => Math.Exp(-LogProbability() / items.Sum(item => (double)item.Choices[0].TokenIds.Count)),
            "word_perplexity" => Math.Exp(-LogProbability() / items.Sum(item => (double)item.Choices[0].WordCount)),
            "byte_perplexity" => Math.Exp(-LogProbability() / items.Sum(item => (double)item.Choices[0].ByteCount)),
            "bits_per_byte" => -LogProbability() / items.Sum(item => (double)item.Choices[0].ByteCount) / Math.Log(2),
            "brier" => items.Average(item => Calibration.Brier(Distribution(item), item.Gold!.Value)),
            "calibration_error" => CalibrationError(items),
            "bleu" => Bleu.Corpus([.. items.Select(item => item.Generated ?? "")], [.. items.Select(item => item.Answers)]) / 100,
            var other when GenerationMetricOf(other) is { } metric => items.Average(item => GenerationMetrics.Score(metric, item.Generated ?? "", item.Answers)),
            _ => throw new ArgumentException($"\"{name}\" is no metric of these items."),
        };
    }

    /// <summary>Whether larger values of a metric are better; perplexities, bits and calibration errors are better small.</summary>
    public static bool HigherIsBetter(string name) =>
        !(name.EndsWith("perplexity", StringComparison.Ordinal) || name is "bits_per_byte" or "brier" or "calibration_error");

    // Sums of log-probabilities are the model's own distribution; divided ones are no probabilities.
    private static double[] Distribution(ItemResult item) => Calibration.Softmax([.. item.Choices.Select(choice => choice.LogProbability)]);

    private static double CalibrationError(IReadOnlyList<ItemResult> items)
    {
        var best = items.Select(Distribution).Select(p => (Confidence: p.Max(), Choice: Array.IndexOf(p, p.Max()))).ToArray();
        return Calibration.ExpectedError([.. best.Select(b => b.Confidence)], [.. best.Zip(items, (b, item) => b.Choice == item.Gold)]);
    }

    private static ChoicePrediction Prediction(ItemResult item, string? rule, string metric) =>
        item.Predictions.FirstOrDefault(prediction => rule is null || prediction.Rule == rule)
        ?? throw new ArgumentException($"Metric {metric}: item {item.Id} has no prediction" + (rule is null ? "." : $" by rule {rule}."));

    private static string NameOf(Scoring scoring, TaskMetric metric) => metric switch
    {
        TaskMetric.F1 => "binary_f1",
        TaskMetric.Score when scoring is GenerationScoring generation => Snake(generation.Metric),
        _ => Snake(metric),
    };

    private static string Snake(Enum value) => JsonNamingPolicy.SnakeCaseLower.ConvertName(value.ToString());

    private static GenerationMetric? GenerationMetricOf(string name) =>
        Enum.GetValues<GenerationMetric>().Cast<GenerationMetric?>().FirstOrDefault(metric => Snake(metric!) == name);
}
