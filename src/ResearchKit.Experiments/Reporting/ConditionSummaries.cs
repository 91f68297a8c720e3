// Scores over seeds. Takes the runner's summaries where it gave them; the pooling here is for those it did not.
using MathNet.Numerics.Distributions;

namespace ResearchKit.Experiments.Reporting;

/// <summary>Turns one cell for each seed into one score for each condition.</summary>
public static class ConditionSummaries
{
    /// <summary>The condition of a cell.</summary>
    public static Condition Of(InContextCell cell) => new(cell.Model, K: cell.K, Protocol: cell.Protocol);

    /// <summary>The condition of a cell.</summary>
    public static Condition Of(FineTuningCell cell) => new(cell.Model, LabelledCount: cell.LabelledCount, Recipe: cell.Recipe);

    /// <summary>One summary for every task and condition: tasks and models in the report's order, in-context before fine-tuned, by growing k or number of examples.</summary>
    /// <remarks>Where the runner gave none, the half-width over S seeds is on either side √(mean of the cells' squared half-widths + t²·s²/S), s the standard deviation over seeds and t Student's quantile:
    /// all seeds score the same items, so the item part does not shrink with S, the seed part does. Wide, since s also holds some of the item noise; fractions stay within [0, 1].
    /// One seed keeps its cell's interval. Cells without an interval give a summary without one.</remarks>
    public static IReadOnlyList<ConditionSummary> All(ReportModel model)
    {
        var given = new Dictionary<(string, Condition), ConditionSummary>();
        foreach (var summary in model.Summaries) given[(summary.Task, summary.Condition)] = summary;

        var groups = new Dictionary<(string Task, Condition Condition), List<(double Score, ScoreInterval? Interval)>>();
        var order = new List<(string Task, Condition Condition)>();
        void Add(string task, Condition condition, double score, ScoreInterval? interval)
        {
            if (!groups.TryGetValue((task, condition), out var group))
            {
                groups[(task, condition)] = group = [];
                order.Add((task, condition));
            }

            group.Add((score, interval));
        }

        foreach (var cell in model.InContext) Add(cell.Task, Of(cell), cell.Score, cell.Interval);
        foreach (var cell in model.FineTuning) Add(cell.Task, Of(cell), cell.Score, cell.Interval);
        order.AddRange(model.Summaries.Select(summary => (summary.Task, summary.Condition)).Where(key => !groups.ContainsKey(key)));

        var tasks = Positions(model.Tasks.Select(task => task.Name));
        var fractions = model.Tasks.Where(task => task.Unit == ScoreUnit.Fraction).Select(task => task.Name).ToHashSet(StringComparer.Ordinal);
        var models = Positions(model.Models.Select(entry => entry.Name));
        var variants = Positions(order.Select(key => Variant(key.Condition)));
        return
        [
            .. order
                .OrderBy(key => tasks.GetValueOrDefault(key.Task, int.MaxValue))
                .ThenBy(key => models.GetValueOrDefault(key.Condition.Model, int.MaxValue))
                .ThenBy(key => key.Condition.IsFineTuned)
                .ThenBy(key => variants[Variant(key.Condition)])
                .ThenBy(key => key.Condition.LabelledCount ?? key.Condition.K)
                .Select(key => given.GetValueOrDefault(key) ?? Pool(key.Task, key.Condition, groups[key], fractions.Contains(key.Task))),
        ];
    }

    /// <summary>Standard deviation over seeds (n - 1); null for one.</summary>
    public static double? Deviation(IReadOnlyCollection<double> scores)
    {
        if (scores.Count < 2) return null;
        var mean = scores.Average();
        return Math.Sqrt(scores.Sum(score => (score - mean) * (score - mean)) / (scores.Count - 1));
    }

    private static ConditionSummary Pool(string task, Condition condition, List<(double Score, ScoreInterval? Interval)> cells, bool isFraction)
    {
        var mean = cells.Average(cell => cell.Score);
        var deviation = Deviation([.. cells.Select(cell => cell.Score)]);
        var intervals = cells.Select(cell => cell.Interval).OfType<ScoreInterval>().ToList();
        if (intervals.Count < cells.Count || intervals.Any(interval => interval.Level != intervals[0].Level)) return new(task, condition, mean, null, cells.Count, deviation);
        if (cells.Count == 1) return new(task, condition, mean, intervals[0], 1);

        var t = StudentT.InvCDF(0, 1, cells.Count - 1, 0.5 + intervals[0].Level / 2);
        var seeds = t * t * deviation!.Value * deviation.Value / cells.Count;
        var below = Math.Sqrt(cells.Average(cell => Square(cell.Score - cell.Interval!.Low)) + seeds);
        var above = Math.Sqrt(cells.Average(cell => Square(cell.Interval!.High - cell.Score)) + seeds);
        var (low, high) = isFraction ? (Math.Max(0, mean - below), Math.Min(1, mean + above)) : (mean - below, mean + above);
        return new(task, condition, mean, new ScoreInterval(low, high, intervals[0].Level), cells.Count, deviation);
    }

    private static double Square(double value) => value * value;

    /// <summary>Recipe or protocol; empty for the task's own.</summary>
    internal static string Variant(Condition condition) => condition.Recipe ?? condition.Protocol ?? "";

    private static Dictionary<string, int> Positions(IEnumerable<string> names)
    {
        var positions = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var name in names) positions.TryAdd(name, positions.Count);
        return positions;
    }
}
