using System.Net;
using System.Text;

namespace ResearchKit.Notebooks.Display;

/// <summary>A small table with its text form. Cells are plain text; colours are the page's, so that dark themes work.</summary>
internal sealed class Table(params string[] headings)
{
    private readonly List<string[]> _rows = [];
    private readonly HashSet<int> _strong = [];

    /// <summary>Columns whose entries stand on the right, by index.</summary>
    public IReadOnlySet<int> Numbers { get; init; } = new HashSet<int>();

    public void Add(params string[] cells) => _rows.Add(cells);

    /// <summary>A row that sums up the others.</summary>
    public void AddTotal(params string[] cells)
    {
        _strong.Add(_rows.Count);
        _rows.Add(cells);
    }

    public string Html()
    {
        var html = new StringBuilder("<table style=\"border-collapse:collapse;font-variant-numeric:tabular-nums\"><thead><tr>");
        for (var column = 0; column < headings.Length; column++) html.Append(Cell("th", column, headings[column], strong: true));
        html.Append("</tr></thead><tbody>");
        for (var row = 0; row < _rows.Count; row++)
        {
            html.Append("<tr>");
            for (var column = 0; column < headings.Length; column++) html.Append(Cell("td", column, _rows[row][column], _strong.Contains(row)));
            html.Append("</tr>");
        }

        return html.Append("</tbody></table>").ToString();
    }

    public string Text()
    {
        string[][] all = [headings, .. _rows];
        var widths = Enumerable.Range(0, headings.Length).Select(column => all.Max(row => row[column].Length)).ToArray();
        return string.Join('\n', all.Select(row => string.Join("  ", row.Select((cell, column) => Numbers.Contains(column) ? cell.PadLeft(widths[column]) : cell.PadRight(widths[column]))).TrimEnd()));
    }

    private string Cell(string tag, int column, string text, bool strong) =>
        $"<{tag} style=\"text-align:{(Numbers.Contains(column) ? "right" : "left")};padding:2px 10px;border-bottom:1px solid rgba(128,128,128,.3);font-weight:{(strong ? 600 : 400)}\">{WebUtility.HtmlEncode(text)}</{tag}>";
}

/// <summary>Pieces of markup that several displays need.</summary>
internal static class Html
{
    public static string Escape(string text) => WebUtility.HtmlEncode(text);

    /// <summary>A first line: what it is in bold, and a few words.</summary>
    public static string Heading(string what, string words) => $"<div style=\"margin:2px 0 6px\"><b>{Escape(what)}</b> {Escape(words)}</div>";

    /// <summary>Something that is there on a click.</summary>
    public static string Folded(string summary, string content) => $"<details><summary>{Escape(summary)}</summary>{content}</details>";

    public static string Preformatted(string text) => $"<pre style=\"white-space:pre-wrap;margin:4px 0\">{Escape(text)}</pre>";
}
