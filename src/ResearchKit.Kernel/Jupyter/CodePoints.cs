namespace ResearchKit.Kernel.Jupyter;

/// <summary>Jupyter counts cursor positions in code points, .NET in UTF-16 units.</summary>
internal static class CodePoints
{
    /// <summary>UTF-16 offset of a position in code points; positions behind the end are the end.</summary>
    public static int ToOffset(string text, int position)
    {
        var offset = 0;
        for (var i = 0; i < position && offset < text.Length; i++) offset += char.IsSurrogatePair(text, offset) ? 2 : 1;
        return offset;
    }

    /// <summary>Position in code points of a UTF-16 offset.</summary>
    public static int FromOffset(string text, int offset)
    {
        var position = 0;
        for (var i = 0; i < Math.Min(offset, text.Length); i++) position += char.IsLowSurrogate(text[i]) && i > 0 && char.IsHighSurrogate(text[i - 1]) ? 0 : 1;
        return position;
    }
}
