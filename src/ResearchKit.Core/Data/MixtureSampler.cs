using ResearchKit.Core.Random;

namespace ResearchKit.Core.Data;

/// <summary>Batches from several shards in fixed shares, each shard drawn without replacement until its own epoch ends.</summary>
/// <remarks>
/// A function of (seed, step, micro) alone. Of every thousand sequences each source gives its share exactly (to one thousandth; at least
/// one); where they stand is drawn anew for each thousand. So the number of windows that a source gave before any step is known at once.
/// </remarks>
public sealed class MixtureSampler : IBatchSource
{
    /// <summary>Sequences among which shares are exact.</summary>
    public const int BlockSize = 1000;

    private readonly ShardWindows[] _windows;
    private readonly int[] _ends;                                         // source s fills the places [_ends[s - 1], _ends[s]) of a block
    private readonly int _length;
    private readonly int _batchSize;
    private readonly int _microBatchSize;
    private readonly long _seed;
    private DrawnBlock? _last;

    /// <summary>Draws from shards, which must stay open.</summary>
    /// <param name="sources">At least one; names must differ, weights be positive.</param>
    /// <param name="length">T, tokens of a sequence.</param>
    /// <param name="batchSize">Sequences of one update.</param>
    /// <param name="seed">Seed of the order.</param>
    /// <param name="microBatchSize">Sequences of one micro-batch; divides <paramref name="batchSize"/>. Default: the whole batch.</param>
    /// <exception cref="ConfigException">No source, a weight that is not positive, a name twice, shards of different tokenizers, or a shard too short for one window.</exception>
    public MixtureSampler(IReadOnlyList<MixtureSource> sources, int length, int batchSize, long seed, int? microBatchSize = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(batchSize, 1);
        (_length, _batchSize, _microBatchSize, _seed) = (length, batchSize, microBatchSize ?? batchSize, seed);
        if (_microBatchSize < 1 || batchSize % _microBatchSize != 0)
            throw new ArgumentOutOfRangeException(nameof(microBatchSize), microBatchSize, $"must divide the batch size {batchSize}");
        var problems = new List<string>();
        if (sources.Count is 0 or > BlockSize) problems.Add($"a mixture needs 1 to {BlockSize} sources, not {sources.Count}");
        problems.AddRange(sources.Where(s => !(s.Weight > 0) || !double.IsFinite(s.Weight)).Select(s => $"source {s.Name}: weight {s.Weight} must be a positive number"));
        problems.AddRange(sources.GroupBy(s => s.Name).Where(g => g.Count() > 1).Select(g => $"source {g.Key} is named {g.Count()} times; names must differ"));
        problems.AddRange(sources.Where(s => s.Shard.TokenizerFingerprint != sources[0].Shard.TokenizerFingerprint)
            .Select(s => $"source {s.Name}: its shard was made with another tokenizer than that of {sources[0].Name}; make both with one"));
        if (problems.Count > 0) throw new ConfigException("data mixture", problems);
        // The order of a source hangs on its name, so that adding a source leaves the order within the others as it was.
        _windows = sources.Select(s => new ShardWindows(s.Shard, length, seed, s.InOrder ? null : "windows of " + s.Name)).ToArray();
        Names = sources.Select(s => s.Name).ToArray();
        _ends = Ends(sources.Select(s => s.Weight).ToArray());
    }

    /// <summary>Names of the sources.</summary>
    public IReadOnlyList<string> Names { get; }

    /// <summary>The whole batch of an update, where batches are not divided; otherwise its first micro-batch.</summary>
    public TokenBatch At(long step) => At(step, 0);

    /// <inheritdoc/>
    /// <exception cref="ArgumentOutOfRangeException">The step is negative or the update has no such micro-batch.</exception>
    public TokenBatch At(long step, int micro)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(step);
        ArgumentOutOfRangeException.ThrowIfNegative(micro);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(micro, _batchSize / _microBatchSize);
        var inputs = new long[_microBatchSize * _length];
        var targets = new long[_microBatchSize * _length];
        var first = step * _batchSize + (long)micro * _microBatchSize;
        for (var row = 0; row < _microBatchSize; row++)
        {
            var (source, draw) = Draw(first + row);
            _windows[source].CopyDraw(draw, inputs.AsSpan(row * _length, _length), targets.AsSpan(row * _length, _length));
        }

        return new TokenBatch(inputs, targets, _microBatchSize, _length);
    }

    /// <summary>How often each source has been gone through before a step.</summary>
    public double[] EpochsPerSource(long step)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(step);
        var (block, place) = Math.DivRem(step * _batchSize, BlockSize);
        var drawn = new long[_windows.Length];
        for (var s = 0; s < drawn.Length; s++) drawn[s] = block * (_ends[s] - Start(s));
        for (var earlier = 0L; earlier < place; earlier++) drawn[Draw(block * BlockSize + earlier).Source]++;
        return drawn.Select((count, s) => (double)count / _windows[s].Count).ToArray();
    }

    private (int Source, long Draw) Draw(long sequence)
    {
        if (_windows.Length == 1) return (0, sequence);
        var (block, index) = Math.DivRem(sequence, BlockSize);
        var last = _last;
        if (last?.Block != block) _last = last = new DrawnBlock(block, new KeyedPermutation(BlockSize, new CounterRandom(_seed, "mixture", block)));
        var place = (int)last.Order[index];
        var source = 0;
        while (place >= _ends[source]) source++;
        return (source, block * (_ends[source] - Start(source)) + place - Start(source));
    }

    private int Start(int source) => source == 0 ? 0 : _ends[source - 1];

    // Largest remainder: whole places of a block by weight, at least one each.
    private static int[] Ends(double[] weights)
    {
        var exact = weights.Select(w => w / weights.Sum() * BlockSize).ToArray();
        var places = exact.Select(e => Math.Max(1, (int)e)).ToArray();
        while (places.Sum() < BlockSize) places[Enumerable.Range(0, places.Length).MaxBy(s => exact[s] - places[s])]++;
        while (places.Sum() > BlockSize) places[Enumerable.Range(0, places.Length).Where(s => places[s] > 1).MinBy(s => exact[s] - places[s])]--;
        for (var s = 1; s < places.Length; s++) places[s] += places[s - 1];
        return places;
    }

    private sealed record DrawnBlock(long Block, KeyedPermutation Order);
}

/// <summary>One part of a mixture.</summary>
/// <param name="Name">Name for reports; the order of its windows hangs on it.</param>
/// <param name="Shard">Tokens.</param>
/// <param name="Weight">Share of the sequences, relative to the sum of all weights; positive.</param>
/// <param name="InOrder">True takes the windows as they stand in the shard, for a curriculum: in order from block to block of a thousand sequences, and where there are several sources shuffled within a block; false (default) draws their order anew in every epoch.</param>
public sealed record MixtureSource(string Name, TokenShard Shard, double Weight, bool InOrder = false);
