using System.Text.Json;
using ResearchKit.Core.Configuration;
using ResearchKit.Core.Files;
using ResearchKit.Experiments.Reporting;

namespace ResearchKit.Experiments;

/// <summary>What is told of a pre-trained model beside its weights: how it was made and how it learned.</summary>
/// <param name="Text">For people: data, recipe, intended use, limits.</param>
/// <param name="Tokens">Tokens seen in pre-training.</param>
/// <param name="Curve">Learning curve.</param>
/// <param name="Configuration">The pre-training experiment, resolved.</param>
/// <param name="Hashes">Hashes of data and tokenizer by name.</param>
/// <param name="Versions">Versions by name.</param>
public sealed record ModelCard(string Text, long Tokens, IReadOnlyList<LearningPoint> Curve, JsonElement Configuration, IReadOnlyDictionary<string, string> Hashes, IReadOnlyDictionary<string, string> Versions)
{
    /// <summary>File name within the model folder.</summary>
    public const string FileName = "training.json";

    /// <summary>Reads the card of a model folder; null where there is none.</summary>
    public static ModelCard? TryRead(string folder) =>
        Path.Combine(folder, FileName) is var path && File.Exists(path) ? ConfigJson.Load<ModelCard>(path) : null;

    /// <summary>Writes the card into a model folder, atomically.</summary>
    public void Write(string folder) => AtomicFile.WriteText(Path.Combine(folder, FileName), JsonSerializer.Serialize(this, ConfigJson.Options) + "\n");
}
