using ResearchKit.Core.Configuration;
using ResearchKit.Core.Random;
using static TorchSharp.torch;

namespace ResearchKit.Models.Tests;

/// <summary>Random small models of every kind: L ≤ 3, H ≤ 4, n_ctx ≤ 24, V ≤ 40.</summary>
internal static class TinyModel
{
    public static ModelConfig Config(int seed)
    {
        var random = new CounterRandom(seed, "tiny configuration");
        var heads = random.Next(1, 5);
        return new ModelConfig
        {
            LayerCount = random.Next(1, 4),
            HeadCount = heads,
            EmbeddingSize = heads * random.Pick([2, 4, 8]),
            ContextLength = random.Next(4, 25),
            VocabularySize = random.Next(5, 41),
            InnerSize = random.Pick([(int?)null, 24]),
            Norm = random.Pick([NormPlacement.Pre, NormPlacement.Post]),
            Activation = random.Pick([Activation.GeluTanh, Activation.GeluErf]),
            ScaleAttention = random.Next(3) > 0,
            QueryKeyValueBias = random.Next(3) > 0,
            Attention = [.. Enumerable.Range(0, random.Next(1, 4)).Select(_ => Pattern(random))],
        }.Validated();
    }

    public static AttentionPattern Pattern(CounterRandom random)
    {
        var stride = random.Next(1, 9);
        var use = random.Pick([FactorUse.Merged, FactorUse.First, FactorUse.Second]);
        var summary = random.Next(1, stride + 1);
        return random.Next(6) switch
        {
            0 => new DenseAttention(),
            1 or 2 => new LocalAttention(stride),
            3 => new StridedAttention(stride, use),
            4 => CustomAttention.Define($"every {stride} and the first", (query, key) => (query - key) % stride == 0 || key == 0),
            _ => new FixedAttention(stride, summary, use, random.Next(1, stride / summary + 1)),
        };
    }

    /// <summary>A model whose weights are large enough that every term matters.</summary>
    public static Gpt Of(ModelConfig config, int seed)
    {
        var model = new Gpt(config, seed);
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        using var generator = new Generator((ulong)(uint)seed, CPU);
        foreach (var (name, parameter) in model.named_parameters())
        {
            var gain = name.Contains("ln_") && name.EndsWith("weight") ? 1.0 : 0.0;
            parameter.copy_(randn(parameter.shape, generator: generator).mul_(0.25).add_(gain));
        }

        model.eval();
        return model;
    }

    public static int[] Ids(CounterRandom random, ModelConfig config, int count) => [.. Enumerable.Range(0, count).Select(_ => random.Next(config.VocabularySize))];

    public static Tensor Tokens(params int[][] rows) => tensor(rows.SelectMany(row => row.Select(id => (long)id)).ToArray(), rows.Length, rows[0].Length);
}
