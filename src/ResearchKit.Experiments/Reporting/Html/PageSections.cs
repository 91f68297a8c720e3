// The sections of the page: results first, then what supports them, then what it takes to repeat them.
using System.Globalization;

namespace ResearchKit.Experiments.Reporting.Html;

/// <summary>A section of the page.</summary>
/// <param name="Id">Anchor.</param>
/// <param name="Title">Heading.</param>
/// <param name="Body">Content; a section without any is left out.</param>
internal sealed record PageSection(string Id, string Title, Markup Body);

/// <summary>Builds the sections.</summary>
internal sealed class PageSections
{
    private readonly ReportModel _model;
    private readonly ReportTables _tables;
    private readonly Figures _figures;
    private readonly FigureMarkup _figureMarkup;

    public PageSections(ReportModel model, ReportTables tables)
    {
        (_model, _tables) = (model, tables);
        _figures = new Figures(model, tables);
        _figureMarkup = new FigureMarkup(_figures, tables);
        // Figures are numbered in the order of the page.
        Head = MakeHead();
        All = new[] { Curves(), Paired(), Papers(), Scales(), Variation(), Pretraining(), FineTuning(), Contamination(), Calibration(), Explorer(), Notes(), Repeat() }
            .Where(section => !section.Body.IsEmpty).ToList();
    }

    /// <summary>The first screen.</summary>
    public Markup Head { get; }

    /// <summary>The sections that have content, in order.</summary>
    public IReadOnlyList<PageSection> All { get; }

    /// <summary>The figures' specifications by element id.</summary>
    public System.Text.Json.Nodes.JsonObject FigureSpecs => _figureMarkup.Specs;

    private TaskEntry? Headline => _model.Tasks.FirstOrDefault(task => task.Name == _model.HeadlineTask) ?? _model.Tasks.FirstOrDefault();

    private Markup MakeHead()
    {
        var answer = _model.Answer is { } text ? Markup.Of($"<p class=\"answer\">{text}</p>\n") : Markup.Empty;
        var targets = Markup.Join(_model.Notes.Where(note => note.Kind == NoteKind.MissedTarget).Select(note => Markup.Of($"<p class=\"missed\"><b>Target missed.</b> {note.Text}</p>\n")));
        var facts = _model.Facts.Count == 0 ? Markup.Empty : Markup.Of($"<dl class=\"facts\">{Markup.Join(_model.Facts.Select(fact =>
            Markup.Of($"<div><dt>{fact.Label}</dt><dd>{fact.Value}{(fact.Detail is { } detail ? Markup.Of($"<small>{detail}</small>") : Markup.Empty)}</dd></div>")))}</dl>\n");
        var figure = Headline is { } task ? HeadFigure(task) : Markup.Empty;
        return Markup.Of($"<header>\n<p class=\"title\">{_model.Title}</p>\n<h1>{_model.Question}</h1>\n{answer}{targets}{facts}</header>\n{figure}");
    }

    // One score says more beside the published ones than alone.
    private Markup HeadFigure(TaskEntry task)
    {
        var papers = _figures.HasCurve(task) ? Markup.Empty : PaperFigure(task, "tall");
        var figure = papers.IsEmpty ? ScoreFigure(task, "tall", headline: true) : papers;
        var legend = papers.IsEmpty ? Markup.Empty : PaperLegend(task => task == Headline);
        return figure.IsEmpty ? figure : Markup.Of($"<div class=\"plots\">{Legend(task => task == Headline)}{legend}{figure}</div>\n");
    }

    private PageSection Curves()
    {
        // The first screen has one of them already.
        var grid = Markup.Join(_model.Tasks.Where(task => task != Headline).Select(task => ScoreFigure(task, "small", headline: false)));
        var crossovers = _tables.Crossovers();
        var body = Markup.Of($"""
            {(grid.IsEmpty ? grid : Markup.Of($"<p>{How(crossovers.Rows.Count > 0)} Bars are intervals over items and seeds.</p>\n<div class=\"plots\">{Legend(task => task != Headline)}<div class=\"grid\">{grid}</div></div>\n"))}
            {(crossovers.Rows.Count == 0 ? Markup.Empty : Markup.Of($"<h3 id=\"crossovers\">Where fine-tuning overtakes few-shot</h3>\n{TableMarkup.Of(crossovers)}"))}
            {TableMarkup.Details("All scores", TableMarkup.Of(_tables.Scores()))}
            """);
        return new("scores", _model.FineTuning.Count > 0 ? "Scores against labelled examples" : "Scores", _tables.Summaries.Count == 0 ? Markup.Empty : body);
    }

    private static string How(bool bothRegimes) => bothRegimes
        ? "In context, the labelled examples stand in the prompt; fine-tuned, the model was trained on them. The dotted lines carry each model’s best in-context score to the right: fine-tuning overtakes where it crosses them."
        : "In context, k demonstrations stand in the prompt.";

    private Markup ScoreFigure(TaskEntry task, string size, bool headline)
    {
        if (_figures.Scores(task) is not { } spec) return Markup.Empty;
        var metric = ReportLabels.Metric(task.Metric);
        var facts = string.Join("; ", new[]
        {
            task.Description?.TrimEnd('.'), ReportFormat.Count(task.ItemCount) + " items", task.Split is { } split ? split + " split" : null, task.HigherIsBetter ? null : "lower is better",
        }.OfType<string>());
        var caption = headline
            ? Markup.Of($"{metric} on <b>{task.Name}</b>{Against(task)}. {facts}.")
            : Markup.Of($"<b>{task.Name}</b>. {facts}.");
        var summary = $"{metric} on {task.Name} against labelled examples. " + string.Join(". ", _tables.Summaries.Where(row => row.Task == task.Name)
            .GroupBy(row => _tables.Labels.Series(row.Condition), StringComparer.Ordinal)
            .Select(group => $"{group.Key}: {string.Join(", ", group.Select(row => $"{_tables.Labels.Regime(row.Condition)} {ReportFormat.Score(task, row.Score)}"))}")) + ".";
        return _figureMarkup.Of(spec, metric, caption, summary, TableMarkup.Of(_tables.Scores().Only("task", task.Name)), size);
    }

    private string Against(TaskEntry task) => !_figures.HasCurve(task) ? ""
        : _model.FineTuning.Any(cell => cell.Task == task.Name) ? " against labelled examples in the prompt (filled, solid) or to fine-tune on (open, dashed)"
        : " against demonstrations in the prompt";

    private Markup Legend(Func<TaskEntry, bool> tasks)
    {
        var names = _model.Tasks.Where(tasks).Select(task => task.Name).ToHashSet(StringComparer.Ordinal);
        return _figureMarkup.Legend(_figures.SeriesOf(_tables.Summaries.Where(row => names.Contains(row.Task))));
    }

    private PageSection Paired()
    {
        var rows = _model.Comparisons;
        var extents = rows.GroupBy(row => row.Task).ToDictionary(group => group.Key, group => group
            .SelectMany(row => new[] { Math.Abs(row.Difference), Math.Abs(row.Interval?.Low ?? 0), Math.Abs(row.Interval?.High ?? 0) }).Where(double.IsFinite).DefaultIfEmpty(1).Max(), StringComparer.Ordinal);
        // Fractions share one scale; other units have one for each task.
        var fractions = _model.Tasks.Where(task => task.Unit == ScoreUnit.Fraction).Select(task => task.Name).ToHashSet(StringComparer.Ordinal);
        var shared = extents.Where(pair => fractions.Contains(pair.Key)).Select(pair => pair.Value).DefaultIfEmpty(1).Max();
        var table = TableMarkup.Of(_tables.Comparisons(), r => InlineDrawing.Forest(rows[r].Difference, rows[r].Interval, fractions.Contains(rows[r].Task) ? shared : extents[rows[r].Task]), "A − B", "interval");
        return new("paired", "Paired comparisons", table.IsEmpty ? table : Markup.Of($"""
            <p>Both conditions answered the same items. A − B is in {(fractions.Count == _model.Tasks.Count ? "percentage points" : "percentage points, or in the metric’s own unit")}; a side with several seeds is their mean. Intervals are paired; permutation tests swap the sides of items, or of whole clusters (a passage, a noun) where items share one; p values are corrected by Holm’s method over the whole table. Effect sizes are Cohen’s h; “detectable” is the smallest difference that as many items with this spread show with 80% power. Drawings in colour exclude zero.</p>
            {table}
            """));
    }

    private PageSection Papers()
    {
        var parts = new List<Markup>();
        var figures = _model.Tasks.Where(task => task != Headline || _figures.HasCurve(task)).Select(task => PaperFigure(task, "small")).Where(figure => !figure.IsEmpty).ToList();
        if (_model.PaperValues.Count > 0) parts.Add(Markup.Of($"<p>Published values beside the best of ours. A badge names what keeps them from being compared directly: another prompt or way of scoring (protocol), other items (split), another number of parameters (size).</p>\n"));
        if (figures.Count > 0)
        {
            parts.Add(Markup.Of($"<div class=\"plots\">{Legend(task => _model.PaperValues.Any(value => value.Task == task.Name))}{PaperLegend(_ => true)}<div class=\"{(figures.Count > 1 ? "grid" : "single")}\">{Markup.Join(figures)}</div></div>\n"));
        }

        var table = _tables.Papers();
        parts.AddRange(_model.Tasks.Select(task => (task.Name, Table: table.Only("task", task.Name))).Where(entry => entry.Table.Rows.Count > 0)
            .Select(entry => TableMarkup.Details($"{entry.Name}: ours and {entry.Table.Rows.Count.ToString(CultureInfo.InvariantCulture)} published values", Markup.Of($"{OursTable(entry.Name)}{TableMarkup.Of(entry.Table, badges: "differs")}"))));
        return new("papers", "Beside the papers, by model size", Markup.Join(parts));
    }

    // Models of one size make no curve; the page says so instead of leaving the reader to look for it.
    private PageSection Scales()
    {
        var parts = new List<Markup>();
        void Add(string id, string title, string what, Func<TaskEntry, PlotSpec?> spec)
        {
            var figures = Markup.Join(_model.Tasks.Select(task => spec(task) is not { } found ? Markup.Empty : _figureMarkup.Of(
                found, ReportLabels.Metric(task.Metric), Markup.Of($"<b>{task.Name}</b>. Best scores against {what}."), $"Best scores on {task.Name} against {what}; the values are in the tables of scores and models.", Markup.Empty, "small")));
            if (!figures.IsEmpty) parts.Add(Markup.Of($"<h3 id=\"{id}\">{title}</h3>\n<div class=\"plots\">{Legend(_ => true)}<div class=\"grid\">{figures}</div></div>\n"));
        }

        Add("size", "Scores against model size", "the number of parameters", _figures.OwnSizes);
        Add("compute", "Scores against pre-training compute", "pre-training compute", _figures.Compute);
        var alike = Figures.AreAlike(_model.Models.Select(entry => (double?)entry.Parameters));
        var sameCompute = Figures.AreAlike(_model.Models.Select(entry => entry.PretrainingFlops));
        if (alike || sameCompute)
        {
            var (sizes, flops) = (_model.Models.Select(entry => (double)entry.Parameters).ToList(), _model.Models.Select(entry => entry.PretrainingFlops).OfType<double>().ToList());
            var size = alike ? $"have {Range(sizes.Min(), sizes.Max(), value => ReportFormat.Size(value))} parameters" : "";
            var compute = sameCompute ? $"were pre-trained with {Range(flops.Min(), flops.Max(), ReportFormat.Power)} floating-point operations" : "";
            parts.Add(Markup.Of($"<p>The {_model.Models.Count} models {string.Join(" and ", new[] { size, compute }.Where(text => text.Length > 0))}: they cannot show how scores grow with {(alike && sameCompute ? "size or compute" : alike ? "size" : "compute")}, so there is no curve against it.</p>\n"));
        }

        return new("scale", "Scores against size and compute", Markup.Join(parts));
    }

    private static string Range(double low, double high, Func<double, string> text) => text(low) == text(high) ? text(low) : $"{text(low)} to {text(high)}";

    private Markup OursTable(string task)
    {
        var entry = _model.Tasks.First(candidate => candidate.Name == task);
        return TableMarkup.Of(new ReportTable("ours", $"Our best scores on {task}.",
            [new("model", "Ours"), new("parameters", "Parameters", ColumnKind.Number), new("regime", "Setting"), new("score", "Score", ColumnKind.Number), new("interval", "Interval", ColumnKind.Interval)],
            [
                .. _figures.Best(entry).Select(row => (IReadOnlyList<ReportValue>)
                [
                    row.Condition.Model, ReportValue.Of(_model.Models.First(m => m.Name == row.Condition.Model).Parameters, size => ReportFormat.Size(size)), _tables.Labels.Regime(row.Condition),
                    ReportValue.Score(entry, row.Score), ReportValue.Range(entry, row.Interval),
                ]),
            ]));
    }

    private Markup PaperLegend(Func<TaskEntry, bool> tasks) =>
        FigureMarkup.Entries(_figures.PaperLegend(_model.Tasks.Where(tasks).Select(task => task.Name)).GroupBy(entry => entry.Color));

    private Markup PaperFigure(TaskEntry task, string size)
    {
        if (_figures.Sizes(task) is not { } spec) return Markup.Empty;
        var values = _model.PaperValues.Where(value => value.Task == task.Name).ToList();
        var differences = values.SelectMany(ReportTables.Differences).Distinct().ToList();
        var sizes = values.Select(value => value.Parameters).OfType<double>().ToList();
        var badges = TableMarkup.Badges(string.Join(", ", differences.Select(difference => difference + " differs")));
        var summary = $"Published values of {task.Name} for models of {ReportFormat.Size(sizes.Min())} to {ReportFormat.Size(sizes.Max())} parameters beside our best scores: "
            + string.Join(", ", _figures.Best(task).Select(row => $"{_tables.Labels.Full(row.Condition)} {ReportFormat.Score(task, row.Score)}")) + ".";
        return _figureMarkup.Of(spec, ReportLabels.Metric(task.Metric), Markup.Of($"<b>{task.Name}</b>, ours and published, by number of parameters. {badges}"), summary, Markup.Empty, size);
    }

    private PageSection Variation()
    {
        var groups = _tables.SeedGroups();
        var table = _tables.Seeds();
        var parts = new List<Markup>();
        foreach (var task in _model.Tasks)
        {
            var own = groups.Where(group => group.Task.Name == task.Name).ToList();
            if (own.Count == 0) continue;
            double low = own.Min(group => group.Runs.Min(run => run.Score)), high = own.Max(group => group.Runs.Max(run => run.Score));
            var widest = own.MaxBy(group => ConditionSummaries.Deviation([.. group.Runs.Select(run => run.Score)]))!;
            var deviation = ConditionSummaries.Deviation([.. widest.Runs.Select(run => run.Score)])!.Value;
            parts.Add(TableMarkup.Details(
                $"{task.Name}: largest standard deviation {ReportFormat.BareScore(task, deviation)} ({_tables.Labels.Full(widest.Condition)})",
                TableMarkup.Of(table.Only("task", task.Name), r => InlineDrawing.Strip([.. own[r].Runs.Select(run => run.Score)], low, high), "Seeds", "range")));
        }

        if (parts.Count > 0) parts.Insert(0, Markup.Of($"<p>Each seed draws its own demonstrations or training examples; the items are the same. Drawings show every seed and the mean on the task’s own scale.</p>\n"));
        var split = TableMarkup.Of(_tables.Variance());
        if (!split.IsEmpty) parts.Add(Markup.Of($"<h3 id=\"variance\">Few-shot variance by source</h3>\n<p>Standard deviations of the score of one run, as each source alone would make it vary: other items, another draw of demonstrations, the same draw in another order, another wording of the prompt. Draws needed for the wanted half-width of the mean’s 95% interval; “more items” where the items alone leave a wider one.</p>\n{split}"));
        return new("seeds", "Variation over seeds", Markup.Join(parts));
    }

    private PageSection Pretraining()
    {
        if (_model.Models.Count == 0) return new("models", "Models", Markup.Empty);
        var figure = Markup.Empty;
        if (_figures.Learning() is { } spec)
        {
            var legend = FigureMarkup.Entries([spec.Series.DistinctBy(series => series.Keys[0]).Select(series => (series.Keys[0], series.Color, (string?)null, (string?)"solid"))]);
            var summary = "Pre-training losses in nats per token. " + string.Join(" ", _model.Models.Where(entry => entry.LearningCurve.Count > 0).Select(entry =>
                $"{entry.Name} ends at {ReportFormat.Number(entry.LearningCurve[^1].ValidationLoss ?? entry.LearningCurve[^1].TrainLoss ?? double.NaN, 3)} after {ReportFormat.Size(entry.LearningCurve[^1].Tokens)} tokens."));
            figure = Markup.Of($"<div class=\"plots\">{legend}{_figureMarkup.Of(spec, "Loss, nats per token", Markup.Of($"Pre-training: loss against tokens seen. Thick lines are validation losses, thin lines training losses; the first steps’ fall is cut off."), summary, TableMarkup.Of(_tables.Learning()), "medium")}</div>\n");
        }

        var cards = Markup.Join(_model.Models.Where(entry => entry.Card is not null || entry.WeightsHash is not null).Select(entry => TableMarkup.Details($"Model card: {entry.Name}", Markup.Of(
            $"{(entry.WeightsHash is { } hash ? Markup.Of($"<p class=\"hash\">Weights (SHA-256) <code>{hash}</code></p>\n") : Markup.Empty)}{(entry.Card is { } card ? Markup.Of($"<pre class=\"text\">{card}</pre>\n") : Markup.Empty)}"))));
        return new("models", "Models and pre-training", Markup.Of($"{TableMarkup.Of(_tables.Models())}{figure}{cards}"));
    }

    private PageSection FineTuning()
    {
        var figures = _model.Tasks.Select(task => _figures.Epochs(task) is not { } epochs ? Markup.Empty : _figureMarkup.Of(
            epochs.Spec, epochs.What, Markup.Of($"<b>{task.Name}</b>. {epochs.What}, one line for each seed."), $"{epochs.What} by epoch on {task.Name}; the runs’ best epochs are in the table of runs.", Markup.Empty, "small")).Where(figure => !figure.IsEmpty).ToList();
        var tuned = _figures.SeriesOf(_tables.Summaries.Where(row => row.Condition.IsFineTuned));
        var plots = figures.Count == 0 ? Markup.Empty : Markup.Of($"<div class=\"plots\">{_figureMarkup.Legend(tuned)}<div class=\"{(figures.Count > 1 ? "grid" : "single")}\">{Markup.Join(figures)}</div></div>\n");
        var runs = _tables.FineTuningRuns();
        return new("fine-tuning", "Fine-tuning runs", Markup.Of($"{TableMarkup.Details("Validation by epoch", plots)}{TableMarkup.Details($"All {ReportFormat.Count(runs.Rows.Count)} runs", TableMarkup.Of(runs))}"));
    }

    private PageSection Contamination()
    {
        var table = TableMarkup.Of(_tables.Contamination());
        return new("contamination", "Overlap with the pre-training text", table.IsEmpty ? table : Markup.Of($"""
            <p>An item overlaps when N words in a row of its text and right answer stand in the text that the model was pre-trained on (Brown et al. 2020, appendix C, compared word by word, without false positives). N is the 5th percentile of the items’ lengths, at least 8 (of GPT-3’s generated files 2) and at most 13 words; of generated items, which are short, question and answer must stand there whole. Where overlapping items are much easier than clean ones, the score may be remembered rather than earned.</p>
            {table}
            """));
    }

    private PageSection Calibration()
    {
        var figures = _model.Tasks.Select(task => _figures.Calibration(task) is not { } spec ? Markup.Empty : _figureMarkup.Of(
            spec, "Share of right answers", Markup.Of($"<b>{task.Name}</b>. Expected calibration error: {string.Join("; ", _model.Calibration.Where(curve => curve.Task == task.Name).Select(curve => $"{_tables.Labels.Full(curve.Condition)} {ReportFormat.Number(curve.ExpectedError, 3)}"))}."),
            $"Predicted probability against observed accuracy on {task.Name}.", TableMarkup.Of(_tables.Calibration().Only("task", task.Name)), "small")).Where(figure => !figure.IsEmpty).ToList();
        var series = _model.Calibration.Select(curve => curve.Condition).DistinctBy(_tables.Labels.Series).ToList();
        return new("calibration", "Calibration", figures.Count == 0 ? Markup.Empty : Markup.Of($"<p>In context, the probability is the model’s own over the choices alone (softmax of the sums of log-probabilities); fine-tuned, it is the head’s. Points on the diagonal keep their word. Seeds are pooled.</p>\n<div class=\"plots\">{_figureMarkup.Legend(series)}<div class=\"{(figures.Count > 1 ? "grid" : "single")}\">{Markup.Join(figures)}</div></div>\n"));
    }

    private PageSection Explorer() => new("explorer", "Item explorer", _model.Items.Count == 0 ? Markup.Empty : new Markup(Asset.Text("explorer.html")));

    private PageSection Notes() => new("notes", "Remarks", _model.Notes.Count == 0 ? Markup.Empty : Markup.Of($"<ul class=\"notes\">{Markup.Join(_model.Notes.Select(note =>
        Markup.Of($"<li class=\"{note.Kind.ToString()}\"><b>{ReportTables.NoteHeading(note.Kind)}{(note.Task is { } task ? " (" + task + ")" : "")}.</b> {note.Text}</li>\n")))}</ul>\n"));

    private PageSection Repeat()
    {
        if (_model.Manifest is not { } manifest) return new("repeat", "To repeat this run", Markup.Empty);
        var rows = new List<NamedValue>();
        if (manifest.Device is { } device) rows.Add(new("Device", device));
        if (manifest.ThreadCount is { } threads) rows.Add(new("Threads", threads.ToString(CultureInfo.InvariantCulture)));
        if (manifest.Seeds.Count > 0) rows.Add(new("Seeds", string.Join(", ", manifest.Seeds.Select(seed => seed.ToString(CultureInfo.InvariantCulture)))));
        var list = Markup.Join(rows.Concat(manifest.Versions).Concat(manifest.Other).Select(row => Markup.Of($"<div><dt>{row.Name}</dt><dd>{row.Value}</dd></div>\n")));
        var hashes = Markup.Join(manifest.Hashes.Select(row => Markup.Of($"<div><dt>{row.Name}</dt><dd><code>{row.Value}</code></dd></div>\n")));
        return new("repeat", "To repeat this run", Markup.Of($"""
            {(manifest.Command is { } command ? Markup.Of($"<pre class=\"command\"><code>{command}</code></pre>\n") : Markup.Empty)}
            {(list.IsEmpty ? list : Markup.Of($"<dl class=\"manifest\">{list}</dl>\n"))}
            {(hashes.IsEmpty ? hashes : TableMarkup.Details("Hashes", Markup.Of($"<dl class=\"manifest hashes\">{hashes}</dl>\n")))}
            {(manifest.Configuration is { } configuration ? TableMarkup.Details("Resolved configuration", Markup.Of($"<pre class=\"text\" tabindex=\"0\" role=\"region\" aria-label=\"Resolved configuration\">{configuration}</pre>\n")) : Markup.Empty)}
            """));
    }
}
