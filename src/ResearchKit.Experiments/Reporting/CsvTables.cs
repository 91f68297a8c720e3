using System.Globalization;
using System.Text;
using ResearchKit.Core.Files;

namespace ResearchKit.Experiments.Reporting;

/// <summary>The report's tables as CSV (RFC 4180, UTF-8): exact numbers in the unit of the model, intervals in two columns.</summary>
public static class CsvTables
{
    /// <summary>Writes one file for each table that has rows, and <c>item-scores.csv</c>.</summary>
    /// <param name="model">What to write.</param>
    /// <param name="folder">Target; made where missing, files replaced atomically.</param>
    /// <exception cref="ArgumentException">The model's parts do not fit together; lists every problem.</exception>
    public static void Write(ReportModel model, string folder)
    {
        var files = Render(model);
        foreach (var (name, text) in files) AtomicFile.WriteText(Path.Combine(folder, name), text);
        // A table that an earlier version of the experiment had and this one has not would be read as this one's.
        foreach (var name in ReportTables.Names.Append("item-scores").Select(name => name + ".csv").Except(files.Select(file => file.Name))) File.Delete(Path.Combine(folder, name));
    }

    /// <summary>File names and contents, in the order of the report.</summary>
    /// <exception cref="ArgumentException">The model's parts do not fit together; lists every problem.</exception>
    public static IReadOnlyList<(string Name, string Text)> Render(ReportModel model)
    {
        ReportCheck.ThrowIfInconsistent(model);
        var files = new ReportTables(model).All().Select(table => (table.Name + ".csv", Table(table))).ToList();
        if (ItemScores(model) is { Length: > 0 } items) files.Add(("item-scores.csv", items));
        return files;
    }

    private static string Table(ReportTable table)
    {
        var text = new StringBuilder();
        AppendLine(text, table.Columns.SelectMany(column => column.Kind == ColumnKind.Interval ? [column.Key + "_low", column.Key + "_high"] : new[] { column.Key }));
        foreach (var row in table.Rows)
        {
            AppendLine(text, row.Index().SelectMany(entry => table.Columns[entry.Index].Kind == ColumnKind.Interval
                ? entry.Item.Raw is ScoreInterval interval ? [Value(interval.Low), Value(interval.High)] : ["", ""]
                : new[] { Value(entry.Item.Raw) }));
        }

        return text.ToString();
    }

    // One row for every item and cell: what other statistics programs need for paired tests.
    private static string ItemScores(ReportModel model)
    {
        var ids = model.Tasks.ToDictionary(task => task.Name, task => task.ItemIds, StringComparer.Ordinal);
        var cells = model.InContext.Select(cell => (cell.Id, cell.Task, cell.Model, Regime: "in context", Examples: cell.K, Variant: cell.Protocol ?? "", cell.Seed, cell.ItemScores))
            .Concat(model.FineTuning.Select(cell => (cell.Id, cell.Task, cell.Model, Regime: "fine-tuned", Examples: cell.LabelledCount, Variant: cell.Recipe, cell.Seed, cell.ItemScores)));
        var text = new StringBuilder();
        foreach (var cell in cells.Where(cell => cell.ItemScores.Count > 0))
        {
            if (text.Length == 0) AppendLine(text, ["task", "item", "model", "regime", "examples", "variant", "seed", "score", "cell"]);
            for (var i = 0; i < cell.ItemScores.Count; i++)
            {
                if (cell.ItemScores[i] is { } score) AppendLine(text, [cell.Task, ids[cell.Task][i], cell.Model, cell.Regime, Value(cell.Examples), cell.Variant, Value(cell.Seed), Value(score), cell.Id]);
            }
        }

        return text.ToString();
    }

    private static void AppendLine(StringBuilder text, IEnumerable<string> fields) => text.AppendJoin(',', fields.Select(Quote)).Append("\r\n");

    private static string Quote(string field) =>
        field.AsSpan().IndexOfAny(",\"\r\n") < 0 ? field : "\"" + field.Replace("\"", "\"\"", StringComparison.Ordinal) + "\"";

    private static string Value(object? raw) => raw switch
    {
        null => "",
        double number => ReportFormat.Exact(number),
        IFormattable formattable => formattable.ToString(null, CultureInfo.InvariantCulture),
        _ => raw.ToString() ?? "",
    };
}
