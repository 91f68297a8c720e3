using System.Buffers.Binary;
using System.Text;
using ResearchKit.Core;

namespace ResearchKit.Models.Checkpoints;

/// <summary>The table of contents of a zip file, giving where each entry's bytes lie, so that stored entries can be mapped instead of unpacked.</summary>
/// <remarks>Nothing is ever decompressed: PyTorch stores its entries as they are, so a compressed entry is refused and a zip bomb has nothing to go off.</remarks>
internal sealed class ZipDirectory
{
    private const uint EndSignature = 0x06054b50;
    private const uint End64LocatorSignature = 0x07064b50;
    private const uint End64Signature = 0x06064b50;
    private const uint EntrySignature = 0x02014b50;
    private const uint LocalSignature = 0x04034b50;
    private const int EndLength = 22;
    private const int MaxCommentLength = ushort.MaxValue;

    /// <summary>Room for a million entries.</summary>
    private const long MaxDirectoryLength = 1 << 26;

    private readonly MappedFile _file;
    private readonly SortedDictionary<string, Entry> _entries = new(StringComparer.Ordinal);
    private readonly long _directoryStart;

    private ZipDirectory(MappedFile file, long start) => (_file, _directoryStart) = (file, start);

    public IReadOnlyCollection<string> Names => _entries.Keys;

    /// <exception cref="ConfigException">Not a zip file, or a damaged one.</exception>
    public static ZipDirectory Read(MappedFile file)
    {
        var tailLength = (int)Math.Min(file.Length, EndLength + MaxCommentLength);
        var tail = file.Read(file.Length - tailLength, tailLength);
        var end = tailLength - EndLength;
        while (end >= 0 && !(U32(tail, end) == EndSignature && U16(tail, end + 20) == tailLength - end - EndLength)) end--;
        if (end < 0) throw Damaged(file, "its table of contents is missing, so it is cut short");

        long count = U16(tail, end + 10), length = U32(tail, end + 12), start = U32(tail, end + 16);
        var endPosition = file.Length - tailLength + end;
        if (count == ushort.MaxValue || length == uint.MaxValue || start == uint.MaxValue) (count, length, start, endPosition) = ReadEnd64(file, endPosition);
        if (start < 0 || length < 0 || start > endPosition - length || length > MaxDirectoryLength || count > length / 46) throw Damaged(file, "its table of contents lies outside the file or has an impossible size");
        var directory = new ZipDirectory(file, start);
        directory.ReadEntries(file.Read(start, (int)length), count);
        return directory;
    }

    public bool Contains(string name) => _entries.ContainsKey(name);

    /// <summary>Where the bytes of a stored entry lie.</summary>
    /// <exception cref="ConfigException">The entry is missing, compressed, encrypted or outside the file.</exception>
    public (long Offset, long Length) Locate(string name)
    {
        if (!_entries.TryGetValue(name, out var entry)) throw Damaged(_file, $"the entry `{Shown(name)}` is missing");
        if ((entry.Flags & 1) != 0) throw Damaged(_file, $"the entry `{Shown(name)}` is encrypted");
        if (entry.Method != 0 || entry.StoredLength != entry.Length)
        {
            throw Damaged(_file, $"the entry `{Shown(name)}` is compressed ({entry.StoredLength} bytes for {entry.Length}); PyTorch stores entries as they are, and nothing is unpacked here");
        }

        var header = _file.Read(entry.HeaderOffset, 30);
        if (U32(header, 0) != LocalSignature) throw Damaged(_file, $"the entry `{Shown(name)}` has no header at byte {entry.HeaderOffset}");
        var offset = entry.HeaderOffset + 30 + U16(header, 26) + U16(header, 28);
        if (offset > _directoryStart || entry.Length > _directoryStart - offset) throw Damaged(_file, $"the entry `{Shown(name)}` reaches into the table of contents");
        return (offset, entry.Length);
    }

    private static (long Count, long Length, long Start, long End) ReadEnd64(MappedFile file, long end)
    {
        if (end < 20) throw Damaged(file, "the 64-bit end record is missing");
        var locator = file.Read(end - 20, 20);
        var position = I64(locator, 8);
        if (U32(locator, 0) != End64LocatorSignature || position < 0 || position > end - 56) throw Damaged(file, "the 64-bit end record is missing");
        var record = file.Read(position, 56);
        return U32(record, 0) == End64Signature ? (I64(record, 32), I64(record, 40), I64(record, 48), position) : throw Damaged(file, "the 64-bit end record is damaged");
    }

    private void ReadEntries(byte[] bytes, long count)
    {
        var position = 0;
        for (var i = 0L; i < count; i++)
        {
            if (position > bytes.Length - 46 || U32(bytes, position) != EntrySignature) throw Damaged(_file, $"entry {i} of its table of contents is damaged");
            int nameLength = U16(bytes, position + 28), extraLength = U16(bytes, position + 30), commentLength = U16(bytes, position + 32);
            var next = position + 46 + nameLength + extraLength + commentLength;
            if (next > bytes.Length) throw Damaged(_file, $"entry {i} of its table of contents is cut short");
            var name = Encoding.UTF8.GetString(bytes, position + 46, nameLength);
            long stored = U32(bytes, position + 20), length = U32(bytes, position + 24), header = U32(bytes, position + 42);
            if (stored == uint.MaxValue || length == uint.MaxValue || header == uint.MaxValue)
            {
                ReadExtra64(bytes.AsSpan(position + 46 + nameLength, extraLength), name, ref length, ref stored, ref header);
            }

            if (stored < 0 || length < 0 || header < 0) throw Damaged(_file, $"the entry `{Shown(name)}` has a negative size");
            if (!_entries.TryAdd(name, new Entry(U16(bytes, position + 8), U16(bytes, position + 10), stored, length, header))) throw Damaged(_file, $"the entry `{Shown(name)}` is there twice");
            position = next;
        }
    }

    /// <summary>Sizes of 4 GiB and more stand in an extra field, in this order, each only where the short field is full of ones.</summary>
    private void ReadExtra64(ReadOnlySpan<byte> extra, string name, ref long length, ref long stored, ref long header)
    {
        while (extra.Length >= 4)
        {
            var (id, size) = (BinaryPrimitives.ReadUInt16LittleEndian(extra), (int)BinaryPrimitives.ReadUInt16LittleEndian(extra[2..]));
            if (size > extra.Length - 4) break;
            var field = extra.Slice(4, size);
            extra = extra[(4 + size)..];
            if (id != 1) continue;
            if (Take(ref field, ref length) && Take(ref field, ref stored) && Take(ref field, ref header)) return;
            break;
        }

        throw Damaged(_file, $"the 64-bit sizes of the entry `{Shown(name)}` are missing");
    }

    private static bool Take(ref ReadOnlySpan<byte> field, ref long value)
    {
        if (value != uint.MaxValue) return true;
        if (field.Length < 8) return false;
        value = BinaryPrimitives.ReadInt64LittleEndian(field);
        field = field[8..];
        return true;
    }

    private static ushort U16(byte[] bytes, int at) => BinaryPrimitives.ReadUInt16LittleEndian(bytes.AsSpan(at));

    private static uint U32(byte[] bytes, int at) => BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(at));

    private static long I64(byte[] bytes, int at) => BinaryPrimitives.ReadInt64LittleEndian(bytes.AsSpan(at));

    private static string Shown(string name) => SafetensorsHeader.Shown(name);

    private static ConfigException Damaged(MappedFile file, string what) => new($"{file.Path}: not a readable PyTorch zip file: {what}. Fetch it again.");

    private sealed record Entry(ushort Flags, ushort Method, long StoredLength, long Length, long HeaderOffset);
}
