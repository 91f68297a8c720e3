using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace ResearchKit.Models;

/// <summary>Products of one row with a weight matrix or with cached keys and values: what decoding one text consists of. They read memory once and compute little, so bandwidth is their limit.</summary>
/// <remarks>
/// libtorch computes a one-row product on one thread, whatever the number of threads, and at about three quarters of that thread's bandwidth.
/// Here outputs are shared among threads in chunks. Every output is summed alone and in the same order, so the result does not depend on the number of threads.
/// float32 on the CPU, without gradients.
/// </remarks>
internal static unsafe class MatrixVector
{
    private const int BytesPerChunk = 1 << 18;                          // shorter stretches are read more slowly; longer ones leave threads waiting for the last
    private const long ParallelFrom = 1 << 20;                           // bytes; below this, handing work to a second thread costs more than it saves

    /// <summary>What becomes of a product.</summary>
    public enum Epilogue
    {
        /// <summary>It is the output.</summary>
        Store,

        /// <summary>Its GELU (tanh form) is the output.</summary>
        Gelu,

        /// <summary>It is added to what stands in the output: a residual branch.</summary>
        Add,
    }

    /// <summary>x Wᵀ, here where x is one plain row and by libtorch where it is not.</summary>
    /// <param name="x">[…, C].</param>
    /// <param name="weight">[N, C].</param>
    /// <param name="rounded">The same weights in eight bits; null where they are not rounded.</param>
    /// <returns>[…, N].</returns>
    public static Tensor Linear(Tensor x, Tensor weight, Int8Matrix? rounded = null)
    {
        if (x.NumberOfElements != weight.size(1) || !IsPlain(x) || !IsPlain(weight)) return functional.linear(x, weight);
        var y = empty([.. x.shape[..^1], weight.size(0)]);
        Affine(Address(x), weight, rounded, null, Address(y), Epilogue.Store);
        return y;
    }

    /// <summary>W x + b.</summary>
    /// <param name="x">C values.</param>
    /// <param name="weight">[N, C], plain.</param>
    /// <param name="rounded">The same weights in eight bits, which are read instead; null where they are not rounded.</param>
    /// <param name="bias">[N], plain; null for none.</param>
    /// <param name="y">N values.</param>
    /// <param name="epilogue">What becomes of the product.</param>
    public static void Affine(float* x, Tensor weight, Int8Matrix? rounded, Tensor? bias, float* y, Epilogue epilogue)
    {
        int N = (int)weight.size(0), C = (int)weight.size(1);
        float* w = Address(weight), b = bias is null ? null : Address(bias);
        ForEachChunk(N, C * sizeof(float), (from, to) =>
        {
            for (var i = from; i < to; i++)
            {
                var value = rounded is null ? Dot(w + (long)i * C, x, C) : rounded.Dot(i, x);
                if (b is not null) value += b[i];
                y[i] = epilogue == Epilogue.Add ? y[i] + value : value;
            }

            if (epilogue == Epilogue.Gelu) Gelu(y + from, to - from);
        });
    }

    /// <summary>Softmax attention of one query to the first S cached positions, all of which it sees.</summary>
    /// <param name="q">H · D values.</param>
    /// <param name="stored">Keys and values, [2, 1, H, slots, D], plain.</param>
    /// <param name="S">Positions, 1 … slots.</param>
    /// <param name="scale">Whether scores are divided by √D.</param>
    /// <param name="y">H · D values.</param>
    public static void Attend(float* q, Tensor stored, int S, bool scale, float* y)
    {
        int H = (int)stored.size(2), slots = (int)stored.size(3), D = (int)stored.size(4);
        float* keys = Address(stored), values = keys + (long)H * slots * D;
        var factor = scale ? (float)(1 / Math.Sqrt(D)) : 1;
        ForEachChunk(H, 2 * S * D * sizeof(float), (from, to) =>
        {
            var weights = new float[S];
            for (var h = from; h < to; h++)
            {
                fixed (float* p = weights)
                {
                    for (var s = 0; s < S; s++) p[s] = factor * Dot(keys + ((long)h * slots + s) * D, q + h * D, D);
                    Softmax(p, S);
                    WeightedSum(values + (long)h * slots * D, D, weights, y + h * D);
                }
            }
        });
    }

    /// <summary>LayerNorm of one row.</summary>
    /// <param name="x">C values.</param>
    /// <param name="gain">[C], plain.</param>
    /// <param name="bias">[C], plain.</param>
    /// <param name="epsilon">Added to the variance.</param>
    /// <param name="y">C values; may be x.</param>
    public static void Normalize(float* x, Tensor gain, Tensor bias, double epsilon, float* y)
    {
        var C = (int)gain.size(0);
        float* g = Address(gain), b = Address(bias);
        double sum = 0, squares = 0;
        for (var i = 0; i < C; i++) sum += x[i];
        var mean = (float)(sum / C);
        for (var i = 0; i < C; i++) squares += (double)(x[i] - mean) * (x[i] - mean);
        var inverse = (float)(1 / Math.Sqrt(squares / C + epsilon));
        for (var i = 0; i < C; i++) y[i] = (x[i] - mean) * inverse * g[i] + b[i];
    }

    /// <summary>Whether a tensor's memory is what this class reads: contiguous float32 on the CPU that no gradient is asked for.</summary>
    public static bool IsPlain(Tensor tensor) =>
        tensor.dtype == ScalarType.Float32 && tensor.device_type == DeviceType.CPU && tensor.NumberOfElements < int.MaxValue / sizeof(float) && tensor.is_contiguous()
        && !(is_grad_enabled() && tensor.requires_grad);

    /// <summary>Memory of a plain tensor; valid as long as the tensor lives.</summary>
    public static float* Address(Tensor tensor) => (float*)Unsafe.AsPointer(ref MemoryMarshal.GetReference(tensor.bytes));

    /// <summary>Dot product. Rows are read one after the other, the order in which memory is fastest; four sums keep the multiply-add units busy.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float Dot(float* row, float* vector, int length)
    {
        var step = Vector<float>.Count;
        Vector<float> a = default, b = default, c = default, d = default;
        var i = 0;
        for (; i <= length - 4 * step; i += 4 * step)
        {
            a = Vector.FusedMultiplyAdd(Vector.Load(row + i), Vector.Load(vector + i), a);
            b = Vector.FusedMultiplyAdd(Vector.Load(row + i + step), Vector.Load(vector + i + step), b);
            c = Vector.FusedMultiplyAdd(Vector.Load(row + i + 2 * step), Vector.Load(vector + i + 2 * step), c);
            d = Vector.FusedMultiplyAdd(Vector.Load(row + i + 3 * step), Vector.Load(vector + i + 3 * step), d);
        }

        for (; i <= length - step; i += step) a = Vector.FusedMultiplyAdd(Vector.Load(row + i), Vector.Load(vector + i), a);
        var sum = Vector.Sum(a + b + (c + d));
        for (; i < length; i++) sum += row[i] * vector[i];
        return sum;
    }

    /// <summary>x · Φ(x) in the tanh form, written as x · σ(2u), which is the same.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Gelu(float* x, int count)
    {
        const float Outer = -1.5957691216057308f, Cubic = 0.044715f;     // -2 √(2/π)
        var step = Vector<float>.Count;
        var i = 0;
        for (; i <= count - step; i += step)
        {
            var v = Vector.Load(x + i);
            Vector.Store(v / (Vector<float>.One + Vector.Exp(Outer * (v + Cubic * v * v * v))), x + i);
        }

        for (; i < count; i++) x[i] /= 1 + MathF.Exp(Outer * (x[i] + Cubic * x[i] * x[i] * x[i]));
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Softmax(float* scores, int count)
    {
        var max = float.NegativeInfinity;
        for (var i = 0; i < count; i++) max = Math.Max(max, scores[i]);
        var step = Vector<float>.Count;
        var total = 0.0;
        var s = 0;
        for (; s <= count - step; s += step)
        {
            var e = Vector.Exp(Vector.Load(scores + s) - new Vector<float>(max));
            Vector.Store(e, scores + s);
            total += Vector.Sum(e);
        }

        for (; s < count; s++) total += scores[s] = MathF.Exp(scores[s] - max);
        var inverse = (float)(1 / total);
        for (var i = 0; i < count; i++) scores[i] *= inverse;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void WeightedSum(float* rows, int length, ReadOnlySpan<float> weights, float* output)
    {
        new Span<float>(output, length).Clear();
        var step = Vector<float>.Count;
        for (var s = 0; s < weights.Length; s++, rows += length)
        {
            var weight = new Vector<float>(weights[s]);
            var i = 0;
            for (; i <= length - step; i += step) Vector.Store(Vector.FusedMultiplyAdd(Vector.Load(rows + i), weight, Vector.Load(output + i)), output + i);
            for (; i < length; i++) output[i] += rows[i] * weights[s];
        }
    }

    /// <summary>Runs a body over [0, count) in chunks, on as many threads as libtorch may use.</summary>
    private static void ForEachChunk(int count, long bytesEach, Action<int, int> body) =>
        ThreadCrew.For(count, (int)Math.Max(1, BytesPerChunk / bytesEach), count * bytesEach < ParallelFrom ? 1 : get_num_threads(), body);
}
