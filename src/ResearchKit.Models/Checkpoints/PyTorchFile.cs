using System.Buffers.Binary;
using System.Numerics;
using ResearchKit.Core;

namespace ResearchKit.Models.Checkpoints;

/// <summary>A <c>state_dict</c> as <c>torch.save</c> writes it: the zip format, or the older stream of pickles in which early models are published.</summary>
/// <remarks>Read by an unpickler that knows only tensors and containers; nothing in the file is executed and nothing is decompressed.</remarks>
internal sealed class PyTorchFile : ITensorSource
{
    private static readonly BigInteger LegacyMagic = BigInteger.Parse("119547037146038801333356", System.Globalization.CultureInfo.InvariantCulture);
    private const long LegacyVersion = 1001;

    private readonly MappedFile _file;
    private readonly SortedDictionary<string, TensorInfo> _tensors = new(StringComparer.Ordinal);
    private readonly Dictionary<string, TensorReference> _references = new(StringComparer.Ordinal);
    private readonly Dictionary<string, (StorageReference Storage, long Offset)> _storages = new(StringComparer.Ordinal);

    private PyTorchFile(MappedFile file) => _file = file;

    /// <inheritdoc/>
    public IReadOnlyDictionary<string, TensorInfo> Tensors => _tensors;

    /// <summary>Opens a file and reads the description of its tensors, no weights yet.</summary>
    /// <exception cref="ConfigException">The file is missing, damaged, not a flat dictionary of tensors, or asks for anything but tensors.</exception>
    public static PyTorchFile Open(string path)
    {
        var file = new PyTorchFile(MappedFile.Open(path));
        try
        {
            file.Read();
            return file;
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public void CopyRangeTo(string name, long start, Span<float> destination)
    {
        if (!_references.TryGetValue(name, out var tensor)) throw new ArgumentException($"There is no tensor `{name}`.", nameof(name));
        _tensors[name].RequireRange(name, start, destination.Length);
        if (destination.Length == 0) return;
        var type = tensor.Storage.Type;
        var origin = _storages[tensor.Storage.Key].Offset;
        if (IsContiguous(tensor)) _file.CopyTo(origin + (tensor.Offset + start) * type.ElementSize(), type, destination);
        else CopyStrided(tensor, origin, start, destination);
    }

    /// <summary>Closes the file.</summary>
    public void Dispose() => _file.Dispose();

    private void Read()
    {
        if (_file.Length < 4) throw Damaged($"it has {_file.Length} bytes");
        var first = _file.Read(0, 4);
        SortedDictionary<string, TensorReference> tensors;
        if (first.AsSpan().SequenceEqual("PK\x03\x04"u8)) tensors = ReadZip();
        else if (first[0] == 0x80) tensors = ReadLegacy();
        else throw Damaged("it begins neither like a zip file nor like a pickle (the tar format of 2016 is not read)");
        foreach (var (name, tensor) in tensors) Add(name, tensor);
    }

    private SortedDictionary<string, TensorReference> Named(object? root)
    {
        if (root is not Dictionary<object, object?> dictionary) throw Damaged("it does not hold a dictionary of tensors");
        var tensors = new SortedDictionary<string, TensorReference>(StringComparer.Ordinal);
        var problems = new List<string>();
        foreach (var (key, value) in dictionary)
        {
            if (key is string name && value is TensorReference tensor) tensors.Add(name, tensor);
            else problems.Add($"`{SafetensorsHeader.Shown(key.ToString()!)}` is not a tensor");
        }

        return problems.Count == 0 ? tensors
            : throw Damaged($"it holds more than weights ({string.Join(", ", problems.Take(8))}{(problems.Count > 8 ? ", …" : "")}); save the model's `state_dict()` alone");
    }

    private void Add(string name, TensorReference tensor)
    {
        if (tensor.Size.Length != tensor.Stride.Length || ShapeProduct.Of(tensor.Size) is not { } count) throw Damaged($"`{SafetensorsHeader.Shown(name)}` has an impossible shape");
        if (!_storages.TryGetValue(tensor.Storage.Key, out var known) || known.Storage != tensor.Storage) throw Damaged($"`{SafetensorsHeader.Shown(name)}` lies in a storage that is missing or described in two ways");
        var last = (Int128)tensor.Offset;
        for (var i = 0; i < tensor.Size.Length; i++) last += (Int128)Math.Max(tensor.Size[i] - 1, 0) * tensor.Stride[i];
        if (count > 0 && (tensor.Offset < 0 || last >= tensor.Storage.Count)) throw Damaged($"`{SafetensorsHeader.Shown(name)}` reaches beyond its storage of {tensor.Storage.Count} elements");
        // A stride of 0 would let a few bytes describe any amount of memory.
        if (count > tensor.Storage.Count) throw Damaged($"`{SafetensorsHeader.Shown(name)}` has {count} elements in a storage of {tensor.Storage.Count}");
        _references.Add(name, tensor);
        _tensors.Add(name, new TensorInfo(tensor.Storage.Type, tensor.Size));
    }

    private SortedDictionary<string, TensorReference> ReadZip()
    {
        var zip = ZipDirectory.Read(_file);
        var descriptions = zip.Names.Where(name => name.EndsWith("/data.pkl", StringComparison.Ordinal) && name.IndexOf('/', StringComparison.Ordinal) == name.Length - 9).ToArray();
        if (descriptions.Length != 1) throw Damaged("it has no `data.pkl`");
        var folder = descriptions[0][..^8];
        if (zip.Contains(folder + "constants.pkl")) throw Damaged("it is a TorchScript program, not a dictionary of weights");
        if (zip.Contains(folder + "byteorder"))
        {
            var (at, size) = zip.Locate(folder + "byteorder");
            if (size != 6 || !_file.Read(at, 6).AsSpan().SequenceEqual("little"u8)) throw Damaged("it was written on a big-endian machine");
        }

        var (offset, length) = zip.Locate(descriptions[0]);
        if (length > PickleReader.MaxLength) throw Damaged($"its `data.pkl` has {length} bytes; at most {PickleReader.MaxLength} are read");
        var position = 0;
        var tensors = Named(PickleReader.Read(_file.Read(offset, (int)length), ref position, _file.Path));
        foreach (var storage in tensors.Values.Select(tensor => tensor.Storage))
        {
            if (_storages.ContainsKey(storage.Key)) continue;
            var (begin, size) = zip.Locate($"{folder}data/{storage.Key}");
            if (size != storage.Count * storage.Type.ElementSize()) throw Damaged($"the storage `{SafetensorsHeader.Shown(storage.Key)}` should have {storage.Count * storage.Type.ElementSize()} bytes and has {size}");
            _storages.Add(storage.Key, (storage, begin));
        }

        return tensors;
    }

    private SortedDictionary<string, TensorReference> ReadLegacy()
    {
        using var view = _file.View(0, Math.Min(_file.Length, PickleReader.MaxLength));
        var data = view.Slice(0, (int)view.Length);
        var position = 0;
        if (PickleReader.Read(data, ref position, _file.Path) is not BigInteger magic || magic != LegacyMagic) throw Damaged("it is a pickle, but not one that `torch.save` wrote");
        if (PickleReader.Read(data, ref position, _file.Path) is not LegacyVersion) throw Damaged($"its protocol is not {LegacyVersion}");
        if (PickleReader.Read(data, ref position, _file.Path) is not Dictionary<object, object?> system || system.GetValueOrDefault("little_endian") is not true) throw Damaged("it was written on a big-endian machine");
        var tensors = Named(PickleReader.Read(data, ref position, _file.Path));
        if (PickleReader.Read(data, ref position, _file.Path) is not List<object?> keys) throw Damaged("the list of its storages is missing");

        var described = new Dictionary<string, StorageReference>(StringComparer.Ordinal);
        foreach (var storage in tensors.Values.Select(tensor => tensor.Storage)) described.TryAdd(storage.Key, storage);
        var at = (long)position;
        foreach (var key in keys)
        {
            if (key is not string name || !described.TryGetValue(name, out var storage)) throw Damaged("it has a storage that no tensor uses");
            var count = BinaryPrimitives.ReadInt64LittleEndian(_file.Read(at, 8));
            var length = storage.Count * storage.Type.ElementSize();
            if (count != storage.Count || length > _file.Length - at - 8) throw Damaged($"the storage `{SafetensorsHeader.Shown(name)}` is cut short or has another length than described");
            if (!_storages.TryAdd(name, (storage, at + 8))) throw Damaged($"the storage `{SafetensorsHeader.Shown(name)}` is there twice");
            at += 8 + length;
        }

        return tensors;
    }

    private static bool IsContiguous(TensorReference tensor)
    {
        var expected = 1L;
        for (var i = tensor.Size.Length - 1; i >= 0; i--)
        {
            if (tensor.Size[i] != 1 && tensor.Stride[i] != expected) return false;
            expected *= tensor.Size[i];
        }

        return true;
    }

    /// <summary>Gathers element by element, in row-major order of the shape (a transposed matrix, a slice).</summary>
    private void CopyStrided(TensorReference tensor, long origin, long start, Span<float> destination)
    {
        var size = tensor.Storage.Type.ElementSize();
        using var view = _file.View(origin, tensor.Storage.Count * size);
        var index = new long[tensor.Size.Length];
        var (at, rest) = (tensor.Offset, start);
        for (var i = index.Length - 1; i >= 0; i--)
        {
            (rest, index[i]) = Math.DivRem(rest, tensor.Size[i]);
            at += index[i] * tensor.Stride[i];
        }

        for (var done = 0; done < destination.Length; done++)
        {
            ElementConversion.ToFloat32(tensor.Storage.Type, view.Slice(at * size, size), destination.Slice(done, 1));
            for (var i = index.Length - 1; i >= 0; i--)
            {
                at += tensor.Stride[i];
                if (++index[i] < tensor.Size[i]) break;
                at -= index[i] * tensor.Stride[i];
                index[i] = 0;
            }
        }
    }

    private ConfigException Damaged(string what) => new($"{_file.Path}: not a readable PyTorch file: {what}. Fetch it again, or take the model's safetensors files.");
}
