namespace ResearchKit.Experiments.Reporting.Html;

/// <summary>Tables as HTML: scrollable by keyboard where they are wider than the page, numbers aligned, headings with scope.</summary>
internal static class TableMarkup
{
    /// <summary>A table.</summary>
    /// <param name="table">Content; columns without any value are left out.</param>
    /// <param name="drawing">A drawing for every row, put behind the column named by <paramref name="after"/>; null for none.</param>
    /// <param name="drawingHeading">Heading of the drawings.</param>
    /// <param name="after">Key of a column.</param>
    /// <param name="badges">Key of a column whose comma-separated words are shown as badges.</param>
    public static Markup Of(ReportTable table, Func<int, Markup>? drawing = null, string drawingHeading = "", string after = "", string badges = "")
    {
        table = table.WithoutEmptyColumns();
        if (table.Rows.Count == 0) return Markup.Empty;
        var (shown, settings) = Settings(table);
        var drawnAfter = drawing is null ? -1 : shown.FindIndex(c => table.Columns[c].Key == after);

        Markup Heading(int c, int place)
        {
            var heading = Markup.Of($"<th scope=\"col\"{Class(table, c)}>{table.Columns[c].Heading}</th>");
            return place == drawnAfter ? Markup.Of($"{heading}<th scope=\"col\">{drawingHeading}</th>") : heading;
        }

        Markup Cell(int r, int c, int place)
        {
            var value = table.Rows[r][c];
            var content = table.Columns[c].Key == badges ? Badges(value.Text)
                : value.Raw is string full && full != value.Text ? Markup.Of($"<span title=\"{full}\">{value.Text}</span>")
                : Markup.Text(value.Text);
            if (place == 0)
            {
                // A name that repeats the row above stays for screen readers only.
                return r > 0 && table.Rows[r - 1][c].Text == value.Text
                    ? Markup.Of($"<th scope=\"row\" class=\"same\"><span class=\"hidden\">{content}</span></th>")
                    : Markup.Of($"<th scope=\"row\"{Class(table, c)}>{content}</th>");
            }

            var cell = Markup.Of($"<td{Class(table, c)}>{content}</td>");
            return place == drawnAfter ? Markup.Of($"{cell}<td class=\"drawing\">{drawing!(r)}</td>") : cell;
        }

        var rows = Enumerable.Range(0, table.Rows.Count).Select(r => Markup.Of($"<tr>{Markup.Join(shown.Select((c, place) => Cell(r, c, place)))}</tr>\n"));
        return Markup.Of($"""
            {settings}<div class="scroll" tabindex="0" role="region" aria-label="{table.Caption}"><table>
            <thead><tr>{Markup.Join(shown.Select(Heading))}</tr></thead>
            <tbody>
            {Markup.Join(rows)}</tbody></table></div>

            """);
    }

    // Settings that are the same in every row are said once.
    private static (List<int> Shown, Markup Settings) Settings(ReportTable table)
    {
        bool SaidOnce(int c) => c > 0 && table.Rows.Count > 2 && table.Columns[c].IsSetting && table.Rows.All(row => row[c].Text == table.Rows[0][c].Text);
        var columns = Enumerable.Range(0, table.Columns.Count).ToList();
        var said = columns.Where(SaidOnce).Select(c => $"{table.Columns[c].Heading}: {table.Rows[0][c].Text}").ToList();
        return (columns.Where(c => !SaidOnce(c)).ToList(), said.Count == 0 ? Markup.Empty : Markup.Of($"<p class=\"settings\">In every row: {string.Join("; ", said)}.</p>\n"));
    }

    /// <summary>Words as badges.</summary>
    public static Markup Badges(string words) => words.Length == 0
        ? Markup.Empty
        : Markup.Join(words.Split(", ").Select(word => Markup.Of($"<span class=\"badge\">{word}</span>")), " ");

    /// <summary>A part that is opened on demand.</summary>
    public static Markup Details(string summary, Markup content) => content.IsEmpty ? Markup.Empty : Markup.Of($"<details><summary>{summary}</summary>\n{content}</details>\n");

    // Columns of longer texts keep a width at which they can be read.
    private static Markup Class(ReportTable table, int c) => table.Columns[c].Kind != ColumnKind.Text
        ? new(" class=\"number\"")
        : table.Rows.Max(row => row[c].Text.Length) switch { > 44 => new(" class=\"long\""), > 22 => new(" class=\"middle\""), _ => new(" class=\"short\"") };
}
