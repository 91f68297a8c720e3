// The figures of the page, each from the model alone.
using System.Globalization;

namespace ResearchKit.Experiments.Reporting.Html;

/// <summary>Builds the figures.</summary>
internal sealed class Figures(ReportModel model, ReportTables tables)
{
    // Colour-blind readers and black-and-white prints tell models apart by the marker, regimes by the dash.
    private static readonly string[] Symbols = ["circle", "square", "diamond", "triangle-up", "triangle-down", "pentagon", "star", "hexagon"];
    private static readonly string[] FineTunedDashes = ["8px,4px", "3px,3px", "12px,4px,3px,4px", "14px,5px"];
    private static readonly string[] PromptedDashes = ["solid", "1.5px,2.5px", "16px,3px,1.5px,3px", "5px,2px"];

    private readonly Dictionary<string, int> _models = model.Models.Select((entry, i) => (entry.Name, i)).ToDictionary(pair => pair.Name, pair => pair.i, StringComparer.Ordinal);
    private readonly List<string> _recipes = [.. tables.Summaries.Where(row => row.Condition.IsFineTuned).Select(row => ConditionSummaries.Variant(row.Condition)).Distinct(StringComparer.Ordinal)];

    private readonly List<string> _protocols = [.. tables.Summaries.Where(row => !row.Condition.IsFineTuned).Select(row => ConditionSummaries.Variant(row.Condition)).Distinct(StringComparer.Ordinal)];

    private readonly bool _manyPaperMetrics = model.PaperValues.GroupBy(value => value.Task).Any(task => task.Select(value => value.Metric).Distinct(StringComparer.Ordinal).Count() > 1);

    /// <summary>Number of colours in report.css.</summary>
    public const int ColorCount = 8;

    /// <summary>Colour of a model.</summary>
    public string Color(string modelName) => "s" + (_models.GetValueOrDefault(modelName) % ColorCount).ToString(CultureInfo.InvariantCulture);

    /// <summary>Marker of a model.</summary>
    public string Symbol(string modelName, bool open = false) => Symbols[_models.GetValueOrDefault(modelName) % Symbols.Length] + (open ? "-open" : "");

    /// <summary>Line style of a condition.</summary>
    public string Dash(Condition condition) => condition.IsFineTuned ? Of(FineTunedDashes, _recipes, condition) : Of(PromptedDashes, _protocols, condition);

    private static string Of(string[] dashes, List<string> variants, Condition condition) => dashes[Math.Max(0, variants.IndexOf(ConditionSummaries.Variant(condition))) % dashes.Length];

    /// <summary>The conditions of a legend, one for each series.</summary>
    public IReadOnlyList<Condition> SeriesOf(IEnumerable<ConditionSummary> rows) => [.. rows.Select(row => row.Condition).DistinctBy(tables.Labels.Series)];

    /// <summary>Scores of a task against labelled examples: in the prompt, and to fine-tune on. Null where the task has no scores.</summary>
    public PlotSpec? Scores(TaskEntry task)
    {
        var rows = tables.Summaries.Where(row => row.Task == task.Name && double.IsFinite(row.Score)).ToList();
        if (rows.Count == 0) return null;

        var series = rows.GroupBy(row => tables.Labels.Series(row.Condition), StringComparer.Ordinal).ToList();
        if (!HasCurve(task)) return SinglePlace(task, rows);

        // Intervals of different series at the same place stand side by side.
        var step = Math.Min(0.12, 0.7 / series.Count);
        var plotted = series.Select((group, i) => Series(group.First().Condition, line: true,
            [.. group.Select(row => new PlotPoint(Place(Examples(row.Condition)) + step * (i - (series.Count - 1) / 2.0), row.Score, row.Interval, Hover(task, row)))]));
        var ticks = rows.Select(row => Examples(row.Condition)).Distinct().Order().Select(count => (Place(count), count < 10_000 ? ReportFormat.Count(count) : ReportFormat.Size(count))).ToList();
        var lines = Chance(task);
        // The best score from the prompt, carried to the right: fine-tuning overtakes where it crosses this line.
        lines.AddRange(Crossover.All(model, tables.Summaries).Where(row => row.Task.Name == task.Name).DistinctBy(row => row.InContext.Condition.Model).Select(row =>
            new PlotLine(Place(Examples(row.InContext.Condition)), ticks[^1].Item1, row.InContext.Score, row.InContext.Score, null, Color(row.InContext.Condition.Model), Keys(row.InContext.Condition))));
        return new PlotSpec(
            new PlotAxis(rows.Any(row => row.Condition.IsFineTuned) ? "Labelled examples" : "Demonstrations in the prompt (k)", ticks[0].Item1 - 0.5, ticks[^1].Item1 + 0.5, ticks), ScoreAxis(task, rows), [.. plotted], lines);
    }

    /// <summary>Whether a task has scores at several numbers of examples.</summary>
    public bool HasCurve(TaskEntry task) => tables.Summaries.Where(row => row.Task == task.Name && double.IsFinite(row.Score)).Select(row => Examples(row.Condition)).Distinct().Count() > 1;

    // Where every model was scored once, the models are the axis.
    private PlotSpec SinglePlace(TaskEntry task, List<ConditionSummary> rows) => new(
        new PlotAxis(null, -0.6, rows.Count - 0.4, [.. rows.Select((row, i) => ((double)i, tables.Labels.Full(row.Condition)))]), ScoreAxis(task, rows),
        [.. rows.Select((row, i) => Series(row.Condition, line: false, [new PlotPoint(i, row.Score, row.Interval, Hover(task, row))]))], Chance(task));

    /// <summary>Losses of pre-training; null where no model has a curve.</summary>
    public PlotSpec? Learning()
    {
        var curves = model.Models.Where(entry => entry.LearningCurve.Count > 0).ToList();
        if (curves.Count == 0) return null;
        var series = new List<PlotSeries>();
        foreach (var entry in curves)
        {
            var hasValidation = entry.LearningCurve.Any(point => point.ValidationLoss is not null);
            series.Add(Curve(entry, "training", point => point.TrainLoss, hasValidation ? 0.35 : 1, hasValidation ? 1.2 : 2));
            if (hasValidation) series.Add(Curve(entry, "validation", point => point.ValidationLoss, 1, 2));
        }

        // The first steps fall from ln V so fast that they would flatten everything after them.
        var all = series.SelectMany(line => line.Points).Where(point => double.IsFinite(point.Y)).ToList();
        if (all.Count == 0) return null;
        var last = all.Max(point => point.X);
        var late = all.Where(point => point.X >= last * 0.05).Select(point => point.Y).DefaultIfEmpty(1).ToList();
        var span = Math.Max(late.Max() - late.Min(), 1e-3);
        return new PlotSpec(new PlotAxis("Tokens seen", 0, last * 1.02, Format: "~s"), new PlotAxis(null, late.Min() - 0.06 * span, late.Max() + 0.1 * span), series, []);
    }

    /// <summary>Our best scores and the published ones against the number of parameters; null where nothing is published with a size.</summary>
    public PlotSpec? Sizes(TaskEntry task)
    {
        var published = model.PaperValues.Where(value => value.Task == task.Name && value.Parameters is > 0 && double.IsFinite(value.Value)).ToList();
        if (published.Count == 0) return null;

        var series = published.GroupBy(PaperSeries, StringComparer.Ordinal).Select(group => new PlotSeries
        {
            Keys = [group.Key],
            Color = PaperColor(group.First()),
            Symbol = PaperSymbol(group.First()),
            Dash = group.Select(value => value.Parameters).Distinct().Count() > 1 ? PaperDash(group.First()) : null,
            Width = 1.5,
            Points = [.. group.OrderBy(value => value.Parameters).Select(value => new PlotPoint(Math.Log10(value.Parameters!.Value), value.Value, null,
                $"{value.Model} ({ReportFormat.Size(value.Parameters.Value)}), {ReportLabels.Setting(value)}\n{ReportFormat.Score(task, value.Value)}, {value.Source}"))],
        }).ToList();
        var ours = Best(task).ToList();
        // Models of one size stand side by side.
        series.AddRange(ours.Select((row, i) => Series(row.Condition, line: false,
            [new PlotPoint(Math.Log10(model.Models[_models[row.Condition.Model]].Parameters) + Math.Min(0.05, 0.3 / ours.Count) * (i - (ours.Count - 1) / 2.0), row.Score, row.Interval, Hover(task, row))])));
        var sizes = series.SelectMany(line => line.Points).Select(point => point.X).ToList();
        var ticks = Enumerable.Range(3, 12).Select(power => ((double)power, ReportFormat.Size(Math.Pow(10, power)))).Where(tick => tick.Item1 >= sizes.Min() - 1 && tick.Item1 <= sizes.Max() + 1).ToList();
        var values = published.Select(value => (value.Value, (ScoreInterval?)null)).Concat(ours.Select(row => (row.Score, row.Interval)));
        return new PlotSpec(new PlotAxis("Parameters", sizes.Min() - 0.3, sizes.Max() + 0.3, ticks), ScoreAxis(task, values), series, Chance(task));
    }

    /// <summary>Best scores against pre-training compute; null unless two models differ in it by half or more.</summary>
    public PlotSpec? Compute(TaskEntry task) => Scale(task, "Pre-training FLOPs", entry => entry.PretrainingFlops, ReportFormat.PowerOfTen);

    /// <summary>Best scores against the number of parameters, for tasks without published values (<see cref="Sizes"/> has the others); null unless two models differ in it by half or more.</summary>
    public PlotSpec? OwnSizes(TaskEntry task) => Sizes(task) is not null ? null : Scale(task, "Parameters", entry => entry.Parameters, power => ReportFormat.Size(Math.Pow(10, power)));

    /// <summary>Whether the models are too close in a number for a figure against it.</summary>
    public static bool AreAlike(IEnumerable<double?> numbers) => numbers.OfType<double>().ToList() is { Count: > 1 } known && known.Max() < 1.5 * known.Min();

    private PlotSpec? Scale(TaskEntry task, string title, Func<ModelEntry, double?> number, Func<int, string> tick)
    {
        double? Number(ConditionSummary row) => number(model.Models[_models[row.Condition.Model]]);
        var rows = Best(task).Where(row => Number(row) is > 0).ToList();
        if (rows.Select(row => row.Condition.Model).Distinct(StringComparer.Ordinal).Count() < 2 || AreAlike(rows.Select(Number))) return null;
        var series = rows.Select(row => Series(row.Condition, line: false, [new PlotPoint(Math.Log10(Number(row)!.Value), row.Score, row.Interval, Hover(task, row))])).ToList();
        var places = series.Select(line => line.Points[0].X).ToList();
        var ticks = Enumerable.Range(3, 27).Select(power => ((double)power, tick(power))).Where(entry => entry.Item1 >= places.Min() - 1 && entry.Item1 <= places.Max() + 1).ToList();
        return new PlotSpec(new PlotAxis(title, places.Min() - 0.5, places.Max() + 0.5, ticks), ScoreAxis(task, rows), series, Chance(task));
    }

    /// <summary>Validation accuracy (or training loss) by epoch at the largest number of labelled examples; null where no run has a history.</summary>
    public (PlotSpec Spec, string What)? Epochs(TaskEntry task)
    {
        var runs = model.FineTuning.Where(cell => cell.Task == task.Name && cell.History.Count > 1).ToList();
        if (runs.Count == 0) return null;
        var largest = runs.Max(cell => cell.LabelledCount);
        var shown = runs.Where(cell => cell.LabelledCount == largest).ToList();
        Func<EpochRecord, double?> value = epoch => epoch.ValidationScore;
        var what = "Accuracy on the validation split";
        var isScore = shown.Any(cell => cell.History.Any(epoch => epoch.ValidationScore is not null));
        if (!isScore)
        {
            value = epoch => epoch.TrainLoss;
            what = "Training loss";
        }

        var series = shown.Select(cell => Series(ConditionSummaries.Of(cell), line: true,
            [.. cell.History.Select(epoch => new PlotPoint(epoch.Epoch, value(epoch) ?? double.NaN, null,
                $"{tables.Labels.Full(ConditionSummaries.Of(cell))}, seed {cell.Seed.ToString(CultureInfo.InvariantCulture)}\nepoch {epoch.Epoch.ToString(CultureInfo.InvariantCulture)}: {(value(epoch) is { } v ? isScore ? ReportFormat.Number(v * 100, 1) + "%" : ReportFormat.Number(v, 3) : "–")}"))])).ToList();
        var last = shown.Max(cell => cell.History.Max(epoch => epoch.Epoch));
        var ticks = Enumerable.Range(1, Math.Max(1, last)).Select(epoch => ((double)epoch, epoch.ToString(CultureInfo.InvariantCulture))).ToList();
        return (new PlotSpec(new PlotAxis("Epoch", 0.7, last + 0.3, ticks), new PlotAxis(null, Format: isScore ? ".0%" : null), series, []), $"{what}, {ReportFormat.Count(largest)} labelled examples");
    }

    /// <summary>Observed accuracy against predicted probability; null where the task has no calibration.</summary>
    public PlotSpec? Calibration(TaskEntry task)
    {
        // Of several numbers of demonstrations the largest is drawn; the table has them all.
        var curves = model.Calibration.Where(curve => curve.Task == task.Name)
            .GroupBy(curve => tables.Labels.Series(curve.Condition), StringComparer.Ordinal).Select(group => group.MaxBy(curve => curve.Condition.LabelledCount ?? curve.Condition.K)!).ToList();
        if (curves.Count == 0) return null;
        var series = curves.Select(curve => Series(curve.Condition, line: true,
            [.. curve.Bins.Where(bin => bin.Count > 0).Select(bin => new PlotPoint(bin.Confidence, bin.Accuracy, null,
                $"{tables.Labels.Full(curve.Condition)}\npredicted {ReportFormat.Number(bin.Confidence * 100, 1)}%, right {ReportFormat.Number(bin.Accuracy * 100, 1)}%, {ReportFormat.Count(bin.Count)} items"))]));
        return new PlotSpec(new PlotAxis("Predicted probability", -0.02, 1.03, Format: ".0%"), new PlotAxis(null, -0.02, 1.03, Format: ".0%"), [.. series], [new PlotLine(0, 1, 0, 1, null, "muted")]);
    }

    /// <summary>The best in-context and fine-tuned summary of every model.</summary>
    public IEnumerable<ConditionSummary> Best(TaskEntry task) => tables.Summaries.Where(row => row.Task == task.Name && double.IsFinite(row.Score))
        .GroupBy(row => (row.Condition.Model, row.Condition.IsFineTuned)).Select(group => group.MaxBy(row => task.HigherIsBetter ? row.Score : -row.Score)!);

    /// <summary>Legend entries for the published series of <see cref="Sizes"/> of some tasks: key, colour, symbol, dash.</summary>
    public IReadOnlyList<(string Key, string Color, string? Symbol, string? Dash)> PaperLegend(IEnumerable<string> tasks) =>
        [.. model.PaperValues.Where(value => value.Parameters is > 0 && tasks.Contains(value.Task, StringComparer.Ordinal)).DistinctBy(PaperSeries).Select(value => (PaperSeries(value), PaperColor(value), (string?)PaperSymbol(value), (string?)PaperDash(value)))];

    private IReadOnlyList<string> Keys(Condition condition) => [condition.Model, tables.Labels.Style(condition)];

    private PlotSeries Series(Condition condition, bool line, IReadOnlyList<PlotPoint> points) => new()
    {
        Keys = Keys(condition),
        Color = Color(condition.Model),
        Symbol = Symbol(condition.Model, open: condition.IsFineTuned),
        Dash = line ? Dash(condition) : null,
        Points = points,
    };

    private static List<PlotLine> Chance(TaskEntry task) => task.ChanceLevel is { } chance
        ? [new PlotLine(null, null, chance, chance, "chance\n" + ReportFormat.Score(task, chance).Replace(".0%", "%", StringComparison.Ordinal), "muted")]
        : [];

    private PlotSeries Curve(ModelEntry entry, string what, Func<LearningPoint, double?> loss, double opacity, double width) => new()
    {
        Keys = [entry.Name],
        Color = Color(entry.Name),
        Opacity = opacity,
        Width = width,
        Points = [.. entry.LearningCurve.Where(point => loss(point) is not null).Select(point => new PlotPoint(point.Tokens, loss(point)!.Value, null,
            $"{entry.Name}, {what}\nstep {ReportFormat.Count(point.Step)}, {ReportFormat.Size(point.Tokens)} tokens: {ReportFormat.Number(loss(point)!.Value, 3)} nats"))],
    };

    private string PaperSeries(PaperValue value)
    {
        var setting = value.Setting switch { "zero" => "zero-shot", "one" => "one-shot", "few" => "few-shot", "finetune" => "trained on the task", _ => value.Setting };
        return $"{value.Source.Split(' ')[0]}, {setting}{(_manyPaperMetrics ? ", " + value.Metric : "")}";
    }

    private static string PaperColor(PaperValue value) => value.Source.StartsWith("GPT-3", StringComparison.Ordinal) ? "paper3" : "paper12";

    private static string PaperSymbol(PaperValue value) => value.Setting switch { "zero" => "x-thin-open", "one" => "cross-thin-open", "few" => "asterisk-open", _ => "star" };

    private static string PaperDash(PaperValue value) => value.Setting switch { "zero" => "2px,3px", "one" => "6px,3px", _ => "solid" };

    private string Hover(TaskEntry task, ConditionSummary row) =>
        $"{tables.Labels.Full(row.Condition)}\n{ReportFormat.Score(task, row.Score)}{(row.Interval is { } interval ? " " + ReportFormat.Range(task, interval) : "")}{(row.SeedCount > 1 ? $", {row.SeedCount.ToString(CultureInfo.InvariantCulture)} seeds" : "")}";

    private static int Examples(Condition condition) => condition.LabelledCount ?? condition.K ?? 0;

    // Logarithmic, with zero examples one doubling left of one example.
    private static double Place(int examples) => examples == 0 ? -1 : Math.Log2(examples);

    private static PlotAxis ScoreAxis(TaskEntry task, IEnumerable<ConditionSummary> rows) => ScoreAxis(task, rows.Select(row => (row.Score, row.Interval)));

    private static PlotAxis ScoreAxis(TaskEntry task, IEnumerable<(double Score, ScoreInterval? Interval)> values)
    {
        var ends = values.SelectMany(value => new[] { value.Score, value.Interval?.Low ?? value.Score, value.Interval?.High ?? value.Score }).Append(task.ChanceLevel ?? double.NaN).Where(double.IsFinite).ToList();
        double low = ends.Min(), high = ends.Max(), margin = Math.Max((high - low) * 0.08, high == low ? Math.Max(Math.Abs(high) * 0.1, 0.01) : 0);
        var isFraction = task.Unit == ScoreUnit.Fraction;
        // An axis of fractions ends a little outside [0, 1], so that points at the ends are not cut in half.
        return new PlotAxis(
            null, isFraction && low >= 0 ? Math.Max(low - margin, -0.03) : low - margin, isFraction ? Math.Min(high + margin, 1.03) : high + margin,
            Format: isFraction ? high - low + 2 * margin < 0.05 ? ".1%" : ".0%" : null);
    }
}
