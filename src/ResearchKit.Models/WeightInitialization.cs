using ResearchKit.Core.Configuration;
using TorchSharp;
using static TorchSharp.torch;

namespace ResearchKit.Models;

/// <summary>Draws initial weights by the papers' rules; see <see cref="Initialization"/> for each.</summary>
internal static class WeightInitialization
{
    /// <summary>Overwrites every parameter of <paramref name="model"/>. Weights are drawn from the CPU generator in name order, so a seed gives the same weights on every device.</summary>
    public static void Apply(Gpt model, long seed)
    {
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        using var generator = new Generator((ulong)seed, CPU);
        var config = model.Config;
        foreach (var (name, parameter) in model.named_parameters())
        {
            using var drawn = NewDisposeScope();                        // one matrix at a time: all of them would be a second copy of the model
            var isNorm = name.Contains("ln_", StringComparison.Ordinal);
            if (parameter.dim() == 1) parameter.fill_(isNorm && name.EndsWith("weight", StringComparison.Ordinal) ? 1.0 : 0.0);
            else if (name == "wpe.weight" && config.PositionInitialization == PositionInitialization.Sinusoidal) parameter.copy_(Sinusoids(config));
            else parameter.copy_(randn(parameter.shape, generator: generator).mul_(StandardDeviation(config, name, parameter)));
        }
    }

    /// <summary>[n_ctx, C]: sine and cosine of position / 10000^(2i/C) in columns 2i and 2i + 1.</summary>
    private static Tensor Sinusoids(ModelConfig config)
    {
        var amplitude = config.InitializerRange * Math.Sqrt(2);
        var table = new float[config.ContextLength * config.EmbeddingSize];
        for (var position = 0; position < config.ContextLength; position++)
        {
            for (var column = 0; column < config.EmbeddingSize; column++)
            {
                var angle = position / Math.Pow(10_000, (column - column % 2) / (double)config.EmbeddingSize);
                table[position * config.EmbeddingSize + column] = (float)(amplitude * (column % 2 == 0 ? Math.Sin(angle) : Math.Cos(angle)));
            }
        }

        return tensor(table, [config.ContextLength, config.EmbeddingSize]);
    }

    /// <summary>Standard deviation of one matrix.</summary>
    /// <param name="config">Names the rule.</param>
    /// <param name="name">Parameter name, such as <c>h.0.attn.c_proj.weight</c>.</param>
    /// <param name="matrix">[out, in].</param>
    private static double StandardDeviation(ModelConfig config, string name, Tensor matrix)
    {
        var residual = name.EndsWith("c_proj.weight", StringComparison.Ordinal) ? 1.0 / Math.Sqrt(2.0 * config.LayerCount) : 1.0;
        return config.Initialization switch
        {
            Initialization.Gpt1 => config.InitializerRange,
            Initialization.Gpt2 => config.InitializerRange * residual,
            Initialization.Gpt2Code => name == "wpe.weight" ? config.InitializerRange / 2 : config.InitializerRange,
            Initialization.SparseTransformer => 0.125 / Math.Sqrt(matrix.size(1)) * residual,
            _ => throw new ArgumentOutOfRangeException(nameof(config), config.Initialization, "Unknown initialisation."),
        };
    }
}
