using System.Buffers.Binary;
using System.Numerics;
using ResearchKit.Core;

namespace ResearchKit.Models.Checkpoints;

/// <summary>The sorted string table (LevelDB's format) in which TensorFlow keeps a checkpoint's index: keys in ascending order, each with some bytes.</summary>
/// <remarks>Footer: handles of the metaindex and the index block, magic number. The index block's values are handles of data blocks. Every block is checked against its CRC-32C.</remarks>
internal static class SortedTable
{
    private const ulong Magic = 0xdb4775248b80fb57;
    private const int FooterLength = 48;
    private const int TrailerLength = 5;                                 // compression type, masked CRC
    private const int MaxLength = 1 << 22;                               // GPT-2 XL takes about 40 kB
    private const int MaxKeyLength = 512;
    private const int MaxEntryCount = 1 << 17;

    /// <summary>All entries, in order of the keys.</summary>
    /// <exception cref="ConfigException">The file is damaged or compressed.</exception>
    public static List<(byte[] Key, byte[] Value)> Read(MappedFile file)
    {
        if (file.Length < FooterLength || file.Length > MaxLength) throw Damaged(file, $"it has {file.Length} bytes; {FooterLength} to {MaxLength} are possible");
        var data = file.Read(0, (int)file.Length);
        var footer = data.AsSpan(data.Length - FooterLength);
        if (BinaryPrimitives.ReadUInt64LittleEndian(footer[40..]) != Magic) throw Damaged(file, "its last 8 bytes are not those of a TensorFlow index");
        var position = 0;
        Handle(file, footer, ref position);                              // metaindex: no filters are used
        var (indexOffset, indexLength) = Handle(file, footer, ref position);

        var entries = new List<(byte[], byte[])>();
        var previousEnd = 0L;
        foreach (var (_, value) in Block(file, data, indexOffset, indexLength, MaxEntryCount))
        {
            var at = 0;
            var (offset, length) = Handle(file, value, ref at);
            // Blocks that overlap would let a small file hold any number of entries.
            if (offset < previousEnd) throw Damaged(file, "its blocks overlap");
            previousEnd = offset + length;
            entries.AddRange(Block(file, data, offset, length, MaxEntryCount - entries.Count));
        }

        for (var i = 1; i < entries.Count; i++)
        {
            if (entries[i - 1].Item1.AsSpan().SequenceCompareTo(entries[i].Item1) >= 0) throw Damaged(file, "its keys are not in ascending order");
        }

        return entries;
    }

    private static List<(byte[] Key, byte[] Value)> Block(MappedFile file, byte[] data, long offset, long length, int maxCount)
    {
        if (offset < 0 || length < 4 || offset > data.Length || length > data.Length - offset - TrailerLength) throw Damaged(file, "a block lies outside the file");
        var block = data.AsSpan((int)offset, (int)length);
        var trailer = data.AsSpan((int)(offset + length), TrailerLength);
        var crc = Crc32C.Mask(Crc32C.Of(data.AsSpan((int)offset, (int)length + 1)));
        if (crc != BinaryPrimitives.ReadUInt32LittleEndian(trailer[1..])) throw Damaged(file, $"the checksum of the block at byte {offset} is wrong");
        if (trailer[0] != 0) throw Damaged(file, "its blocks are compressed, which TensorFlow's checkpoints never are");

        long restarts = BinaryPrimitives.ReadUInt32LittleEndian(block[^4..]);
        if (restarts * 4 + 4 > length) throw Damaged(file, "a block's list of restarts is longer than the block");
        block = block[..(int)(length - 4 - restarts * 4)];
        var entries = new List<(byte[], byte[])>();
        var key = Array.Empty<byte>();
        for (var position = 0; position < block.Length;)
        {
            ulong shared = Varint(file, block, ref position), rest = Varint(file, block, ref position), valueLength = Varint(file, block, ref position);
            var left = (ulong)(block.Length - position);
            if (shared > (ulong)key.Length || rest > left || valueLength > left - rest || shared + rest > MaxKeyLength) throw Damaged(file, "an entry reaches beyond its block");
            if (entries.Count >= maxCount) throw Damaged(file, $"it has more than {MaxEntryCount} entries");
            key = [.. key.AsSpan(0, (int)shared), .. block.Slice(position, (int)rest)];
            position += (int)rest;
            entries.Add((key, block.Slice(position, (int)valueLength).ToArray()));
            position += (int)valueLength;
        }

        return entries;
    }

    private static (long Offset, long Length) Handle(MappedFile file, ReadOnlySpan<byte> bytes, ref int position)
    {
        ulong offset = Varint(file, bytes, ref position), length = Varint(file, bytes, ref position);
        return offset <= MaxLength && length <= MaxLength ? ((long)offset, (long)length) : throw Damaged(file, "a block lies outside the file");
    }

    private static ulong Varint(MappedFile file, ReadOnlySpan<byte> bytes, ref int position) =>
        ProtocolBuffer.TryReadVarint(bytes, ref position, out var value) ? value : throw Damaged(file, "a number in it does not end");

    private static ConfigException Damaged(MappedFile file, string what) => new($"{file.Path}: not a readable TensorFlow checkpoint index: {what}. Fetch it again.");
}

/// <summary>CRC-32C (Castagnoli), and the masked form in which TensorFlow stores it.</summary>
internal static class Crc32C
{
    public static uint Of(ReadOnlySpan<byte> data) => ~Append(~0u, data);

    /// <summary>Continues a running remainder; begin with all ones, end by inverting.</summary>
    public static uint Append(uint remainder, ReadOnlySpan<byte> data)
    {
        while (data.Length >= 8)
        {
            remainder = BitOperations.Crc32C(remainder, BinaryPrimitives.ReadUInt64LittleEndian(data));
            data = data[8..];
        }

        foreach (var b in data) remainder = BitOperations.Crc32C(remainder, b);
        return remainder;
    }

    public static uint Mask(uint crc) => BitOperations.RotateRight(crc, 15) + 0xa282ead8;
}

/// <summary>The few pieces of the protocol buffer wire format that TensorFlow's index uses.</summary>
internal static class ProtocolBuffer
{
    public static bool TryReadVarint(ReadOnlySpan<byte> bytes, ref int position, out ulong value)
    {
        value = 0;
        for (var shift = 0; shift < 64 && position < bytes.Length; shift += 7)
        {
            var b = bytes[position++];
            value |= (ulong)(b & 0x7F) << shift;
            if (b < 0x80) return true;
        }

        return false;
    }

    /// <summary>The fields of a message in order: number, value of varint and fixed fields, bytes of nested ones. Null where the bytes are not a message.</summary>
    public static List<(int Number, ulong Value, byte[] Bytes)>? Fields(ReadOnlySpan<byte> message)
    {
        var fields = new List<(int, ulong, byte[])>();
        for (var position = 0; position < message.Length;)
        {
            if (!TryReadVarint(message, ref position, out var tag) || tag >> 3 is 0 or > 1000) return null;
            var (value, bytes) = (0UL, Array.Empty<byte>());
            switch (tag & 7)
            {
                case 0:
                    if (!TryReadVarint(message, ref position, out value)) return null;
                    break;
                case 1:
                    if (message.Length - position < 8) return null;
                    value = BinaryPrimitives.ReadUInt64LittleEndian(message[position..]);
                    position += 8;
                    break;
                case 2:
                    if (!TryReadVarint(message, ref position, out var length) || length > (ulong)(message.Length - position)) return null;
                    bytes = message.Slice(position, (int)length).ToArray();
                    position += (int)length;
                    break;
                case 5:
                    if (message.Length - position < 4) return null;
                    value = BinaryPrimitives.ReadUInt32LittleEndian(message[position..]);
                    position += 4;
                    break;
                default:
                    return null;
            }

            fields.Add(((int)(tag >> 3), value, bytes));
        }

        return fields;
    }
}
