using System.Globalization;
using System.Text;
using ResearchKit.Core.Configuration;

namespace ResearchKit.Notebooks.Display;

/// <summary>Attention patterns as pictures of their masks: a row for each query, a column for each key.</summary>
public static class PatternDisplay
{
    /// <summary>Positions of a picture where no length is given.</summary>
    public const int StandardLength = 32;

    /// <summary>Pictures and text rows show at most so many positions; longer texts are sampled evenly.</summary>
    private const int MostCells = 64;

    /// <summary>The mask over a text of this length, every head variant beside the others.</summary>
    /// <param name="pattern">Any pattern.</param>
    /// <param name="length">Positions of the text, at least 1.</param>
    public static MimeBundle Of(AttentionPattern pattern, int length)
    {
        var name = pattern.Label;
        var share = ModelSize.KeysPerQuery(pattern, length, pattern.HeadVariants) / ((length + 1) / 2.0);
        var words = $"over {length} positions: {Number.Fixed(100 * share, share < 0.1 ? 1 : 0)}% of dense attention's scores";
        var variants = Math.Min(pattern.HeadVariants, 4);
        var pictures = string.Concat(Enumerable.Range(0, variants).Select(head => $"<span style=\"margin-right:12px\">{Picture(pattern, length, 160, head)}</span>"));
        return MimeBundle.OfHtml(Html.Heading(name, words) + pictures, $"{name}, {words}\n{TextPicture(pattern, length)}");
    }

    /// <summary>The mask as SVG.</summary>
    internal static string Picture(AttentionPattern pattern, int length, int pixels, int head = 0)
    {
        var cells = Math.Min(length, MostCells);
        var svg = new StringBuilder();
        svg.Append(CultureInfo.InvariantCulture, $"<svg role=\"img\" aria-label=\"{Html.Escape(pattern.Label)}\" width=\"{pixels}\" height=\"{pixels}\" viewBox=\"-0.5 -0.5 {cells + 1} {cells + 1}\" shape-rendering=\"crispEdges\">");
        svg.Append(CultureInfo.InvariantCulture, $"<rect x=\"0\" y=\"0\" width=\"{cells}\" height=\"{cells}\" fill=\"rgba(128,128,128,.12)\"/>");
        for (var row = 0; row < cells; row++)
        {
            for (var column = 0; column <= row;)
            {
                var start = column;
                while (column <= row && Seen(pattern, head, row, column, cells, length)) column++;
                if (column > start) svg.Append(CultureInfo.InvariantCulture, $"<rect x=\"{start}\" y=\"{row}\" width=\"{column - start}\" height=\"1\" fill=\"#2b6cb0\"/>");
                else column++;
            }
        }

        return svg.Append("</svg>").ToString();
    }

    private static string TextPicture(AttentionPattern pattern, int length)
    {
        var cells = Math.Min(length, StandardLength);
        return string.Join('\n', Enumerable.Range(0, cells).Select(row => string.Concat(Enumerable.Range(0, row + 1).Select(column => Seen(pattern, 0, row, column, cells, length) ? '█' : '·'))));
    }

    // A sampled cell stands for the position at its end.
    private static bool Seen(AttentionPattern pattern, int head, int row, int column, int cells, int length) =>
        pattern.Allows(head, (int)((row + 1L) * length / cells) - 1, (int)((column + 1L) * length / cells) - 1);
}
