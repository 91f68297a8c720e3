using System.Runtime.InteropServices;
using ResearchKit.Core;
using ResearchKit.Core.Configuration;
using static TorchSharp.torch;

namespace ResearchKit.Models.Checkpoints;

/// <summary>Fills a <see cref="Gpt"/> from named tensors: every name and shape is checked before any memory is taken, then each tensor is copied straight into its parameter.</summary>
internal sealed class WeightImport
{
    /// <summary>Elements converted at once where a copy cannot go straight into the parameter, 4 MiB.</summary>
    private const int ChunkLength = 1 << 20;

    /// <summary>Names of each kind that one message lists.</summary>
    private const int ListedNameCount = 1000;

    private readonly string _path;
    private readonly ITensorSource _source;
    private readonly HuggingFaceConfig _config;
    private readonly List<(StoredParameter Stored, string Name)> _found = [];
    private readonly List<string> _leftOut = [];
    private string? _outputMatrix;
    private float[] _chunk = [];

    private WeightImport(string path, ITensorSource source, HuggingFaceConfig config) => (_path, _source, _config) = (path, source, config);

    /// <summary>Builds a model and reads its weights.</summary>
    /// <param name="path">Name for messages.</param>
    /// <param name="source">Where the weights are.</param>
    /// <param name="config">What they should be.</param>
    /// <param name="strict">False lets tensors that the model does not use pass; missing and misshapen ones never do.</param>
    /// <returns>The model (CPU, float32, evaluation mode) and the names left out: heads of tasks, and unexpected ones where not strict.</returns>
    /// <exception cref="ConfigException">Lists all missing, unexpected and misshapen tensors.</exception>
    public static (Gpt Model, IReadOnlyList<string> LeftOut) Read(string path, ITensorSource source, HuggingFaceConfig config, bool strict)
    {
        var import = new WeightImport(path, source, config);
        import.CheckNames(strict);
        import.CheckMemory();
        var model = Gpt.WithoutInitialization(config.Config);
        try
        {
            import.Fill(model);
            model.eval();
            return (model, import._leftOut);
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    private void CheckNames(bool strict)
    {
        List<string> problems = [], missing = [], unexpected = [], misshapen = [];
        var stored = new SortedDictionary<string, string>(StringComparer.Ordinal);            // name without prefix → name in the file
        foreach (var name in _source.Tensors.Keys)
        {
            var plain = name.StartsWith(CheckpointLayout.Prefix, StringComparison.Ordinal) ? name[CheckpointLayout.Prefix.Length..] : name;
            if (CheckpointLayout.IsBuffer(plain)) continue;
            if (!stored.TryAdd(plain, name)) problems.Add($"`{Shown(name)}` is there twice, with and without the prefix `{CheckpointLayout.Prefix}`.");
        }

        foreach (var expected in CheckpointLayout.Of(_config.Config, _config.Family))
        {
            if (!stored.Remove(expected.FileName, out var name))
            {
                missing.Add($"`{expected.FileName}` [{string.Join(", ", expected.Shape)}] is missing.");
                continue;
            }

            CheckShape(name, expected.Shape, misshapen);
            _found.Add((expected, name));
        }

        if (stored.Remove(CheckpointLayout.OutputMatrix, out _outputMatrix)) CheckShape(_outputMatrix, [_config.Config.VocabularySize, _config.Config.EmbeddingSize], misshapen);
        foreach (var (plain, name) in stored)
        {
            if (!strict || CheckpointLayout.IsTaskHead(plain)) _leftOut.Add(name);
            else unexpected.Add($"`{Shown(name)}` [{string.Join(", ", _source.Tensors[name].Shape)}] is unexpected.");
        }

        foreach (var kind in new[] { missing, unexpected, misshapen })
        {
            problems.AddRange(kind.Take(ListedNameCount));
            if (kind.Count > ListedNameCount) problems.Add($"… and {kind.Count - ListedNameCount} more of this kind.");
        }

        if (problems.Count > 0) throw new ConfigException($"{_path}: the weights are not those of the configuration ({_config.Family}, {_config.Config.LayerCount} layers, width {_config.Config.EmbeddingSize})", problems);
    }

    private void CheckShape(string name, IReadOnlyList<long> expected, List<string> misshapen)
    {
        var shape = _source.Tensors[name].Shape;
        if (!shape.SequenceEqual(expected)) misshapen.Add($"`{Shown(name)}` has the shape [{string.Join(", ", shape)}], the configuration needs [{string.Join(", ", expected)}].");
    }

    /// <summary>A model that cannot fit is refused here; later the system would end the process.</summary>
    private void CheckMemory() => MachineMemory.Require(
        _config.Config.ParameterCount * sizeof(float), $"{_path}: the model of {_config.Config.ParameterCount:N0} parameters in float32", "Take a smaller model or a larger machine.");

    private void Fill(Gpt model)
    {
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        var parameters = model.named_parameters().ToDictionary(entry => entry.name, entry => (Tensor)entry.parameter, StringComparer.Ordinal);
        foreach (var (stored, name) in _found)
        {
            if (stored.Parameter is null)
            {
                RequireZero(name);
                continue;
            }

            var parameter = parameters[stored.Parameter];
            var rowLength = parameter.dim() == 1 ? 1 : (int)parameter.size(1);
            var count = (int)_source.Tensors[name].ElementCount;
            var destination = TensorMemory.Floats(parameter).Slice((int)stored.FirstRow * rowLength, count);
            if (stored.Transposed) CopyTransposed(name, (int)stored.Shape[0], (int)stored.Shape[1], destination);
            else _source.CopyTo(name, destination);
        }

        if (_outputMatrix is not null) RequireTied(_outputMatrix, TensorMemory.Floats(parameters["wte.weight"]));
    }

    /// <summary>One buffer for the whole import.</summary>
    private Span<float> Chunk(int length)
    {
        if (_chunk.Length < length) _chunk = new float[length];
        return _chunk.AsSpan(0, length);
    }

    /// <summary>[rows, columns] in the file to [columns, rows] in memory, some rows at a time.</summary>
    private void CopyTransposed(string name, int rows, int columns, Span<float> destination)
    {
        var step = Math.Clamp(ChunkLength / columns, 1, rows);
        var chunk = Chunk(step * columns);
        for (var first = 0; first < rows; first += step)
        {
            var count = Math.Min(step, rows - first);
            var part = chunk[..(count * columns)];
            _source.CopyRangeTo(name, (long)first * columns, part);
            Transpose(part, count, columns, destination[first..], rows);
        }
    }

    /// <summary>Writes <paramref name="source"/> [rows, columns] as columns that lie <paramref name="stride"/> apart.</summary>
    internal static void Transpose(ReadOnlySpan<float> source, int rows, int columns, Span<float> destination, int stride)
    {
        const int Tile = 16;                                            // a tile of both sides stays in the first-level cache
        for (var r0 = 0; r0 < rows; r0 += Tile)
        {
            var r1 = Math.Min(r0 + Tile, rows);
            for (var c0 = 0; c0 < columns; c0 += Tile)
            {
                var c1 = Math.Min(c0 + Tile, columns);
                for (var c = c0; c < c1; c++)
                {
                    for (var r = r0; r < r1; r++) destination[c * stride + r] = source[r * columns + c];
                }
            }
        }
    }

    private void RequireZero(string name)
    {
        var values = new float[_source.Tensors[name].ElementCount];
        _source.CopyTo(name, values);
        if (values.AsSpan().ContainsAnyExcept(0f)) throw new ConfigException($"{_path}: `{name}` is not zero, but the configuration has no such bias (`qkv_bias` false).");
    }

    private void RequireTied(string name, ReadOnlySpan<float> tokenEmbedding)
    {
        var chunk = Chunk(Math.Min(ChunkLength, tokenEmbedding.Length));
        for (var start = 0; start < tokenEmbedding.Length; start += chunk.Length)
        {
            var part = chunk[..Math.Min(chunk.Length, tokenEmbedding.Length - start)];
            _source.CopyRangeTo(name, start, part);
            // Compared as bits, so that two equal NaNs are equal.
            var same = MemoryMarshal.Cast<float, int>(part).CommonPrefixLength(MemoryMarshal.Cast<float, int>(tokenEmbedding.Slice(start, part.Length)));
            if (same == part.Length) continue;
            throw new ConfigException($"{_path}: `{name}` differs from the token embedding (first at element {start + same}). This kit's models tie the two, so a model with an output matrix of its own cannot be loaded.");
        }
    }

    private static string Shown(string name) => SafetensorsHeader.Shown(name);
}
