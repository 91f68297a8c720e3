using System.Globalization;
using System.Text;
using static System.FormattableString;

namespace ResearchKit.Notebooks.Display;

/// <summary>A text token by token with what each cost the model: shown with a background that grows with the surprisal.</summary>
/// <param name="Tokens">Pieces of the text and -log P of each given those before, nats.</param>
public sealed record SurprisalText(IReadOnlyList<(string Piece, double Nats)> Tokens)
{
    /// <summary>Mean over the tokens, nats; not a number for an empty text.</summary>
    public double Mean => Tokens.Count == 0 ? double.NaN : Tokens.Average(token => token.Nats);
}

/// <summary>Tokens coloured by surprisal.</summary>
internal static class SurprisalDisplay
{
    /// <summary>Surprisal of full colour, nats: one in 22,000.</summary>
    private const double Full = 10;

    public static MimeBundle Of(SurprisalText text)
    {
        var html = new StringBuilder("<div style=\"line-height:1.9;font-family:ui-monospace,monospace;white-space:pre-wrap\">");
        foreach (var (piece, nats) in text.Tokens)
        {
            var tip = Invariant($"{nats:F2} nats, probability {Math.Exp(-nats):G2}");
            html.Append(CultureInfo.InvariantCulture, $"<span title=\"{tip}\" style=\"background:{Colour(nats)};border-radius:3px;padding:1px 0;border-right:1px solid rgba(128,128,128,.35)\">{Html.Escape(piece.Replace("\n", "↵", StringComparison.Ordinal))}</span>");
            if (piece.Contains('\n', StringComparison.Ordinal)) html.Append("<br>");
        }

        html.Append("</div><div style=\"font-size:85%;margin-top:4px\">");
        foreach (var nats in new double[] { 0, 2, 4, 6, 8, 10 }) html.Append(CultureInfo.InvariantCulture, $"<span style=\"background:{Colour(nats)};padding:1px 8px\">{nats}</span>");
        var words = text.Tokens.Count == 0 ? "no tokens" : Invariant($"{text.Tokens.Count} tokens, mean {text.Mean:F2} nats, perplexity {Math.Exp(text.Mean):F1}");
        html.Append(CultureInfo.InvariantCulture, $" nats &nbsp; {words}</div>");
        var plain = string.Join(' ', text.Tokens.Select(token => Invariant($"{token.Piece.Trim().Replace("\n", "↵", StringComparison.Ordinal)}[{token.Nats:F1}]")));
        return MimeBundle.OfHtml(html.ToString(), $"{plain}\n{words}");
    }

    private static string Colour(double nats) => Invariant($"rgba(221,107,32,{Math.Clamp(nats / Full, 0, 1) * 0.85:F2})");
}
