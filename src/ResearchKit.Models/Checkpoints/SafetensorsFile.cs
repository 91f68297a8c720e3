using ResearchKit.Core;
using TorchSharp;
using static TorchSharp.torch;

namespace ResearchKit.Models.Checkpoints;

/// <summary>A safetensors file: memory-mapped, validated on opening, converted on copying. <see cref="SafetensorsWriter"/> writes them.</summary>
public sealed class SafetensorsFile : ITensorSource
{
    private readonly MappedFile _file;
    private readonly SafetensorsHeader _header;
    private readonly SortedDictionary<string, TensorInfo> _tensors = new(StringComparer.Ordinal);

    private SafetensorsFile(MappedFile file, SafetensorsHeader header)
    {
        (_file, _header) = (file, header);
        foreach (var (name, entry) in header.Entries) _tensors.Add(name, entry.Info);
    }

    /// <inheritdoc/>
    public IReadOnlyDictionary<string, TensorInfo> Tensors => _tensors;

    /// <summary>The file's <c>__metadata__</c>; empty where it has none.</summary>
    public IReadOnlyDictionary<string, string> Metadata => _header.Metadata;

    /// <summary>Opens a file and checks its whole header; no weight is read yet.</summary>
    /// <exception cref="ConfigException">The file is missing, unreadable, cut short or invalid in any way.</exception>
    public static SafetensorsFile Open(string path)
    {
        var file = MappedFile.Open(path);
        try
        {
            return new SafetensorsFile(file, SafetensorsHeader.Read(file));
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public void CopyTo(string name, Span<float> destination)
    {
        var entry = Entry(name);
        if (destination.Length != entry.Info.ElementCount) throw new ArgumentException($"`{name}` has {entry.Info.ElementCount} elements, the destination {destination.Length}.", nameof(destination));
        CopyRangeTo(name, 0, destination);
    }

    /// <inheritdoc/>
    public void CopyRangeTo(string name, long start, Span<float> destination)
    {
        var entry = Entry(name);
        entry.Info.RequireRange(name, start, destination.Length);
        _file.CopyTo(_header.DataStart + entry.Begin + start * entry.Info.Type.ElementSize(), entry.Info.Type, destination);
    }

    /// <summary>Reads one tensor as it is stored.</summary>
    /// <param name="name">A key of <see cref="Tensors"/>.</param>
    /// <returns>A new CPU tensor of the stored type and shape, in the current dispose scope if there is one.</returns>
    /// <exception cref="ArgumentException">No such tensor.</exception>
    public Tensor ReadTensor(string name)
    {
        var entry = Entry(name);
        var tensor = empty(entry.Info.Shape.ToArray(), dtype: entry.Info.Type.ToScalarType());
        if (entry.Info.ElementCount == 0) return tensor;
        using var scope = NewDisposeScope();
        var flat = tensor.view(-1);
        var size = entry.Info.Type.ElementSize();
        for (var done = 0L; done < entry.Info.ElementCount;)
        {
            var count = (int)Math.Min(MappedFile.WindowLength / size, entry.Info.ElementCount - done);
            using var view = _file.View(_header.DataStart + entry.Begin + done * size, count * size);
            var part = flat.narrow(0, done, count);
            view.Slice(0, count * size).CopyTo(part.bytes);
            part.Dispose();
            done += count;
        }

        return tensor;
    }

    /// <summary>Closes the file.</summary>
    public void Dispose() => _file.Dispose();

    private SafetensorsHeader.Entry Entry(string name) => _header.Entries.TryGetValue(name, out var entry)
        ? entry
        : throw new ArgumentException($"{_file.Path} has no tensor `{name}`; it has {string.Join(", ", _tensors.Keys.Take(8))}{(_tensors.Count > 8 ? ", …" : "")}.", nameof(name));
}
