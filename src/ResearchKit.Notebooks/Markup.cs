using System.Net;
using System.Text.RegularExpressions;

namespace ResearchKit.Notebooks;

/// <summary>HTML as a value: shown as markup, not as text.</summary>
/// <param name="Content">Markup to be placed within a page.</param>
public sealed partial record Markup(string Content)
{
    /// <summary>The text between the tags.</summary>
    public override string ToString() => WebUtility.HtmlDecode(Tags().Replace(Content, " ")).Trim();

    [GeneratedRegex(@"<(script|style)\b.*?</\1>|<[^>]*>|\s+", RegexOptions.Singleline | RegexOptions.IgnoreCase)]
    private static partial Regex Tags();
}
