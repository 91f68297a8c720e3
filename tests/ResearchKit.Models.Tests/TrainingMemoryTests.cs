using ResearchKit.Core.Configuration;
using ResearchKit.Testing;
using static TorchSharp.torch;

namespace ResearchKit.Models.Tests;

/// <summary>What a forward and a backward pass hold at most, counted in bytes that libtorch has in use.</summary>
public class TrainingMemoryTests
{
    [Fact]
    public void RecomputedBlocksSaveTheirActivations()
    {
        // State is small here (9 MB of weights, 9 MB of gradients) and activations are large.
        var (config, B, T) = (Config(layers: 8, width: 160, vocabulary: 300), 4, 512);
        var size = ModelSize.Of(config);
        var (plain, recomputed) = (Peak(config, B, T, recompute: false), Peak(config, B, T, recompute: true));
        var saved = size.ActivationBytes(B, T) - size.ActivationBytes(B, T, recompute: true);
        Assert.True(plain - recomputed > 0.85 * saved, $"{plain} bytes without, {recomputed} with recomputation; the formula saves {saved}");
        Assert.True(recomputed < 1.25 * (size.GradientBytes + size.ActivationBytes(B, T, recompute: true)), $"{recomputed}");
    }

    [Fact]
    public void TheTiedEmbeddingHasOneGradient()
    {
        // 51 MB of embedding, little else: every further [V, C] tensor would show.
        var config = Config(layers: 1, width: 256, vocabulary: 50_000);
        var size = ModelSize.Of(config);
        var needed = size.GradientBytes + size.ActivationBytes(1, 64);
        var peak = Peak(config, 1, 64, recompute: false);
        Assert.True(peak < needed + 0.25 * 4 * size.TokenEmbedding, $"{peak} bytes, needed {needed}");
    }

    /// <summary>Peak of one loss and its gradients, above weights and inputs.</summary>
    private static long Peak(ModelConfig config, int B, int T, bool recompute)
    {
        using var model = new Gpt(config) { RecomputesBlocks = recompute };
        model.train();
        using var tokens = randint(0, config.VocabularySize, [B, T], dtype: ScalarType.Int64);
        return NativeHeap.PeakOf(() =>
        {
            using var scope = NewDisposeScope();
            model.Loss(tokens, tokens).backward();
        });
    }

    private static ModelConfig Config(int layers, int width, int vocabulary) =>
        Presets.Get("gpt2-small").Config with { LayerCount = layers, EmbeddingSize = width, HeadCount = 4, ContextLength = 512, VocabularySize = vocabulary };
}
