namespace ResearchKit.Experiments.Reporting;

/// <summary>Where fine-tuning overtakes the best in-context score of the same model.</summary>
/// <param name="Task">The task.</param>
/// <param name="InContext">Best in-context condition.</param>
/// <param name="FineTuned">Best fine-tuned condition of the recipe.</param>
/// <param name="PassesAt">Smallest number of labelled examples whose score is better; null where none is.</param>
/// <param name="ClearAt">Smallest number from which the two intervals do not meet; null where none is.</param>
internal sealed record Crossover(TaskEntry Task, ConditionSummary InContext, ConditionSummary FineTuned, int? PassesAt, int? ClearAt)
{
    /// <summary>One for every task, model and recipe that has both regimes.</summary>
    public static IEnumerable<Crossover> All(ReportModel model, IReadOnlyList<ConditionSummary> summaries)
    {
        foreach (var task in model.Tasks)
        {
            var sign = task.HigherIsBetter ? 1 : -1;
            foreach (var rows in summaries.Where(row => row.Task == task.Name && double.IsFinite(row.Score)).GroupBy(row => row.Condition.Model))
            {
                // MaxBy keeps the first of equals: the smallest k, the fewest examples.
                var inContext = rows.Where(row => !row.Condition.IsFineTuned).MaxBy(row => sign * row.Score);
                if (inContext is null) continue;
                foreach (var recipe in rows.Where(row => row.Condition.IsFineTuned).GroupBy(row => row.Condition.Recipe))
                {
                    var best = recipe.MaxBy(row => sign * row.Score)!;
                    yield return new Crossover(
                        task, inContext, best,
                        recipe.FirstOrDefault(row => sign * (row.Score - inContext.Score) > 0)?.Condition.LabelledCount,
                        recipe.FirstOrDefault(row => Apart(row.Interval, inContext.Interval, sign))?.Condition.LabelledCount);
                }
            }
        }
    }

    private static bool Apart(ScoreInterval? fineTuned, ScoreInterval? inContext, int sign) =>
        fineTuned is not null && inContext is not null && (sign > 0 ? fineTuned.Low > inContext.High : fineTuned.High < inContext.Low);
}
