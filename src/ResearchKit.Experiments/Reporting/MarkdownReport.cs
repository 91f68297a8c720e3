using System.Text;
using ResearchKit.Core.Files;

namespace ResearchKit.Experiments.Reporting;

/// <summary>The report's words and tables as GitHub-flavoured Markdown.</summary>
public static class MarkdownReport
{
    private static readonly HashSet<string> LongTables = ["learning-curves", "fine-tuning-runs", "seeds", "calibration", "notes"];

    /// <summary>Writes the report; the same model gives the same bytes.</summary>
    /// <param name="model">What to show.</param>
    /// <param name="path">Target; replaced atomically.</param>
    /// <exception cref="ArgumentException">The model's parts do not fit together; lists every problem.</exception>
    public static void Write(ReportModel model, string path) => AtomicFile.WriteText(path, Render(model));

    /// <summary>The report as text. Tables for programs (curves, single runs) are left to <see cref="CsvTables"/>.</summary>
    /// <exception cref="ArgumentException">The model's parts do not fit together; lists every problem.</exception>
    public static string Render(ReportModel model)
    {
        ReportCheck.ThrowIfInconsistent(model);
        var text = new StringBuilder();
        text.Append("# ").Append(Inline(model.Title)).Append("\n\n**").Append(Inline(model.Question)).Append("**\n\n");
        if (model.Answer is { } answer) text.Append(Inline(answer)).Append("\n\n");
        foreach (var fact in model.Facts) text.Append("- ").Append(Inline(fact.Label)).Append(": **").Append(Inline(fact.Value)).Append("**").Append(fact.Detail is { } detail ? " (" + Inline(detail) + ")" : "").Append('\n');
        if (model.Facts.Count > 0) text.Append('\n');
        foreach (var note in model.Notes)
        {
            text.Append("> **").Append(ReportTables.NoteHeading(note.Kind)).Append(note.Task is { } task ? " (" + Inline(task) + ")" : "").Append(".** ").Append(Inline(note.Text)).Append("\n>\n");
        }

        if (model.Notes.Count > 0) text.Length -= 2;
        foreach (var table in new ReportTables(model).All().Where(table => !LongTables.Contains(table.Name))) Append(text, table);
        if (model.Manifest is { } manifest) Append(text, manifest);
        return text.ToString();
    }

    private static void Append(StringBuilder text, ReportTable table)
    {
        text.Append("\n## ").Append(Inline(table.Caption.TrimEnd('.'))).Append("\n\n");
        text.Append("| ").AppendJoin(" | ", table.Columns.Select(column => Cell(column.Heading))).Append(" |\n");
        text.Append("| ").AppendJoin(" | ", table.Columns.Select(column => column.Kind == ColumnKind.Text ? "---" : "---:")).Append(" |\n");
        foreach (var row in table.Rows) text.Append("| ").AppendJoin(" | ", row.Select(value => Cell(value.Text))).Append(" |\n");
    }

    private static void Append(StringBuilder text, ReportManifest manifest)
    {
        text.Append("\n## To repeat this run\n\n");
        if (manifest.Command is { } command) text.Append(Fence(command, "sh"));
        var rows = new List<NamedValue>();
        if (manifest.Device is { } device) rows.Add(new("Device", device));
        if (manifest.ThreadCount is { } threads) rows.Add(new("Threads", ReportFormat.Count(threads)));
        if (manifest.Seeds.Count > 0) rows.Add(new("Seeds", string.Join(", ", manifest.Seeds.Select(seed => seed.ToString(System.Globalization.CultureInfo.InvariantCulture)))));
        foreach (var row in rows.Concat(manifest.Versions).Concat(manifest.Other).Concat(manifest.Hashes)) text.Append("- ").Append(Inline(row.Name)).Append(": ").Append(Inline(row.Value)).Append('\n');
        if (manifest.Configuration is { } configuration) text.Append('\n').Append(Fence(configuration, "json"));
    }

    // A fence longer than any run of backticks inside.
    private static string Fence(string content, string language)
    {
        var longest = 0;
        for (int i = 0, run = 0; i < content.Length; i++) longest = Math.Max(longest, run = content[i] == '`' ? run + 1 : 0);
        var fence = new string('`', Math.Max(3, longest + 1));
        return $"{fence}{language}\n{content.TrimEnd('\n')}\n{fence}\n\n";
    }

    private static string Cell(string text) => Inline(text).Replace("|", "\\|", StringComparison.Ordinal);

    // One line, with everything escaped that Markdown or its HTML would read as markup.
    private static string Inline(string text)
    {
        var escaped = new StringBuilder(text.Length + 8);
        foreach (var c in Html.Markup.Sound(text))
        {
            _ = c switch
            {
                '\n' or '\r' or '\t' => escaped.Append(' '),
                '<' => escaped.Append("&lt;"),
                '>' => escaped.Append("&gt;"),
                '&' => escaped.Append("&amp;"),
                '\\' or '`' or '*' or '_' or '[' or ']' or '#' or '~' => escaped.Append('\\').Append(c),
                _ => escaped.Append(c),
            };
        }

        return escaped.ToString();
    }
}
