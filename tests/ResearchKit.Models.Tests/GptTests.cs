using ResearchKit.Core.Configuration;
using ResearchKit.Models.Tests.Reference;
using ResearchKit.Testing;
using TorchSharp;
using static TorchSharp.torch;

namespace ResearchKit.Models.Tests;

public class GptTests
{
    [Fact]
    public void EqualSeedsGiveEqualWeightsAndHashes()
    {
        using var a = new Gpt(TinyModel.Config(1), 7);
        using var b = new Gpt(TinyModel.Config(1), 7);
        using var c = new Gpt(TinyModel.Config(1), 8);
        Assert.Equal(WeightsHash.Of(a), WeightsHash.Of(b));
        Assert.NotEqual(WeightsHash.Of(a), WeightsHash.Of(c));
        Assert.Matches("^[0-9a-f]{64}$", WeightsHash.Of(a));
    }

    /// <summary>Vaswani et al. 2017 §3.5: position p + n is a rotation of position p, the same for every p.</summary>
    [Fact]
    public void SinusoidalPositionsStartAtTheNamedScaleAndEveryOffsetIsOneRotation()
    {
        var config = TinyModel.Config(1) with { PositionInitialization = PositionInitialization.Sinusoidal, InitializerRange = 0.05 };
        using var model = new Gpt(config, 7);
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        var table = model.named_parameters().Single(p => p.name == "wpe.weight").parameter;   // [n_ctx, C]
        Assert.Equal(0.05, table.square().mean().sqrt().ToSingle(), 5);
        for (var pair = 0; pair < config.EmbeddingSize / 2; pair++)
        {
            var complex = Enumerable.Range(0, config.ContextLength).Select(p => new System.Numerics.Complex(table[p, 2 * pair + 1].ToSingle(), table[p, 2 * pair].ToSingle())).ToArray();
            var rotation = complex[1] / complex[0];
            for (var p = 1; p < complex.Length; p++) Assert.Equal(0, (complex[p] - complex[p - 1] * rotation).Magnitude, 5);
        }
    }

    [Fact]
    public void TheHashSeesOneChangedBit()
    {
        using var a = new Gpt(TinyModel.Config(1), 7);
        var before = WeightsHash.Of(a);
        using (no_grad())
        {
            using var scope = NewDisposeScope();
            var last = a.parameters().Last();
            last.view(-1)[-1] = last.view(-1)[-1] + 1e-6f;
        }

        Assert.NotEqual(before, WeightsHash.Of(a));
    }

    [Fact]
    public void ACloneIsEqualAndApart()
    {
        using var model = TinyModel.Of(TinyModel.Config(2), 2);
        using var copy = model.Clone();
        Assert.Equal(WeightsHash.Of(model), WeightsHash.Of(copy));
        Assert.Equal(model.training, copy.training);
        using (no_grad())
        {
            using var scope = NewDisposeScope();
            copy.parameters().First().fill_(1);
        }

        Assert.NotEqual(WeightsHash.Of(model), WeightsHash.Of(copy));
    }

    [Fact]
    public void TheFirstLayersAreTakenAndTheRestKept()
    {
        var config = TinyModel.Config(4) with { LayerCount = 3 };
        using var source = TinyModel.Of(config, 4);
        using var target = TinyModel.Of(config with { VocabularySize = config.VocabularySize + 2 }, 5);
        using var before = target.Clone();
        target.CopyFirstLayersFrom(source, 2);
        using var scope = NewDisposeScope();
        var sources = source.named_parameters().ToDictionary(entry => entry.name, entry => entry.parameter);
        var old = before.named_parameters().ToDictionary(entry => entry.name, entry => entry.parameter);
        foreach (var (name, parameter) in target.named_parameters())
        {
            var taken = name.StartsWith('w') || name.StartsWith("h.0.") || name.StartsWith("h.1.");
            var expected = taken ? name == "wte.weight" ? cat([sources[name], old[name].narrow(0, config.VocabularySize, 2)], 0) : sources[name] : old[name];
            Assert.Equal(0, Tolerance.MaxDifference(expected, parameter));
        }
    }

    [Fact]
    public void LayersOfAnotherWidthCannotBeTaken()
    {
        using var source = TinyModel.Of(TinyModel.Config(4) with { EmbeddingSize = 8, HeadCount = 2 }, 4);
        using var target = TinyModel.Of(TinyModel.Config(4) with { EmbeddingSize = 16, HeadCount = 2 }, 4);
        Assert.Contains("wte.weight", Assert.Throws<ArgumentException>(() => target.CopyFirstLayersFrom(source, 1)).Message);
    }

    [Fact]
    public void BFloat16WeightsRunTrainAndGenerateOnTheCpu()
    {
        var config = TinyModel.Config(5) with { Attention = [new DenseAttention(), new LocalAttention(3)], LayerCount = 2, ContextLength = 12, EmbeddingSize = 16, HeadCount = 2 };
        using var exact = TinyModel.Of(config, 5);
        using var model = TinyModel.Of(config, 5);
        model.to(ScalarType.BFloat16);
        using var scope = NewDisposeScope();
        var tokens = TinyModel.Tokens([0, 1, 2, 3, 4, 0, 1, 2]);
        Assert.Equal(ScalarType.BFloat16, model.call(tokens).dtype);
        var loss = model.Loss(tokens, tokens);
        Assert.Equal(ScalarType.Float32, loss.dtype);
        Assert.Equal(exact.Loss(tokens, tokens).item<float>(), loss.item<float>(), 0.1);
        loss.backward();
        Assert.All(model.parameters(), parameter => Assert.Equal(ScalarType.BFloat16, parameter.grad!.dtype));
        using var language = new GptLanguageModel(model, "bf16", "");
        Assert.Equal(4, language.Generate([new([1, 2], new() { MaxNewTokenCount = 4 })])[0].Tokens.Length);
    }

    [Fact]
    public void ATextLongerThanTheContextIsRefused()
    {
        using var model = TinyModel.Of(TinyModel.Config(6) with { ContextLength = 4 }, 6);
        using var scope = NewDisposeScope();
        Assert.Contains("T ≤ 4", Assert.Throws<ArgumentException>(() => model.call(TinyModel.Tokens([0, 0, 0, 0, 0]))).Message);
    }

    [Fact]
    public void StudyingAModelLeavesNoTensorBehind()
    {
        using var model = TinyModel.Of(TinyModel.Config(7), 7);
        TensorLeak.None(() =>
        {
            using var scope = NewDisposeScope();
            model.call(TinyModel.Tokens([0, 1]));
            Assert.Equal(model.Config.LayerCount + 1, model.HiddenStates(TinyModel.Tokens([0, 1])).Count);
            Assert.Equal(model.Config.LayerCount, model.Attentions(TinyModel.Tokens([0, 1])).Count);
        });
        TensorLeak.None(() => WeightsHash.Of(model));
        TensorLeak.None(() => model.Clone().Dispose());
    }
}
