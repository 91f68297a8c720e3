namespace ResearchKit.Models;

/// <summary>One row of a batch: runs of one or more trees side by side. Every token sees its ancestors and nothing else.</summary>
internal sealed class TreeRow
{
    private readonly List<TreeSegment> _segments = [];

    /// <summary>Runs in column order; a parent stands before its children.</summary>
    public IReadOnlyList<TreeSegment> Segments => _segments;

    /// <summary>Tokens.</summary>
    public int Length { get; private set; }

    /// <summary>Whether the row is one text from position 0 on, for which plain causal attention does.</summary>
    public bool IsOneText { get; private set; } = true;

    /// <summary>Adds one run.</summary>
    /// <param name="node">The run.</param>
    /// <param name="parent">Index of the segment it continues; -1 continues the cached prefix (or begins a text).</param>
    /// <returns>Index of the new segment.</returns>
    public int Add(PrefixNode node, int parent)
    {
        IsOneText &= parent == _segments.Count - 1;
        _segments.Add(new TreeSegment(node, parent, Length));
        Length += node.Length;
        return _segments.Count - 1;
    }

    /// <summary>Adds a run and all that follow it.</summary>
    public void AddTree(PrefixNode node, int parent)
    {
        var index = Add(node, parent);
        foreach (var child in node.Children) AddTree(child, index);
    }

    /// <summary>Puts another row's runs behind this one's.</summary>
    public void Append(TreeRow other)
    {
        var offset = _segments.Count;
        foreach (var segment in other.Segments) Add(segment.Node, segment.Parent < 0 ? -1 : segment.Parent + offset);
    }
}

/// <summary>A run in a row.</summary>
/// <param name="Node">Which tokens.</param>
/// <param name="Parent">Index of the segment it continues, or -1.</param>
/// <param name="Column">Column of its first token.</param>
internal readonly record struct TreeSegment(PrefixNode Node, int Parent, int Column);
