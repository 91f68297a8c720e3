using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using ResearchKit.Core;

namespace ResearchKit.Models.Checkpoints;

/// <summary>One flat <c>.npy</c> array, mapped. Only what GPT-1's release needs: one dimension, little-endian floats.</summary>
internal sealed partial class NumpyArray : IDisposable
{
    private const int MaxHeaderLength = 1 << 16;
    private readonly MappedFile _file;
    private readonly long _offset;
    private readonly TensorType _type;

    private NumpyArray(MappedFile file, long offset, TensorType type, long count) => (_file, _offset, _type, Count) = (file, offset, type, count);

    /// <summary>Number of elements.</summary>
    public long Count { get; }

    /// <exception cref="ConfigException">Missing, damaged, or not a flat array of floats.</exception>
    public static NumpyArray Open(string path)
    {
        var file = MappedFile.Open(path);
        try
        {
            return Read(file);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    public void CopyRangeTo(long start, Span<float> destination) => _file.CopyTo(_offset + start * _type.ElementSize(), _type, destination);

    public void Dispose() => _file.Dispose();

    private static NumpyArray Read(MappedFile file)
    {
        if (file.Length < 12) throw Damaged(file, $"it has {file.Length} bytes");
        var start = file.Read(0, 12);
        if (start[0] != 0x93 || !start.AsSpan(1, 5).SequenceEqual("NUMPY"u8)) throw Damaged(file, "it does not begin like one");
        var (headerStart, headerLength) = start[6] switch
        {
            1 => (10, BinaryPrimitives.ReadUInt16LittleEndian(start.AsSpan(8))),
            2 or 3 => (12, BinaryPrimitives.ReadUInt32LittleEndian(start.AsSpan(8))),
            _ => throw Damaged(file, $"its format version is {start[6]}"),
        };
        if (headerLength > MaxHeaderLength || headerLength > file.Length - headerStart) throw Damaged(file, $"its header should have {headerLength} bytes");
        var header = HeaderPattern().Match(Encoding.ASCII.GetString(file.Read(headerStart, (int)headerLength)));
        if (!header.Success || !long.TryParse(header.Groups["count"].ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture, out var count))
        {
            throw Damaged(file, "its header does not describe a flat, little-endian array of floats in C order");
        }

        var type = header.Groups["type"].Value switch { "f2" => TensorType.F16, "f4" => TensorType.F32, _ => TensorType.F64 };
        var offset = headerStart + headerLength;
        var stored = file.Length - offset;
        return count <= stored && count * type.ElementSize() == stored
            ? new NumpyArray(file, offset, type, count)
            : throw Damaged(file, $"it should hold {count} elements of {type.ElementSize()} bytes and holds {stored} bytes");
    }

    private static ConfigException Damaged(MappedFile file, string what) => new($"{file.Path}: not a readable .npy file: {what}. Fetch it again.");

    [GeneratedRegex(@"^\{'descr': '<(?<type>f2|f4|f8)', 'fortran_order': False, 'shape': \((?<count>[0-9]+),\), \} *\n$", RegexOptions.CultureInvariant)]
    private static partial Regex HeaderPattern();
}
