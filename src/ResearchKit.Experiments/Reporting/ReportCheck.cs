namespace ResearchKit.Experiments.Reporting;

/// <summary>Refuses a model whose parts do not fit together, before any file is written.</summary>
internal static class ReportCheck
{
    /// <summary>Checks names, ids and aligned lists.</summary>
    /// <exception cref="ArgumentException">Lists every problem.</exception>
    public static void ThrowIfInconsistent(ReportModel model)
    {
        var problems = Problems(model).Take(20).ToList();
        if (problems.Count > 0) throw new ArgumentException("The report model does not fit together:\n  " + string.Join("\n  ", problems), nameof(model));
    }

    private static IEnumerable<string> Problems(ReportModel model)
    {
        var models = model.Models.Select(entry => entry.Name).ToHashSet(StringComparer.Ordinal);
        var tasks = new Dictionary<string, TaskEntry>(StringComparer.Ordinal);
        if (models.Count < model.Models.Count) yield return "models: two have the same name; names must differ.";
        foreach (var task in model.Tasks)
        {
            if (!tasks.TryAdd(task.Name, task)) yield return $"tasks: \"{task.Name}\" is there twice; names must differ.";
        }

        if (model.HeadlineTask is { } headline && !tasks.ContainsKey(headline)) yield return $"headline_task is \"{headline}\", which is not among the tasks.";

        var cells = new HashSet<string>(StringComparer.Ordinal);
        var runs = new HashSet<(string, Condition, long)>();
        var all = model.InContext.Select(cell => (cell.Id, cell.Task, Condition: ConditionSummaries.Of(cell), cell.Seed, cell.ItemScores))
            .Concat(model.FineTuning.Select(cell => (cell.Id, cell.Task, Condition: ConditionSummaries.Of(cell), cell.Seed, cell.ItemScores)));
        foreach (var (id, task, condition, seed, scores) in all)
        {
            if (!cells.Add(id)) yield return $"cell {id}: the id is there twice; ids must be unique.";
            if (!runs.Add((task, condition, seed))) yield return $"cell {id}: task {task}, {condition}, seed {seed} is there twice; name the protocol or the recipe where they differ.";
            if (!models.Contains(condition.Model)) yield return $"cell {id}: model \"{condition.Model}\" is not among the models.";
            if (!tasks.TryGetValue(task, out var entry)) yield return $"cell {id}: task \"{task}\" is not among the tasks.";
            else if (scores.Count > 0 && scores.Count != entry.ItemIds.Count) yield return $"cell {id}: {scores.Count} item scores for the {entry.ItemIds.Count} item ids of {task}; they must be aligned, or absent.";
        }

        foreach (var (task, what) in model.Comparisons.Select(row => (row.Task, "comparison")).Concat(model.Summaries.Select(row => (row.Task, "summary")))
            .Concat(model.PaperValues.Select(row => (row.Task, "paper value"))).Concat(model.Calibration.Select(row => (row.Task, "calibration")))
            .Concat(model.VarianceSplits.Select(row => (row.Task, "variance split"))).Concat(model.Contamination.Select(row => (row.Task, "contamination"))))
        {
            if (!tasks.ContainsKey(task)) yield return $"{what}: task \"{task}\" is not among the tasks.";
        }

        var conditions = model.Summaries.Select(row => row.Condition).Concat(model.Comparisons.SelectMany(row => new[] { row.A, row.B })).Concat(model.Calibration.Select(row => row.Condition));
        foreach (var condition in conditions.Where(condition => condition.K is null == condition.LabelledCount is null).Distinct())
        {
            yield return $"{condition}: exactly one of K (in context) and LabelledCount (fine-tuned) must be set.";
        }

        foreach (var item in model.Items)
        {
            if (!tasks.ContainsKey(item.Task)) yield return $"item {item.Id}: task \"{item.Task}\" is not among the tasks.";
            foreach (var prediction in item.Predictions)
            {
                if (!cells.Contains(prediction.Cell)) yield return $"item {item.Id}: cell \"{prediction.Cell}\" is not among the cells.";
                if (prediction.Choices.Any(choice => choice.Tokens.Count != choice.LogProbabilities.Count))
                {
                    yield return $"item {item.Id}, cell {prediction.Cell}: a choice has different numbers of tokens and log-probabilities.";
                }
            }
        }
    }
}
