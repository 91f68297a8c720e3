using System.Collections;
using System.Globalization;
using System.Net;
using System.Reflection;
using System.Text;

namespace ResearchKit.Notebooks;

/// <summary>Sequences of records and dictionaries as tables: a row for each item, a column for each property.</summary>
internal static class TableDisplay
{
    private const int MostRows = 50;

    private const int MostColumns = 20;

    /// <summary>The table; null for values that are none.</summary>
    public static MimeBundle? Of(object value)
    {
        if (value is string || value is not IEnumerable items) return null;
        var rows = items.Cast<object?>().Take(MostRows + 1).ToList();
        if (rows.Count == 0 || rows[0] is not { } first || rows.Exists(row => row?.GetType() != first.GetType())) return null;
        if (IsScalar(first.GetType()) || first is IEnumerable) return null;
        var columns = PlainText.Properties(first.GetType());
        if (columns.Count is 0 or > MostColumns) return null;
        return MimeBundle.OfHtml(Html(rows, columns, (value as ICollection)?.Count), PlainText.Of(value));
    }

    private static string Html(List<object?> rows, List<PropertyInfo> columns, int? count)
    {
        var html = new StringBuilder("<table><thead><tr>");
        foreach (var column in columns) html.Append("<th style=\"text-align:left\">").Append(WebUtility.HtmlEncode(column.Name)).Append("</th>");
        html.Append("</tr></thead><tbody>");
        foreach (var row in rows.Take(MostRows))
        {
            html.Append("<tr>");
            foreach (var column in columns)
            {
                var cell = PlainText.Value(column, row!);
                html.Append(cell is not null && IsNumber(cell.GetType()) ? "<td style=\"text-align:right\">" : "<td style=\"text-align:left\">")
                    .Append(WebUtility.HtmlEncode(cell is null ? "" : PlainText.Of(cell))).Append("</td>");
            }

            html.Append("</tr>");
        }

        html.Append("</tbody></table>");
        if (rows.Count > MostRows) html.Append(CultureInfo.InvariantCulture, $"<p>The first {MostRows} rows{(count is { } all ? $" of {all}" : "")}.</p>");
        return html.ToString();
    }

    private static bool IsScalar(Type type) => type.IsPrimitive || type.IsEnum || typeof(IFormattable).IsAssignableFrom(type) || type == typeof(string) || typeof(Type).IsAssignableFrom(type) || typeof(Task).IsAssignableFrom(type);

    private static bool IsNumber(Type type) => (type.IsPrimitive && type != typeof(bool) && type != typeof(char)) || type == typeof(decimal);
}
