using System.Text;
using ResearchKit.Core.Files;

namespace ResearchKit.Experiments.Reporting;

/// <summary>The report's tables as LaTeX for booktabs and longtable, to be read by <c>\input</c>.</summary>
public static class LatexTables
{
    private static readonly HashSet<string> LongTables = ["learning-curves", "fine-tuning-runs", "calibration", "notes"];

    /// <summary>Writes the tables; the same model gives the same bytes.</summary>
    /// <param name="model">What to write.</param>
    /// <param name="path">Target; replaced atomically.</param>
    /// <exception cref="ArgumentException">The model's parts do not fit together; lists every problem.</exception>
    public static void Write(ReportModel model, string path) => AtomicFile.WriteText(path, Render(model));

    /// <summary>The tables as text.</summary>
    /// <exception cref="ArgumentException">The model's parts do not fit together; lists every problem.</exception>
    public static string Render(ReportModel model)
    {
        ReportCheck.ThrowIfInconsistent(model);
        var text = new StringBuilder("% Tables of: ").Append(Escape(model.Title)).Append("\n% In the preamble: \\usepackage{booktabs,longtable,textcomp}\n");
        foreach (var table in new ReportTables(model).All().Where(table => !LongTables.Contains(table.Name))) Append(text, table);
        return text.ToString();
    }

    private static void Append(StringBuilder text, ReportTable table)
    {
        var headings = string.Join(" & ", table.Columns.Select(column => Escape(column.Heading))) + " \\\\\n";
        text.Append("\n\\begin{longtable}{").Append(string.Concat(table.Columns.Select(Alignment))).Append("}\n")
            .Append("\\caption{").Append(Escape(table.Caption)).Append("}\\label{tab:").Append(table.Name).Append("}\\\\\n")
            .Append("\\toprule\n").Append(headings).Append("\\midrule\n\\endfirsthead\n\\toprule\n").Append(headings).Append("\\midrule\n\\endhead\n\\bottomrule\n\\endfoot\n");
        foreach (var row in table.Rows) text.AppendJoin(" & ", row.Select(value => Escape(value.Text))).Append(" \\\\\n");
        text.Append("\\end{longtable}\n");

        // Long texts get a paragraph column of a quarter of the line.
        string Alignment(ReportColumn column, int c) => column.Kind != ColumnKind.Text ? "r" : table.Rows.Any(row => row[c].Text.Length > 44) ? "p{0.25\\linewidth}" : "l";
    }

    private static string Escape(string text)
    {
        var escaped = new StringBuilder(text.Length + 8);
        var power = false;
        foreach (var c in Html.Markup.Sound(text))
        {
            var digit = "⁰¹²³⁴⁵⁶⁷⁸⁹⁻".IndexOf(c, StringComparison.Ordinal);
            if (digit >= 0 != power) escaped.Append(power ? "}" : "\\textsuperscript{");
            power = digit >= 0;
            escaped.Append(c switch
            {
                _ when digit >= 0 => "0123456789-"[digit].ToString(),
                '\\' => "\\textbackslash{}",
                '~' => "\\textasciitilde{}",
                '^' => "\\textasciicircum{}",
                '&' or '%' or '$' or '#' or '_' or '{' or '}' => "\\" + c,
                '<' => "\\textless{}",
                '>' => "\\textgreater{}",
                '"' => "\\textquotedbl{}",
                '−' => "\\textminus{}",
                '×' => "\\texttimes{}",
                '±' => "\\textpm{}",
                '–' => "--",
                '’' => "'",
                '§' => "\\S{}",
                '∞' => "$\\infty$",
                < ' ' => " ",
                _ => c.ToString(),
            });
        }

        return escaped.Append(power ? "}" : "").ToString();
    }
}
