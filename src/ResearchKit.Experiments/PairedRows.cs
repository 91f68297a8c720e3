using ResearchKit.Evaluation;
using ResearchKit.Evaluation.Statistics;
using ResearchKit.Experiments.Configuration;
using ResearchKit.Experiments.Reporting;

namespace ResearchKit.Experiments;

/// <summary>The report's paired comparisons, corrected for their number.</summary>
internal static class PairedRows
{
    /// <summary>For every model, task and protocol: most shots against none, and most labelled examples against most shots. Declared before the numbers are seen, so nothing is picked by its result.</summary>
    public static List<ComparisonRow> Of(ComparisonConfig config, ComparisonPlan plan, ComparisonResults results)
    {
        var rows = new List<ComparisonRow>();
        var options = new BootstrapOptions(ReportBuilder.Resamples, config.Confidence, config.Seed);
        foreach (var task in plan.Tasks)
        {
            for (var model = 0; model < plan.Models.Count; model++)
            {
                var name = plan.Models[model].Name;
                var prompted = results.InContext.Where(pair => pair.Cell.Task == task && pair.Cell.Model == model).ToList();
                var tuned = results.FineTuning.Where(pair => pair.Cell.Task == task && pair.Cell.Model == model).ToLookup(pair => (pair.Cell.Examples, pair.Cell.Recipe), pair => (IReadOnlyList<ItemResult>)ReportBuilder.ItemsOf(task, pair.Result));
                foreach (var protocol in prompted.GroupBy(pair => pair.Cell.ProtocolIndex))
                {
                    var shots = protocol.ToLookup(pair => pair.Cell.Condition(plan), pair => pair.Result.Items);
                    var (few, zero) = (shots.MaxBy(group => group.Key.K)!, shots.FirstOrDefault(group => group.Key.K == 0));
                    if (few.Key.K > 0 && zero is not null) rows.Add(Row(task.Task.Name, task.Metric, few.Key, [.. few], zero.Key, [.. zero], options));
                    if (tuned.Count == 0) continue;
                    var most = tuned.Max(group => group.Key.Examples);
                    foreach (var group in tuned.Where(group => group.Key.Examples == most).OrderBy(group => group.Key.Recipe, StringComparer.Ordinal))
                    {
                        rows.Add(Row(task.Task.Name, task.Metric, new Condition(name, LabelledCount: most, Recipe: group.Key.Recipe), [.. group], few.Key, [.. few], options));
                    }
                }
            }
        }

        return Corrected(rows);
    }

    /// <summary>Two conditions of one task on their common items.</summary>
    /// <param name="task">Name of the task.</param>
    /// <param name="metric">Its metric.</param>
    /// <param name="a">First condition.</param>
    /// <param name="first">Items of each of its seeds.</param>
    /// <param name="b">Second condition.</param>
    /// <param name="second">Items of each of its seeds.</param>
    /// <param name="options">Level, resamples and seed.</param>
    public static ComparisonRow Row(string task, string metric, Condition a, IReadOnlyList<IReadOnlyList<ItemResult>> first, Condition b, IReadOnlyList<IReadOnlyList<ItemResult>> second, BootstrapOptions options)
    {
        var test = PairedComparison.OverSeeds(metric, first, second, options);
        var (scoresA, scoresB) = (Scores(first), Scores(second));
        var differences = scoresA.Where(pair => scoresB.ContainsKey(pair.Key)).Select(pair => pair.Value - scoresB[pair.Key]).ToList();
        var isRightOrWrong = scoresA.Values.Concat(scoresB.Values).All(score => score is 0 or 1);   // not where several seeds are averaged
        var units = test.UnitCount < test.ItemCount ? "clusters" : "items";
        return new ComparisonRow
        {
            Task = task,
            A = a,
            B = b,
            Difference = test.Difference.Estimate,
            Interval = ReportBuilder.Of(test.Difference),
            PValue = test.PValue,
            Test = test.Test == "mcnemar" ? "McNemar exact" : $"permutation, {units}",
            ItemCount = test.ItemCount,
            OnlyARight = isRightOrWrong ? differences.Count(difference => difference > 0) : null,
            OnlyBRight = isRightOrWrong ? differences.Count(difference => difference < 0) : null,
            EffectSize = test.CohenH,
            MinimumDetectable = test.DetectableDifference is { } detectable && double.IsFinite(detectable) ? detectable : null,
        };
    }

    /// <summary>The rows with Holm's correction over all of them.</summary>
    public static List<ComparisonRow> Corrected(List<ComparisonRow> rows)
    {
        var corrected = PairedTests.Holm([.. rows.Select(row => row.PValue ?? 1)]);
        return [.. rows.Select((row, i) => row with { HolmPValue = corrected[i] })];
    }

    private static Dictionary<string, double> Scores(IReadOnlyList<IReadOnlyList<ItemResult>> seeds) =>
        seeds.SelectMany(items => items).GroupBy(item => item.Id, StringComparer.Ordinal).ToDictionary(group => group.Key, group => group.Average(item => item.Score), StringComparer.Ordinal);
}
