using System.Runtime.CompilerServices;
using System.Text;

namespace ResearchKit.Experiments.Reporting.Html;

/// <summary>HTML that is already escaped.</summary>
/// <param name="Value">The markup.</param>
internal readonly record struct Markup(string Value)
{
    /// <summary>Nothing.</summary>
    public static readonly Markup Empty = new("");

    /// <summary>Whether there is nothing.</summary>
    public bool IsEmpty => Value.Length == 0;

    /// <summary>Builds markup: the literal parts stand as written, every value is escaped unless it is markup itself.</summary>
    public static Markup Of(MarkupHandler html) => new(html.ToString());

    /// <summary>Escapes text for elements and quoted attributes. Characters that HTML does not allow become U+FFFD.</summary>
    public static Markup Text(string text)
    {
        var builder = new StringBuilder(text.Length + 16);
        AppendEscaped(builder, text);
        return new(builder.ToString());
    }

    /// <summary>One after the other.</summary>
    public static Markup Join(IEnumerable<Markup> parts, string separator = "") => new(string.Join(separator, parts.Select(part => part.Value)));

    /// <summary>Replaces unpaired surrogates, which no encoding can hold, by U+FFFD.</summary>
    public static string Sound(string text)
    {
        var sound = true;
        for (var i = 0; i < text.Length && sound; i++)
        {
            if (!char.IsSurrogate(text[i])) continue;
            sound = i + 1 < text.Length && char.IsSurrogatePair(text[i], text[i + 1]);
            i++;
        }

        return sound ? text : Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text));
    }

    internal static void AppendEscaped(StringBuilder builder, string text)
    {
        foreach (var c in Sound(text))
        {
            _ = c switch
            {
                '&' => builder.Append("&amp;"),
                '<' => builder.Append("&lt;"),
                '>' => builder.Append("&gt;"),
                '"' => builder.Append("&quot;"),
                '\'' => builder.Append("&#39;"),
                '\t' or '\n' => builder.Append(c),
                '\r' => builder.Append("&#13;"),
                < ' ' or (>= '\u007f' and <= '\u009f') => builder.Append('\ufffd'),
                _ => builder.Append(c),
            };
        }
    }
}

/// <summary>Collects the parts of an interpolated string for <see cref="Markup.Of"/>.</summary>
[InterpolatedStringHandler]
internal readonly struct MarkupHandler
{
    private readonly StringBuilder _builder;

    public MarkupHandler(int literalLength, int formattedCount) => _builder = new StringBuilder(literalLength + 16 * formattedCount);

    public void AppendLiteral(string literal) => _builder.Append(literal);

    public void AppendFormatted(Markup markup) => _builder.Append(markup.Value);

    public void AppendFormatted(string? text)
    {
        if (text is not null) Markup.AppendEscaped(_builder, text);
    }

    public void AppendFormatted(int number) => _builder.Append(System.Globalization.CultureInfo.InvariantCulture, $"{number}");

    public override string ToString() => _builder.ToString();
}
