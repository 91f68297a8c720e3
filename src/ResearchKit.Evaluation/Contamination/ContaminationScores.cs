using ResearchKit.Evaluation.Metrics;

namespace ResearchKit.Evaluation.Contamination;

/// <summary>A metric over all, the clean and the dirty items: a row of the paper's Table C.1.</summary>
/// <param name="Metric">Name of the metric.</param>
/// <param name="All">Over every scored item.</param>
/// <param name="Clean">Over those without overlap; null where there are none.</param>
/// <param name="Dirty">Over those with overlap; null where there are none.</param>
public sealed record ContaminationScores(string Metric, double All, double? Clean, double? Dirty)
{
    /// <summary>(clean - all) / all: below 0 where the overlap may have helped; null without clean items or where all is 0.</summary>
    public double? RelativeDifference => All == 0 ? null : (Clean - All) / All;

    /// <summary>Scores of one run, split by what an analysis found.</summary>
    /// <param name="report">Analysis of at least the scored items.</param>
    /// <param name="items">Scored items.</param>
    /// <param name="metric">As in <see cref="TaskResult.Metrics"/>.</param>
    /// <exception cref="ArgumentException">An item was not analysed, there are none, or they lack what the metric needs.</exception>
    public static ContaminationScores Of(ContaminationReport report, IReadOnlyList<ItemResult> items, string metric)
    {
        var dirty = report.Examples.ToDictionary(example => example.Id, example => example.IsDirty);
        if (items.FirstOrDefault(item => !dirty.ContainsKey(item.Id)) is { } unknown)
            throw new ArgumentException($"Item {unknown.Id} was scored but not analysed.", nameof(report));
        double? Value(bool isDirty) => items.Where(item => dirty[item.Id] == isDirty).ToArray() is { Length: > 0 } part ? TaskMetrics.Value(metric, part) : null;
        return new(metric, TaskMetrics.Value(metric, items), Value(false), Value(true));
    }
}
