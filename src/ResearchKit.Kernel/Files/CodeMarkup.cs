using System.Net;
using System.Text;
using System.Text.RegularExpressions;

namespace ResearchKit.Kernel.Files;

/// <summary>F# and C# with comments, strings, numbers, keywords and magics in colour. Words, not grammar: enough for a page that is read.</summary>
internal static partial class CodeMarkup
{
    private static readonly HashSet<string> FSharpWords = [.. "abstract and as assert base begin class default delegate do done downcast downto elif else end exception extern false finally fixed for fun function global if in inherit inline interface internal lazy let match member module mutable namespace new not null of open or override private public rec return sig static struct then to true try type upcast use val void when while with yield async task seq".Split(' ')];

    private static readonly HashSet<string> CSharpWords = [.. "abstract as async await base bool break byte case catch char checked class const continue decimal default delegate do double dynamic else enum event explicit extern false finally fixed float for foreach get goto if implicit in init int interface internal is lock long namespace new null object operator out override params private protected public readonly record ref required return sbyte sealed set short sizeof stackalloc static string struct switch this throw true try typeof uint ulong unchecked unsafe ushort using var virtual void volatile when where while with yield".Split(' ')];

    /// <summary>The code as markup; the language changes where a magic says so.</summary>
    public static string Of(string code, string language)
    {
        var html = new StringBuilder();
        var at = 0;
        foreach (Match match in Token().Matches(code))
        {
            html.Append(WebUtility.HtmlEncode(code[at..match.Index]));
            at = match.Index + match.Length;
            if (match.Groups["magic"].Success)
            {
                var name = match.Value.Trim().TrimStart('#', '!');
                language = name.StartsWith("csharp", StringComparison.OrdinalIgnoreCase) ? "csharp" : name.StartsWith("fsharp", StringComparison.OrdinalIgnoreCase) ? "fsharp" : language;
            }

            var kind = match.Groups["magic"].Success ? "m" : match.Groups["comment"].Success ? "c" : match.Groups["text"].Success ? "s" : match.Groups["number"].Success ? "n"
                : (language == "fsharp" ? FSharpWords : CSharpWords).Contains(match.Value) ? "k" : null;
            if (kind is null) html.Append(WebUtility.HtmlEncode(match.Value));
            else html.Append("<span class=\"").Append(kind).Append("\">").Append(WebUtility.HtmlEncode(match.Value)).Append("</span>");
        }

        return html.Append(WebUtility.HtmlEncode(code[at..])).ToString();
    }

    [GeneratedRegex(""""
        (?<magic>(?m:^[ \t]*\#(!|r\s|i\s)[^\n]*))|(?<comment>//[^\n]*|\(\*(?!\)).*?\*\)|/\*.*?\*/)|(?<text>\$*"""[\s\S]*?"""|[@$]+"([^"]|"")*"|"(\\.|[^"\\\n])*"|'(\\.|[^'\\\n])')|(?<number>\b\d[\w.]*)|[A-Za-z_]\w*
        """", RegexOptions.Singleline | RegexOptions.ExplicitCapture)]
    private static partial Regex Token();
}
