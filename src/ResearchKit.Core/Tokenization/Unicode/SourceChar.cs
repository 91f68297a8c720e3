using System.Text;

namespace ResearchKit.Core.Tokenization.Unicode;

/// <summary>A character of changed text and the span of the original text that it came from, so that tokens can be shown where they are.</summary>
/// <param name="CodePoint">Unicode code point; the unit itself for a lone surrogate.</param>
/// <param name="Start">First UTF-16 unit in the original.</param>
/// <param name="End">Unit after the last one.</param>
internal readonly record struct SourceChar(int CodePoint, int Start, int End)
{
    /// <summary>The characters of a text, unchanged.</summary>
    public static List<SourceChar> Of(string text)
    {
        var result = new List<SourceChar>(text.Length);
        for (var at = 0; at < text.Length;)
        {
            var c = Rune.TryGetRuneAt(text, at, out var rune)
                ? new SourceChar(rune.Value, at, at + rune.Utf16SequenceLength)
                : new SourceChar(text[at], at, at + 1);
            result.Add(c);
            at = c.End;
        }

        return result;
    }

    /// <summary>The characters as a string.</summary>
    public static string Text(IEnumerable<SourceChar> characters)
    {
        var text = new StringBuilder();
        foreach (var c in characters)
        {
            if (c.CodePoint is >= 0xD800 and <= 0xDFFF) text.Append((char)c.CodePoint);
            else text.Append(new Rune(c.CodePoint).ToString());
        }

        return text.ToString();
    }
}
