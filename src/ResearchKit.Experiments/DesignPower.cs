using ResearchKit.Evaluation.Metrics;
using ResearchKit.Evaluation.Statistics;
using ResearchKit.Experiments.Configuration;

namespace ResearchKit.Experiments;

/// <summary>The smallest difference that a design finds with 80% power at the two-sided level of 5%, for one task.</summary>
/// <param name="Task">Name of the task.</param>
/// <param name="ItemCount">Items that are scored.</param>
/// <param name="UnitCount">Independent units: clusters where items share a passage, else items.</param>
/// <param name="Difference">Smallest difference of two conditions on the same items; null where the metric isn't a share of right answers, not a number where even the largest possible isn't found.</param>
/// <param name="CorrectedDifference">The same at the level that Holm's correction asks of the first of all comparisons of the report.</param>
public sealed record DesignPower(string Task, int ItemCount, int UnitCount, double? Difference, double? CorrectedDifference)
{
    /// <summary>Share of items that exactly one of the two conditions gets right: a guess before any run.</summary>
    public const double DiscordantShare = 0.3;

    /// <summary>Power of every task of a plan.</summary>
    /// <remarks>One seed on each side. Items of a cluster count as one, as if they stood or fell together: the true value lies between this and that of independent items.</remarks>
    public static IReadOnlyList<DesignPower> Of(ComparisonConfig config, ComparisonPlan plan)
    {
        var comparisons = Math.Max(1, ComparisonCount(config, plan));
        return [.. plan.Tasks.Select(task =>
        {
            var items = task.Splits.Test;
            var units = items.Select(item => item.Unit).Distinct(StringComparer.Ordinal).Count();
            var isShare = TaskMetrics.IsShareOfRightItems(task.Metric);
            return new DesignPower(task.Task.Name, items.Count, units,
                isShare ? Power.DetectablePairedDifference(units, DiscordantShare) : null,
                isShare ? Power.DetectablePairedDifference(units, DiscordantShare, significance: 0.05 / comparisons) : null);
        })];
    }

    /// <summary>Paired comparisons that the report will make: most shots against none, and most labelled examples against most shots, for every model, task and protocol.</summary>
    public static int ComparisonCount(ComparisonConfig config, ComparisonPlan plan)
    {
        if (config.InContext is not { } inContext) return 0;
        return plan.Models.Count * plan.Tasks.Sum(task =>
        {
            var shots = inContext.ShotsOf(task);
            var tuned = config.FineTuning is { } fineTuning && task.FineTune && fineTuning.Examples.Any(n => n <= task.Splits.Train.Count) ? fineTuning.Recipes.Count : 0;
            return (1 + task.OtherProtocols.Count) * ((shots.Contains(0) && shots.Max() > 0 ? 1 : 0) + tuned);
        });
    }
}
