using System.Buffers.Binary;
using System.Text;
using ResearchKit.Models.Checkpoints;

namespace ResearchKit.Models.Tests.Checkpoints;

/// <summary>Writes small TensorFlow V2 checkpoints, so that hostile ones can have right checksums.</summary>
internal static class TensorFlowFixture
{
    /// <summary>Files <c>m.index</c> and <c>m.data-00000-of-00001</c>.</summary>
    public static (byte[] Index, byte[] Data) Checkpoint(params (string Name, long[] Shape, float[] Values)[] variables)
    {
        var data = new List<byte>();
        var entries = new List<(byte[], byte[])> { ([], [0x08, 1]) };
        foreach (var (name, shape, values) in variables.OrderBy(variable => variable.Name, StringComparer.Ordinal))
        {
            var bytes = PyTorchFixture.Floats(values);
            byte[] dimensions = [.. shape.SelectMany(size => Message(2, [0x08, .. Varint((ulong)size)]))];
            byte[] crc = new byte[4];
            BinaryPrimitives.WriteUInt32LittleEndian(crc, Crc32C.Mask(Crc32C.Of(bytes)));
            entries.Add((Encoding.UTF8.GetBytes(name), [0x08, 1, .. Message(2, dimensions), 0x20, .. Varint((ulong)data.Count), 0x28, .. Varint((ulong)bytes.Length), 0x35, .. crc]));
            data.AddRange(bytes);
        }

        return (Table(Block(entries)), data.ToArray());
    }

    /// <summary>A table of one data block with right checksums, whatever the block says.</summary>
    public static byte[] Table(byte[] block)
    {
        var index = Block([(new byte[] { 0xFF }, Handle(0, block.Length))]);
        var metaindex = Block([]);
        byte[] handles = [.. Handle(block.Length + 5, metaindex.Length), .. Handle(block.Length + 5 + metaindex.Length + 5, index.Length)];
        return [.. Checked(block), .. Checked(metaindex), .. Checked(index), .. handles, .. new byte[40 - handles.Length], 0x57, 0xfb, 0x80, 0x8b, 0x24, 0x75, 0x47, 0xdb];
    }

    /// <summary>The data block of a table that <see cref="Table"/> made: what comes before the empty metaindex block.</summary>
    public static byte[] FirstBlock(byte[] table) => table[..(table.AsSpan().IndexOf(Checked(Block([]))) - 5)];

    public static byte[] Block(IEnumerable<(byte[] Key, byte[] Value)> entries) =>
        [.. entries.SelectMany(entry => (byte[])[0, .. Varint((ulong)entry.Key.Length), .. Varint((ulong)entry.Value.Length), .. entry.Key, .. entry.Value]), 0, 0, 0, 0, 1, 0, 0, 0];

    private static byte[] Checked(byte[] block)
    {
        byte[] typed = [.. block, 0];
        var crc = new byte[4];
        BinaryPrimitives.WriteUInt32LittleEndian(crc, Crc32C.Mask(Crc32C.Of(typed)));
        return [.. typed, .. crc];
    }

    private static byte[] Handle(long offset, long length) => [.. Varint((ulong)offset), .. Varint((ulong)length)];

    private static byte[] Message(int field, byte[] content) => [(byte)(field << 3 | 2), .. Varint((ulong)content.Length), .. content];

    private static byte[] Varint(ulong value)
    {
        var bytes = new List<byte>();
        for (; value >= 0x80; value >>= 7) bytes.Add((byte)(value | 0x80));
        bytes.Add((byte)value);
        return [.. bytes];
    }
}
