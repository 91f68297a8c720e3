using ResearchKit.Core.Configuration;
using TorchSharp;
using static TorchSharp.torch;

namespace ResearchKit.Models.Tests;

public sealed class BackwardPassTests
{
    private static ModelConfig Config => new ModelConfig { LayerCount = 2, HeadCount = 2, EmbeddingSize = 16, ContextLength = 12, VocabularySize = 20 }.Validated();

    [Fact]
    public void WhatAGradientThrowsArrivesAndTheNextPassIsWhole()
    {
        using var scope = NewDisposeScope();
        using var block = new Block(Config, 0);
        foreach (var parameter in block.parameters()) nn.init.normal_(parameter, 0, 0.1);
        Tensor Loss(AttentionPass pass) =>
            BlockRecomputation.Apply(block, randn([1, 5, 16], requires_grad: true), pass, hasDropout: false, new BlockRecomputation.ReturnedGradient()).sum();

        Assert.Equal("no memory", Assert.Throws<InsufficientMemoryException>(() => BackwardPass.Run(Loss(new FailsWhenRecomputed()))).Message);
        block.zero_grad();
        BackwardPass.Run(Loss(WholeTextPass.Instance));
        Assert.All(block.parameters(), parameter => Assert.NotNull(parameter.grad));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void GradientsAreThoseOfBackward(bool recomputes)
    {
        using var scope = NewDisposeScope();
        using var model = TinyModel.Of(Config, 1);
        model.RecomputesBlocks = recomputes;
        var tokens = TinyModel.Tokens([1, 2, 3, 4], [5, 6, 7, 8]);
        model.Loss(tokens, tokens).backward();
        var expected = model.parameters().Select(parameter => parameter.grad!.clone()).ToArray();
        model.zero_grad();
        BackwardPass.Run(model.Loss(tokens, tokens));
        Assert.All(model.parameters().Zip(expected), pair => Assert.True(pair.First.grad!.equal(pair.Second).all().ToBoolean()));
    }

    private sealed class FailsWhenRecomputed : AttentionPass
    {
        private bool _wasCalled;

        internal override Tensor Attend(in AttentionLayer layer, Tensor qkv)
        {
            if (_wasCalled) throw new InsufficientMemoryException("no memory");
            _wasCalled = true;
            return WholeTextPass.Instance.Attend(layer, qkv);
        }
    }
}
