using System.Text.Json.Nodes;
using ResearchKit.Core;
using ResearchKit.Core.Configuration;
using ResearchKit.Core.Files;
using ResearchKit.Core.Tokenization;
using ResearchKit.Models.Hub;

namespace ResearchKit.Models.Checkpoints;

/// <summary>The kit's model folder, which is a Hugging Face folder: <c>config.json</c>, <c>model.safetensors</c>, the tokenizer's files and <c>model-card.json</c>.</summary>
/// <remarks>Published GPT-1, GPT-2, GPT-Neo and Cerebras-GPT folders are read as they are, and so are OpenAI's own releases of GPT-1 and GPT-2; public code reads what is written here.</remarks>
public static class ModelFolder
{
    /// <summary>Free text about a model, as one JSON object of strings.</summary>
    public const string CardFileName = "model-card.json";

    private const string WeightsFileName = "model.safetensors";

    /// <summary>What a folder that <see cref="Save"/> replaces may hold; anything else is somebody's work.</summary>
    private static readonly HashSet<string> ReplaceableFiles = new(StringComparer.Ordinal)
    {
        HuggingFaceConfig.FileName, WeightsFileName, CardFileName, "vocab.json", "merges.txt", "encoder.json", "vocab.bpe", "characters.json", "gpt1.json",
        "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json", "generation_config.json",
    };

    /// <summary>Loads a model with its tokenizer.</summary>
    /// <param name="path">A model folder, one weights file in it (<c>…/model.f16.safetensors</c>), or the name of a model in the hub cache (<c>gpt2</c>).</param>
    /// <param name="strict">False lets tensors that the model does not use pass. Missing and misshapen tensors are errors always.</param>
    /// <returns>The model on the CPU in float32 and evaluation mode; the caller disposes it.</returns>
    /// <exception cref="ConfigException">The folder is not a model, a file is damaged, or the weights do not fit the configuration (all names listed).</exception>
    public static LoadedModel Load(string path, bool strict = true)
    {
        var (folder, weights) = Resolve(path);
        var config = ReadHuggingFaceConfig(folder);
        using var source = WeightFiles.Open(weights ?? WeightFiles.Find(folder) ?? throw new ConfigException($"{folder}: there is a configuration but no weights. {WeightFiles.Readable}"));
        var tokenizer = ReadTokenizer(folder, config.Config);
        var (model, leftOut) = WeightImport.Read(weights ?? folder, source, config, strict);
        return new LoadedModel(model, NameOf(folder), WeightsHash.Of(model), tokenizer) { Folder = folder, LeftOutTensors = leftOut };
    }

    /// <summary>Reads the configuration alone; no weights are needed or touched.</summary>
    /// <param name="path">A model folder, or one weights file in it.</param>
    /// <exception cref="ConfigException">There is none, or it is invalid (all problems listed).</exception>
    public static ModelConfig ReadConfig(string path) => ReadHuggingFaceConfig(Resolve(path).Folder).Config;

    /// <summary>Writes a model so that this kit and public code can load it. The folder appears complete or not at all.</summary>
    /// <param name="folder">Target. An existing model folder is replaced as a whole once the new one is complete.</param>
    /// <param name="model">Any device.</param>
    /// <param name="tokenizer">Saved beside the weights where given.</param>
    /// <param name="metadata">Free strings for <see cref="CardFileName"/>.</param>
    /// <param name="storage">F32 (default, exact), F16 or BF16 (half the size, rounded).</param>
    /// <exception cref="ConfigException">The folder cannot be written, holds files that are not a model's, or a weight does not fit the storage type; an existing folder is then unchanged.</exception>
    public static void Save(string folder, Gpt model, ITokenizer? tokenizer, IReadOnlyDictionary<string, string>? metadata = null, TensorType storage = TensorType.F32)
    {
        if (storage is not (TensorType.F32 or TensorType.F16 or TensorType.BF16)) throw new ArgumentOutOfRangeException(nameof(storage), storage, "Weights are stored as F32, F16 or BF16.");
        FolderSwap.Replace(folder, ReplaceableFiles, temporary =>
        {
            var (family, json) = HuggingFaceConfig.Write(model.Config, tokenizer?.EndOfTextId, storage);
            AtomicFile.WriteText(Path.Combine(temporary, HuggingFaceConfig.FileName), Indented(json));
            // Public code refuses safetensors files that do not name their framework.
            SafetensorsWriter.Write(Path.Combine(temporary, WeightsFileName), WeightExport.Tensors(model, family, storage), new Dictionary<string, string> { ["format"] = "pt" });
            if (tokenizer is not null) TokenizerFolder.Save(tokenizer, temporary);
            if (metadata is { Count: > 0 })
            {
                var card = new JsonObject(metadata.OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(pair => KeyValuePair.Create(pair.Key, (JsonNode?)pair.Value)));
                AtomicFile.WriteText(Path.Combine(temporary, CardFileName), Indented(card));
            }
        });
    }

    /// <summary>Where a model named in a file stands: the path itself, relative to the file, or else the pulled model of that name.</summary>
    /// <param name="name">Path, or name in the hub cache.</param>
    /// <param name="baseFolder">Folder of the file that names it.</param>
    public static string Locate(string name, string baseFolder)
    {
        var path = Path.Combine(baseFolder, name);
        return Directory.Exists(path) || File.Exists(path) ? path : new HubCache().Find(name) ?? path;
    }

    private static (string Folder, string? Weights) Resolve(string path)
    {
        FolderSwap.Recover(path);
        if (Directory.Exists(path)) return (path, null);
        if (File.Exists(path)) return (Path.GetDirectoryName(Path.GetFullPath(path))!, path);
        var cache = new HubCache();
        if (cache.Find(path) is { } snapshot) return (snapshot, null);
        throw new ConfigException($"{path}: there is no such model folder. Give a folder with {HuggingFaceConfig.FileName} and weights"
            + (HubCache.IsName(path) ? $", or fetch the model of that name by `rk pull {path}` (it is not in the cache {cache.Folder})." : "."));
    }

    private static HuggingFaceConfig ReadHuggingFaceConfig(string folder)
    {
        var path = Path.Combine(folder, HuggingFaceConfig.FileName);
        if (File.Exists(path)) return HuggingFaceConfig.Read(path);
        if (File.Exists(Path.Combine(folder, Gpt1Release.ShapesFileName))) return OpenAIConfig.ReadShapes(folder);
        path = Path.Combine(folder, OpenAIConfig.HyperparametersFileName);
        return File.Exists(path) ? OpenAIConfig.ReadHyperparameters(path)
            : throw new ConfigException($"{folder}: not a model folder: it has neither {HuggingFaceConfig.FileName} nor, as OpenAI's releases have, {OpenAIConfig.HyperparametersFileName} or {Gpt1Release.ShapesFileName}.");
    }

    private static ITokenizer? ReadTokenizer(string folder, ModelConfig config)
    {
        if (!TokenizerFolder.ExistsIn(folder)) return null;
        var tokenizer = TokenizerFolder.Load(Path.GetFullPath(folder));          // a folder named gpt2 is no name of a tokenizer
        return tokenizer.VocabularySize <= config.VocabularySize
            ? tokenizer
            : throw new ConfigException($"{folder}: the tokenizer has {tokenizer.VocabularySize} ids, the model only {config.VocabularySize}. They do not belong together: replace one of them.");
    }

    private static string NameOf(string folder) => HubCache.NameOf(folder) ?? Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder)));

    private static string Indented(JsonObject json) => json.ToJsonString(ConfigJson.Options) + "\n";
}
