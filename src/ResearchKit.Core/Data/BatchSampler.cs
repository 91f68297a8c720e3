namespace ResearchKit.Core.Data;

/// <summary>Batches of one shard: windows of T tokens and the tokens that follow them, drawn without replacement until the epoch ends.</summary>
/// <remarks>A batch is a function of (seed, step, micro) alone: any place is reached at once, in any order. "Data are sampled without replacement
/// during training (until an epoch boundary is reached)" (Brown et al. 2020, Appendix B). The last (tokens − 1) mod T tokens are never used.</remarks>
public sealed class BatchSampler : IBatchSource
{
    private readonly MixtureSampler _mixture;

    /// <summary>Draws from a shard, which must stay open.</summary>
    /// <param name="shard">Tokens.</param>
    /// <param name="length">T, tokens of a sequence.</param>
    /// <param name="batchSize">Sequences of one update.</param>
    /// <param name="seed">Seed of the order.</param>
    /// <param name="microBatchSize">Sequences of one micro-batch; divides <paramref name="batchSize"/>. Default: the whole batch.</param>
    /// <exception cref="ConfigException">The shard is too short for one window.</exception>
    public BatchSampler(TokenShard shard, int length, int batchSize, long seed, int? microBatchSize = null) =>
        _mixture = new MixtureSampler([new MixtureSource("text", shard, 1)], length, batchSize, seed, microBatchSize);

    /// <summary>The whole batch of an update, where batches are not divided; otherwise its first micro-batch.</summary>
    public TokenBatch At(long step) => At(step, 0);

    /// <inheritdoc/>
    public TokenBatch At(long step, int micro) => _mixture.At(step, micro);

    /// <summary>A shard from beginning to end for evaluation: every token but the first is a target exactly once.</summary>
    /// <param name="shard">Tokens.</param>
    /// <param name="length">T.</param>
    /// <param name="batchSize">Rows of each batch.</param>
    /// <param name="maxWindowCount">Windows to stop after; default all.</param>
    /// <returns>Batches of [B, T]; what the last one lacks is filled with id 0 and <see cref="TokenBatch.NoLoss"/>.</returns>
    public static IEnumerable<TokenBatch> InOrder(TokenShard shard, int length, int batchSize, long maxWindowCount = long.MaxValue)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(length, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(batchSize, 1);
        var windowCount = Math.Min(maxWindowCount, (shard.Count - 1 + length - 1) / length);
        for (var first = 0L; first < windowCount; first += batchSize)
        {
            var inputs = new long[batchSize * length];
            var targets = new long[batchSize * length];
            Array.Fill(targets, TokenBatch.NoLoss);
            for (var row = 0; row < batchSize && first + row < windowCount; row++)
            {
                var start = (first + row) * length;
                var used = (int)Math.Min(length, shard.Count - 1 - start);
                ShardWindows.CopyTokens(shard, start, inputs.AsSpan(row * length, used), targets.AsSpan(row * length, used));
            }

            yield return new TokenBatch(inputs, targets, batchSize, length);
        }
    }
}
