using System.Text;
using ResearchKit.Core;
using static System.FormattableString;

namespace ResearchKit.Models.Checkpoints;

/// <summary>A TensorFlow V2 checkpoint (<c>NAME.index</c>, <c>NAME.data-00000-of-00001</c>), the format of OpenAI's GPT-2 release. Names are the variables' own, such as <c>model/h0/attn/c_attn/w</c>.</summary>
/// <remarks>Every tensor is checked against its CRC-32C before its first number is handed out.</remarks>
internal sealed class TensorFlowCheckpoint : ITensorSource
{
    /// <summary>How an index ends.</summary>
    public const string IndexEnding = ".index";

    private const int MaxShardCount = 1000;

    private readonly SortedDictionary<string, TensorInfo> _tensors = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Entry> _entries = new(StringComparer.Ordinal);
    private readonly HashSet<string> _verified = new(StringComparer.Ordinal);
    private readonly List<MappedFile> _shards = [];

    private TensorFlowCheckpoint()
    {
    }

    /// <inheritdoc/>
    public IReadOnlyDictionary<string, TensorInfo> Tensors => _tensors;

    /// <summary>Opens a checkpoint by its index file.</summary>
    /// <exception cref="ConfigException">A file is missing or damaged, or holds variables that are not plain numbers.</exception>
    public static TensorFlowCheckpoint Open(string indexPath)
    {
        using var index = MappedFile.Open(indexPath);
        var table = SortedTable.Read(index);
        var checkpoint = new TensorFlowCheckpoint();
        try
        {
            checkpoint.Read(index, table);
            return checkpoint;
        }
        catch
        {
            checkpoint.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public void CopyRangeTo(string name, long start, Span<float> destination)
    {
        if (!_entries.TryGetValue(name, out var entry)) throw new ArgumentException($"There is no tensor `{name}`.", nameof(name));
        entry.Info.RequireRange(name, start, destination.Length);
        var shard = _shards[entry.Shard];
        if (_verified.Add(name))
        {
            try
            {
                Verify(shard, name, entry);
            }
            catch
            {
                _verified.Remove(name);
                throw;
            }
        }

        shard.CopyTo(entry.Offset + start * entry.Info.Type.ElementSize(), entry.Info.Type, destination);
    }

    /// <summary>Closes all files.</summary>
    public void Dispose()
    {
        foreach (var shard in _shards) shard.Dispose();
    }

    private void Read(MappedFile index, List<(byte[] Key, byte[] Value)> table)
    {
        // The empty key, first in order, holds BundleHeaderProto: num_shards = 1, endianness = 2.
        if (table.Count == 0 || table[0].Key.Length != 0 || ProtocolBuffer.Fields(table[0].Value) is not { } header) throw Damaged(index, "its header is missing");
        var shardCount = header.LastOrDefault(field => field.Number == 1).Value;
        if (header.LastOrDefault(field => field.Number == 2).Value != 0) throw Damaged(index, "it was written on a big-endian machine");
        if (shardCount is < 1 or > MaxShardCount) throw Damaged(index, $"it has {shardCount} data files");
        for (var i = 0; i < (int)shardCount; i++)
        {
            _shards.Add(MappedFile.Open(Invariant($"{index.Path[..^IndexEnding.Length]}.data-{i:D5}-of-{shardCount:D5}")));
        }

        foreach (var (key, value) in table.Skip(1))
        {
            var name = Encoding.UTF8.GetString(key);
            var entry = ReadEntry(index, name, value);
            if (!_entries.TryAdd(name, entry)) throw Damaged(index, $"the variable `{SafetensorsHeader.Shown(name)}` is there twice");
            _tensors.Add(name, entry.Info);
        }
    }

    /// <summary>BundleEntryProto: dtype = 1, shape = 2, shard_id = 3, offset = 4, size = 5, crc32c = 6, slices = 7.</summary>
    private Entry ReadEntry(MappedFile index, string name, byte[] message)
    {
        if (ProtocolBuffer.Fields(message) is not { } fields) throw Damaged(index, $"the entry of `{SafetensorsHeader.Shown(name)}` is damaged");
        ulong Value(int number) => fields.LastOrDefault(field => field.Number == number).Value;
        if (fields.Any(field => field.Number == 7)) throw Damaged(index, $"`{SafetensorsHeader.Shown(name)}` is cut into slices, which this reader does not join");
        var type = Value(1) switch
        {
            1 => TensorType.F32,
            2 => TensorType.F64,
            3 => TensorType.I32,
            4 => TensorType.U8,
            5 => TensorType.I16,
            6 => TensorType.I8,
            9 => TensorType.I64,
            10 => TensorType.Bool,
            14 => TensorType.BF16,
            19 => TensorType.F16,
            var other => throw Damaged(index, $"`{SafetensorsHeader.Shown(name)}` has TensorFlow's type {other}, which is no plain number"),
        };
        var shape = fields.Where(field => field.Number == 2).SelectMany(field => ReadShape(field.Bytes) ?? [-1]).ToArray();
        if (shape.Length > SafetensorsHeader.MaxRank || ShapeProduct.Of(shape) is not { } count) throw Damaged(index, $"the shape of `{SafetensorsHeader.Shown(name)}` is damaged");
        var (shard, offset, size) = (Value(3), Value(4), Value(5));
        var expected = (ulong)(count * type.ElementSize());
        if (shard >= (ulong)_shards.Count || size != expected || size > (ulong)_shards[(int)shard].Length || offset > (ulong)_shards[(int)shard].Length - size)
        {
            throw Damaged(index, $"`{SafetensorsHeader.Shown(name)}` ({type.SafetensorsName()} [{string.Join(", ", shape)}], {expected} bytes) should be {size} bytes at byte {offset} of data file {shard}, which is not there");
        }

        return new Entry(new TensorInfo(type, shape), (int)shard, (long)offset, (uint)Value(6));
    }

    /// <summary>TensorShapeProto: dim = 2 { size = 1 }; a size of 0 is left out.</summary>
    private static IEnumerable<long>? ReadShape(byte[] message)
    {
        if (ProtocolBuffer.Fields(message) is not { } fields) return null;
        var sizes = new List<long>();
        foreach (var (number, _, bytes) in fields)
        {
            if (number != 2 || ProtocolBuffer.Fields(bytes) is not { } dimension) return null;
            sizes.Add((long)dimension.LastOrDefault(field => field.Number == 1).Value);
        }

        return sizes;
    }

    private static void Verify(MappedFile shard, string name, Entry entry)
    {
        var remainder = ~0u;
        for (var done = 0L; done < entry.Info.ByteCount;)
        {
            var length = (int)Math.Min(MappedFile.WindowLength, entry.Info.ByteCount - done);
            using var view = shard.View(entry.Offset + done, length);
            remainder = Crc32C.Append(remainder, view.Slice(0, length));
            done += length;
        }

        if (Crc32C.Mask(~remainder) != entry.MaskedCrc) throw Damaged(shard, $"the checksum of `{SafetensorsHeader.Shown(name)}` is wrong");
    }

    private static ConfigException Damaged(MappedFile file, string what) => new($"{file.Path}: not a readable TensorFlow checkpoint: {what}. Fetch it again.");

    private sealed record Entry(TensorInfo Info, int Shard, long Offset, uint MaskedCrc);
}
