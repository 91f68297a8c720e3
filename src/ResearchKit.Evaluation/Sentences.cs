using System.Text.RegularExpressions;

namespace ResearchKit.Evaluation;

/// <summary>Counts sentences of generated text.</summary>
internal static partial class Sentences
{
    /// <summary>The first sentences of a text. One ends after full stop, question or exclamation mark (and closing quotes or brackets) before white space, or at a line break.</summary>
    public static string First(string text, int count)
    {
        var sentences = Ends().Split(text).Where(sentence => sentence.Trim().Length > 0);
        return string.Join(' ', sentences.Take(count).Select(sentence => sentence.Trim()));
    }

    [GeneratedRegex("""(?<=[.!?]["'”’)\]]*)\s+|\n+""")]
    private static partial Regex Ends();
}
