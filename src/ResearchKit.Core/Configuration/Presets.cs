namespace ResearchKit.Core.Configuration;

/// <summary>Published model configurations by name, and the small ones made here.</summary>
public static class Presets
{
    /// <summary>Band of GPT-3's local layers where none is given. The paper does not publish it; 256 including self is GPT-Neo's, the only public stand-in.</summary>
    public const int AssumedGpt3Window = 256;

    /// <summary>At width 192 (the minis are 240 wide), associative recall (1,024 tokens an update) reached within 500 updates the loss that the papers' 0.02 reached in 800.</summary>
    private const double MiniInitializerRange = 0.06;

    private static readonly AttentionPattern[] Dense = [new DenseAttention()];

    private static readonly Dictionary<string, Preset> All = new Preset[]
    {
        new("gpt1", Gpt1(12, 12, 768), "Radford et al. 2018 §4.1"),
        new("gpt2-small", Gpt2(12, 12, 768), "Radford et al. 2019 Table 2 (printed 117M; released as 124M), heads from the release's hparams.json"),
        new("gpt2-medium", Gpt2(24, 16, 1024), "Radford et al. 2019 Table 2 (printed 345M; released as 355M)"),
        new("gpt2-large", Gpt2(36, 20, 1280), "Radford et al. 2019 Table 2 (printed 762M; released as 774M)"),
        new("gpt2-xl", Gpt2(48, 25, 1600), "Radford et al. 2019 Table 2 (printed 1542M; released as 1.5B)"),
        Gpt3("gpt3-small", 12, 12, 768, "125M"),
        Gpt3("gpt3-medium", 24, 16, 1024, "350M"),
        Gpt3("gpt3-large", 24, 16, 1536, "760M"),
        Gpt3("gpt3-xl", 24, 16, 2048, "1.3B",
            "Table 2.1 prints 24 heads of 128, but 24 x 128 = 3072 is not d_model 2048; Table D.1's 1,320M parameters fit an attention width of 2048 (1,315.7M), "
            + "not 3072 (1,517M). Taken here: 16 heads of 128. The printed row is the preset gpt3-xl-as-printed, which fails validation."),
        Gpt3("gpt3-2.7b", 32, 32, 2560, "2.7B"),
        Gpt3("gpt3-6.7b", 32, 32, 4096, "6.7B"),
        Gpt3("gpt3-13b", 40, 40, 5120, "13.0B",
            "Table 2.1 prints d_model 5140, but 40 heads of 128 make 5120, and only 5120 gives Table D.1's 12,850M parameters. Taken here: 5120. "
            + "The printed row is the preset gpt3-13b-as-printed, which fails validation."),
        Gpt3("gpt3-175b", 96, 96, 12288, "175.0B"),
        Gpt3("gpt3-xl-as-printed", 24, 24, 2048, "1.3B", "The row as printed cannot be right: 24 heads of 128 need an attention width of 3072, d_model is 2048. Use gpt3-xl."),
        Gpt3("gpt3-13b-as-printed", 40, 40, 5140, "13.0B", "The row as printed cannot be right: d_model 5140 is not 40 heads of 128 (5120). Use gpt3-13b."),
        new("gpt-neo-125m", GptNeo(12, 12, 768), "EleutherAI GPT-Neo 125M config.json"),
        new("gpt-neo-1.3b", GptNeo(24, 16, 2048), "EleutherAI GPT-Neo 1.3B config.json"),
        new("gpt-neo-2.7b", GptNeo(32, 20, 2560), "EleutherAI GPT-Neo 2.7B config.json"),
        new("gpt1-mini", Mini(Gpt1(4, 6, 240).WithDropout(0)), "GPT-1's block at mini size; dropout 0 because it sees no token twice"),
        new("gpt2-mini", Mini(Gpt2(4, 6, 240)), "GPT-2's block at mini size"),
        new("gpt3-mini", Mini(Gpt2(4, 6, 240)) with { Attention = [new DenseAttention(), new LocalAttention(64)] }, "GPT-3's alternation of dense and banded layers at mini size, window 64 = n_ctx / 4"),
    }.ToDictionary(preset => preset.Name, StringComparer.OrdinalIgnoreCase);

    /// <summary>All names, in reading order.</summary>
    public static IEnumerable<string> Names => All.Keys;

    /// <summary>Whether a preset of this name exists (case does not matter).</summary>
    public static bool Contains(string name) => All.ContainsKey(name);

    /// <summary>A preset by name; not validated, since two rows of GPT-3's Table 2.1 are kept as printed.</summary>
    /// <exception cref="ConfigException">No such preset.</exception>
    public static Preset Get(string name) => All.TryGetValue(name, out var preset)
        ? preset
        : throw new ConfigException($"There is no model preset `{name}`. Presets: {string.Join(", ", Names)}. For a model folder give its path.");

    private static ModelConfig Gpt1(int layers, int heads, int width) => new ModelConfig()
    {
        LayerCount = layers, HeadCount = heads, EmbeddingSize = width, ContextLength = 512, VocabularySize = 40_478,
        Norm = NormPlacement.Post, Initialization = Initialization.Gpt1,
    }.WithDropout(0.1);

    private static ModelConfig Gpt2(int layers, int heads, int width) => new()
    {
        LayerCount = layers, HeadCount = heads, EmbeddingSize = width, ContextLength = 1024, VocabularySize = 50_257, Attention = Dense,
    };

    private static Preset Gpt3(string name, int layers, int heads, int width, string printed, string? note = null) => new(
        name,
        Gpt2(layers, heads, width) with { ContextLength = 2048, Attention = [new DenseAttention(), new LocalAttention(AssumedGpt3Window)] },
        $"Brown et al. 2020 Table 2.1 (printed {printed})")
    {
        Note = string.Join(" ", new[]
        {
            note,
            $"Band width {AssumedGpt3Window} and dense-first order are assumptions (GPT-Neo's): the paper publishes neither.",
        }.Where(text => text is not null)),
    };

    private static ModelConfig GptNeo(int layers, int heads, int width) => Gpt2(layers, heads, width) with
    {
        ContextLength = 2048, Attention = [new DenseAttention(), new LocalAttention(256)], ScaleAttention = false, QueryKeyValueBias = false,
    };

    /// <summary>What a model needs that is to learn something from ten million tokens.</summary>
    private static ModelConfig Mini(ModelConfig config) => config with
    {
        ContextLength = 256, VocabularySize = 2048, InitializerRange = MiniInitializerRange, PositionInitialization = PositionInitialization.Sinusoidal,
    };
}

/// <summary>A named configuration and where it comes from.</summary>
/// <param name="Name">Name of the preset.</param>
/// <param name="Config">The configuration.</param>
/// <param name="Source">Paper and table.</param>
public sealed record Preset(string Name, ModelConfig Config, string Source)
{
    /// <summary>Assumptions and misprints worth knowing; null where there are none.</summary>
    public string? Note { get; init; }
}
