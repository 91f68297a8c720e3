using ResearchKit.Evaluation;
using ResearchKit.Evaluation.Metrics;
using ResearchKit.Evaluation.Statistics;
using ResearchKit.Evaluation.Tasks;
using ResearchKit.Experiments.Cells;
using ResearchKit.Experiments.Configuration;
using ResearchKit.Experiments.Reporting;
using ResearchKit.Training.FineTuning;

namespace ResearchKit.Experiments;

/// <summary>How far scores can be relied on: the variance of few-shot scores by source, and whether probabilities mean what they say.</summary>
internal static class Reliability
{
    /// <summary>The variance split of every model and task under its first protocol, at the numbers of demonstrations that the design varies (else at the largest).</summary>
    public static List<VarianceSplit> Variance(InContextConfig config, ComparisonPlan plan, ComparisonResults results)
    {
        var splits = new List<VarianceSplit>();
        var design = config.Variation ?? new VariationConfig();
        var variations = results.Variations.ToLookup(pair => (pair.Cell.Task.Task.Name, pair.Cell.Model, pair.Cell.Shots));
        foreach (var group in results.InContext.Where(pair => pair.Cell.ProtocolIndex == 0 && design.ShotsOf(config.ShotsOf(pair.Cell.Task)).Contains(pair.Cell.Shots)).GroupBy(pair => (pair.Cell.Task.Task.Name, pair.Cell.Model, pair.Cell.Shots)))
        {
            var draws = group.ToList();
            var (task, items) = (draws[0].Cell.Task, draws[0].Result.Items.Count);
            // Sources are told apart on item scores, so the score must be their mean.
            if (items < 2 || task.Task.Scoring is PerplexityScoring || draws.Any(pair => Math.Abs(pair.Result.Items.Average(item => item.Score) - pair.Result.Score) > 1e-9)) continue;
            var others = variations[group.Key].ToList();
            var own = VarianceComponents.Estimate(Cube([draws]));
            var fromItems = ItemsDeviation(task, draws, own);
            var byOrder = Levels(draws, others.Where(pair => pair.Cell.Order > 0).GroupBy(pair => pair.Cell.Order));
            var byWording = Levels(draws, others.Where(pair => pair.Cell.Wording > 0).GroupBy(pair => pair.Cell.Wording));
            splits.Add(new VarianceSplit(
                task.Task.Name, plan.Models[draws[0].Cell.Model].Name, draws[0].Cell.Shots,
                Items: fromItems,
                Draws: draws.Count > 1 ? Math.Sqrt(own.Draw + own.ItemDraw / items) : null,
                Order: byOrder is null ? null : OfVariants(byOrder, items),
                Wording: byWording is null ? null : OfVariants(byWording, items),
                DrawsNeeded: draws.Count > 1 && 1.96 * fromItems < config.HalfWidth ? own.DrawsNeeded(config.HalfWidth, items, itemVariance: fromItems * fromItems) : null)
            {
                HalfWidth = config.HalfWidth,
                ItemsHalfWidth = 1.96 * fromItems,
                DrawCount = draws.Count,
            });
        }

        return splits;
    }

    // Items of one unit vary together, so their mean varies more than independent items' would.
    private static double ItemsDeviation(ReadyTask task, List<(PlannedInContext Cell, TaskResult Result)> draws, VarianceComponents own)
    {
        var items = task.Splits.Test;
        var independent = Math.Sqrt(own.Item / items.Count);
        if (items.All(item => item is { Cluster: null, Group: null })) return independent;
        var means = Enumerable.Range(0, items.Count).Select(i => draws.Average(pair => pair.Result.Items[i].Score)).ToArray();
        var clustered = MeanEstimate.Clustered(means, [.. items.Select(item => item.Unit)]).StandardError;
        return clustered > independent ? clustered : independent;
    }

    // One order (or wording) of one draw on all items: what is common to all items stays, what differs between items averages out.
    private static double OfVariants(VarianceComponents of, int items) => Math.Sqrt(of.Variant + of.DrawVariant + (of.ItemVariant + of.Residual) / items);

    private static VarianceComponents? Levels(List<(PlannedInContext Cell, TaskResult Result)> draws, IEnumerable<IGrouping<int, (PlannedInContext Cell, TaskResult Result)>> others)
    {
        var levels = others.OrderBy(level => level.Key).Select(level => level.ToList()).ToList();
        return levels.Count == 0 ? null : VarianceComponents.Estimate(Cube([draws, .. levels]));
    }

    /// <summary>Item scores [items, draws, variants]; draws of every variant are matched by seed.</summary>
    private static double[,,] Cube(List<List<(PlannedInContext Cell, TaskResult Result)>> variants)
    {
        var draws = variants[0].OrderBy(pair => pair.Cell.Seed).Select(pair => pair.Cell.Seed).ToList();
        var items = variants[0][0].Result.Items.Count;
        var scores = new double[items, draws.Count, variants.Count];
        for (var v = 0; v < variants.Count; v++)
        {
            for (var d = 0; d < draws.Count; d++)
            {
                var result = variants[v].First(pair => pair.Cell.Seed == draws[d]).Result;
                for (var i = 0; i < items; i++) scores[i, d, v] = result.Items[i].Score;
            }
        }

        return scores;
    }

    /// <summary>Calibration of tasks that rank choices: without demonstrations, with the most, and fine-tuned on the most examples; seeds pooled.</summary>
    public static List<CalibrationCurve> Calibrations(ComparisonPlan plan, ComparisonResults results)
    {
        var curves = new List<CalibrationCurve>();
        foreach (var task in plan.Tasks.Where(task => task.Task.Scoring is ChoiceScoring && task.Splits.Test.All(item => item is { Gold: not null, Choices.Count: > 1 })))
        {
            for (var model = 0; model < plan.Models.Count; model++)
            {
                var name = plan.Models[model].Name;
                var shots = results.InContext.Where(pair => pair.Cell.Task == task && pair.Cell.Model == model && pair.Cell.Scored.Task.Scoring is ChoiceScoring).ToLookup(pair => pair.Cell.Condition(plan));
                foreach (var group in shots.Where(group => group.Key.K == shots.Min(other => other.Key.K) || group.Key.K == shots.Max(other => other.Key.K)))
                {
                    // Sums of log-probabilities are the model's own distribution over the choices; a normalization by length is not one.
                    curves.Add(Curve(task, group.Key, group.SelectMany(pair => pair.Result.Items.Select(item => (item.Choices.Select(choice => choice.LogProbability).ToArray(), item.Gold!.Value)))));
                }

                var tuned = results.FineTuning.Where(pair => pair.Cell.Task == task && pair.Cell.Model == model).ToList();
                if (tuned.Count == 0) continue;
                var most = tuned.Max(pair => pair.Cell.Examples);
                foreach (var recipe in tuned.Where(pair => pair.Cell.Examples == most).GroupBy(pair => pair.Cell.Recipe, StringComparer.Ordinal))
                {
                    curves.Add(Curve(task, new Condition(name, LabelledCount: most, Recipe: recipe.Key), recipe.SelectMany(pair => Predictions(task, pair.Result))));
                }
            }
        }

        return curves;
    }

    private static IEnumerable<(double[] LogProbabilities, int Gold)> Predictions(ReadyTask task, FineTuneResult result)
    {
        var gold = task.Splits.Test.ToDictionary(item => item.Id, item => item.Gold!.Value, StringComparer.Ordinal);
        return result.Test.Select(prediction => (prediction.LogProbabilities, gold[prediction.Id]));
    }

    private static CalibrationCurve Curve(ReadyTask task, Condition condition, IEnumerable<(double[] LogProbabilities, int Gold)> items)
    {
        var answers = items.Select(item =>
        {
            var distribution = Calibration.Softmax(item.LogProbabilities);
            var confidence = distribution.Max();
            return (Confidence: confidence, Right: Array.IndexOf(distribution, confidence) == item.Gold);
        }).ToList();
        var bins = answers.GroupBy(answer => Calibration.BinOf(answer.Confidence)).OrderBy(bin => bin.Key)
            .Select(bin => new CalibrationBin(bin.Average(answer => answer.Confidence), bin.Average(answer => answer.Right ? 1.0 : 0.0), bin.Count()));
        return new CalibrationCurve(task.Task.Name, condition, Calibration.ExpectedError([.. answers.Select(answer => answer.Confidence)], [.. answers.Select(answer => answer.Right)]), [.. bins]);
    }
}
