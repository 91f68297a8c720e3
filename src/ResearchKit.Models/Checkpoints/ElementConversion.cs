using System.Numerics;
using System.Runtime.InteropServices;

namespace ResearchKit.Models.Checkpoints;

/// <summary>Stored elements to float32 and back. Files are little-endian, and so is every machine that .NET and libtorch share.</summary>
internal static class ElementConversion
{
    /// <summary>Converts; exact for F32, F16, BF16, I16, I8, U8 and Bool, rounded to nearest even for the wider types.</summary>
    public static void ToFloat32(TensorType type, ReadOnlySpan<byte> source, Span<float> destination)
    {
        switch (type)
        {
            case TensorType.F32:
                MemoryMarshal.Cast<byte, float>(source).CopyTo(destination);
                break;
            case TensorType.BF16:
                WidenBFloat16(MemoryMarshal.Cast<byte, ushort>(source), destination);
                break;
            case TensorType.F16:
                var halves = MemoryMarshal.Cast<byte, Half>(source);
                for (var i = 0; i < halves.Length; i++) destination[i] = (float)halves[i];
                break;
            case TensorType.F64:
                Each(MemoryMarshal.Cast<byte, double>(source), destination, x => (float)x);
                break;
            case TensorType.I64:
                Each(MemoryMarshal.Cast<byte, long>(source), destination, x => x);
                break;
            case TensorType.I32:
                Each(MemoryMarshal.Cast<byte, int>(source), destination, x => x);
                break;
            case TensorType.I16:
                Each(MemoryMarshal.Cast<byte, short>(source), destination, x => x);
                break;
            case TensorType.I8:
                Each(MemoryMarshal.Cast<byte, sbyte>(source), destination, x => x);
                break;
            case TensorType.U8:
                Each(source, destination, x => x);
                break;
            case TensorType.Bool:
                Each(source, destination, x => x == 0 ? 0f : 1f);
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(type), type, "Unknown element type.");
        }
    }

    /// <summary>Rounds float32 to a storage type, to nearest even.</summary>
    /// <param name="type">F32, F16 or BF16.</param>
    /// <param name="source">Numbers.</param>
    /// <param name="destination">As many elements of <paramref name="type"/>.</param>
    public static void FromFloat32(TensorType type, ReadOnlySpan<float> source, Span<byte> destination)
    {
        switch (type)
        {
            case TensorType.F32:
                MemoryMarshal.AsBytes(source).CopyTo(destination);
                break;
            case TensorType.F16:
                var halves = MemoryMarshal.Cast<byte, Half>(destination);
                for (var i = 0; i < source.Length; i++) halves[i] = (Half)source[i];
                break;
            case TensorType.BF16:
                var words = MemoryMarshal.Cast<byte, ushort>(destination);
                for (var i = 0; i < source.Length; i++) words[i] = ToBFloat16(source[i]);
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(type), type, "Weights are stored as F32, F16 or BF16.");
        }
    }

    private static void Each<T>(ReadOnlySpan<T> source, Span<float> destination, Func<T, float> convert)
    {
        for (var i = 0; i < source.Length; i++) destination[i] = convert(source[i]);
    }

    private static void WidenBFloat16(ReadOnlySpan<ushort> source, Span<float> destination)
    {
        var bits = MemoryMarshal.Cast<float, uint>(destination);
        var i = 0;
        for (; i <= source.Length - Vector<ushort>.Count; i += Vector<ushort>.Count)
        {
            Vector.Widen(new Vector<ushort>(source[i..]), out var low, out var high);
            (low << 16).CopyTo(bits[i..]);
            (high << 16).CopyTo(bits[(i + Vector<uint>.Count)..]);
        }

        for (; i < source.Length; i++) bits[i] = (uint)source[i] << 16;
    }

    private static ushort ToBFloat16(float value)
    {
        var bits = BitConverter.SingleToUInt32Bits(value);
        // A NaN whose payload lies in the lower half would round to infinity: keep it a (quiet) NaN.
        return float.IsNaN(value) ? (ushort)(bits >> 16 | 0x40) : (ushort)((bits + 0x7FFF + (bits >> 16 & 1)) >> 16);
    }
}
