using System.Text.RegularExpressions;
using ResearchKit.Core;

namespace ResearchKit.Models.Checkpoints;

/// <summary>Finds and opens the weights of a model folder, whatever their format.</summary>
internal static partial class WeightFiles
{
    /// <summary>TensorFlow's note of which checkpoint is current.</summary>
    private const string CurrentCheckpoint = "checkpoint";

    private const string ShardIndexEnding = ".index.json";
    private const long MaxNoteLength = 1 << 16;

    /// <summary>File names in order of preference: what opens without reading a pickle comes first.</summary>
    private static readonly string[] Names = ["model.safetensors", "model.safetensors.index.json", "pytorch_model.bin", "pytorch_model.bin.index.json", Gpt1Release.ShapesFileName];

    /// <summary>What to tell someone whose folder has no weights.</summary>
    public static string Readable => $"Weights are read from {string.Join(", ", Names)}, and from TensorFlow checkpoints (NAME.index).";

    /// <summary>The weights of a folder; null where there are none.</summary>
    /// <exception cref="ConfigException">Several TensorFlow checkpoints, and no note of which is current.</exception>
    public static string? Find(string folder) => Names.Select(name => Path.Combine(folder, name)).FirstOrDefault(File.Exists) ?? FindTensorFlow(folder);

    /// <summary>Opens weights by what the file name says.</summary>
    /// <exception cref="ConfigException">The file is missing, damaged, or of a kind that is not read.</exception>
    public static ITensorSource Open(string path)
    {
        bool Ends(string ending) => path.EndsWith(ending, StringComparison.Ordinal);
        if (Ends(ShardIndexEnding)) return ShardedTensors.Open(path, Open);
        if (Ends(".safetensors")) return SafetensorsFile.Open(path);
        if (Ends(".bin") || Ends(".pt") || Ends(".pth")) return PyTorchFile.Open(path);
        if (Path.GetFileName(path) == Gpt1Release.ShapesFileName) return Gpt1Release.Open(path);
        if (Ends(TensorFlowCheckpoint.IndexEnding)) return Gpt2Release.Open(path);
        throw new ConfigException($"{path}: not a weights file that this kit reads. {Readable}");
    }

    private static string? FindTensorFlow(string folder)
    {
        var note = Path.Combine(folder, CurrentCheckpoint);
        if (File.Exists(note) && new FileInfo(note).Length <= MaxNoteLength)
        {
            var current = CurrentPath().Match(File.ReadAllText(note));
            // Written where the model was trained: only the file's name means anything here.
            var named = current.Success ? Path.Combine(folder, Path.GetFileName(current.Groups[1].Value) + TensorFlowCheckpoint.IndexEnding) : null;
            if (named is not null && File.Exists(named)) return named;
        }

        var indices = Directory.GetFiles(folder, "*" + TensorFlowCheckpoint.IndexEnding);
        return indices.Length <= 1 ? indices.FirstOrDefault() : throw new ConfigException($"{folder}: holds {indices.Length} checkpoints and no file `{CurrentCheckpoint}` that says which is current. Give the path of one .index file.");
    }

    [GeneratedRegex("^model_checkpoint_path: \"([^\"\n]+)\"", RegexOptions.CultureInvariant)]
    private static partial Regex CurrentPath();
}
