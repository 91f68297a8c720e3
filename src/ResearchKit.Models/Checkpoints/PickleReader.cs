using System.Buffers.Binary;
using System.Numerics;
using System.Text;
using ResearchKit.Core;

namespace ResearchKit.Models.Checkpoints;

/// <summary>Reads the pickles in which PyTorch describes tensors. It knows tensors, storages, containers, numbers and texts; anything else is an error, and nothing is ever executed.</summary>
/// <remarks>Opcodes of protocols 2 to 5 as Python's <c>pickletools</c> documents them. Work and memory are linear in the pickle's length, which is limited.</remarks>
internal ref struct PickleReader
{
    /// <summary>Longest pickle that is read: a model's takes about 130 bytes per tensor.</summary>
    public const int MaxLength = 1 << 24;

    /// <summary>Most steps that a pickle may take, each of which makes at most one object; a tensor takes about 45. Bounds memory and time whatever the file says.</summary>
    private const int MaxStepCount = 1 << 21;

    private static readonly object Mark = new();
    private readonly ReadOnlySpan<byte> _data;
    private readonly string _path;
    private readonly List<object?> _stack = [];
    private readonly Dictionary<uint, object?> _memo = [];
    private int _position;
    private int _stepCount;

    private PickleReader(ReadOnlySpan<byte> data, int position, string path)
    {
        _data = data;
        _position = position;
        _path = path;
    }

    /// <summary>Reads one pickle.</summary>
    /// <param name="data">Bytes that hold it.</param>
    /// <param name="position">Where it begins; afterwards where it ended.</param>
    /// <param name="path">Name for messages.</param>
    /// <returns>null, bool, long, <see cref="BigInteger"/>, double, string, <c>object?[]</c> (tuple), <see cref="List{T}"/>, <see cref="Dictionary{TKey, TValue}"/>, or one of PyTorch's.</returns>
    /// <exception cref="ConfigException">The pickle is damaged or asks for anything else.</exception>
    public static object? Read(ReadOnlySpan<byte> data, ref int position, string path)
    {
        var reader = new PickleReader(data, position, path);
        var result = reader.Run();
        position = reader._position;
        return result;
    }

    private object? Run()
    {
        while (true)
        {
            var at = _position;
            var opcode = Byte();
            if (opcode == (byte)'.')
            {
                var result = Pop();
                return result == Mark ? throw Damaged("it ends with an open list") : result;
            }

            Spend(1);
            Step(opcode, at);
        }
    }

    private void Spend(int steps)
    {
        // Written as a subtraction: a sum could overflow.
        if (steps > MaxStepCount - _stepCount) throw Damaged($"it takes more than {MaxStepCount} steps");
        _stepCount += steps;
    }

    private void Step(byte opcode, int at)
    {
        switch (opcode)
        {
            case 0x80: _ = Byte(); break;                                                   // PROTO
            case 0x95: Skip(8); break;                                                      // FRAME: only a hint for streams
            case (byte)'(': _stack.Add(Mark); break;
            case (byte)'0': Pop(); break;
            case (byte)'1': PopToMark(); break;
            case (byte)'2': _stack.Add(Top()); break;                                       // DUP
            case (byte)'N': _stack.Add(null); break;
            case 0x88: _stack.Add(true); break;
            case 0x89: _stack.Add(false); break;
            case (byte)'J': _stack.Add((long)BinaryPrimitives.ReadInt32LittleEndian(Take(4))); break;
            case (byte)'K': _stack.Add((long)Byte()); break;
            case (byte)'M': _stack.Add((long)BinaryPrimitives.ReadUInt16LittleEndian(Take(2))); break;
            case 0x8a: _stack.Add(Integer(Byte())); break;                                  // LONG1
            case 0x8b: _stack.Add(Integer(BinaryPrimitives.ReadInt32LittleEndian(Take(4)))); break;
            case (byte)'G': _stack.Add(BinaryPrimitives.ReadDoubleBigEndian(Take(8))); break;
            case (byte)'X': _stack.Add(Text(BinaryPrimitives.ReadUInt32LittleEndian(Take(4)))); break;
            case 0x8c: _stack.Add(Text(Byte())); break;
            case 0x8d: _stack.Add(Text(BinaryPrimitives.ReadUInt64LittleEndian(Take(8)))); break;
            case (byte)'U': _stack.Add(Text(Byte())); break;                                // Python 2 strings
            case (byte)'T': _stack.Add(Text(BinaryPrimitives.ReadUInt32LittleEndian(Take(4)))); break;
            case (byte)')': _stack.Add(Array.Empty<object?>()); break;
            case 0x85: Tuple(1); break;
            case 0x86: Tuple(2); break;
            case 0x87: Tuple(3); break;
            case (byte)'t': _stack.Add(PopToMark()); break;
            case (byte)']': _stack.Add(new List<object?>()); break;
            case (byte)'l': _stack.Add(PopToMark().ToList()); break;
            case (byte)'a': Append([Pop()]); break;
            case (byte)'e': Append(PopToMark()); break;
            case (byte)'}': _stack.Add(new Dictionary<object, object?>()); break;
            case (byte)'d': SetItems(PopToMark(), new Dictionary<object, object?>()); break;
            case (byte)'s': Set(); break;
            case (byte)'u': SetItems(PopToMark(), Pop()); break;
            case (byte)'c': _stack.Add(Global(Line(), Line())); break;
            case 0x93: StackGlobal(); break;
            case (byte)'Q': _stack.Add(StorageReference.FromPersistentId(Pop(), _path)); break;
            case (byte)'R': Reduce(); break;
            case (byte)'b': Build(); break;
            case (byte)'q': _memo[Byte()] = Top(); break;
            case (byte)'r': _memo[BinaryPrimitives.ReadUInt32LittleEndian(Take(4))] = Top(); break;
            case 0x94: _memo[(uint)_memo.Count] = Top(); break;                             // MEMOIZE
            case (byte)'h': _stack.Add(Recall(Byte())); break;
            case (byte)'j': _stack.Add(Recall(BinaryPrimitives.ReadUInt32LittleEndian(Take(4)))); break;
            default: throw Damaged($"the opcode 0x{opcode:x2} at byte {at} does not belong into a description of tensors");
        }
    }

    /// <summary>A name that a pickle may mention. Python would import it; here it only selects one of the cases below.</summary>
    private readonly object Global(string module, string name) => (module, name) switch
    {
        ("collections", "OrderedDict") => Callable.OrderedDict,
        ("torch._utils", "_rebuild_tensor_v2" or "_rebuild_tensor") => Callable.RebuildTensor,
        ("torch._utils", "_rebuild_parameter") => Callable.RebuildParameter,
        ("torch", "Size") => Callable.Size,
        ("torch" or "torch.cuda", "DoubleStorage") => TensorType.F64,
        ("torch" or "torch.cuda", "FloatStorage") => TensorType.F32,
        ("torch" or "torch.cuda", "HalfStorage") => TensorType.F16,
        ("torch" or "torch.cuda", "BFloat16Storage") => TensorType.BF16,
        ("torch" or "torch.cuda", "LongStorage") => TensorType.I64,
        ("torch" or "torch.cuda", "IntStorage") => TensorType.I32,
        ("torch" or "torch.cuda", "ShortStorage") => TensorType.I16,
        ("torch" or "torch.cuda", "CharStorage") => TensorType.I8,
        ("torch" or "torch.cuda", "ByteStorage") => TensorType.U8,
        ("torch" or "torch.cuda", "BoolStorage") => TensorType.Bool,
        _ => throw new ConfigException($"{_path}: asks Python for `{SafetensorsHeader.Shown(module)}.{SafetensorsHeader.Shown(name)}`. Weights need only tensors and containers, so the file is refused; nothing was executed. "
            + "If you do not know why it does that, do not open it elsewhere either: take the model's safetensors files."),
    };

    private void StackGlobal()
    {
        if (Pop() is string name && Pop() is string module) _stack.Add(Global(module, name));
        else throw Damaged("a name to look up is not a text");
    }

    private void Reduce()
    {
        var arguments = Pop() as object?[] ?? throw Damaged("arguments are not a tuple");
        _stack.Add((Pop(), arguments) switch
        {
            (Callable.OrderedDict, []) => new Dictionary<object, object?>(),
            (Callable.OrderedDict, [List<object?> pairs]) => FromPairs(pairs),              // as Python 2 wrote it
            (Callable.RebuildTensor, [StorageReference storage, long offset, object?[] size, object?[] stride, ..]) => new TensorReference(storage, offset, Sizes(size), Sizes(stride)),
            (Callable.RebuildParameter, [TensorReference tensor, ..]) => tensor,
            (Callable.Size, [object?[] sizes]) => sizes,
            _ => throw Damaged("it makes something that is neither a tensor nor a container"),
        });
    }

    private Dictionary<object, object?> FromPairs(List<object?> pairs)
    {
        Spend(pairs.Count);                                             // one list can be used again and again
        var dictionary = new Dictionary<object, object?>();
        foreach (var pair in pairs)
        {
            if (pair is not IReadOnlyList<object?> { Count: 2 } entry) throw Damaged("a dictionary's items are not pairs");
            Put(dictionary, entry[0], entry[1]);
        }

        return dictionary;
    }

    private readonly long[] Sizes(object?[] values)
    {
        if (values.Length > SafetensorsHeader.MaxRank) throw Damaged($"a tensor has more than {SafetensorsHeader.MaxRank} dimensions");
        var sizes = new long[values.Length];
        for (var i = 0; i < sizes.Length; i++) sizes[i] = values[i] is long size and >= 0 ? size : throw Damaged("a size or stride is not a whole number of at least 0");
        return sizes;
    }

    /// <summary>State of an object. Dictionaries carry only <c>_metadata</c> there, which says nothing about weights.</summary>
    private void Build()
    {
        Pop();
        if (Top() is not Dictionary<object, object?>) throw Damaged("it sets the state of something that is not a dictionary");
    }

    private void Append(IEnumerable<object?> items)
    {
        if (Top() is not List<object?> list) throw Damaged("it appends to something that is not a list");
        list.AddRange(items);
    }

    private void Set()
    {
        var value = Pop();
        var key = Pop();
        SetItems([key, value], Pop());
    }

    private void SetItems(object?[] items, object? target)
    {
        if (target is not Dictionary<object, object?> dictionary || items.Length % 2 != 0) throw Damaged("it sets items of something that is not a dictionary");
        for (var i = 0; i < items.Length; i += 2) Put(dictionary, items[i], items[i + 1]);
        _stack.Add(dictionary);
    }

    private void Put(Dictionary<object, object?> dictionary, object? key, object? value)
    {
        if (key is string text) Spend(text.Length / 64);                // so can one long key, hashed each time
        if (key is not (string or long)) throw Damaged("a dictionary's key is neither a text nor a whole number");
        dictionary[key] = value;
    }

    private void Tuple(int count)
    {
        var items = new object?[count];
        for (var i = count - 1; i >= 0; i--) items[i] = Pop();
        _stack.Add(items);
    }

    private object?[] PopToMark()
    {
        var mark = _stack.Count - 1;
        while (mark >= 0 && _stack[mark] != Mark) mark--;
        if (mark < 0) throw Damaged("it closes a list that was not opened");
        var items = _stack[(mark + 1)..].ToArray();
        _stack.RemoveRange(mark, _stack.Count - mark);
        return items;
    }

    private readonly object? Top() => _stack.Count > 0 && _stack[^1] != Mark ? _stack[^1] : throw Damaged("it uses a value that is not there");

    private object? Pop()
    {
        if (_stack.Count == 0) throw Damaged("it uses a value that is not there");
        var value = _stack[^1];
        _stack.RemoveAt(_stack.Count - 1);
        return value;
    }

    private readonly object? Recall(uint index) => _memo.TryGetValue(index, out var value) ? value : throw Damaged($"it recalls the value {index}, which was not remembered");

    private object Integer(int length)
    {
        if (length is < 0 or > 16) throw Damaged("a whole number is far too long");
        var bytes = Take(length);
        var value = new BigInteger(bytes);
        return value >= long.MinValue && value <= long.MaxValue ? (long)value : value;
    }

    private string Text(ulong length)
    {
        if (length > (ulong)(_data.Length - _position)) throw Damaged("a text is longer than the file");
        return Encoding.UTF8.GetString(Take((int)length));
    }

    private string Line()
    {
        var rest = _data[_position..];
        var end = rest[..Math.Min(rest.Length, 512)].IndexOf((byte)'\n');
        if (end < 0) throw Damaged("a name does not end");
        _position += end + 1;
        return Encoding.UTF8.GetString(rest[..end]);
    }

    private byte Byte() => Take(1)[0];

    private void Skip(int count) => Take(count);

    private ReadOnlySpan<byte> Take(int count)
    {
        if (count > _data.Length - _position) throw Damaged(_data.Length >= MaxLength ? $"it has more than {MaxLength} bytes" : "it is cut short");
        var bytes = _data.Slice(_position, count);
        _position += count;
        return bytes;
    }

    private readonly ConfigException Damaged(string what) => new($"{_path}: not a readable PyTorch file: the description of its tensors is damaged or foreign: {what} (byte {_position}). Fetch it again, or take the model's safetensors files.");

    private enum Callable
    {
        OrderedDict,
        RebuildTensor,
        RebuildParameter,
        Size,
    }
}

/// <summary>A block of elements that tensors share.</summary>
/// <param name="Type">Element type.</param>
/// <param name="Key">Name of the block in the file.</param>
/// <param name="Count">Elements.</param>
internal sealed record StorageReference(TensorType Type, string Key, long Count)
{
    /// <summary>From <c>('storage', type, key, location, count)</c>; the old format adds a view, which is always None.</summary>
    public static StorageReference FromPersistentId(object? id, string path) => id switch
    {
        object?[] and ["storage", TensorType type, string key, string, long count and >= 0 and < long.MaxValue / 64] => new(type, key, count),
        object?[] and ["storage", TensorType type, string key, string, long count and >= 0 and < long.MaxValue / 64, null] => new(type, key, count),
        _ => throw new ConfigException($"{path}: not a readable PyTorch file: a tensor refers to something that is not a storage. Fetch it again, or take the model's safetensors files."),
    };
}

/// <summary>A tensor as a view of a storage.</summary>
/// <param name="Storage">Elements.</param>
/// <param name="Offset">First element.</param>
/// <param name="Size">Shape.</param>
/// <param name="Stride">Elements between neighbours of each dimension.</param>
internal sealed record TensorReference(StorageReference Storage, long Offset, long[] Size, long[] Stride);
