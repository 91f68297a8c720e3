using ResearchKit.Core.Random;

namespace ResearchKit.Core.Data;

/// <summary>The windows of one shard without replacement: every window once in each epoch, each epoch in another order, or always as they stand in the shard.</summary>
internal sealed class ShardWindows
{
    private readonly TokenShard _shard;
    private readonly int _length;
    private readonly long _seed;
    private readonly string? _purpose;                                    // null: as they stand in the shard
    private DrawnEpoch? _last;                                            // one reference, so that threads see a whole one

    public ShardWindows(TokenShard shard, int length, long seed, string? purpose)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(length, 1);
        (_shard, _length, _seed, _purpose) = (shard, length, seed, purpose);
        Count = (shard.Count - 1) / length;
        if (Count < 1)
            throw new ConfigException($"{shard.Path}: {shard.Count} tokens are too few for one window of {length} tokens and the one that follows; give more text or a sequence length of at most {Math.Max(1, shard.Count - 1)}");
    }

    /// <summary>Windows of an epoch; window w covers tokens [w · T, w · T + T], whose last is a target only.</summary>
    public long Count { get; }

    /// <summary>Copies the window drawn at a place of the endless order.</summary>
    /// <param name="draw">Windows drawn before; epochs follow each other.</param>
    /// <param name="inputs">[T].</param>
    /// <param name="targets">[T].</param>
    public void CopyDraw(long draw, Span<long> inputs, Span<long> targets)
    {
        var (epoch, index) = Math.DivRem(draw, Count);
        if (_purpose is null)
        {
            CopyTokens(_shard, index * _length, inputs, targets);
            return;
        }

        var last = _last;
        if (last?.Epoch != epoch) _last = last = new DrawnEpoch(epoch, new KeyedPermutation(Count, new CounterRandom(_seed, _purpose, epoch)));
        CopyTokens(_shard, last.Order[index] * _length, inputs, targets);
    }

    /// <summary>Copies inputs from <paramref name="start"/> on and the targets that follow them.</summary>
    public static void CopyTokens(TokenShard shard, long start, Span<long> inputs, Span<long> targets)
    {
        shard.CopyTo(start, inputs);
        shard.CopyTo(start + 1, targets);
        if (!shard.HasLossFlags) return;
        for (var i = 0; i < targets.Length; i++)
        {
            if (!shard.CarriesLoss(start + 1 + i)) targets[i] = TokenBatch.NoLoss;
        }
    }

    private sealed record DrawnEpoch(long Epoch, KeyedPermutation Order);
}
