using System.Text.Json.Serialization;

namespace ResearchKit.Core.Configuration;

/// <summary>One immutable description of every model of the kit: GPT-1, GPT-2, GPT-3-style, GPT-Neo and Cerebras-GPT.</summary>
/// <remarks>JSON keys are OpenAI's <c>hparams.json</c> names where one exists. Defaults are GPT-2's (Radford et al. 2019 §2.3).</remarks>
public sealed record ModelConfig
{
    /// <summary>Layers L, at least 1.</summary>
    [JsonPropertyName("n_layer")] public required int LayerCount { get; init; }

    /// <summary>Heads H per layer; must divide <see cref="EmbeddingSize"/>.</summary>
    [JsonPropertyName("n_head")] public required int HeadCount { get; init; }

    /// <summary>Residual width C (d_model).</summary>
    [JsonPropertyName("n_embd")] public required int EmbeddingSize { get; init; }

    /// <summary>Context length in tokens, n_ctx.</summary>
    [JsonPropertyName("n_ctx")] public required int ContextLength { get; init; }

    /// <summary>Vocabulary size V.</summary>
    [JsonPropertyName("n_vocab")] public required int VocabularySize { get; init; }

    /// <summary>Feed-forward width F; null (default) means 4 · C, as in all three papers.</summary>
    [JsonPropertyName("n_inner")] public int? InnerSize { get; init; }

    /// <summary>Where LayerNorm stands. Default pre (GPT-2); GPT-1 is post and has no final LayerNorm.</summary>
    [JsonPropertyName("norm")] public NormPlacement Norm { get; init; } = NormPlacement.Pre;

    /// <summary>Activation of the feed-forward layer. Default the tanh form of GELU (all OpenAI releases).</summary>
    [JsonPropertyName("activation")] public Activation Activation { get; init; } = Activation.GeluTanh;

    /// <summary>Attention patterns, repeated over the layers: layer i takes entry i mod count. Default one dense entry.</summary>
    [JsonPropertyName("attention")] public IReadOnlyList<AttentionPattern> Attention { get; init; } = [new DenseAttention()];

    /// <summary>Whether scores are divided by √(head size). Default true; GPT-Neo does not.</summary>
    [JsonPropertyName("scale_attention")] public bool ScaleAttention { get; init; } = true;

    /// <summary>Whether query, key and value projections have biases. Default true; GPT-Neo has none.</summary>
    [JsonPropertyName("qkv_bias")] public bool QueryKeyValueBias { get; init; } = true;

    /// <summary>ε inside LayerNorm's square root. Default 1e-5.</summary>
    [JsonPropertyName("layer_norm_epsilon")] public double LayerNormEpsilon { get; init; } = 1e-5;

    /// <summary>Dropout probability after the embedding sum, [0, 1). GPT-1: 0.1; GPT-2 and GPT-3 do not state one (0).</summary>
    [JsonPropertyName("embd_pdrop")] public double EmbeddingDropoutProbability { get; init; }

    /// <summary>Dropout probability on attention weights, [0, 1).</summary>
    [JsonPropertyName("attn_pdrop")] public double AttentionDropoutProbability { get; init; }

    /// <summary>Dropout probability at the end of both residual branches, [0, 1).</summary>
    [JsonPropertyName("resid_pdrop")] public double ResidualDropoutProbability { get; init; }

    /// <summary>How weights are drawn. Default GPT-2's.</summary>
    [JsonPropertyName("initialization")] public Initialization Initialization { get; init; } = Initialization.Gpt2;

    /// <summary>Standard deviation that <see cref="Initialization"/> draws from, above 0. Default 0.02, as in all three papers. The mini presets take 0.06: at width 192 associative recall was learned faster with it.</summary>
    [JsonPropertyName("initializer_range")] public double InitializerRange { get; init; } = 0.02;

    /// <summary>How the learned position table starts. Default random, as in all three papers.</summary>
    [JsonPropertyName("position_initialization")] public PositionInitialization PositionInitialization { get; init; } = PositionInitialization.Normal;

    /// <summary>Width of one head, C / H.</summary>
    [JsonIgnore] public int HeadSize => EmbeddingSize / HeadCount;

    /// <summary>Feed-forward width F.</summary>
    [JsonIgnore] public int FeedForwardSize => InnerSize ?? 4 * EmbeddingSize;

    /// <summary>Pattern of layer <paramref name="layer"/> (0-based).</summary>
    public AttentionPattern PatternAt(int layer) => Attention[layer % Attention.Count];

    /// <summary>Exact number of parameters, the tied output matrix counted once.</summary>
    [JsonIgnore] public long ParameterCount => ModelSize.Of(this).Parameters;

    /// <summary>Whether any of the three dropout probabilities is above 0.</summary>
    [JsonIgnore] public bool HasDropout => EmbeddingDropoutProbability > 0 || AttentionDropoutProbability > 0 || ResidualDropoutProbability > 0;

    /// <summary>The same model with one dropout probability in all three places.</summary>
    /// <param name="probability">[0, 1).</param>
    public ModelConfig WithDropout(double probability) =>
        this with { EmbeddingDropoutProbability = probability, AttentionDropoutProbability = probability, ResidualDropoutProbability = probability };

    /// <summary>Every problem as a sentence that names the key, the value and what is allowed; empty when valid.</summary>
    /// <param name="path">Prefix of the keys, such as <c>model.</c>.</param>
    public IReadOnlyList<string> Problems(string path = "")
    {
        var problems = new List<string>();
        void AtLeastOne(int value, string key)
        {
            if (value < 1) problems.Add($"`{path}{key}` ({value}) must be at least 1.");
        }

        AtLeastOne(LayerCount, "n_layer");
        AtLeastOne(HeadCount, "n_head");
        AtLeastOne(EmbeddingSize, "n_embd");
        AtLeastOne(ContextLength, "n_ctx");
        AtLeastOne(VocabularySize, "n_vocab");
        if (InnerSize is < 1) problems.Add($"`{path}n_inner` ({InnerSize}) must be at least 1, or absent for 4 · n_embd.");
        if (HeadCount >= 1 && EmbeddingSize >= 1 && EmbeddingSize % HeadCount != 0)
        {
            problems.Add($"`{path}n_head` ({HeadCount}) must divide `{path}n_embd` ({EmbeddingSize}); nearest divisors: {NearestDivisors(EmbeddingSize, HeadCount)}.");
        }

        foreach (var (key, value) in new[] { ("embd_pdrop", EmbeddingDropoutProbability), ("attn_pdrop", AttentionDropoutProbability), ("resid_pdrop", ResidualDropoutProbability) })
        {
            if (!(value >= 0 && value < 1)) problems.Add($"`{path}{key}` ({value}) must lie in [0, 1).");
        }

        if (!(InitializerRange > 0 && double.IsFinite(InitializerRange))) problems.Add($"`{path}initializer_range` ({InitializerRange}) must be above 0; the papers use 0.02.");
        if (!(LayerNormEpsilon > 0 && double.IsFinite(LayerNormEpsilon))) problems.Add($"`{path}layer_norm_epsilon` ({LayerNormEpsilon}) must be above 0; the papers use 1e-5.");
        if (Attention is null || Attention.Count == 0) problems.Add($"`{path}attention` must name at least one pattern, for example [{{\"kind\": \"dense\"}}].");
        else
        {
            for (var i = 0; i < Attention.Count; i++)
            {
                if (Attention[i] is null) problems.Add($"`{path}attention[{i}]` is null; it must be an object with a `kind`, for example {{\"kind\": \"dense\"}}.");
                else problems.AddRange(Attention[i].Problems().Select(problem => $"`{path}attention[{i}]`: {problem}"));
            }
        }

        return problems;
    }

    /// <summary>The two divisors of a number that are nearest to a wanted one.</summary>
    internal static string NearestDivisors(int number, int wanted) => string.Join(", ",
        Enumerable.Range(1, (int)Math.Sqrt(number)).Where(divisor => number % divisor == 0).SelectMany(divisor => new[] { divisor, number / divisor })
            .Distinct().OrderBy(divisor => Math.Abs(divisor - wanted)).Take(2).Order());

    /// <summary>Returns this configuration, or throws with every problem.</summary>
    /// <exception cref="ConfigException">The configuration is impossible.</exception>
    public ModelConfig Validated(string source = "model configuration") =>
        Problems() is { Count: > 0 } problems ? throw new ConfigException(source, problems) : this;

    /// <summary>Value equality, attention lists compared by their entries.</summary>
    public bool Equals(ModelConfig? other) =>
        other is not null && LayerCount == other.LayerCount && HeadCount == other.HeadCount && EmbeddingSize == other.EmbeddingSize
        && ContextLength == other.ContextLength && VocabularySize == other.VocabularySize && InnerSize == other.InnerSize && Norm == other.Norm
        && Activation == other.Activation && Attention.SequenceEqual(other.Attention) && ScaleAttention == other.ScaleAttention
        && QueryKeyValueBias == other.QueryKeyValueBias && LayerNormEpsilon.Equals(other.LayerNormEpsilon)
        && EmbeddingDropoutProbability.Equals(other.EmbeddingDropoutProbability) && AttentionDropoutProbability.Equals(other.AttentionDropoutProbability)
        && ResidualDropoutProbability.Equals(other.ResidualDropoutProbability) && Initialization == other.Initialization && InitializerRange.Equals(other.InitializerRange)
        && PositionInitialization == other.PositionInitialization;

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(LayerCount, HeadCount, EmbeddingSize, ContextLength, VocabularySize, InnerSize, Norm, Attention.Count);
}

/// <summary>Where LayerNorm stands in a block.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<NormPlacement>))]
public enum NormPlacement
{
    /// <summary><c>x + f(LN(x))</c>, and a final LayerNorm (GPT-2 §2.3).</summary>
    [JsonStringEnumMemberName("pre")] Pre,

    /// <summary><c>LN(x + f(x))</c>, no final LayerNorm (GPT-1).</summary>
    [JsonStringEnumMemberName("post")] Post,
}

/// <summary>The two forms of GELU in published checkpoints.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<Activation>))]
public enum Activation
{
    /// <summary>0.5x(1 + tanh(√(2/π)(x + 0.044715x³))): GPT-1, GPT-2, GPT-Neo.</summary>
    [JsonStringEnumMemberName("gelu_tanh")] GeluTanh,

    /// <summary>x Φ(x): Cerebras-GPT.</summary>
    [JsonStringEnumMemberName("gelu_erf")] GeluErf,
}

/// <summary>Initial distributions by paper. Biases are 0 and LayerNorm gains 1 in all of them.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<Initialization>))]
public enum Initialization
{
    /// <summary>N(0, 0.02) for every matrix (Radford et al. 2018 §4.1); 0.02 stands for initializer_range here and below.</summary>
    [JsonStringEnumMemberName("gpt1")] Gpt1,

    /// <summary>N(0, 0.02), and 0.02/√(2L) for both residual projections: "1/√N where N is the number of residual layers", read as two per block (Radford et al. 2019 §2.3).</summary>
    [JsonStringEnumMemberName("gpt2")] Gpt2,

    /// <summary>As the released GPT-2 code: N(0, 0.02), positions N(0, 0.01), residual projections not scaled.</summary>
    [JsonStringEnumMemberName("gpt2_code")] Gpt2Code,

    /// <summary>N(0, 0.125/√d_in), residual projections scaled by 1/√(2L) (Child et al. 2019 §5.2). The paper's zero output matrix cannot hold with tied embeddings, which take 0.125/√C.</summary>
    [JsonStringEnumMemberName("sparse_transformer")] SparseTransformer,
}

/// <summary>Start of the learned position table.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<PositionInitialization>))]
public enum PositionInitialization
{
    /// <summary>Drawn as <see cref="Initialization"/> says.</summary>
    [JsonStringEnumMemberName("normal")] Normal,

    /// <summary>The sines and cosines of Vaswani et al. 2017 §3.5, scaled to a root mean square of initializer_range; they are trained from there on.
    /// Attending "n tokens back" is then one linear map for all positions instead of one fact per position, which a briefly trained model has no time to learn.</summary>
    [JsonStringEnumMemberName("sinusoidal")] Sinusoidal,
}
