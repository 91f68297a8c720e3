using FsCheck;
using FsCheck.Xunit;
using ResearchKit.Core.Data;
using ResearchKit.Core.Random;
using ResearchKit.Testing;

namespace ResearchKit.Core.Tests.Data;

public class SamplerTests
{
    [Property(MaxTest = 200)]
    public void ThePermutationIsABijection(PositiveInt size, long seed)
    {
        var permutation = new KeyedPermutation(size.Get, new CounterRandom(seed, "test"));
        var images = Enumerable.Range(0, size.Get).Select(i => permutation[i]).ToArray();
        Assert.Equal(Enumerable.Range(0, size.Get).Select(i => (long)i), images.Order());
    }

    [Fact]
    public void ThePermutationWorksOnDomainsBeyondMemory()
    {
        var permutation = new KeyedPermutation(long.MaxValue / 4, new CounterRandom(1, "test"));
        var images = Enumerable.Range(0, 1000).Select(i => permutation[i]).ToHashSet();
        Assert.Equal(1000, images.Count);
        Assert.All(images, image => Assert.InRange(image, 0, long.MaxValue / 4 - 1));
    }

    [Fact]
    public void ThePermutationMovesIndicesFarAndEvenly()
    {
        const int Size = 10_000;
        var permutation = new KeyedPermutation(Size, new CounterRandom(5, "test"));
        // Uniform images: a tenth of the domain gets a tenth of any run of indices, within five standard deviations.
        for (var run = 0; run < Size; run += 1000)
        {
            var low = Enumerable.Range(run, 1000).Count(i => permutation[i] < Size / 10);
            Assert.InRange(low, 100 - 50, 100 + 50);
        }

        var meanStep = Enumerable.Range(0, Size - 1).Average(i => Math.Abs(permutation[i + 1] - permutation[i]));
        Assert.InRange(meanStep, 3100, 3570);                             // a third of the domain
    }

    [Property(MaxTest = 50)]
    public void EveryWindowOccursOncePerEpochAndEpochsDiffer(PositiveInt windows, PositiveInt length, PositiveInt batch, long seed)
    {
        var (count, T, B) = (windows.Get % 30 + 2, length.Get % 6 + 1, batch.Get % 5 + 1);
        using var folder = new TemporaryFolder();
        using var shard = Counting(folder, count * T + 1);
        var sampler = new BatchSampler(shard, T, B, seed);
        var starts = Enumerable.Range(0, 3 * count).Select(i => sampler.At(i / B).Inputs[i % B * T] / T).ToArray();
        for (var epoch = 0; epoch < 3; epoch++)
            Assert.Equal(Enumerable.Range(0, count).Select(i => (long)i), starts[(epoch * count)..((epoch + 1) * count)].Order());
    }

    [Fact]
    public void EpochsAreInDifferentOrders()
    {
        using var folder = new TemporaryFolder();
        using var shard = Counting(folder, 401);
        var sampler = new BatchSampler(shard, 4, 100, seed: 3);
        Assert.NotEqual(sampler.At(0).Inputs, sampler.At(1).Inputs);
        Assert.NotEqual(sampler.At(0).Inputs, new BatchSampler(shard, 4, 100, seed: 4).At(0).Inputs);
    }

    [Property(MaxTest = 50)]
    public void TargetsAreTheInputsShiftedByOne(PositiveInt length, long seed)
    {
        var T = length.Get % 7 + 1;
        using var folder = new TemporaryFolder();
        using var shard = Counting(folder, 100);
        var batch = new BatchSampler(shard, T, 3, seed).At(2);
        Assert.Equal((3, T), (batch.BatchSize, batch.Length));
        Assert.Equal(batch.Inputs.Select(id => id + 1), batch.Targets);   // the shard counts 0, 1, 2, …
        for (var row = 0; row < 3; row++)
            Assert.Equal(batch.Inputs[(row * T + 1)..((row + 1) * T)], batch.Targets[(row * T)..((row + 1) * T - 1)]);
    }

    [Property(MaxTest = 50)]
    public void ABatchDependsOnSeedAndPlaceAlone(NonEmptyArray<byte> order, long seed)
    {
        using var folder = new TemporaryFolder();
        using var shard = Counting(folder, 200);
        using var other = Counting(folder, 90, "other");
        MixtureSampler Make() => new([new("a", shard, 3), new("b", other, 1)], 5, 4, seed, microBatchSize: 2);
        var used = Make();
        foreach (var step in order.Get)
        {
            Assert.Equal(Make().At(step, 1).Inputs, used.At(step, 1).Inputs);
            Assert.Equal(Make().At(step, 0).Targets, used.At(step, 0).Targets);
        }
    }

    [Fact]
    public void MicroBatchesMakeUpTheBatch()
    {
        using var folder = new TemporaryFolder();
        using var shard = Counting(folder, 500);
        var whole = new BatchSampler(shard, 5, 6, seed: 1);
        var parts = new BatchSampler(shard, 5, 6, seed: 1, microBatchSize: 2);
        Assert.Equal(whole.At(7).Inputs, Enumerable.Range(0, 3).SelectMany(micro => parts.At(7, micro).Inputs));
        Assert.Throws<ArgumentOutOfRangeException>(() => parts.At(7, 3));
        Assert.Throws<ArgumentOutOfRangeException>(() => new BatchSampler(shard, 5, 6, seed: 1, microBatchSize: 4));
    }

    [Fact]
    public void TargetsWithoutLossAreMasked()
    {
        using var folder = new TemporaryFolder();
        var flags = Enumerable.Range(0, 21).Select(i => i % 4 == 0).ToArray();
        using var shard = TokenShardTests.WriteAndOpen(folder, new FakeTokenizer(100), w => w.Append(Enumerable.Range(0, 21).ToArray(), flags), withLossFlags: true);
        var batch = new BatchSampler(shard, 10, 2, seed: 0).At(0);
        Assert.Equal(batch.Inputs.Select(id => (id + 1) % 4 == 0 ? id + 1 : TokenBatch.NoLoss), batch.Targets);
        Assert.Equal(5, batch.LossTargetCount);
    }

    [Theory]
    [InlineData(1.0, 1.0)]
    [InlineData(0.7, 0.3)]
    [InlineData(1.0, 999_999.0)]
    [InlineData(1.0, 1.0, 1.0)]
    public void AMixtureKeepsItsSharesInEveryThousandSequences(params double[] weights)
    {
        using var folder = new TemporaryFolder();
        var shards = weights.Select((_, s) => Counting(folder, 50 + 7 * s, $"shard{s}", first: 10_000 * s)).ToArray();
        var sampler = new MixtureSampler(weights.Select((w, s) => new MixtureSource($"s{s}", shards[s], w)).ToArray(), 3, 10, seed: 9);
        for (var block = 0; block < 2; block++)
        {
            var sources = Enumerable.Range(block * 100, 100).SelectMany(step => sampler.At(step).Inputs.Chunk(3)).Select(row => row[0] / 10_000).ToArray();
            for (var s = 0; s < weights.Length; s++)
            {
                var expected = Math.Max(1, 1000 * weights[s] / weights.Sum());
                Assert.InRange(sources.Count(source => source == s), expected - 1, expected + 1);
            }
        }

        foreach (var shard in shards) shard.Dispose();
    }

    [Property(MaxTest = 30)]
    public void EachSourceOfAMixtureGoesThroughItsWindowsInEpochs(long seed, NonNegativeInt step)
    {
        using var folder = new TemporaryFolder();
        using var a = Counting(folder, 3 * 40 + 1, "a");
        using var b = Counting(folder, 3 * 15 + 1, "b", first: 10_000);
        var sampler = new MixtureSampler([new("a", a, 0.6), new("b", b, 0.4)], 3, 7, seed);
        var steps = step.Get % 200;
        var rows = Enumerable.Range(0, steps).SelectMany(s => sampler.At(s).Inputs.Chunk(3)).Select(row => row[0]).ToArray();
        var fromB = rows.Where(id => id >= 10_000).ToArray();
        Assert.Equal([(rows.Length - fromB.Length) / 40.0, fromB.Length / 15.0], sampler.EpochsPerSource(steps));
        // Draws of a source are counted in blocks, so within a block its epochs may interleave; over whole blocks they are whole.
        if (rows.Length >= 1000)
        {
            var times = rows[..1000].Where(id => id >= 10_000).CountBy(id => id).Select(pair => pair.Value).ToArray();
            Assert.Equal(15, times.Length);
            Assert.InRange(times.Max() - times.Min(), 0, 1);
        }
    }

    [Fact]
    public void ImpossibleMixturesAreRefusedWithEveryProblem()
    {
        using var folder = new TemporaryFolder();
        using var shard = Counting(folder, 50);
        using var other = TokenShardTests.WriteAndOpen(folder, new FakeTokenizer(77), w => w.Append([1, 2, 3]), name: "other");
        var error = Assert.Throws<ConfigException>(() => new MixtureSampler([new("a", shard, 0), new("a", other, double.NaN)], 3, 2, seed: 0));
        Assert.Equal(4, error.Problems.Count);
        Assert.Throws<ConfigException>(() => new MixtureSampler([], 3, 2, seed: 0));
        Assert.Contains("50 tokens are too few", Assert.Throws<ConfigException>(() => new BatchSampler(shard, 50, 1, seed: 0)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(21, 5, 2)]
    [InlineData(23, 5, 2)]
    [InlineData(4, 5, 3)]
    [InlineData(51, 5, 2)]
    public void InOrderEveryTokenButTheFirstIsATargetOnce(int count, int length, int batchSize)
    {
        using var folder = new TemporaryFolder();
        using var shard = Counting(folder, count);
        var batches = BatchSampler.InOrder(shard, length, batchSize).ToList();
        Assert.All(batches, batch => Assert.Equal(batchSize * length, batch.Inputs.Length));
        Assert.Equal(Enumerable.Range(1, count - 1).Select(i => (long)i), batches.SelectMany(b => b.Targets).Where(id => id != TokenBatch.NoLoss));
        Assert.All(batches.SelectMany(b => b.Inputs.Zip(b.Targets)), pair => Assert.True(pair.Second == TokenBatch.NoLoss || pair.Second == pair.First + 1));
        Assert.Equal(Math.Min(length, count - 1), BatchSampler.InOrder(shard, length, batchSize, maxWindowCount: 1).Sum(b => b.LossTargetCount));
    }

    /// <summary>A shard whose token i is first + i.</summary>
    private static TokenShard Counting(TemporaryFolder folder, int count, string name = "counting", int first = 0) =>
        TokenShardTests.WriteAndOpen(folder, new FakeTokenizer(100_000), writer => writer.Append(Enumerable.Range(first, count).ToArray()), name: name);
}
