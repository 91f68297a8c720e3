using FsCheck.Xunit;
using ResearchKit.Core.Configuration;
using ResearchKit.Core.Random;
using ResearchKit.Models.Tests.Reference;
using ResearchKit.Testing;
using static TorchSharp.torch;

namespace ResearchKit.Models.Tests;

public class KeyValueCacheProperties
{
    [Property(MaxTest = 150)]
    public void ReadingInPiecesEqualsReadingAtOnce(int seed)
    {
        var config = TinyModel.Config(seed);
        using var model = TinyModel.Of(config, seed);
        using var scope = NewDisposeScope();
        using var inference = inference_mode();
        var random = new CounterRandom(seed, "pieces");
        var rows = random.Next(1, 4);
        var T = random.Next(1, config.ContextLength + 1);
        var tokens = TinyModel.Tokens([.. Enumerable.Range(0, rows).Select(_ => TinyModel.Ids(random, config, T))]);
        using var cache = new KeyValueCache(model, rows, random.Next(T, config.ContextLength + 1));
        var pieces = new List<Tensor>();
        for (var start = 0; start < T;)
        {
            var count = random.Next(1, T - start + 1);
            pieces.Add(model.Hidden(tokens.narrow(1, start, count), cache));
            start += count;
        }

        Assert.All(cache.Lengths, length => Assert.Equal(T, length));
        Tolerance.Close(model.Hidden(tokens), cat(pieces, 1), Tolerance.Cache, $"{config} in {pieces.Count} pieces");
    }

    [Property(MaxTest = 150)]
    public void RowsOfDifferentLengthsEachEqualTheirOwnFullPass(int seed)
    {
        var config = TinyModel.Config(seed);
        using var model = TinyModel.Of(config, seed);
        using var scope = NewDisposeScope();
        using var inference = inference_mode();
        var random = new CounterRandom(seed, "ragged");
        var rows = random.Next(2, 5);
        var texts = Enumerable.Range(0, rows).Select(_ => TinyModel.Ids(random, config, config.ContextLength)).ToArray();
        var counts = texts.Select(_ => random.Next(1, config.ContextLength)).ToArray();
        var T = counts.Max();
        using var cache = new KeyValueCache(model, rows);
        var last = model.Hidden(TinyModel.Tokens([.. texts.Select((text, row) => text[..counts[row]].Concat(new int[T - counts[row]]).ToArray())]), cache, counts);
        for (var row = 0; row < rows; row++) Same(row, counts[row], last[row, counts[row] - 1]);

        // Decode until every row is full; full rows rest.
        while (counts.Any(count => count < config.ContextLength))
        {
            var steps = counts.Select(count => count < config.ContextLength ? 1 : 0).ToArray();
            var next = model.Hidden(TinyModel.Tokens([.. texts.Select((text, row) => new[] { steps[row] == 1 ? text[counts[row]] : 0 })]), cache, steps);
            for (var row = 0; row < rows; row++)
            {
                counts[row] += steps[row];
                if (steps[row] == 1) Same(row, counts[row], next[row, 0]);
            }
        }

        void Same(int row, int count, Tensor state) =>
            Tolerance.Close(model.Hidden(TinyModel.Tokens(texts[row][..count]))[0, count - 1], state, Tolerance.Cache, $"{config}, row {row} after {count} tokens");
    }

    [Property(MaxTest = 60)]
    public void BranchedAndReorderedRowsContinueTheirOwnTexts(int seed)
    {
        var config = TinyModel.Config(seed);
        using var model = TinyModel.Of(config, seed);
        using var scope = NewDisposeScope();
        using var inference = inference_mode();
        var random = new CounterRandom(seed, "branch");
        var common = random.Next(1, config.ContextLength - 2);
        var context = TinyModel.Ids(random, config, common);
        using var root = new KeyValueCache(model, 1);
        model.Hidden(TinyModel.Tokens(context), root);
        using var cache = root.Branch([0, 0, 0], config.ContextLength);
        var middles = Enumerable.Range(0, 3).Select(_ => TinyModel.Ids(random, config, 1)).ToArray();
        model.Hidden(TinyModel.Tokens(middles), cache);
        int[] order = [random.Next(3), random.Next(3), random.Next(3)];
        cache.Reorder(order, common);
        var ends = Enumerable.Range(0, 3).Select(_ => TinyModel.Ids(random, config, 1)).ToArray();
        var states = model.Hidden(TinyModel.Tokens(ends), cache);
        for (var row = 0; row < 3; row++)
        {
            var text = TinyModel.Tokens([.. context, .. middles[order[row]], .. ends[row]]);
            Tolerance.Close(model.Hidden(text)[0, -1], states[row, 0], Tolerance.Cache, $"{config}, row {row}");
        }
    }

    [Fact]
    public void BandedLayersHoldOnlyTheirWindow()
    {
        var config = TinyModel.Config(0) with { ContextLength = 24, Attention = [new DenseAttention(), new LocalAttention(4)], LayerCount = 2 };
        using var model = TinyModel.Of(config, 0);
        using var cache = new KeyValueCache(model, 3);
        Assert.Equal(3L * 2 * config.EmbeddingSize * (24 + 4) * sizeof(float), cache.Bytes);
    }

    [Fact]
    public void AFullCacheSaysSo()
    {
        var config = TinyModel.Config(1);
        using var model = TinyModel.Of(config, 1);
        using var scope = NewDisposeScope();
        using var cache = new KeyValueCache(model, 1, 2);
        var error = Assert.Throws<InvalidOperationException>(() => model.Hidden(TinyModel.Tokens([0, 1, 2]), cache));
        Assert.Contains("capacity is 2", error.Message);
    }

    [Theory]
    [InlineData(-1L)]
    [InlineData(12L)]
    [InlineData(1L << 32)]
    public void ASingleTokenOutsideTheVocabularyIsRefusedAndNotRead(long id)
    {
        var config = TinyModel.Config(2) with { VocabularySize = 12, Activation = Activation.GeluTanh, Attention = [new DenseAttention()] };
        using var model = TinyModel.Of(config, 2);
        using var scope = NewDisposeScope();
        using var cache = new KeyValueCache(model, 1);
        Assert.True(cache.AllowsSingleTokenForward);
        Assert.Contains("between 0 and 11", Assert.Throws<ArgumentOutOfRangeException>(() => model.Hidden(tensor([id], 1, 1), cache)).Message);
        Assert.Equal([0], cache.Lengths);
    }

    [Fact]
    public void ACacheLeavesNoTensorBehind() => TensorLeak.None(() =>
    {
        using var model = TinyModel.Of(TinyModel.Config(3), 3);
        using var outer = NewDisposeScope();
        using var cache = new KeyValueCache(model, 2);
        model.Hidden(TinyModel.Tokens([0, 1, 2], [1, 2, 3]), cache, [3, 2]);
        model.Hidden(TinyModel.Tokens([0], [1]), cache);
        using var branch = cache.Branch([1, 0], cache.Capacity);
        branch.Reorder([1, 1]);
    });
}
