using System.Text.Json;
using ResearchKit.Core.Configuration;
using ResearchKit.Evaluation;
using ResearchKit.Evaluation.Metrics;
using ResearchKit.Evaluation.Tasks;
using ResearchKit.Experiments.Cells;
using ResearchKit.Experiments.Configuration;
using ResearchKit.Training.FineTuning;

namespace ResearchKit.Experiments;

/// <summary>Reduces a run's cells to what other runs need of them.</summary>
internal static class StoredItemsBuilder
{
    public static StoredItems Build(ComparisonConfig config, ComparisonPlan plan, ComparisonResults results) => new()
    {
        Tasks = [.. plan.Tasks.Select(task => TaskOf(task, config))],
        Cells =
        [
            .. results.InContext.Concat(results.Variations).Select(pair => Of(pair.Cell, config, plan, pair.Result, results.Checksums[pair.Cell])),
            .. results.FineTuning.Select(pair => Of(pair.Cell, plan, pair.Result, results.Checksums[pair.Cell])),
        ],
    };

    /// <summary>A task as it is stored.</summary>
    public static StoredTask TaskOf(ReadyTask task, ComparisonConfig config) => new(task.Task.Name, task.Metric, ProtocolOf(task, config), [.. task.Splits.Test.Select(item => new StoredItem(
        item.Id, TaskCatalog.Sha256(JsonSerializer.Serialize(item, ConfigJson.Compact))[..16], item.Gold,
        item.Choices.Count > 0 ? item.Choices : null, item.Answers.Count > 0 ? item.Answers : null, item.Cluster, item.Group))]);

    private static string ProtocolOf(ReadyTask task, ComparisonConfig config) => TaskCatalog.Sha256(task.ProtocolFingerprint + config.InContext?.Overflow);

    /// <summary>An in-context cell as it is stored.</summary>
    public static StoredCell Of(PlannedInContext cell, ComparisonConfig config, ComparisonPlan plan, TaskResult result, string checksum)
    {
        var isPerplexity = cell.Task.Task.Scoring is PerplexityScoring;
        return new StoredCell
        {
            Id = cell.Id(plan),
            Task = cell.Task.Task.Name,
            Condition = cell.Condition(plan),
            Protocol = cell.ProtocolIndex > 0 ? ProtocolOf(cell.Scored, config) : null,
            Seed = cell.Seed,
            IsVariation = cell.IsVariation,
            Checksum = checksum,
            Scores = [.. result.Items.Select(item => item.Score)],
            Predicted = result.Items.All(item => item.Predicted is not null) ? [.. result.Items.Select(item => item.Predicted!.Value)] : null,
            Generated = result.Items.Any(item => item.Generated is not null) ? [.. result.Items.Select(item => item.Generated ?? "")] : null,
            LogProbabilities = result.Items.Any(item => item.Choices.Count > 0) ? [.. result.Items.Select(item => (IReadOnlyList<float>)[.. item.Choices.Select(choice => (float)choice.LogProbability)])] : null,
            Counts = isPerplexity ? [.. result.Items.Select(item => (IReadOnlyList<int>)[item.Choices[0].TokenIds.Count, item.Choices[0].WordCount, item.Choices[0].ByteCount])] : null,
        };
    }

    /// <summary>A fine-tuning as it is stored.</summary>
    public static StoredCell Of(PlannedFineTuning cell, ComparisonPlan plan, FineTuneResult result, string checksum)
    {
        var byId = result.Test.ToDictionary(prediction => prediction.Id, StringComparer.Ordinal);
        var predictions = cell.Task.Splits.Test.Select(item => (Item: item, Prediction: byId[item.Id])).ToList();
        return new StoredCell
        {
            Id = cell.Id(plan),
            Task = cell.Task.Task.Name,
            Condition = cell.Condition(plan),
            Seed = cell.Seed,
            Checksum = checksum,
            Scores = [.. predictions.Select(pair => TaskMetrics.IsRight(cell.Task.Task, pair.Item, pair.Prediction.Predicted) ? 1.0 : 0.0)],
            Predicted = [.. predictions.Select(pair => pair.Prediction.Predicted)],
            Generated = cell.Task.Task.Scoring is GenerationScoring ? [.. predictions.Select(pair => pair.Item.Choices[pair.Prediction.Predicted])] : null,
            LogProbabilities = [.. predictions.Select(pair => (IReadOnlyList<float>)[.. pair.Prediction.LogProbabilities.Select(value => (float)value)])],
        };
    }
}
