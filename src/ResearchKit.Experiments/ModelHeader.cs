using ResearchKit.Core;
using ResearchKit.Core.Configuration;
using ResearchKit.Models.Checkpoints;

namespace ResearchKit.Experiments;

/// <summary>What a run needs to know of a model before it loads it for work.</summary>
/// <param name="Folder">Model folder.</param>
/// <param name="Name">Name in results: the folder's name.</param>
/// <param name="Config">Configuration.</param>
/// <param name="WeightsHash">SHA-256 over configuration and weights.</param>
/// <param name="TokenizerFingerprint">SHA-256 of the tokenizer.</param>
public sealed record ModelHeader(string Folder, string Name, ModelConfig Config, string WeightsHash, string TokenizerFingerprint)
{
    /// <summary>Name of the tokenizer in results; that of files without a name of their own is the folder's.</summary>
    public string TokenizerName { get; init; } = "";

    /// <summary>Reads a model folder once for its hashes.</summary>
    /// <exception cref="ConfigException">The folder is missing, foreign or broken, has no tokenizer, or its vocabulary is larger than the model's.</exception>
    public static ModelHeader Read(string folder)
    {
        if (!Directory.Exists(folder)) throw new ConfigException($"There is no model folder {folder}. Shipped models are in results/models; `rk train` makes others.");
        using var loaded = ModelFolder.Load(folder);
        var tokenizer = loaded.RequireTokenizer();
        if (tokenizer.VocabularySize > loaded.Model.Config.VocabularySize)
        {
            throw new ConfigException($"{folder}: the tokenizer has {tokenizer.VocabularySize} entries but the model's n_vocab is {loaded.Model.Config.VocabularySize}: these are not this model's tokenizer files.");
        }

        return new ModelHeader(folder, loaded.Name, loaded.Model.Config, loaded.WeightsHash, tokenizer.Fingerprint) { TokenizerName = tokenizer.Name };
    }
}
