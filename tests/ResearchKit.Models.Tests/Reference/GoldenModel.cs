using System.Text.Json;
using ResearchKit.Core.Configuration;
using TorchSharp;
using static TorchSharp.torch;

namespace ResearchKit.Models.Tests.Reference;

/// <summary>Builds a <see cref="Gpt"/> from a case folder in Hugging Face layout.</summary>
internal static class GoldenModel
{
    public static Gpt Load(string folder, Func<ModelConfig, ModelConfig>? change = null)
    {
        var json = Golden.Json(folder, "config.json");
        var neo = json.GetProperty("model_type").GetString() == "gpt_neo";
        var stored = new TensorFile(folder, "model.safetensors");
        var model = new Gpt((change ?? (config => config))(Config(json)));
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        foreach (var (name, parameter) in model.named_parameters()) parameter.copy_(Stored(stored.Has, name => stored[name], name, neo));
        model.eval();
        return model;
    }

    /// <summary>Stored values of one of our parameters, weights or gradients; Conv1D families store [in, out], GPT-Neo stores q, k, v apart.</summary>
    public static Tensor Stored(Func<string, bool> has, Func<string, Tensor> read, string name, bool neo)
    {
        if (!neo)
        {
            var alias = name switch { "wte.weight" when !has(name) => "tokens_embed.weight", "wpe.weight" when !has(name) => "positions_embed.weight", _ => name };
            var value = read(alias);
            return value.dim() == 2 && !name.StartsWith('w') ? value.t() : value;
        }

        name = "transformer." + name;
        if (!name.Contains(".attn.", StringComparison.Ordinal)) return read(name);
        name = name.Replace(".attn.", ".attn.attention.", StringComparison.Ordinal).Replace("c_proj", "out_proj", StringComparison.Ordinal);
        return name.Contains("c_attn", StringComparison.Ordinal)
            ? cat(new[] { "q_proj", "k_proj", "v_proj" }.Select(part => read(name.Replace("c_attn", part, StringComparison.Ordinal))).ToArray(), 0)
            : read(name);
    }

    private static ModelConfig Config(JsonElement json)
    {
        int Int(params string[] names) => names.Where(name => json.TryGetProperty(name, out _)).Select(name => json.GetProperty(name).GetInt32()).First();
        var type = json.GetProperty("model_type").GetString();
        var activation = (json.TryGetProperty("activation_function", out var value) ? value : json.GetProperty("afn")).GetString();
        AttentionPattern[] attention = json.TryGetProperty("attention_layers", out var layers)
            ? [.. layers.EnumerateArray().Select(layer => layer.GetString() == "local" ? (AttentionPattern)new LocalAttention(Int("window_size")) : new DenseAttention())]
            : [new DenseAttention()];
        return new ModelConfig
        {
            LayerCount = Int("n_layer", "num_layers"),
            HeadCount = Int("n_head", "num_heads"),
            EmbeddingSize = Int("n_embd", "hidden_size"),
            ContextLength = Int("n_positions", "max_position_embeddings"),
            VocabularySize = Int("vocab_size"),
            InnerSize = new[] { "n_inner", "intermediate_size" }.Where(name => json.TryGetProperty(name, out var size) && size.ValueKind == JsonValueKind.Number)
                .Select(name => (int?)json.GetProperty(name).GetInt32()).FirstOrDefault(),
            Norm = type == "openai-gpt" ? NormPlacement.Post : NormPlacement.Pre,
            // GPT-1's `gelu` is the tanh form; in the later families `gelu` is the exact one.
            Activation = activation == "gelu" && type != "openai-gpt" ? Activation.GeluErf : Activation.GeluTanh,
            Attention = attention,
            ScaleAttention = type != "gpt_neo",
            QueryKeyValueBias = type != "gpt_neo",
            LayerNormEpsilon = json.GetProperty("layer_norm_epsilon").GetDouble(),
        };
    }
}
