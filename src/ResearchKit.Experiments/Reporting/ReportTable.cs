namespace ResearchKit.Experiments.Reporting;

/// <summary>A table of the report, rendered alike into HTML, Markdown, LaTeX and CSV.</summary>
/// <param name="Name">File name of its CSV and label of its LaTeX form, such as <c>paired-comparisons</c>.</param>
/// <param name="Caption">What it shows, one sentence.</param>
/// <param name="Columns">Columns.</param>
/// <param name="Rows">Rows, as many values as columns.</param>
internal sealed record ReportTable(string Name, string Caption, IReadOnlyList<ReportColumn> Columns, IReadOnlyList<IReadOnlyList<ReportValue>> Rows)
{
    /// <summary>The same table without the columns in which no row has anything.</summary>
    public ReportTable WithoutEmptyColumns()
    {
        var kept = Enumerable.Range(0, Columns.Count).Where(column => Rows.Any(row => row[column].Text.Length > 0)).ToList();
        return this with { Columns = [.. kept.Select(column => Columns[column])], Rows = [.. Rows.Select(row => (IReadOnlyList<ReportValue>)[.. kept.Select(column => row[column])])] };
    }

    /// <summary>The rows for which a column has a value, without that column.</summary>
    public ReportTable Only(string key, string value)
    {
        var column = Columns.ToList().FindIndex(entry => entry.Key == key);
        return this with
        {
            Columns = [.. Columns.Where((_, i) => i != column)],
            Rows = [.. Rows.Where(row => row[column].Text == value).Select(row => (IReadOnlyList<ReportValue>)[.. row.Where((_, i) => i != column)])],
        };
    }
}

/// <summary>A column.</summary>
/// <param name="Key">Name in CSV, snake_case.</param>
/// <param name="Heading">Name for reading.</param>
/// <param name="Kind">How it is aligned and split.</param>
/// <param name="IsSetting">Whether it states a setting: on the page it is said once where all rows have the same.</param>
internal sealed record ReportColumn(string Key, string Heading, ColumnKind Kind = ColumnKind.Text, bool IsSetting = false);

/// <summary>Kinds of columns.</summary>
internal enum ColumnKind
{
    /// <summary>Left-aligned.</summary>
    Text,

    /// <summary>Right-aligned.</summary>
    Number,

    /// <summary>Right-aligned; two columns in CSV, _low and _high.</summary>
    Interval,
}

/// <summary>A value of a table: how it reads, and what it is.</summary>
/// <param name="Text">For reading.</param>
/// <param name="Raw">For CSV: double, long, int, bool, string, <see cref="ScoreInterval"/> or null.</param>
internal readonly record struct ReportValue(string Text, object? Raw)
{
    /// <summary>Nothing.</summary>
    public static readonly ReportValue None = new("", null);

    public static implicit operator ReportValue(string? text) => new(text ?? "", text);

    /// <summary>A count.</summary>
    public static ReportValue Of(long? count) => count is { } value ? new(ReportFormat.Count(value), value) : None;

    /// <summary>A seed or another number that is a name: no separators.</summary>
    public static ReportValue Name(long number) => new(number.ToString(System.Globalization.CultureInfo.InvariantCulture), number);

    /// <summary>A number with its text.</summary>
    public static ReportValue Of(double? number, Func<double, string> text) => number is { } value ? new(text(value), value) : None;

    /// <summary>A score of a task.</summary>
    public static ReportValue Score(TaskEntry task, double? score) => Of(score, value => ReportFormat.Score(task, value));

    /// <summary>An interval of a task's score.</summary>
    public static ReportValue Range(TaskEntry task, ScoreInterval? interval) => interval is null ? None : new(ReportFormat.Range(task, interval), interval);
}
