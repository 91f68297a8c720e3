using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using ResearchKit.Core;
using static TorchSharp.torch;

namespace ResearchKit.Models;

/// <summary>A matrix rounded to eight bits: the value at row r, column c is scale[r, c / 64] · level[r, c], with whole levels from -127 to 127.</summary>
/// <remarks>
/// Symmetric and in groups, as ggml's Q8_0 (there of 32): a large weight coarsens only its own group. 1.06 bytes a weight instead of four,
/// and one token of one text, which is limited by reading the weights, takes about half the time: the products then wait for arithmetic, not for memory.
/// </remarks>
internal sealed unsafe class Int8Matrix
{
    /// <summary>Columns that share a scale; the last group of a row may have fewer.</summary>
    public const int GroupLength = 64;

    private const int MaxLevel = 127;
    private const int RowsPerChunk = 64;

    private readonly sbyte[] _levels;                                    // [N, C], pinned
    private readonly float[] _scales;                                    // [N, groups]
    private readonly int _columnCount;
    private readonly int _groupCount;

    private Int8Matrix(int rowCount, int columnCount)
    {
        (_columnCount, _groupCount) = (columnCount, (columnCount + GroupLength - 1) / GroupLength);
        _levels = GC.AllocateUninitializedArray<sbyte>(checked(rowCount * columnCount), pinned: true);
        _scales = new float[rowCount * _groupCount];
    }

    /// <summary>Memory of all rows, bytes.</summary>
    public long Bytes => _levels.Length + _scales.Length * (long)sizeof(float);

    /// <summary>Rounds every weight to the nearest level of its group, whose largest magnitude is level 127.</summary>
    /// <param name="weight">[N, C], plain.</param>
    /// <exception cref="ConfigException">A weight is not finite.</exception>
    public static Int8Matrix Round(Tensor weight)
    {
        int N = (int)weight.size(0), C = (int)weight.size(1);
        var matrix = new Int8Matrix(N, C);
        var first = (nint)MatrixVector.Address(weight);
        ThreadCrew.For(N, RowsPerChunk, get_num_threads(), (from, to) =>
        {
            for (var row = from; row < to; row++) matrix.RoundRow(row, new ReadOnlySpan<float>((float*)first + (long)row * C, C));
        });
        if (!matrix._scales.All(float.IsFinite)) throw new ConfigException($"A weight of a [{N}, {C}] matrix is NaN or infinite, and only finite weights can be rounded to int8; take a checkpoint from before the training diverged.");
        return matrix;
    }

    /// <summary>Writes the rounded values, [N, C] plain.</summary>
    public void CopyTo(Tensor weight)
    {
        var values = (nint)MatrixVector.Address(weight);
        ThreadCrew.For(_levels.Length / _columnCount, RowsPerChunk, get_num_threads(), (from, to) =>
        {
            for (var row = from; row < to; row++)
            {
                sbyte* level = Row(row);
                var value = (float*)values + (long)row * _columnCount;
                for (var i = 0; i < _columnCount; i++) value[i] = level[i] * Scale(row, i / GroupLength);
            }
        });
    }

    /// <summary>Dot product of a row and a vector in float32, summed in the same order for any number of threads.</summary>
    /// <param name="row">0 … N-1.</param>
    /// <param name="x">C values.</param>
    public float Dot(int row, float* x) =>
        Avx512F.IsSupported ? Avx512Dot(row, x)
        : Avx2.IsSupported && Fma.IsSupported ? Avx2Dot(row, x)
        : PortableDot(row, x);

    /// <summary><see cref="Dot"/> for every processor, and what it is tested against.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public float PortableDot(int row, float* x)
    {
        var level = Row(row);
        var step = Vector<float>.Count;
        var total = Vector<float>.Zero;
        for (var g = 0; g < _columnCount / GroupLength; g++, level += GroupLength, x += GroupLength)
        {
            Vector<float> a = default, b = default, c = default, d = default;
            for (var i = 0; i < GroupLength; i += 4 * step)
            {
                Vector.Widen(Vector.Load(level + i), out var lower, out var upper);
                Vector.Widen(lower, out var first, out var second);
                Vector.Widen(upper, out var third, out var fourth);
                a = Vector.FusedMultiplyAdd(Vector.ConvertToSingle(first), Vector.Load(x + i), a);
                b = Vector.FusedMultiplyAdd(Vector.ConvertToSingle(second), Vector.Load(x + i + step), b);
                c = Vector.FusedMultiplyAdd(Vector.ConvertToSingle(third), Vector.Load(x + i + 2 * step), c);
                d = Vector.FusedMultiplyAdd(Vector.ConvertToSingle(fourth), Vector.Load(x + i + 3 * step), d);
            }

            total = Vector.FusedMultiplyAdd(a + b + (c + d), new Vector<float>(Scale(row, g)), total);
        }

        return Vector.Sum(total) + Rest(row, level, x);
    }

    // One instruction widens eight bits to 32 where the portable loop takes two steps: 30 (AVX-512) and 21 (AVX2) gigabytes a second on one core instead of 17.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private float Avx512Dot(int row, float* x)
    {
        var level = Row(row);
        var total = Vector512<float>.Zero;
        for (var g = 0; g < _columnCount / GroupLength; g++, level += GroupLength, x += GroupLength)
        {
            var a = Widened(level) * Vector512.Load(x);
            var b = Widened(level + 16) * Vector512.Load(x + 16);
            a = Avx512F.FusedMultiplyAdd(Widened(level + 32), Vector512.Load(x + 32), a);
            b = Avx512F.FusedMultiplyAdd(Widened(level + 48), Vector512.Load(x + 48), b);
            total = Avx512F.FusedMultiplyAdd(a + b, Vector512.Create(Scale(row, g)), total);
        }

        return Vector512.Sum(total) + Rest(row, level, x);

        static Vector512<float> Widened(sbyte* level) => Avx512F.ConvertToVector512Single(Avx512F.ConvertToVector512Int32(Vector128.Load(level)));
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private float Avx2Dot(int row, float* x)
    {
        var level = Row(row);
        var total = Vector256<float>.Zero;
        for (var g = 0; g < _columnCount / GroupLength; g++, level += GroupLength, x += GroupLength)
        {
            Vector256<float> a = default, b = default;
            for (var i = 0; i < GroupLength; i += 16)
            {
                a = Fma.MultiplyAdd(Widened(level + i), Vector256.Load(x + i), a);
                b = Fma.MultiplyAdd(Widened(level + i + 8), Vector256.Load(x + i + 8), b);
            }

            total = Fma.MultiplyAdd(a + b, Vector256.Create(Scale(row, g)), total);
        }

        return Vector256.Sum(total) + Rest(row, level, x);

        static Vector256<float> Widened(sbyte* level) => Avx.ConvertToVector256Single(Avx2.ConvertToVector256Int32(level));
    }

    private sbyte* Row(int row) => (sbyte*)Unsafe.AsPointer(ref _levels[row * _columnCount]);

    private float Scale(int row, int group) => _scales[row * _groupCount + group];

    /// <summary>What the last group adds where it is a shorter one.</summary>
    private float Rest(int row, sbyte* level, float* x)
    {
        var count = _columnCount % GroupLength;
        if (count == 0) return 0;
        var sum = 0f;
        for (var i = 0; i < count; i++) sum += level[i] * x[i];
        return sum * Scale(row, _groupCount - 1);
    }

    private void RoundRow(int row, ReadOnlySpan<float> weights)
    {
        for (var g = 0; g < _groupCount; g++)
        {
            var start = g * GroupLength;
            var group = weights[start..Math.Min(start + GroupLength, weights.Length)];
            var largest = 0f;
            foreach (var weight in group) largest = Math.Max(largest, Math.Abs(weight));   // NaN stays
            var scale = _scales[row * _groupCount + g] = largest / MaxLevel;
            var levels = _levels.AsSpan(row * _columnCount + start, group.Length);
            for (var i = 0; i < group.Length; i++) levels[i] = scale > 0 ? (sbyte)Math.Clamp(MathF.Round(group[i] / scale), -MaxLevel, MaxLevel) : (sbyte)0;
        }
    }
}
