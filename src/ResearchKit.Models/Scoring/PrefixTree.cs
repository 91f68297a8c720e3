namespace ResearchKit.Models;

/// <summary>Texts as a tree of token runs: what several texts begin with stands in it once. Plain data.</summary>
internal sealed class PrefixTree
{
    private PrefixTree(int[][] texts, List<PrefixNode> roots) => (Texts, Roots) = (texts, roots);

    /// <summary>The texts that nodes refer to.</summary>
    public int[][] Texts { get; }

    /// <summary>Runs that begin at position 0.</summary>
    public List<PrefixNode> Roots { get; }

    /// <summary>The tree of texts that share what they can.</summary>
    /// <param name="texts">Different texts in dictionary order of their ids, none empty.</param>
    public static PrefixTree Of(int[][] texts)
    {
        var common = new int[texts.Length];                              // length of the beginning that texts i - 1 and i share
        for (var i = 1; i < texts.Length; i++) common[i] = texts[i - 1].AsSpan().CommonPrefixLength(texts[i]);
        return new PrefixTree(texts, Children(texts, common, 0, texts.Length, 0));
    }

    /// <summary>A tree of texts that share nothing, each a run of its own.</summary>
    /// <param name="texts">Any texts, none empty.</param>
    public static PrefixTree Apart(int[][] texts) =>
        new(texts, [.. texts.Select((text, index) => new PrefixNode(index, index + 1, 0, text.Length) { TokenCount = text.Length })]);

    /// <summary>Compares texts by their ids; a text stands before those that continue it.</summary>
    public static int Compare(int[] a, int[] b) => a.AsSpan().SequenceCompareTo(b);

    /// <summary>Runs that continue, at <paramref name="start"/>, what texts [lo, hi) share.</summary>
    private static List<PrefixNode> Children(int[][] texts, int[] common, int lo, int hi, int start)
    {
        var children = new List<PrefixNode>();
        while (lo < hi && texts[lo].Length == start) lo++;               // ends exactly here
        while (lo < hi)
        {
            var end = lo + 1;
            var length = texts[lo].Length;
            for (; end < hi && common[end] > start; end++) length = Math.Min(length, common[end]);
            var node = new PrefixNode(lo, end, start, length);
            if (length < texts[end - 1].Length) node.Children = Children(texts, common, lo, end, length);
            node.TokenCount = length - start + node.Children.Sum(child => child.TokenCount);
            children.Add(node);
            lo = end;
        }

        return children;
    }
}

/// <summary>A run of tokens that all texts of a range share.</summary>
/// <param name="lo">First text of the range.</param>
/// <param name="hi">One past the last.</param>
/// <param name="start">Position of the first token.</param>
/// <param name="end">One past the position of the last.</param>
internal sealed class PrefixNode(int lo, int hi, int start, int end)
{
    public int Lo { get; } = lo;

    public int Hi { get; } = hi;

    public int Start { get; } = start;

    public int End { get; } = end;

    public int Length => End - Start;

    /// <summary>Runs that follow.</summary>
    public List<PrefixNode> Children { get; set; } = [];

    /// <summary>Tokens of this run and all that follow.</summary>
    public int TokenCount { get; set; }

    /// <summary>Whether the states of this run were scored already; a run may be encoded more than once.</summary>
    public bool IsScored { get; set; }
}
