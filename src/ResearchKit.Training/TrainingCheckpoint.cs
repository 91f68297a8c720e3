using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using ResearchKit.Core;
using ResearchKit.Core.Configuration;
using ResearchKit.Core.Files;
using ResearchKit.Models;
using ResearchKit.Models.Checkpoints;
using TorchSharp;
using static TorchSharp.torch;

namespace ResearchKit.Training;

/// <summary>Place of a run: all that its next update depends on beside weights, moments and configuration.</summary>
/// <remarks>There are no generator states: random numbers of a micro-batch are seeded by (seed, step, micro), and schedule and data order are functions of the place.</remarks>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Skip)]              // earlier versions wrote a hash that nothing reads; their checkpoints go on
internal sealed record TrainingState
{
    /// <summary>Updates done.</summary>
    public required long Step { get; init; }

    /// <summary>Tokens seen.</summary>
    public required long Tokens { get; init; }

    /// <summary>Micro-batches taken from the source: the data cursor.</summary>
    public required long MicroBatches { get; init; }

    /// <summary>Loss of the last update.</summary>
    public double Loss { get; init; }

    /// <summary>Values of the last evaluation.</summary>
    public SortedDictionary<string, double> Evaluation { get; init; } = new(StringComparer.Ordinal);

    /// <summary>What determined the run; a continuation must agree with it.</summary>
    public JsonObject Configuration { get; init; } = [];
}

/// <summary>
/// The folder <c>checkpoint</c> of a run: <c>model.safetensors</c> (float32 weights), <c>optimizer.safetensors</c> (both moments), <c>state.json</c>.
/// A new one is written beside it and takes its place by renaming, so that at every moment one complete checkpoint exists.
/// </summary>
internal sealed class TrainingCheckpoint
{
    private readonly string _folder, _incoming, _outgoing;
    private readonly JsonObject _configuration;

    /// <param name="runFolder">Output folder of the run.</param>
    /// <param name="configuration">What determines the run.</param>
    public TrainingCheckpoint(string runFolder, JsonObject configuration)
    {
        _folder = Path.Combine(runFolder, "checkpoint");
        (_incoming, _outgoing, _configuration) = (_folder + ".new", _folder + ".old", configuration);
    }

    /// <summary>What determines a run's numbers: model, training and data; not how often it logs, evaluates or saves.</summary>
    public static JsonObject Identity(ModelConfig model, TrainingConfig training, string? data)
    {
        var cadenceFree = training with { LogEvery = 1, EvaluateEvery = 0, CheckpointEvery = 0 };
        var identity = new JsonObject
        {
            ["model"] = JsonSerializer.SerializeToNode(model, ConfigJson.Compact),
            ["training"] = JsonSerializer.SerializeToNode(cadenceFree, ConfigJson.Compact),
        };
        if (data is not null) identity["data"] = data;
        return identity;
    }

    /// <summary>Puts saved weights into the model. Moments are restored later, by <see cref="RestoreOptimizer"/>, once there is an optimizer.</summary>
    /// <returns>The place of the run, or null where there is no checkpoint.</returns>
    /// <exception cref="ConfigException">The checkpoint is damaged or of another configuration.</exception>
    public TrainingState? Load(Gpt model)
    {
        FinishInterruptedSave();
        if (!Directory.Exists(_folder)) return null;
        var state = ReadState();
        var differences = Differences(state.Configuration, _configuration, "").ToArray();
        if (differences.Length > 0)
        {
            throw new ConfigException($"{_folder}: the run was begun with another configuration. Continue it with that one, or choose another output folder", differences);
        }

        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        using var file = SafetensorsFile.Open(Path.Combine(_folder, "model.safetensors"));
        var parameters = model.named_parameters().ToDictionary(pair => pair.name, pair => (Tensor)pair.parameter, StringComparer.Ordinal);
        if (!parameters.Keys.ToHashSet(StringComparer.Ordinal).SetEquals(file.Tensors.Keys))
        {
            throw new ConfigException($"{_folder}: model.safetensors does not hold this model's parameters. Delete the folder to begin again.");
        }

        foreach (var (name, parameter) in parameters) parameter.copy_(file.ReadTensor(name));
        return state;
    }

    /// <summary>Puts saved moments into the optimizer.</summary>
    public void RestoreOptimizer(Optimizer optimizer, TrainingState state)
    {
        using var scope = NewDisposeScope();
        using var file = SafetensorsFile.Open(Path.Combine(_folder, "optimizer.safetensors"));
        optimizer.Restore(file.Tensors.Keys.ToDictionary(name => name, file.ReadTensor, StringComparer.Ordinal), state.Step);
    }

    /// <summary>Writes a complete checkpoint, then lets it take the place of the one before.</summary>
    /// <exception cref="ConfigException">The folder cannot be written; the checkpoint before is still there.</exception>
    public void Save(Optimizer optimizer, TrainingState state)
    {
        var complete = state with { Configuration = _configuration };
        try
        {
            if (Directory.Exists(_incoming)) Directory.Delete(_incoming, recursive: true);
            Directory.CreateDirectory(_incoming);
            SafetensorsWriter.Write(Path.Combine(_incoming, "model.safetensors"), optimizer.Weights());
            SafetensorsWriter.Write(Path.Combine(_incoming, "optimizer.safetensors"), optimizer.State());
            AtomicFile.WriteText(Path.Combine(_incoming, "state.json"), JsonSerializer.Serialize(complete, ConfigJson.Options) + "\n");   // last: marks the folder complete
            if (Directory.Exists(_outgoing)) Directory.Delete(_outgoing, recursive: true);
            if (Directory.Exists(_folder)) Directory.Move(_folder, _outgoing);
            Directory.Move(_incoming, _folder);
            if (Directory.Exists(_outgoing)) Directory.Delete(_outgoing, recursive: true);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new ConfigException($"Cannot save the checkpoint {_folder}: {error.Message} The one before is kept. Free some space or choose another folder, then run again.", error);
        }
    }

    /// <summary>A process that died between the two renames of <see cref="Save"/> leaves the new checkpoint complete under its temporary name.</summary>
    private void FinishInterruptedSave()
    {
        if (Directory.Exists(_folder)) return;
        if (File.Exists(Path.Combine(_incoming, "state.json"))) Directory.Move(_incoming, _folder);
        else if (Directory.Exists(_outgoing)) Directory.Move(_outgoing, _folder);
    }

    private TrainingState ReadState()
    {
        var path = Path.Combine(_folder, "state.json");
        try
        {
            return JsonSerializer.Deserialize<TrainingState>(File.ReadAllText(path), ConfigJson.Options) ?? throw new JsonException("it is null");
        }
        catch (Exception error) when (error is JsonException or IOException or UnauthorizedAccessException)
        {
            throw new ConfigException($"{path}: not a readable checkpoint ({error.Message}). Delete the folder {_folder} to begin again.", error);
        }
    }

    private static IEnumerable<string> Differences(JsonNode? saved, JsonNode? asked, string path)
    {
        if (saved is JsonObject a && asked is JsonObject b)
        {
            return a.Select(pair => pair.Key).Union(b.Select(pair => pair.Key)).Order(StringComparer.Ordinal)
                .SelectMany(key => Differences(a[key], b[key], path.Length == 0 ? key : $"{path}.{key}"));
        }

        return JsonNode.DeepEquals(saved, asked) ? [] : [$"`{path}` was {Text(saved)}, is now {Text(asked)}."];

        static string Text(JsonNode? node) => node?.ToJsonString(ConfigJson.Compact) ?? "absent";
    }
}
