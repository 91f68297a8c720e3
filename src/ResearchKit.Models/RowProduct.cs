using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace ResearchKit.Models;

/// <summary>Products of one state with a weight matrix or with cached keys and values: what decoding one text consists of. They read memory once and compute little, so bandwidth is their limit.</summary>
/// <remarks>
/// libtorch computes a one-row product on one thread, whatever the number of threads, and at about three quarters of that thread's bandwidth.
/// Here rows are shared among threads in chunks. Every output is summed alone and in the same order, so the result does not depend on the number of threads.
/// libtorch's own threads wait for more work by spinning; where one row is all there is they get none, so that they leave the cores alone.
/// Takes float32 on the CPU without gradients; everything else goes to libtorch.
/// </remarks>
internal static unsafe class RowProduct
{
    private const int BytesPerChunk = 1 << 18;
    private const long ParallelFrom = 1 << 20;                           // bytes; below this, waking a second thread costs more than it saves

    /// <summary>A linear layer: by this class where it applies, by the module where it does not.</summary>
    /// <param name="x">[…, C].</param>
    /// <param name="module">Weight [N, C].</param>
    /// <returns>[…, N].</returns>
    public static Tensor Linear(Tensor x, TorchSharp.Modules.Linear module) =>
        Applies(x, module.weight) && (module.bias is null || IsPlain(module.bias)) ? Product(x, module.weight, module.bias) : module.call(x);

    /// <summary>x Wᵀ.</summary>
    /// <param name="x">[…, C].</param>
    /// <param name="weight">[N, C].</param>
    /// <returns>[…, N].</returns>
    public static Tensor Linear(Tensor x, Tensor weight) => Applies(x, weight) ? Product(x, weight, null) : functional.linear(x, weight);

    private static bool Applies(Tensor x, Tensor weight) => x.NumberOfElements == weight.size(1) && IsPlain(x) && IsPlain(weight);

    private static Tensor Product(Tensor x, Tensor weight, Tensor? bias)
    {
        int N = (int)weight.size(0), C = (int)weight.size(1);
        var y = empty([.. x.shape[..^1], N]);
        float* w = Address(weight), input = Address(x), b = bias is null ? null : Address(bias), output = Address(y);
        ForEachChunk(N, C * sizeof(float), (from, to) =>
        {
            Dots(w + (long)from * C, C, to - from, input, C, output + from);
            for (var i = from; b is not null && i < to; i++) output[i] += b[i];
        });
        return y;
    }

    /// <summary>Whether <see cref="Attend"/> can be asked.</summary>
    /// <param name="q">[B, H, T, D].</param>
    /// <param name="stored">[2, B, H, slots, D].</param>
    public static bool CanAttend(Tensor q, Tensor stored) => q.size(0) == 1 && q.size(2) == 1 && IsPlain(q) && IsPlain(stored);

    /// <summary>Softmax attention of one query to the first S cached positions, all of which it sees.</summary>
    /// <param name="q">[1, H, 1, D].</param>
    /// <param name="stored">Keys and values, [2, 1, H, slots, D].</param>
    /// <param name="S">Positions, 1 … slots.</param>
    /// <param name="scale">Whether scores are divided by √D.</param>
    /// <returns>[1, H, 1, D].</returns>
    public static Tensor Attend(Tensor q, Tensor stored, int S, bool scale)
    {
        int H = (int)stored.size(2), slots = (int)stored.size(3), D = (int)stored.size(4);
        var y = empty(1, H, 1, D);
        float* queries = Address(q), keys = Address(stored), values = keys + (long)H * slots * D, output = Address(y);
        var factor = scale ? (float)(1 / Math.Sqrt(D)) : 1;
        ForEachChunk(H, 2 * S * D * sizeof(float), (from, to) =>
        {
            var weights = new float[S];
            for (var h = from; h < to; h++)
            {
                fixed (float* p = weights)
                {
                    Dots(keys + (long)h * slots * D, D, S, queries + h * D, D, p);
                    Softmax(weights, factor);
                    WeightedSum(values + (long)h * slots * D, D, weights, output + h * D);
                }
            }
        });
        return y;
    }

    /// <summary>Dot products of rows with one vector, four rows at a time.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Dots(float* rows, int stride, int count, float* vector, int length, float* output)
    {
        var step = Vector<float>.Count;
        var r = 0;
        for (; r + 4 <= count; r += 4)
        {
            float* a = rows + (long)r * stride, b = a + stride, c = b + stride, d = c + stride;
            Vector<float> sa = default, sb = default, sc = default, sd = default;
            var i = 0;
            for (; i <= length - step; i += step)
            {
                var x = Vector.Load(vector + i);
                sa = Vector.FusedMultiplyAdd(Vector.Load(a + i), x, sa);
                sb = Vector.FusedMultiplyAdd(Vector.Load(b + i), x, sb);
                sc = Vector.FusedMultiplyAdd(Vector.Load(c + i), x, sc);
                sd = Vector.FusedMultiplyAdd(Vector.Load(d + i), x, sd);
            }

            output[r] = Vector.Sum(sa) + Rest(a, vector, i, length);
            output[r + 1] = Vector.Sum(sb) + Rest(b, vector, i, length);
            output[r + 2] = Vector.Sum(sc) + Rest(c, vector, i, length);
            output[r + 3] = Vector.Sum(sd) + Rest(d, vector, i, length);
        }

        for (; r < count; r++)
        {
            var row = rows + (long)r * stride;
            var sum = Vector<float>.Zero;
            var i = 0;
            for (; i <= length - step; i += step) sum = Vector.FusedMultiplyAdd(Vector.Load(row + i), Vector.Load(vector + i), sum);
            output[r] = Vector.Sum(sum) + Rest(row, vector, i, length);
        }
    }

    private static float Rest(float* row, float* vector, int from, int length)
    {
        var sum = 0f;
        for (var i = from; i < length; i++) sum += row[i] * vector[i];
        return sum;
    }

    private static void Softmax(Span<float> scores, float factor)
    {
        var max = float.NegativeInfinity;
        foreach (var score in scores) max = Math.Max(max, score * factor);
        var total = 0.0;
        foreach (ref var score in scores) total += score = MathF.Exp(score * factor - max);
        foreach (ref var score in scores) score = (float)(score / total);
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
    private static void ForEachChunk(int count, long bytesEach, Action<int, int> body)
    {
        var threads = count * bytesEach < ParallelFrom ? 1 : get_num_threads();
        if (threads <= 1)
        {
            body(0, count);
            return;
        }

        var length = (int)Math.Max(1, BytesPerChunk / bytesEach);
        Parallel.For(0, (count + length - 1) / length, new ParallelOptions { MaxDegreeOfParallelism = threads }, chunk => body(chunk * length, Math.Min(count, (chunk + 1) * length)));
    }

    private static bool IsPlain(Tensor tensor) =>
        tensor.dtype == ScalarType.Float32 && tensor.device_type == DeviceType.CPU && tensor.NumberOfElements < int.MaxValue / sizeof(float) && tensor.is_contiguous()
        && !(is_grad_enabled() && tensor.requires_grad);

    private static float* Address(Tensor tensor) => (float*)Unsafe.AsPointer(ref MemoryMarshal.GetReference(tensor.bytes));
}
