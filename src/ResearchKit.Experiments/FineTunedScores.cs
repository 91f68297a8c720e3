using ResearchKit.Evaluation.Metrics;
using ResearchKit.Training.FineTuning;

namespace ResearchKit.Experiments;

/// <summary>A task's own metrics of a fine-tuned model: the same numbers that score its prompts.</summary>
public static class FineTunedScores
{
    /// <summary>Every metric of the task, headline first, then accuracy.</summary>
    /// <param name="task">Task whose test items were predicted.</param>
    /// <param name="result">Fine-tuning.</param>
    public static IReadOnlyList<KeyValuePair<string, double>> Of(ReadyTask task, FineTuneResult result)
    {
        var items = ReportBuilder.ItemsOf(task, result);
        var names = TaskMetrics.Names(task.Task).Where(name => !name.StartsWith("record_", StringComparison.Ordinal)).Append("accuracy").Distinct();
        return [.. names.Select(name => KeyValuePair.Create(name, TaskMetrics.Value(name, items)))];
    }
}
