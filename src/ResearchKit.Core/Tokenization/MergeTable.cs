namespace ResearchKit.Core.Tokenization;

/// <summary>Byte-pair merges by rank, and the rank of a pair by open addressing (the hottest look-up of encoding).</summary>
internal sealed class MergeTable
{
    /// <summary>Rank of a pair that has no merge; larger than every rank.</summary>
    public const int NoRank = int.MaxValue;

    private readonly List<Merge> _merges = [];
    private ulong[] _keys = new ulong[1 << 10];                           // (left, right) + 1, 0 where free
    private int[] _ranks = new int[1 << 10];

    /// <summary>The merges, first to apply first.</summary>
    public IReadOnlyList<Merge> Merges => _merges;

    /// <summary>Adds the merge of the next rank; false where the pair has one already.</summary>
    public bool Add(Merge merge)
    {
        if (2 * (_merges.Count + 1) > _keys.Length) Grow();
        if (RankOf(merge.Left, merge.Right) != NoRank) return false;
        Insert(Key(merge.Left, merge.Right), _merges.Count);
        _merges.Add(merge);
        return true;
    }

    /// <summary>Rank of the merge of two adjacent ids, or <see cref="NoRank"/>.</summary>
    public int RankOf(int left, int right)
    {
        var key = Key(left, right);
        var keys = _keys;
        for (var slot = Slot(key, keys.Length); ; slot = (slot + 1) & (keys.Length - 1))
        {
            if (keys[slot] == key) return _ranks[slot];
            if (keys[slot] == 0) return NoRank;
        }
    }

    /// <summary>Id that a merge makes.</summary>
    public int ResultOf(int rank) => _merges[rank].Result;

    private static ulong Key(int left, int right) => (((ulong)(uint)left << 32) | (uint)right) + 1;

    private static int Slot(ulong key, int length) => (int)((key * 0x9E3779B97F4A7C15) >> 32) & (length - 1);

    private void Insert(ulong key, int rank)
    {
        var slot = Slot(key, _keys.Length);
        while (_keys[slot] != 0) slot = (slot + 1) & (_keys.Length - 1);
        (_keys[slot], _ranks[slot]) = (key, rank);
    }

    private void Grow()
    {
        var length = 2 * _keys.Length;
        (_keys, _ranks) = (new ulong[length], new int[length]);
        for (var rank = 0; rank < _merges.Count; rank++) Insert(Key(_merges[rank].Left, _merges[rank].Right), rank);
    }
}

/// <summary>Two adjacent ids and the id that replaces them.</summary>
internal readonly record struct Merge(int Left, int Right, int Result);
