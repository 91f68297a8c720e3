using System.Text.Json;
using ResearchKit.Core;

namespace ResearchKit.Models.Checkpoints;

/// <summary>Weights cut into several files, with Hugging Face's index (<c>model.safetensors.index.json</c>) beside them.</summary>
internal sealed class ShardedTensors : ITensorSource
{
    private const long MaxIndexLength = 1 << 27;
    private readonly SortedDictionary<string, TensorInfo> _tensors = new(StringComparer.Ordinal);
    private readonly Dictionary<string, ITensorSource> _shardOf = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, ITensorSource> _shards = new(StringComparer.Ordinal);

    private ShardedTensors()
    {
    }

    /// <inheritdoc/>
    public IReadOnlyDictionary<string, TensorInfo> Tensors => _tensors;

    /// <summary>Opens all shards that an index names; each must hold exactly what the index says.</summary>
    /// <param name="path">The index.</param>
    /// <param name="openShard">Opens one shard by its path.</param>
    /// <exception cref="ConfigException">Lists every missing shard, missing tensor and tensor that the index does not know.</exception>
    public static ShardedTensors Open(string path, Func<string, ITensorSource> openShard)
    {
        var map = ReadIndex(path);
        var folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
        var absent = map.Values.Distinct(StringComparer.Ordinal).Where(file => !File.Exists(Path.Combine(folder, file))).Order(StringComparer.Ordinal).ToArray();
        if (absent.Length > 0) throw new ConfigException(path, [.. absent.Select(file => $"the shard `{file}` is missing; fetch it into {folder}.")]);

        var sharded = new ShardedTensors();
        try
        {
            foreach (var file in map.Values.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)) sharded._shards.Add(file, openShard(Path.Combine(folder, file)));
            var problems = new List<string>();
            foreach (var (name, file) in map)
            {
                if (sharded._shards[file].Tensors.TryGetValue(name, out var info))
                {
                    sharded._tensors.Add(name, info);
                    sharded._shardOf.Add(name, sharded._shards[file]);
                }
                else
                {
                    problems.Add($"`{SafetensorsHeader.Shown(name)}` is not in its shard `{file}`.");
                }
            }

            foreach (var (file, shard) in sharded._shards)
            {
                problems.AddRange(shard.Tensors.Keys.Where(name => map.GetValueOrDefault(name) != file).Select(name => $"`{SafetensorsHeader.Shown(name)}` is in `{file}`, but the index does not say so."));
            }

            if (problems.Count > 0) throw new ConfigException(path, problems);
            return sharded;
        }
        catch
        {
            sharded.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public void CopyRangeTo(string name, long start, Span<float> destination)
    {
        if (!_shardOf.TryGetValue(name, out var shard)) throw new ArgumentException($"There is no tensor `{name}`.", nameof(name));
        shard.CopyRangeTo(name, start, destination);
    }

    /// <summary>Closes all shards.</summary>
    public void Dispose()
    {
        foreach (var shard in _shards.Values) shard.Dispose();
    }

    private static SortedDictionary<string, string> ReadIndex(string path)
    {
        using var file = MappedFile.Open(path);
        if (file.Length > MaxIndexLength) throw new ConfigException($"{path}: {file.Length} bytes are no index; at most {MaxIndexLength} are read.");
        var map = new SortedDictionary<string, string>(StringComparer.Ordinal);
        try
        {
            using var document = JsonDocument.Parse(file.Read(0, (int)file.Length), new JsonDocumentOptions { AllowDuplicateProperties = false, MaxDepth = 16 });
            foreach (var entry in document.RootElement.GetProperty("weight_map").EnumerateObject())
            {
                var shard = entry.Value.GetString() ?? "";
                // A shard lies beside its index: a path could reach any file of the machine.
                if (shard.Length is 0 or > 255 || shard is "." or ".." || shard.AsSpan().ContainsAny('/', '\\', '\0') || shard.EndsWith(".json", StringComparison.Ordinal))
                {
                    throw new ConfigException($"{path}: `{SafetensorsHeader.Shown(shard)}` cannot be a shard; shards are plain file names in the same folder.");
                }

                map.Add(entry.Name, shard);
            }
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or KeyNotFoundException)
        {
            throw new ConfigException($"{path}: not a valid index ({e.Message}); an object with `weight_map` from tensor names to file names is expected.", e);
        }

        return map;
    }
}
