using System.Text.Json;
using System.Text.Json.Nodes;
using ResearchKit.Core;
using ResearchKit.Core.Configuration;

namespace ResearchKit.Models.Checkpoints;

/// <summary>A model's <c>config.json</c>: the published keys of <c>openai-gpt</c>, <c>gpt2</c> and <c>gpt_neo</c>, and what they cannot say.</summary>
/// <remarks>
/// Two keys of our own in <c>gpt2</c> files, <c>attention_layers</c> and <c>window_size</c>, are spelt as GPT-Neo spells them.
/// What no published key expresses (other patterns, the initialisation) stands under <c>researchkit</c> as the exact <see cref="ModelConfig"/>.
/// A model that no published class computes has the <c>model_type</c> <c>researchkit</c>, so that public code refuses it instead of computing something else.
/// </remarks>
/// <param name="Config">The model.</param>
/// <param name="Family">How its weights are named.</param>
internal sealed record HuggingFaceConfig(ModelConfig Config, CheckpointFamily Family)
{
    public const string FileName = "config.json";

    private const string OwnKey = "researchkit";
    private const long MaxFileLength = 1 << 24;

    /// <exception cref="ConfigException">Lists every problem of the file.</exception>
    public static HuggingFaceConfig Read(string path) => ReadKeys(path, Parse);

    /// <summary>Opens a JSON object of bounded size and reads some of its keys; problems that were noted on the way are thrown together.</summary>
    public static T ReadKeys<T>(string path, Func<ConfigKeys, T> read)
    {
        using var file = MappedFile.Open(path);
        if (file.Length > MaxFileLength) throw new ConfigException($"{path}: {file.Length} bytes are no configuration; at most {MaxFileLength} are read.");
        try
        {
            using var document = JsonDocument.Parse(file.Read(0, (int)file.Length), new JsonDocumentOptions { AllowDuplicateProperties = false });
            var keys = new ConfigKeys(path, document.RootElement);
            var result = read(keys);
            keys.ThrowIfProblems();
            return result;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw new ConfigException($"{path}: not valid JSON ({e.Message}). A JSON object as in published models is expected.", e);
        }
    }

    private static HuggingFaceConfig Parse(ConfigKeys keys)
    {
        var type = keys.Text("model_type", null) ?? InferType(keys);
        var own = keys.Object(OwnKey) is { } text ? ConfigJson.Parse<ModelConfig>(text, $"{keys.Source}, `{OwnKey}`", problems: config => config.Problems()) : null;
        HuggingFaceConfig result = type switch
        {
            "openai-gpt" => new(OpenAIGpt(keys), CheckpointFamily.OpenAIGpt),
            "gpt2" => new(Gpt2(keys), CheckpointFamily.Gpt2),
            "gpt_neo" => new(GptNeo(keys), CheckpointFamily.GptNeo),
            OwnKey when own is not null => new(own, OwnFamily(own)),
            OwnKey => throw new ConfigException($"{keys.Source}: `model_type` is `{OwnKey}`, but the object `{OwnKey}` with the model's configuration is missing."),
            _ => throw new ConfigException($"{keys.Source}: `model_type` ({type ?? "missing"}) is not one of openai-gpt, gpt2, gpt_neo, {OwnKey}."),
        };
        keys.ThrowIfProblems();
        if (own is null) return result with { Config = result.Config.Validated(keys.Source) };

        // Someone may have edited one of the two descriptions: whatever decides shapes must agree.
        void MustAgree(string what, int published, int ours)
        {
            if (published != ours) keys.Problem($"{what} is {published} in the published keys and {ours} under `{OwnKey}`; delete the `{OwnKey}` object to follow the published keys.");
        }

        MustAgree("the number of layers", result.Config.LayerCount, own.LayerCount);
        MustAgree("the number of heads", result.Config.HeadCount, own.HeadCount);
        MustAgree("the width", result.Config.EmbeddingSize, own.EmbeddingSize);
        MustAgree("the context length", result.Config.ContextLength, own.ContextLength);
        MustAgree("the vocabulary size", result.Config.VocabularySize, own.VocabularySize);
        MustAgree("the feed-forward width", result.Config.FeedForwardSize, own.FeedForwardSize);
        MustAgree("post-norm", result.Config.Norm == NormPlacement.Post ? 1 : 0, own.Norm == NormPlacement.Post ? 1 : 0);
        keys.ThrowIfProblems();
        return result with { Config = own.Validated(keys.Source) };
    }

    private static string? InferType(ConfigKeys keys) => keys.FirstOf("architectures") switch
    {
        // The oldest published files have no model_type.
        { } name when name.StartsWith("OpenAIGPT", StringComparison.Ordinal) => "openai-gpt",
        { } name when name.StartsWith("GPT2", StringComparison.Ordinal) => "gpt2",
        { } name when name.StartsWith("GPTNeoFor", StringComparison.Ordinal) => "gpt_neo",
        _ => keys.Has("afn") ? "openai-gpt" : null,
    };

    private static ModelConfig OpenAIGpt(ConfigKeys keys) => new()
    {
        LayerCount = keys.Size("n_layer", 12), HeadCount = keys.Size("n_head", 12), EmbeddingSize = keys.Size("n_embd", 768),
        ContextLength = keys.Size("n_positions", keys.Size("n_ctx", 512)), VocabularySize = keys.Size("vocab_size", 40_478),
        Norm = NormPlacement.Post, Initialization = Initialization.Gpt1,
        // Hugging Face's OpenAI GPT maps `gelu` to the tanh form, unlike its later classes.
        Activation = keys.Choice("afn", "gelu", ("gelu", Activation.GeluTanh)),
        LayerNormEpsilon = keys.Number("layer_norm_epsilon", 1e-5),
        EmbeddingDropoutProbability = keys.Number("embd_pdrop", 0.1), AttentionDropoutProbability = keys.Number("attn_pdrop", 0.1), ResidualDropoutProbability = keys.Number("resid_pdrop", 0.1),
    };

    private static ModelConfig Gpt2(ConfigKeys keys)
    {
        foreach (var unsupported in new[] { "scale_attn_by_inverse_layer_idx", "add_cross_attention" })
        {
            if (keys.Flag(unsupported, false)) keys.Problem($"`{unsupported}` (true) is a variant that this kit does not compute.");
        }

        var layers = keys.Size("n_layer", 12);
        return new ModelConfig
        {
            LayerCount = layers, HeadCount = keys.Size("n_head", 12), EmbeddingSize = keys.Size("n_embd", 768),
            ContextLength = keys.Size("n_positions", keys.Size("n_ctx", 1024)), VocabularySize = keys.Size("vocab_size", 50_257),
            InnerSize = keys.OptionalSize("n_inner"), Activation = Gelu(keys), ScaleAttention = keys.Flag("scale_attn_weights", true),
            Attention = keys.Has("attention_layers") ? Patterns(keys, layers) : [new DenseAttention()],
            LayerNormEpsilon = keys.Number("layer_norm_epsilon", 1e-5),
            EmbeddingDropoutProbability = keys.Number("embd_pdrop", 0.1), AttentionDropoutProbability = keys.Number("attn_pdrop", 0.1), ResidualDropoutProbability = keys.Number("resid_pdrop", 0.1),
        };
    }

    private static ModelConfig GptNeo(ConfigKeys keys)
    {
        var layers = keys.Size("num_layers", 24);
        return new ModelConfig
        {
            LayerCount = layers, HeadCount = keys.Size("num_heads", 16), EmbeddingSize = keys.Size("hidden_size", 2048),
            ContextLength = keys.Size("max_position_embeddings", 2048), VocabularySize = keys.Size("vocab_size", 50_257),
            InnerSize = keys.OptionalSize("intermediate_size"), Activation = Gelu(keys), Attention = Patterns(keys, layers),
            ScaleAttention = false, QueryKeyValueBias = false, LayerNormEpsilon = keys.Number("layer_norm_epsilon", 1e-5),
            EmbeddingDropoutProbability = keys.Number("embed_dropout", 0), AttentionDropoutProbability = keys.Number("attention_dropout", 0), ResidualDropoutProbability = keys.Number("resid_dropout", 0),
        };
    }

    private static Activation Gelu(ConfigKeys keys) => keys.Choice(
        "activation_function", "gelu_new", ("gelu_new", Activation.GeluTanh), ("gelu_fast", Activation.GeluTanh), ("gelu_pytorch_tanh", Activation.GeluTanh), ("gelu", Activation.GeluErf), ("gelu_python", Activation.GeluErf));

    private static AttentionPattern[] Patterns(ConfigKeys keys, int layers)
    {
        var names = keys.AttentionLayers(layers);
        var window = keys.Size("window_size", 256);
        return AttentionPeriod.Shortest([.. names.Select(name => name == "local" ? (AttentionPattern)new LocalAttention(window) : new DenseAttention())]);
    }

    private static CheckpointFamily OwnFamily(ModelConfig config) => config.Norm == NormPlacement.Post ? CheckpointFamily.OpenAIGpt : CheckpointFamily.Gpt2;

    /// <summary>Describes a model for its folder.</summary>
    /// <param name="config">The model.</param>
    /// <param name="endOfTextId">The tokenizer's, where there is one.</param>
    /// <param name="storage">Type of the stored weights.</param>
    public static (CheckpointFamily Family, JsonObject Json) Write(ModelConfig config, int? endOfTextId, TensorType storage)
    {
        var windows = Enumerable.Range(0, config.LayerCount).Select(config.PatternAt).OfType<LocalAttention>().Select(local => local.Window).Distinct().ToArray();
        var banded = windows.Length <= 1 && Enumerable.Range(0, config.LayerCount).All(layer => config.PatternAt(layer) is DenseAttention or LocalAttention);
        var dense = banded && windows.Length == 0;
        var (family, json) = config switch
        {
            { Norm: NormPlacement.Pre, ScaleAttention: false, QueryKeyValueBias: false } when banded => (CheckpointFamily.GptNeo, GptNeo(config, windows)),
            { Norm: NormPlacement.Pre } when banded => (CheckpointFamily.Gpt2, Gpt2(config, windows)),
            { Norm: NormPlacement.Post, ScaleAttention: true, Activation: Activation.GeluTanh } when dense && config.FeedForwardSize == 4 * config.EmbeddingSize => (CheckpointFamily.OpenAIGpt, OpenAIGpt(config)),
            _ => (OwnFamily(config), new JsonObject { ["model_type"] = OwnKey }),
        };
        json["tie_word_embeddings"] = true;
        json["bos_token_id"] = endOfTextId;
        json["eos_token_id"] = endOfTextId;
        json["torch_dtype"] = storage switch { TensorType.F16 => "float16", TensorType.BF16 => "bfloat16", _ => "float32" };
        var isOwn = (string?)json["model_type"] == OwnKey;
        if (isOwn || ReadBack(json) != config) json[OwnKey] = JsonSerializer.SerializeToNode(config, ConfigJson.Options);
        return (family, json);
    }

    private static ModelConfig ReadBack(JsonObject json)
    {
        using var document = JsonDocument.Parse(json.ToJsonString());
        return Parse(new ConfigKeys(FileName, document.RootElement)).Config;
    }

    private static JsonObject OpenAIGpt(ModelConfig config) => new()
    {
        ["model_type"] = "openai-gpt", ["architectures"] = new JsonArray("OpenAIGPTLMHeadModel"), ["vocab_size"] = config.VocabularySize,
        ["n_positions"] = config.ContextLength, ["n_ctx"] = config.ContextLength, ["n_embd"] = config.EmbeddingSize, ["n_layer"] = config.LayerCount, ["n_head"] = config.HeadCount,
        ["afn"] = "gelu", ["layer_norm_epsilon"] = config.LayerNormEpsilon, ["initializer_range"] = config.InitializerRange,
        ["embd_pdrop"] = config.EmbeddingDropoutProbability, ["attn_pdrop"] = config.AttentionDropoutProbability, ["resid_pdrop"] = config.ResidualDropoutProbability,
    };

    private static JsonObject Gpt2(ModelConfig config, int[] windows)
    {
        var json = new JsonObject
        {
            ["model_type"] = "gpt2", ["architectures"] = new JsonArray("GPT2LMHeadModel"), ["vocab_size"] = config.VocabularySize,
            ["n_positions"] = config.ContextLength, ["n_ctx"] = config.ContextLength, ["n_embd"] = config.EmbeddingSize, ["n_layer"] = config.LayerCount, ["n_head"] = config.HeadCount,
            ["n_inner"] = config.InnerSize, ["activation_function"] = GeluName(config), ["scale_attn_weights"] = config.ScaleAttention,
            ["layer_norm_epsilon"] = config.LayerNormEpsilon, ["initializer_range"] = config.InitializerRange,
            ["embd_pdrop"] = config.EmbeddingDropoutProbability, ["attn_pdrop"] = config.AttentionDropoutProbability, ["resid_pdrop"] = config.ResidualDropoutProbability,
        };
        if (windows.Length == 0) return json;
        json["attention_layers"] = LayerNames(config);
        json["window_size"] = windows[0];
        return json;
    }

    private static JsonObject GptNeo(ModelConfig config, int[] windows) => new()
    {
        ["model_type"] = "gpt_neo", ["architectures"] = new JsonArray("GPTNeoForCausalLM"), ["vocab_size"] = config.VocabularySize,
        ["max_position_embeddings"] = config.ContextLength, ["hidden_size"] = config.EmbeddingSize, ["num_layers"] = config.LayerCount, ["num_heads"] = config.HeadCount,
        ["intermediate_size"] = config.InnerSize, ["activation_function"] = GeluName(config),
        ["attention_types"] = new JsonArray(new JsonArray(LayerNames(config), 1)), ["attention_layers"] = LayerNames(config), ["window_size"] = windows.Length == 0 ? 256 : windows[0],
        ["layer_norm_epsilon"] = config.LayerNormEpsilon, ["initializer_range"] = config.InitializerRange,
        ["embed_dropout"] = config.EmbeddingDropoutProbability, ["attention_dropout"] = config.AttentionDropoutProbability, ["resid_dropout"] = config.ResidualDropoutProbability,
    };

    private static string GeluName(ModelConfig config) => config.Activation == Activation.GeluErf ? "gelu" : "gelu_new";

    private static JsonArray LayerNames(ModelConfig config) =>
        new([.. Enumerable.Range(0, config.LayerCount).Select(layer => (JsonNode)(config.PatternAt(layer) is LocalAttention ? "local" : "global"))]);
}
