using System.Text.Json;
using ResearchKit.Core;
using ResearchKit.Core.Configuration;

namespace ResearchKit.Models.Checkpoints;

/// <summary>Configurations of OpenAI's releases, which have no <c>config.json</c>: GPT-2's <c>hparams.json</c>, and GPT-1's shapes.</summary>
internal static class OpenAIConfig
{
    public const string HyperparametersFileName = "hparams.json";

    /// <summary>Width of a head in GPT-1 (12 heads in 768), which no file of its release states.</summary>
    private const int Gpt1HeadSize = 64;

    /// <summary>GPT-2's <c>hparams.json</c>: n_vocab, n_ctx, n_embd, n_head, n_layer.</summary>
    /// <exception cref="ConfigException">A key is missing or impossible.</exception>
    public static HuggingFaceConfig ReadHyperparameters(string path)
    {
        var config = HuggingFaceConfig.ReadKeys(path, keys => new ModelConfig
        {
            LayerCount = Required(keys, "n_layer"), HeadCount = Required(keys, "n_head"), EmbeddingSize = Required(keys, "n_embd"),
            ContextLength = Required(keys, "n_ctx"), VocabularySize = Required(keys, "n_vocab"),
        });
        return new HuggingFaceConfig(config.Validated(path), CheckpointFamily.Gpt2);
    }

    /// <summary>GPT-1 from its shapes. Heads come from <c>hparams.json</c> in the folder, else from a <c>config.json</c> in the folder above, else they are 64 wide as in the paper.</summary>
    /// <exception cref="ConfigException">The files are damaged, or the number of heads cannot be told.</exception>
    public static HuggingFaceConfig ReadShapes(string folder)
    {
        using var release = Gpt1Release.Open(Path.Combine(folder, Gpt1Release.ShapesFileName));
        var (tokens, positions) = (release.Tensors["tokens_embed.weight"].Shape, release.Tensors["positions_embed.weight"].Shape);
        if (tokens.Count != 2 || positions.Count != 2 || tokens.Concat(positions).Any(size => size is < 1 or > ConfigKeys.MaxSize))
        {
            throw new ConfigException($"{folder}: {Gpt1Release.ShapesFileName} does not begin with the shapes of the position and token embeddings.");
        }

        var width = (int)tokens[1];
        var config = new ModelConfig
        {
            LayerCount = release.LayerCount, HeadCount = HeadCount(folder, width), EmbeddingSize = width, ContextLength = (int)positions[0], VocabularySize = (int)tokens[0],
            Norm = NormPlacement.Post, Initialization = Initialization.Gpt1,
        }.WithDropout(0.1);
        return new HuggingFaceConfig(config.Validated(folder), CheckpointFamily.OpenAIGpt);
    }

    private static int HeadCount(string folder, int width)
    {
        var own = Path.Combine(folder, HyperparametersFileName);
        if (File.Exists(own)) return HuggingFaceConfig.ReadKeys(own, keys => Required(keys, "n_head"));
        var above = Path.Combine(folder, "..", HuggingFaceConfig.FileName);
        if (File.Exists(above)) return HuggingFaceConfig.Read(above).Config.HeadCount;
        return width % Gpt1HeadSize == 0
            ? width / Gpt1HeadSize
            : throw new ConfigException($"{folder}: GPT-1's release does not state the number of heads, and {width} is no multiple of the published head width {Gpt1HeadSize}. Add {HyperparametersFileName} with {{\"n_head\": …}}.");
    }

    private static int Required(ConfigKeys keys, string key)
    {
        if (!keys.Has(key)) keys.Problem($"`{key}` is missing.");
        return keys.Size(key, 1);
    }
}
