// The tables of a report, each from the model alone.
using System.Globalization;

namespace ResearchKit.Experiments.Reporting;

/// <summary>Builds the tables that all forms of the report share.</summary>
internal sealed class ReportTables(ReportModel model)
{
    private readonly Dictionary<string, TaskEntry> _tasks = model.Tasks.ToDictionary(task => task.Name, StringComparer.Ordinal);

    /// <summary>Names of conditions.</summary>
    public ReportLabels Labels { get; } = new(model);

    /// <summary>Scores over seeds.</summary>
    public IReadOnlyList<ConditionSummary> Summaries { get; } = ConditionSummaries.All(model);

    /// <summary>Names of all tables, those without rows too.</summary>
    public static IReadOnlyList<string> Names { get; } =
        ["scores", "crossovers", "paired-comparisons", "paper-values", "seeds", "variance", "models", "tasks", "fine-tuning-runs", "learning-curves", "contamination", "calibration", "notes"];

    /// <summary>Every table that has rows, in the order of the page.</summary>
    public IEnumerable<ReportTable> All() =>
        new[] { Scores(), Crossovers(), Comparisons(), Papers(), Seeds(), Variance(), Models(), Tasks(), FineTuningRuns(), Learning(), Contamination(), Calibration(), Notes() }
            .Where(table => table.Rows.Count > 0).Select(table => table.WithoutEmptyColumns());

    /// <summary>One row for every task and condition, over seeds.</summary>
    public ReportTable Scores() => new("scores", "Scores by task and condition, mean over seeds, with intervals.",
        [
            new("task", "Task"), new("model", "Model"), new("regime", "Regime"), new("k", "k", ColumnKind.Number), new("labelled_examples", "Labelled examples", ColumnKind.Number),
            new("variant", "Recipe or protocol", IsSetting: true), new("metric", "Metric", IsSetting: true), new("score", "Score", ColumnKind.Number), new("interval", "Interval", ColumnKind.Interval),
            new("level", "Level", ColumnKind.Number, IsSetting: true), new("seeds", "Seeds", ColumnKind.Number, IsSetting: true), new("seed_deviation", "SD over seeds", ColumnKind.Number),
        ],
        [
            .. Summaries.Select(row => (IReadOnlyList<ReportValue>)
            [
                row.Task, row.Condition.Model, row.Condition.IsFineTuned ? "fine-tuned" : "in context", ReportValue.Of(row.Condition.K), ReportValue.Of(row.Condition.LabelledCount),
                ConditionSummaries.Variant(row.Condition), _tasks[row.Task].Metric, ReportValue.Score(_tasks[row.Task], row.Score), ReportValue.Range(_tasks[row.Task], row.Interval),
                ReportValue.Of(row.Interval?.Level, Level), ReportValue.Of(row.SeedCount), ReportValue.Of(row.SeedDeviation, value => ReportFormat.BareScore(_tasks[row.Task], value)),
            ]),
        ]);

    /// <summary>Where fine-tuning overtakes the prompt.</summary>
    public ReportTable Crossovers() => new("crossovers", "Where fine-tuning overtakes the best few-shot score.",
        [
            new("task", "Task"), new("model", "Model"), new("recipe", "Recipe", IsSetting: true), new("best_k", "Best k", ColumnKind.Number), new("in_context_score", "In context", ColumnKind.Number),
            new("in_context_interval", "Interval", ColumnKind.Interval), new("passes_at", "Fine-tuning passes it at", ColumnKind.Number), new("clear_at", "Intervals apart from", ColumnKind.Number),
            new("best_labelled_examples", "Best at", ColumnKind.Number), new("fine_tuned_score", "Fine-tuned", ColumnKind.Number), new("fine_tuned_interval", "Interval", ColumnKind.Interval),
        ],
        [
            .. Crossover.All(model, Summaries).Select(row => (IReadOnlyList<ReportValue>)
            [
                row.Task.Name, row.InContext.Condition.Model, row.FineTuned.Condition.Recipe, ReportValue.Of(row.InContext.Condition.K), ReportValue.Score(row.Task, row.InContext.Score),
                ReportValue.Range(row.Task, row.InContext.Interval), row.PassesAt is { } passes ? ReportValue.Of(passes) : new ReportValue("not reached", null),
                row.ClearAt is { } clear ? ReportValue.Of(clear) : new ReportValue("not reached", null), ReportValue.Of(row.FineTuned.Condition.LabelledCount),
                ReportValue.Score(row.Task, row.FineTuned.Score), ReportValue.Range(row.Task, row.FineTuned.Interval),
            ]),
        ]);

    /// <summary>Paired comparisons.</summary>
    public ReportTable Comparisons() => new("paired-comparisons", "Paired differences A − B on common items; p values corrected by Holm's method over this table.",
        [
            new("task", "Task"), new("model", "Model", IsSetting: true), new("a", "A", IsSetting: true), new("b", "B", IsSetting: true), new("difference", "A − B", ColumnKind.Number), new("interval", "Interval", ColumnKind.Interval), new("p", "p", ColumnKind.Number),
            new("p_holm", "p (Holm)", ColumnKind.Number), new("test", "Test", IsSetting: true), new("items", "Items", ColumnKind.Number, IsSetting: true), new("only_a_right", "Only A right", ColumnKind.Number),
            new("only_b_right", "Only B right", ColumnKind.Number), new("effect_size", "Effect size", ColumnKind.Number), new("minimum_detectable", "Detectable", ColumnKind.Number),
        ],
        [
            .. model.Comparisons.Select(row => (IReadOnlyList<ReportValue>)
            [
                row.Task, SameModel(row) ? row.A.Model : "", Side(row, row.A), Side(row, row.B), ReportValue.Of(row.Difference, value => ReportFormat.Difference(_tasks[row.Task], value)), ReportValue.Range(_tasks[row.Task], row.Interval),
                ReportValue.Of(row.PValue, ReportFormat.PValue), ReportValue.Of(row.HolmPValue, ReportFormat.PValue), row.Test, ReportValue.Of(row.ItemCount), ReportValue.Of(row.OnlyARight),
                ReportValue.Of(row.OnlyBRight), ReportValue.Of(row.EffectSize, value => ReportFormat.Number(value, 2)), ReportValue.Of(row.MinimumDetectable, value => ReportFormat.BareScore(_tasks[row.Task], value)),
            ]),
        ]);

    /// <summary>Published values.</summary>
    public ReportTable Papers() => new("paper-values", "Published values for the same tasks, and what differs from ours.",
        [
            new("task", "Task"), new("model", "Model"), new("parameters", "Parameters", ColumnKind.Number), new("setting", "Setting"), new("k", "k", ColumnKind.Number), new("metric", "Metric", IsSetting: true),
            new("value", "Value", ColumnKind.Number), new("split", "Split", IsSetting: true), new("source", "Source"), new("differs", "Differs in", IsSetting: true), new("note", "Note"),
        ],
        [
            .. model.PaperValues.Select(row => (IReadOnlyList<ReportValue>)
            [
                row.Task, row.Model, ReportValue.Of(row.Parameters, ReportFormat.Size), ReportLabels.Setting(row), ReportValue.Of(row.K), row.Metric, ReportValue.Score(_tasks[row.Task], row.Value),
                row.Split, row.Source, string.Join(", ", Differences(row)), row.Note,
            ]),
        ]);

    /// <summary>What keeps a published value from being comparable.</summary>
    public static IEnumerable<string> Differences(PaperValue value)
    {
        if (!value.SameProtocol) yield return "protocol";
        if (!value.SameSplit) yield return "split";
        if (!value.SameSize) yield return "size";
    }

    /// <summary>One row for every condition with several seeds.</summary>
    public ReportTable Seeds() => new("seeds", "Scores of every seed.",
        [
            new("task", "Task"), new("condition", "Condition"), new("mean", "Mean", ColumnKind.Number), new("deviation", "SD", ColumnKind.Number), new("range", "Range", ColumnKind.Interval),
            new("scores", "Seed: score"),
        ],
        [
            .. SeedGroups().Select(group => (IReadOnlyList<ReportValue>)
            [
                group.Task.Name, Labels.Full(group.Condition), ReportValue.Score(group.Task, group.Runs.Average(run => run.Score)),
                ReportValue.Of(ConditionSummaries.Deviation([.. group.Runs.Select(run => run.Score)]), value => ReportFormat.BareScore(group.Task, value)),
                ReportValue.Range(group.Task, new ScoreInterval(group.Runs.Min(run => run.Score), group.Runs.Max(run => run.Score))),
                new(string.Join(", ", group.Runs.Select(run => $"{run.Seed.ToString(CultureInfo.InvariantCulture)}: {ReportFormat.BareScore(group.Task, run.Score)}")),
                    string.Join(' ', group.Runs.Select(run => $"{run.Seed.ToString(CultureInfo.InvariantCulture)}:{ReportFormat.Exact(run.Score)}"))),
            ]),
        ]);

    /// <summary>The runs of every condition with several seeds, in the order of the summaries.</summary>
    public IReadOnlyList<(TaskEntry Task, Condition Condition, IReadOnlyList<(long Seed, double Score)> Runs)> SeedGroups()
    {
        var runs = model.InContext.Select(cell => (cell.Task, Condition: ConditionSummaries.Of(cell), cell.Seed, cell.Score))
            .Concat(model.FineTuning.Select(cell => (cell.Task, Condition: ConditionSummaries.Of(cell), cell.Seed, cell.Score)))
            .ToLookup(run => (run.Task, run.Condition), run => (run.Seed, run.Score));
        return [.. Summaries.Select(row => (_tasks[row.Task], row.Condition, (IReadOnlyList<(long, double)>)[.. runs[(row.Task, row.Condition)]])).Where(group => group.Item3.Count > 1)];
    }

    /// <summary>Variance by source.</summary>
    public ReportTable Variance() => new("variance", "Standard deviation of few-shot scores by source.",
        [
            new("task", "Task"), new("model", "Model"), new("k", "k", ColumnKind.Number), new("items", "Items", ColumnKind.Number), new("draws", "Draws", ColumnKind.Number),
            new("order", "Order", ColumnKind.Number), new("wording", "Wording", ColumnKind.Number), new("draw_count", "Draws made", ColumnKind.Number, IsSetting: true),
            new("half_width", "Wanted ±", ColumnKind.Number, IsSetting: true), new("draws_needed", "Draws needed", ColumnKind.Number), new("items_half_width", "± of items alone", ColumnKind.Number),
        ],
        [
            .. model.VarianceSplits.Select(row => (IReadOnlyList<ReportValue>)
            [
                row.Task, row.Model, ReportValue.Of(row.K), Bare(row.Task, row.Items), Bare(row.Task, row.Draws), Bare(row.Task, row.Order), Bare(row.Task, row.Wording), ReportValue.Of(row.DrawCount), Bare(row.Task, row.HalfWidth),
                row.DrawsNeeded is null && row.ItemsHalfWidth >= row.HalfWidth ? new ReportValue("more items", null) : ReportValue.Of(row.DrawsNeeded), Bare(row.Task, row.ItemsHalfWidth),
            ]),
        ]);

    /// <summary>The models.</summary>
    public ReportTable Models() => new("models", "The models of this report.",
        [
            new("model", "Model"), new("family", "Family"), new("parameters", "Parameters", ColumnKind.Number), new("configuration", "Configuration"), new("pretraining_tokens", "Pre-training tokens", ColumnKind.Number, IsSetting: true),
            new("pretraining_flops", "FLOPs", ColumnKind.Number), new("train_loss", "Training loss", ColumnKind.Number), new("validation_loss", "Validation loss", ColumnKind.Number), new("weights", "Weights (SHA-256)"),
        ],
        [
            .. model.Models.Select(row => (IReadOnlyList<ReportValue>)
            [
                row.Name, row.Family, ReportValue.Of(row.Parameters), row.Configuration, ReportValue.Of(row.PretrainingTokens), ReportValue.Of(row.PretrainingFlops, ReportFormat.Power),
                ReportValue.Of(row.LearningCurve.LastOrDefault(point => point.TrainLoss is not null)?.TrainLoss, value => ReportFormat.Number(value, 3)),
                ReportValue.Of(row.LearningCurve.LastOrDefault(point => point.ValidationLoss is not null)?.ValidationLoss, value => ReportFormat.Number(value, 3)),
                row.WeightsHash is { Length: > 12 } hash ? new ReportValue(hash[..12], hash) : row.WeightsHash,
            ]),
        ]);

    /// <summary>The tasks.</summary>
    public ReportTable Tasks() => new("tasks", "The tasks of this report.",
        [
            new("task", "Task"), new("description", "Description"), new("metric", "Metric", IsSetting: true), new("chance", "Chance", ColumnKind.Number), new("items", "Items", ColumnKind.Number, IsSetting: true), new("split", "Split", IsSetting: true),
        ],
        [
            .. model.Tasks.Select(row => (IReadOnlyList<ReportValue>)
            [
                row.Name, row.Description, new ReportValue(ReportLabels.Metric(row.Metric), row.Metric), ReportValue.Score(row, row.ChanceLevel), ReportValue.Of(row.ItemCount), row.Split,
            ]),
        ]);

    /// <summary>Every fine-tuning run.</summary>
    public ReportTable FineTuningRuns() => new("fine-tuning-runs", "Every fine-tuning run.",
        [
            new("task", "Task"), new("model", "Model"), new("labelled_examples", "Labelled examples", ColumnKind.Number), new("recipe", "Recipe", IsSetting: true), new("seed", "Seed", ColumnKind.Number),
            new("score", "Score", ColumnKind.Number), new("interval", "Interval", ColumnKind.Interval), new("best_epoch", "Best epoch", ColumnKind.Number), new("epochs", "Epochs", ColumnKind.Number, IsSetting: true),
            new("train_loss", "Last training loss", ColumnKind.Number), new("validation_accuracy", "Best validation accuracy", ColumnKind.Number),
        ],
        [
            .. model.FineTuning.Select(row => (IReadOnlyList<ReportValue>)
            [
                row.Task, row.Model, ReportValue.Of(row.LabelledCount), row.Recipe, ReportValue.Name(row.Seed), ReportValue.Score(_tasks[row.Task], row.Score), ReportValue.Range(_tasks[row.Task], row.Interval),
                ReportValue.Of(row.BestEpoch), ReportValue.Of(row.History.Count == 0 ? null : row.History.Count), ReportValue.Of(row.History.LastOrDefault()?.TrainLoss, value => ReportFormat.Number(value, 3)),
                ReportValue.Of(row.History.FirstOrDefault(epoch => epoch.Epoch == row.BestEpoch)?.ValidationScore, value => ReportFormat.Number(value * 100, 1) + "%"),
            ]),
        ]);

    /// <summary>The pre-training curves.</summary>
    public ReportTable Learning() => new("learning-curves", "Pre-training losses, nats per token.",
        [
            new("model", "Model"), new("step", "Step", ColumnKind.Number), new("tokens", "Tokens", ColumnKind.Number), new("train_loss", "Training loss", ColumnKind.Number),
            new("validation_loss", "Validation loss", ColumnKind.Number),
        ],
        [
            .. model.Models.SelectMany(entry => entry.LearningCurve.Select(point => (IReadOnlyList<ReportValue>)
            [
                entry.Name, ReportValue.Of(point.Step), ReportValue.Of(point.Tokens), ReportValue.Of(point.TrainLoss, value => ReportFormat.Number(value, 3)),
                ReportValue.Of(point.ValidationLoss, value => ReportFormat.Number(value, 3)),
            ])),
        ]);

    /// <summary>Contamination by task.</summary>
    public ReportTable Contamination() => new("contamination", "Test items that overlap with the pre-training text.",
        [
            new("task", "Task"), new("condition", "Condition"), new("text", "Pre-training text", IsSetting: true), new("gram_length", "N", ColumnKind.Number, IsSetting: true), new("clean_items", "Clean items", ColumnKind.Number), new("dirty_items", "Overlapping items", ColumnKind.Number),
            new("all_score", "All", ColumnKind.Number), new("clean_score", "Clean", ColumnKind.Number), new("dirty_score", "Overlapping", ColumnKind.Number),
        ],
        [
            .. model.Contamination.Select(row => (IReadOnlyList<ReportValue>)
            [
                row.Task, row.Condition is { } condition ? Labels.Full(condition) : "", row.Text, row.GramLength == 0 ? "whole item" : ReportValue.Of(row.GramLength), ReportValue.Of(row.CleanCount), ReportValue.Of(row.DirtyCount), ReportValue.Score(_tasks[row.Task], row.AllScore),
                ReportValue.Score(_tasks[row.Task], row.CleanScore), ReportValue.Score(_tasks[row.Task], row.DirtyScore),
            ]),
        ]);

    /// <summary>Calibration by bin.</summary>
    public ReportTable Calibration() => new("calibration", "Predicted probability against observed accuracy.",
        [
            new("task", "Task"), new("condition", "Condition"), new("expected_error", "ECE", ColumnKind.Number), new("confidence", "Confidence", ColumnKind.Number),
            new("accuracy", "Accuracy", ColumnKind.Number), new("items", "Items", ColumnKind.Number, IsSetting: true),
        ],
        [
            .. model.Calibration.SelectMany(curve => curve.Bins.Select(bin => (IReadOnlyList<ReportValue>)
            [
                curve.Task, Labels.Full(curve.Condition), ReportValue.Of(curve.ExpectedError, value => ReportFormat.Number(value, 3)), ReportValue.Of(bin.Confidence, value => ReportFormat.Number(value, 3)),
                ReportValue.Of(bin.Accuracy, value => ReportFormat.Number(value, 3)), ReportValue.Of(bin.Count),
            ])),
        ]);

    /// <summary>Remarks.</summary>
    public ReportTable Notes() => new("notes", "Remarks on the run.", [new("kind", "Kind"), new("task", "Task"), new("note", "Remark")],
        [.. model.Notes.Select(note => (IReadOnlyList<ReportValue>)[NoteHeading(note.Kind), note.Task, note.Text])]);

    /// <summary>What a remark's kind is called.</summary>
    public static string NoteHeading(NoteKind kind) => kind switch
    {
        NoteKind.MissedTarget => "Target missed",
        NoteKind.MetTarget => "Target met",
        NoteKind.ContextOverflow => "Context overflow",
        NoteKind.Truncated => "Truncated",
        NoteKind.Warning => "Warning",
        _ => "Note",
    };

    private static bool SameModel(ComparisonRow row) => row.A.Model == row.B.Model;

    // Where both sides have one model, its own column names it.
    private ReportValue Side(ComparisonRow row, Condition condition) => new(SameModel(row) ? Labels.Regime(condition) : Labels.Full(condition), Labels.Full(condition));

    private ReportValue Bare(string task, double? value) => ReportValue.Of(value, number => ReportFormat.BareScore(_tasks[task], number));

    private static string Level(double level) => ReportFormat.Number(level * 100, level * 100 % 1 == 0 ? 0 : 1) + "%";
}
