namespace ResearchKit.Core.Tokenization;

/// <summary>Applies merges to the ids of one piece: again and again the lowest rank present, at all its occurrences from left to right.</summary>
/// <remarks>Two ways with the same result: a plain scan for words, and a heap for long runs (a megabyte of one letter is one piece).</remarks>
internal sealed class PieceMerger(MergeTable table)
{
    /// <summary>Longest piece that is scanned; longer ones go through the heap.</summary>
    public const int LongestScan = 96;

    private readonly PriorityQueue<int, long> _heap = new();
    private readonly List<int> _round = [];
    private int[] _ranks = new int[LongestScan];
    private int[] _previous = [];
    private int[] _next = [];

    /// <summary>Merges in place.</summary>
    /// <param name="ids">Ids of the single bytes; on return the merged ids stand at the front.</param>
    /// <returns>Number of merged ids.</returns>
    public int Merge(Span<int> ids) => ids.Length <= LongestScan ? Scan(ids) : MergeByHeap(ids);

    /// <summary>The plain form: quadratic, no memory.</summary>
    public int Scan(Span<int> ids)
    {
        var count = ids.Length;
        if (_ranks.Length < count) _ranks = new int[count];
        var ranks = _ranks.AsSpan();                                      // ranks[i]: of the pair (i, i + 1)
        for (var i = 0; i + 1 < count; i++) ranks[i] = table.RankOf(ids[i], ids[i + 1]);
        while (count > 1)
        {
            var lowest = MergeTable.NoRank;
            var at = 0;
            for (var i = 0; i + 1 < count; i++)
            {
                if (ranks[i] < lowest) (lowest, at) = (ranks[i], i);
            }

            if (lowest == MergeTable.NoRank) break;
            var result = table.ResultOf(lowest);
            // A pair that holds the new id has another rank, so one pass finds every occurrence of this round.
            for (; at + 1 < count; at++)
            {
                if (ranks[at] != lowest) continue;
                count--;
                ids[at] = result;
                ids[(at + 2)..(count + 1)].CopyTo(ids[(at + 1)..]);
                ranks[(at + 1)..count].CopyTo(ranks[at..]);
                if (at > 0) ranks[at - 1] = table.RankOf(ids[at - 1], result);
                if (at + 1 < count) ranks[at] = table.RankOf(result, ids[at + 1]);
            }
        }

        return count;
    }

    /// <summary>The same result in O(n log n) time.</summary>
    public int MergeByHeap(Span<int> ids)
    {
        var length = ids.Length;
        if (_next.Length < length) (_ranks, _previous, _next) = (new int[length], new int[length], new int[length]);
        _heap.Clear();
        for (var i = 0; i < length; i++)
        {
            (_previous[i], _next[i]) = (i - 1, i + 1);
            Push(i, i + 1 < length ? table.RankOf(ids[i], ids[i + 1]) : MergeTable.NoRank);
        }

        while (_heap.TryPeek(out _, out var key))
        {
            // A round takes all pairs of the lowest rank before any pair that it creates, as the scan does.
            var rank = (int)(key >> 32);
            _round.Clear();
            while (_heap.TryPeek(out _, out key) && (int)(key >> 32) == rank) _round.Add(_heap.Dequeue());
            var result = table.ResultOf(rank);
            foreach (var at in _round)
            {
                if (_ranks[at] != rank) continue;                         // an entry that an earlier merge made stale
                var gone = _next[at];
                var after = _next[gone];
                (ids[at], _ranks[gone], _next[at]) = (result, MergeTable.NoRank, after);
                if (after < length) _previous[after] = at;
                Push(at, after < length ? table.RankOf(result, ids[after]) : MergeTable.NoRank);
                var before = _previous[at];
                if (before >= 0) Push(before, table.RankOf(ids[before], result));
            }
        }

        var count = 0;
        for (var i = 0; i < length; i = _next[i]) ids[count++] = ids[i];
        return count;
    }

    private void Push(int at, int rank)
    {
        _ranks[at] = rank;
        if (rank != MergeTable.NoRank) _heap.Enqueue(at, ((long)rank << 32) | (uint)at);
    }
}
