using ResearchKit.Core.Configuration;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace ResearchKit.Models;

/// <summary>The forward pass for one token of one text behind its cache: <see cref="Gpt.Hidden(Tensor)"/> once more, in plain loops over memory.</summary>
/// <remarks>
/// Decoding one text is limited by reading the weights once a token. Through libtorch a token of GPT-2 124M makes hundreds of calls on rows of 768 numbers, which took a tenth of the time of the products;
/// here a layer is four products. The modules' own pass is the oracle: reading a text in pieces equals reading it at once.
/// </remarks>
internal static unsafe class SingleTokenForward
{
    /// <summary>Whether this pass can stand in for a model's own: float32 weights on the CPU, tanh GELU, and layers whose newest query sees all that they cache (dense ones and bands).</summary>
    public static bool Supports(Gpt model)
    {
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        var config = model.Config;
        return config.Activation == Activation.GeluTanh && model.parameters().All(MatrixVector.IsPlain)
            && Enumerable.Range(0, config.LayerCount).All(layer => AttentionKernels.Simplest(config.PatternAt(layer)) is DenseAttention or LocalAttention);
    }

    /// <summary>Final hidden state; the token's keys and values are written to the cache, which the caller advances.</summary>
    /// <param name="model">A model that is <see cref="Supports">supported</see>, without dropout.</param>
    /// <param name="cache">What was read before, with room for one more.</param>
    /// <param name="token">Id.</param>
    /// <returns>[1, 1, C].</returns>
    public static Tensor Hidden(Gpt model, KeyValueCache cache, int token)
    {
        using var scope = NewDisposeScope();
        var config = model.Config;
        int C = config.EmbeddingSize, position = cache.Lengths[0];
        var workspace = empty(6 * C + config.FeedForwardSize);
        float* x = MatrixVector.Address(workspace), normed = x + C, qkv = normed + C, attended = qkv + 3 * C, inner = attended + C;
        float* embedding = MatrixVector.Address(model.TokenEmbedding) + (long)token * C, place = MatrixVector.Address(model.PositionEmbedding) + (long)position * C;
        for (var i = 0; i < C; i++) x[i] = embedding[i] + place[i];
        for (var layer = 0; layer < config.LayerCount; layer++)
        {
            var block = model.BlockWeights(layer);
            var input = Before(block.AttentionNorm);
            Affine(block.QueryKeyValue, input, qkv, MatrixVector.Epilogue.Store);
            Attend(cache.Layer(layer), position, qkv, config, attended);
            Affine(block.AttentionOutput, attended, x, MatrixVector.Epilogue.Add);
            After(block.AttentionNorm);
            input = Before(block.FeedForwardNorm);
            Affine(block.Expand, input, inner, MatrixVector.Epilogue.Gelu);
            Affine(block.Contract, inner, x, MatrixVector.Epilogue.Add);
            After(block.FeedForwardNorm);
        }

        if (model.FinalNorm is { } final) Normalize(final, x);
        return workspace.narrow(0, 0, C).view(1, 1, C).clone().MoveToOuterDisposeScope();

        void Affine(Linear map, float* from, float* to, MatrixVector.Epilogue epilogue) => MatrixVector.Affine(from, map.weight!, model.Rounded(map), map.bias, to, epilogue);

        // Pre-norm: x + f(LN(x)). Post-norm: LN(x + f(x)).
        float* Before(LayerNorm norm) => config.Norm == NormPlacement.Pre ? Normalize(norm, normed) : x;
        void After(LayerNorm norm)
        {
            if (config.Norm == NormPlacement.Post) Normalize(norm, x);
        }

        float* Normalize(LayerNorm norm, float* y)
        {
            MatrixVector.Normalize(x, norm.weight!, norm.bias!, config.LayerNormEpsilon, y);
            return y;
        }
    }

    private static void Attend(Tensor stored, int position, float* qkv, ModelConfig config, float* y)
    {
        int H = config.HeadCount, D = config.HeadSize, slots = (int)stored.size(3);
        var memory = MatrixVector.Address(stored);                         // [2, 1, H, slots, D]
        for (var part = 0; part < 2; part++)
        {
            for (var h = 0; h < H; h++)
            {
                var fresh = new ReadOnlySpan<float>(qkv + (part + 1) * H * D + h * D, D);
                fresh.CopyTo(new Span<float>(memory + (((long)part * H + h) * slots + position % slots) * D, D));
            }
        }

        MatrixVector.Attend(qkv, stored, Math.Min(position + 1, slots), config.ScaleAttention, y);
    }
}

/// <summary>Modules of one block, by what they do.</summary>
internal readonly record struct BlockWeights(LayerNorm AttentionNorm, Linear QueryKeyValue, Linear AttentionOutput, LayerNorm FeedForwardNorm, Linear Expand, Linear Contract);
