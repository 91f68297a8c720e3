using System.Collections;
using System.Globalization;
using ResearchKit.Core;

namespace ResearchKit.Notebooks.Display;

/// <summary>Rows of a cell's own as a table, columns in a chosen order. F# sorts the fields of anonymous records by name, which is seldom the order of reading.</summary>
public static class RowsDisplay
{
    /// <summary>The table.</summary>
    /// <param name="rows">Objects of one type.</param>
    /// <param name="columns">Names of their properties, in order; underscores become spaces in the headings.</param>
    /// <exception cref="ConfigException">A row has no property of that name.</exception>
    public static MimeBundle Of(IEnumerable rows, IReadOnlyList<string> columns)
    {
        var all = rows.Cast<object>().ToList();
        if (all.Count == 0) return MimeBundle.OfText("no rows");
        var properties = columns.Select(name => all[0].GetType().GetProperty(name)
            ?? throw new ConfigException($"The rows have no column `{name}`; they have {string.Join(", ", PlainText.Properties(all[0].GetType()).Select(property => property.Name))}.")).ToArray();
        var numbers = properties.Index().Where(property => IsNumber(Nullable.GetUnderlyingType(property.Item.PropertyType) ?? property.Item.PropertyType)).Select(property => property.Index).ToHashSet();
        var table = new Table([.. columns.Select(name => name.Replace('_', ' '))]) { Numbers = numbers };
        foreach (var row in all) table.Add([.. properties.Select(property => Text(PlainText.Value(property, row)))]);
        return MimeBundle.OfHtml(table.Html(), table.Text());
    }

    private static string Text(object? value) => value switch
    {
        null => "–",
        string text => text,
        bool flag => flag ? "yes" : "no",
        double number => Real(number),
        float number => Real(number),
        IFormattable number when IsNumber(number.GetType()) => number.ToString("N0", CultureInfo.InvariantCulture),
        _ => PlainText.Of(value),
    };

    // Four digits tell results apart; whole numbers and large ones keep their shape.
    private static string Real(double value) => !double.IsFinite(value) ? value.ToString(CultureInfo.InvariantCulture)
        : value == 0 ? "0" : Math.Abs(value) is >= 1e7 or < 1e-4 ? value.ToString("0.00e+0", CultureInfo.InvariantCulture)
        : Math.Abs(value) >= 1000 ? value.ToString("N0", CultureInfo.InvariantCulture) : value.ToString("0.####", CultureInfo.InvariantCulture);

    private static bool IsNumber(Type type) => type == typeof(decimal) || (type.IsPrimitive && type != typeof(bool) && type != typeof(char));
}
