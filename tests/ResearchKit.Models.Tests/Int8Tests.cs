using FsCheck.Xunit;
using ResearchKit.Core;
using ResearchKit.Core.Configuration;
using ResearchKit.Core.Random;
using ResearchKit.Models.Tests.Reference;
using TorchSharp;
using static TorchSharp.torch;

namespace ResearchKit.Models.Tests;

/// <summary>Weights in eight bits: how they are rounded, and that reading them gives what the rounded float32 weights give.</summary>
public sealed class Int8Tests
{
    [Theory]
    [InlineData(1, 1)]
    [InlineData(3, 63)]
    [InlineData(5, 64)]
    [InlineData(4, 65)]
    [InlineData(515, 3072)]                                              // above the size where threads share
    public void ProductsEqualThoseOfTheRoundedWeights(int N, int C)
    {
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        var (x, weight) = (randn(1, C), randn(N, C));
        var rounded = Int8Matrix.Round(weight);
        rounded.CopyTo(weight);
        var expected = nn.functional.linear(x, weight);
        Tolerance.Close(expected, MatrixVector.Linear(x, weight, rounded), 2e-4, $"[{N}, {C}]");
        Tolerance.Close(expected, PortableProduct(rounded, x, N), 2e-4, $"[{N}, {C}], portable");
    }

    [Property(MaxTest = 100)]
    public void EveryWeightMovesByAtMostHalfALevel(int seed)
    {
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        var random = new CounterRandom(seed, "int8");
        int N = random.Next(1, 6), C = random.Next(1, 200);
        var weight = randn(N, C).mul_(Math.Pow(10, random.Next(-30, 10)));
        weight[0].zero_();
        var before = weight.clone();
        Int8Matrix.Round(weight).CopyTo(weight);
        for (var start = 0; start < C; start += Int8Matrix.GroupLength)
        {
            var length = Math.Min(Int8Matrix.GroupLength, C - start);
            var (old, moved) = (before.narrow(1, start, length), (weight - before).abs().narrow(1, start, length));
            var halfLevel = old.abs().amax([1], keepdim: true).div(2 * 127);
            Assert.True((moved <= halfLevel * 1.0001).all().ToBoolean(), $"[{N}, {C}], columns from {start}");
        }

        Assert.True(weight[0].eq(0).all().ToBoolean());
    }

    [Property(MaxTest = 40)]
    public void DecodingEqualsTheFullPassOfTheRoundedModel(int seed)
    {
        var random = new CounterRandom(seed, "int8 decoding");
        var heads = random.Next(1, 4);
        var config = TinyModel.Config(seed) with
        {
            HeadCount = heads, EmbeddingSize = heads * random.Pick([8, 24, 64]), Activation = Activation.GeluTanh,
            Attention = [new DenseAttention(), new LocalAttention(random.Next(1, 9))],
        };
        using var model = TinyModel.Of(config, seed);
        model.RoundToInt8();
        using var scope = NewDisposeScope();
        using var inference = inference_mode();
        var tokens = TinyModel.Tokens(TinyModel.Ids(random, config, config.ContextLength));
        using var cache = new KeyValueCache(model, 1);
        Assert.True(cache.AllowsSingleTokenForward);
        var steps = Enumerable.Range(0, config.ContextLength).Select(t => model.Logits(model.Hidden(tokens.narrow(1, t, 1), cache))).ToArray();
        Tolerance.Close(model.call(tokens), cat(steps, 1), 3e-4, $"{config}");                   // logits of some tens at width 192
    }

    [Fact]
    public void ThreadsChangeNoBit()
    {
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        var (x, weight) = (randn(1, 768), randn(2048, 768));
        var rounded = Int8Matrix.Round(weight);
        var one = MatrixVector.Linear(x, weight, rounded);
        set_num_threads(2);
        try
        {
            Assert.True(one.equal(MatrixVector.Linear(x, weight, rounded)).all().ToBoolean());
        }
        finally
        {
            set_num_threads(1);
        }
    }

    [Fact]
    public void ARoundedModelIsAnotherModelAndTakesNoGradients()
    {
        using var scope = NewDisposeScope();
        using var model = TinyModel.Of(Small, 1);
        var hash = WeightsHash.Of(model);
        model.RoundToInt8();
        Assert.NotEqual(hash, WeightsHash.Of(model));
        Assert.All(model.parameters(), parameter => Assert.False(parameter.requires_grad));
        using var copy = model.Clone();
        Assert.False(copy.IsRoundedToInt8);
        Assert.Equal(WeightsHash.Of(model), WeightsHash.Of(copy));
        Assert.All(copy.parameters(), parameter => Assert.True(parameter.requires_grad));
    }

    [Fact]
    public void WhatCannotBeRoundedIsRefused()
    {
        using var scope = NewDisposeScope();
        using var half = TinyModel.Of(Small, 1);
        half.to(bfloat16);
        Assert.Contains("round first", Assert.Throws<ConfigException>(half.RoundToInt8).Message, StringComparison.Ordinal);
        using var broken = TinyModel.Of(Small, 1);
        using (no_grad()) broken.TokenEmbedding[3, 2].fill_(float.NaN);
        Assert.Contains("NaN", Assert.Throws<ConfigException>(broken.RoundToInt8).Message, StringComparison.Ordinal);
        Assert.True(broken.parameters().First().requires_grad);
        Assert.False(broken.IsRoundedToInt8);
    }

    private static ModelConfig Small => new ModelConfig { LayerCount = 2, HeadCount = 2, EmbeddingSize = 16, ContextLength = 12, VocabularySize = 20 }.Validated();

    private static unsafe Tensor PortableProduct(Int8Matrix rounded, Tensor x, int N)
    {
        var y = new float[N];
        for (var row = 0; row < N; row++) y[row] = rounded.PortableDot(row, MatrixVector.Address(x));
        return tensor(y, 1, N);
    }
}
