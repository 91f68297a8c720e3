using System.Text.Json;
using FsCheck.Xunit;
using ResearchKit.Core.Configuration;
using ResearchKit.Core.Random;

namespace ResearchKit.Core.Tests.Configuration;

public class ModelSizeTests
{
    private static readonly JsonElement Published = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(GoldenFolder(), "published-configs.json"))).RootElement;

    public static TheoryData<string> Models => [.. Published.GetProperty("models").EnumerateObject().Select(model => model.Name)];

    public static TheoryData<string> Gpt3Rows => [.. Published.GetProperty("gpt3_table_2_1").EnumerateArray().Select(row => row.GetProperty("name").GetString()!)];

    [Theory]
    [MemberData(nameof(Models))]
    public void ParametersEqualThePublishedModels(string name)
    {
        var json = Published.GetProperty("models").GetProperty(name);
        int Int(params string[] keys) => json.GetProperty(keys.First(key => json.TryGetProperty(key, out _))).GetInt32();
        var neo = json.TryGetProperty("attention_types", out _);
        var config = new ModelConfig
        {
            LayerCount = Int("n_layer", "num_layers"),
            HeadCount = Int("n_head", "num_heads"),
            EmbeddingSize = Int("n_embd", "hidden_size"),
            ContextLength = Int("n_positions", "max_position_embeddings"),
            VocabularySize = Int("vocab_size"),
            InnerSize = json.TryGetProperty("n_inner", out var inner) ? inner.GetInt32() : null,
            Norm = json.TryGetProperty("afn", out _) ? NormPlacement.Post : NormPlacement.Pre,
            QueryKeyValueBias = !neo,
        }.Validated();
        Assert.Equal(json.GetProperty("parameters").GetInt64(), ModelSize.Of(config).Parameters);
        Assert.Equal(config.ParameterCount, ModelSize.Of(config).Parameters);
    }

    [Theory]
    [MemberData(nameof(Gpt3Rows))]
    public void ParametersEqualTheFormulaOnGpt3sTable(string name)
    {
        var row = Published.GetProperty("gpt3_table_2_1").EnumerateArray().Single(row => row.GetProperty("name").GetString() == name);
        var config = new ModelConfig
        {
            LayerCount = row.GetProperty("n_layers").GetInt32(),
            HeadCount = row.GetProperty("n_heads").GetInt32(),
            EmbeddingSize = row.GetProperty("d_model").GetInt32(),
            ContextLength = row.GetProperty("n_ctx").GetInt32(),
            VocabularySize = row.GetProperty("vocab_size").GetInt32(),
        };
        Assert.Equal(row.GetProperty("parameters_gpt2_architecture").GetInt64(), ModelSize.Of(config).Parameters);
    }

    // Brown et al. 2020 Table D.1: nominal parameters in millions and training flops for 300B tokens.
    [Theory]
    [InlineData("gpt3-small", 125, 2.25e20)]
    [InlineData("gpt3-medium", 356, 6.41e20)]
    [InlineData("gpt3-large", 760, 1.37e21)]
    [InlineData("gpt3-xl", 1320, 2.38e21)]
    [InlineData("gpt3-2.7b", 2650, 4.77e21)]
    [InlineData("gpt3-6.7b", 6660, 1.20e22)]
    [InlineData("gpt3-13b", 12850, 2.31e22)]
    [InlineData("gpt3-175b", 174600, 3.14e23)]
    public void TheEstimateReproducesTableD1(string preset, double millions, double flops)
    {
        var size = ModelSize.Of(Presets.Get(preset).Config);
        Assert.InRange(size.Parameters / 1e6 / millions, 0.995, 1.005);
        Assert.InRange(size.TrainingFlopsEstimate(300e9) / flops, 0.99, 1.01);
        // Counting multiply-adds one by one differs from 6 N D by embeddings, which multiply nothing, and attention: a few per cent for large models.
        if (millions > 6000) Assert.InRange(size.TrainingFlopsPerToken(2048) / (6.0 * size.Parameters), 0.97, 1.05);
    }

    [Property(MaxTest = 200)]
    public void KeysPerQueryEqualsCountingTheMask(int seed)
    {
        var random = new CounterRandom(seed, "keys");
        var (stride, T, heads) = (random.Next(1, 10), random.Next(1, 40), random.Next(1, 6));
        var summary = random.Next(1, stride + 1);
        var use = random.Pick([FactorUse.Merged, FactorUse.First, FactorUse.Second]);
        AttentionPattern pattern = random.Next(5) switch
        {
            0 => new DenseAttention(),
            1 => new LocalAttention(stride),
            2 => CustomAttention.Define($"multiples of {stride}", (_, key) => key % stride == 0),
            3 => new StridedAttention(stride, use),
            _ => new FixedAttention(stride, summary, use, random.Next(1, stride / summary + 1)),
        };
        var count = 0;
        for (var h = 0; h < heads; h++)
        {
            for (var i = 0; i < T; i++)
            {
                for (var j = 0; j < T; j++) count += pattern.Allows(h, i, j) ? 1 : 0;
            }
        }

        Assert.Equal((double)count / heads / T, ModelSize.KeysPerQuery(pattern, T, heads), 1e-9);
    }

    [Fact]
    public void Gpt2SmallNeedsWhatItNeeds()
    {
        var size = ModelSize.Of(Presets.Get("gpt2-small").Config);
        Assert.Equal(50257L * 768, size.TokenEmbedding);
        Assert.Equal(124_439_808L * 4, size.WeightBytes());
        Assert.Equal(124_439_808L * 12, size.GradientBytes + size.OptimizerBytes);
        Assert.Equal(2L * 12 * 768 * 1024 * 4, size.CacheBytes(1, 1024));
        // 12 layers of 2 (4 C² + 2 C F) + 4 C (T + 1) / 2, and 2 V C.
        Assert.Equal(2.0 * (12 * 12 * 768 * 768 + 50257.0 * 768) + 12 * 4 * 768 * 512.5, size.ForwardFlopsPerToken(1024));
    }

    [Fact]
    public void AlternatingBandsHalveTheCacheOfLongTexts()
    {
        var banded = Presets.Get("gpt3-175b").Config;
        var dense = banded with { Attention = [new DenseAttention()] };
        Assert.Equal((2048.0 + 256) / (2 * 2048), (double)ModelSize.Of(banded).CacheBytes(1, 2048) / ModelSize.Of(dense).CacheBytes(1, 2048), 1e-9);
    }

    [Fact]
    public void RecomputationKeepsLessThanAThirdOfTheActivations()
    {
        var size = ModelSize.Of(Presets.Get("gpt2-small").Config);
        Assert.True(size.ActivationBytes(4, 1024, recompute: true) * 3 < size.ActivationBytes(4, 1024));
    }

    private static string GoldenFolder()
    {
        if (Environment.GetEnvironmentVariable("RESEARCHKIT_GOLDEN") is { Length: > 0 } named) return named;
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !Directory.Exists(Path.Combine(folder.FullName, "tests", "golden"))) folder = folder.Parent;
        return Path.Combine(folder?.FullName ?? throw new DirectoryNotFoundException("tests/golden was not found; set RESEARCHKIT_GOLDEN."), "tests", "golden");
    }
}
