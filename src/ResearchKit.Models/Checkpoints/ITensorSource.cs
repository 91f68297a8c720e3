namespace ResearchKit.Models.Checkpoints;

/// <summary>Named tensors of a file or a set of files, read lazily: opening reads names and shapes only. Plain .NET, without libtorch.</summary>
/// <remarks>Readers map the file and copy straight into the caller's memory, so reading a model needs one copy of its weights.</remarks>
public interface ITensorSource : IDisposable
{
    /// <summary>What the file holds, in ordinal order of the names.</summary>
    IReadOnlyDictionary<string, TensorInfo> Tensors { get; }

    /// <summary>Copies one tensor as float32, row-major. Wider types are rounded, booleans become 0 and 1.</summary>
    /// <param name="name">A key of <see cref="Tensors"/>.</param>
    /// <param name="destination">Exactly <see cref="TensorInfo.ElementCount"/> numbers.</param>
    /// <exception cref="ArgumentException">No such tensor, or a destination of another length.</exception>
    /// <exception cref="Core.ConfigException">The file is damaged or has changed.</exception>
    void CopyTo(string name, Span<float> destination)
    {
        var count = Tensors.TryGetValue(name, out var info) ? info.ElementCount : throw new ArgumentException($"There is no tensor `{name}`.", nameof(name));
        if (destination.Length != count) throw new ArgumentException($"`{name}` has {count} elements, the destination {destination.Length}.", nameof(destination));
        CopyRangeTo(name, 0, destination);
    }

    /// <summary>Copies some consecutive elements (in row-major order) as float32; see <see cref="CopyTo"/>.</summary>
    /// <param name="name">A key of <see cref="Tensors"/>.</param>
    /// <param name="start">First element.</param>
    /// <param name="destination">As many numbers as are wanted; the range must lie within the tensor.</param>
    void CopyRangeTo(string name, long start, Span<float> destination);
}

/// <summary>Type and shape of a stored tensor.</summary>
/// <param name="type">Element type as stored.</param>
/// <param name="shape">Sizes; empty for a scalar.</param>
public sealed class TensorInfo(TensorType type, IReadOnlyList<long> shape)
{
    /// <summary>Element type as stored.</summary>
    public TensorType Type { get; } = type;

    /// <summary>Sizes, outermost first; empty for a scalar.</summary>
    public IReadOnlyList<long> Shape { get; } = shape;

    /// <summary>Product of the sizes; 1 for a scalar.</summary>
    public long ElementCount { get; } = ShapeProduct.Of(shape) ?? throw new ArgumentException($"The shape [{string.Join(", ", shape)}] has a negative size or too many elements.", nameof(shape));

    /// <summary>Bytes of the elements, without padding.</summary>
    public long ByteCount => ElementCount * Type.ElementSize();

    /// <exception cref="ArgumentOutOfRangeException">The range leaves the tensor.</exception>
    internal void RequireRange(string name, long start, int count)
    {
        if (start < 0 || start > ElementCount - count) throw new ArgumentOutOfRangeException(nameof(start), start, $"`{name}` has {ElementCount} elements; {count} from {start} on were asked for.");
    }

    /// <summary>Such as <c>F32 [97, 32]</c>.</summary>
    public override string ToString() => $"{Type.SafetensorsName()} [{string.Join(", ", Shape)}]";
}

/// <summary>Element types that checkpoints use.</summary>
public enum TensorType
{
    /// <summary>64-bit float.</summary>
    F64,

    /// <summary>32-bit float.</summary>
    F32,

    /// <summary>16-bit float (IEEE half).</summary>
    F16,

    /// <summary>bfloat16: the upper half of a 32-bit float.</summary>
    BF16,

    /// <summary>64-bit signed integer.</summary>
    I64,

    /// <summary>32-bit signed integer.</summary>
    I32,

    /// <summary>16-bit signed integer.</summary>
    I16,

    /// <summary>8-bit signed integer.</summary>
    I8,

    /// <summary>8-bit unsigned integer.</summary>
    U8,

    /// <summary>One byte, 0 or 1.</summary>
    Bool,
}

/// <summary>Facts about <see cref="TensorType"/>.</summary>
public static class TensorTypes
{
    /// <summary>Bytes of one element.</summary>
    public static int ElementSize(this TensorType type) => type switch
    {
        TensorType.F64 or TensorType.I64 => 8,
        TensorType.F32 or TensorType.I32 => 4,
        TensorType.F16 or TensorType.BF16 or TensorType.I16 => 2,
        TensorType.I8 or TensorType.U8 or TensorType.Bool => 1,
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, "Unknown element type."),
    };

    /// <summary>The type's name in safetensors headers, such as <c>BF16</c>.</summary>
    public static string SafetensorsName(this TensorType type) => type switch
    {
        TensorType.Bool => "BOOL",
        _ => type.ToString(),
    };
}

/// <summary>Element counts of shapes that come from files, without overflow.</summary>
internal static class ShapeProduct
{
    /// <summary>Far above any real tensor; keeps counts times sixteen within Int64.</summary>
    private const long Limit = long.MaxValue / 64;

    /// <summary>The product, or null where a size is negative or the product too large.</summary>
    public static long? Of(IReadOnlyList<long> shape)
    {
        var product = 1L;
        foreach (var size in shape)
        {
            if (size < 0 || (size > 0 && product > Limit / size)) return null;
            product *= size;
        }

        return product;
    }
}
