using ResearchKit.Core;

namespace ResearchKit.Models.Checkpoints;

/// <summary>Finds and opens the weights of a model folder, whatever their format.</summary>
internal static class WeightFiles
{
    private const string ShardIndexEnding = ".index.json";

    /// <summary>File names in order of preference: what opens without parsing a pickle comes first.</summary>
    private static readonly string[] Names = ["model.safetensors", "model.safetensors.index.json"];

    /// <summary>What to tell someone whose folder has no weights.</summary>
    public static string Readable => $"Weights are read from {string.Join(", ", Names)}.";

    /// <summary>The weights of a folder; null where there are none.</summary>
    public static string? Find(string folder) => Names.Select(name => Path.Combine(folder, name)).FirstOrDefault(File.Exists);

    /// <summary>Opens weights by what the file name says.</summary>
    /// <exception cref="ConfigException">The file is missing, damaged, or of a kind that is not read.</exception>
    public static ITensorSource Open(string path)
    {
        if (path.EndsWith(ShardIndexEnding, StringComparison.Ordinal)) return ShardedTensors.Open(path, Open);
        if (path.EndsWith(".safetensors", StringComparison.Ordinal)) return SafetensorsFile.Open(path);
        throw new ConfigException($"{path}: not a weights file that this kit reads. {Readable}");
    }
}
