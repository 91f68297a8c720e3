using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using ResearchKit.Core.Configuration;
using TorchSharp;
using static TorchSharp.torch;

namespace ResearchKit.Training;

/// <summary>The optimizer in one pass over parameters, gradients and both moments, for float32 on the CPU: it reads four arrays and writes three, so memory bandwidth is its limit.</summary>
/// <remarks>Work is cut into chunks of fixed length and each element is computed alone, so the result does not depend on the number of threads;
/// the gradient norm is summed in double precision, chunk by chunk in order. Equal to <see cref="ReferenceAdamW"/> up to rounding.</remarks>
public sealed unsafe class AdamW : Optimizer
{
    private const int ChunkLength = 1 << 15;
    private const long ParallelFrom = 1 << 18;                           // below this, waking a second thread costs more than it saves
    private readonly nint[] _values;
    private readonly nint[] _first;
    private readonly nint[] _second;
    private readonly nint[] _gradients;
    private readonly Chunk[] _chunks;
    private readonly double[] _partialSums;
    private readonly long _elementCount;

    /// <summary>Builds the optimizer with zero moments.</summary>
    /// <param name="parameters">float32, contiguous, on the CPU; see <see cref="Supports"/>.</param>
    /// <param name="config">Hyperparameters.</param>
    /// <exception cref="ArgumentException">A parameter is of another kind.</exception>
    public AdamW(IReadOnlyList<OptimizedParameter> parameters, OptimizerConfig config)
        : base(Supports(parameters) ? parameters : throw new ArgumentException("The fused optimizer takes contiguous float32 parameters on the CPU; use Optimizer.Create.", nameof(parameters)), config)
    {
        _values = parameters.Select(parameter => Address(parameter.Parameter)).ToArray();
        _first = FirstMoments.Select(Address).ToArray();
        _second = SecondMoments.Select(Address).ToArray();
        _gradients = new nint[parameters.Count];
        var chunks = new List<Chunk>();
        for (var i = 0; i < parameters.Count; i++)
        {
            var length = parameters[i].Parameter.NumberOfElements;
            _elementCount += length;
            for (long start = 0; start < length; start += ChunkLength) chunks.Add(new(i, start, (int)Math.Min(ChunkLength, length - start)));
        }

        _chunks = chunks.ToArray();
        _partialSums = new double[_chunks.Length];
    }

    /// <summary>Whether all parameters are contiguous float32 tensors on the CPU, below 2 GiB each.</summary>
    public static bool Supports(IReadOnlyList<OptimizedParameter> parameters) => parameters.All(parameter =>
        parameter.Master is null && parameter.Parameter.device_type == DeviceType.CPU && parameter.Parameter.dtype == ScalarType.Float32
        && parameter.Parameter.is_contiguous() && parameter.Parameter.NumberOfElements < int.MaxValue / sizeof(float));

    /// <inheritdoc/>
    public override double GradientNorm()
    {
        using var scope = NewDisposeScope();
        FindGradients();
        ForEachChunk(index =>
        {
            var chunk = _chunks[index];
            var gradient = _gradients[chunk.Parameter];
            _partialSums[index] = gradient == 0 ? 0 : SumOfSquares((float*)gradient + chunk.Start, chunk.Length);
        });
        var sum = 0.0;
        foreach (var part in _partialSums) sum += part;
        return Math.Sqrt(sum);
    }

    private protected override void Update(StepCoefficients coefficients)
    {
        using var scope = NewDisposeScope();
        FindGradients();
        ForEachChunk(index =>
        {
            var chunk = _chunks[index];
            var i = chunk.Parameter;
            if (_gradients[i] == 0) return;
            UpdateChunk(
                (float*)_values[i] + chunk.Start, (float*)_gradients[i] + chunk.Start, (float*)_first[i] + chunk.Start, (float*)_second[i] + chunk.Start,
                chunk.Length, Parameters[i].Decays ? coefficients : coefficients with { Decay = 0 });
        });
    }

    private static void UpdateChunk(float* p, float* g, float* m, float* v, int length, in StepCoefficients c)
    {
        float scale = (float)c.Scale, keepFirst = (float)c.Beta1, addFirst = (float)(1 - c.Beta1), keepSecond = (float)c.Beta2, addSecond = (float)(1 - c.Beta2);
        float root = (float)c.Root, epsilon = (float)c.Epsilon, rate = (float)c.Rate, keep = (float)(1 - c.Decay);
        var epsilons = new Vector<float>(epsilon);
        var i = 0;
        for (; i <= length - Vector<float>.Count; i += Vector<float>.Count)
        {
            var gradient = Vector.Load(g + i) * scale;
            var first = Vector.Load(m + i) * keepFirst + gradient * addFirst;
            var second = Vector.Load(v + i) * keepSecond + gradient * gradient * addSecond;
            var value = Vector.Load(p + i) * keep - first / (Vector.SquareRoot(second) * root + epsilons) * rate;
            Vector.Store(first, m + i);
            Vector.Store(second, v + i);
            Vector.Store(value, p + i);
        }

        for (; i < length; i++)
        {
            var gradient = g[i] * scale;
            m[i] = m[i] * keepFirst + gradient * addFirst;
            v[i] = v[i] * keepSecond + gradient * gradient * addSecond;
            p[i] = p[i] * keep - m[i] / (MathF.Sqrt(v[i]) * root + epsilon) * rate;
        }
    }

    private static double SumOfSquares(float* g, int length)
    {
        Vector<double> low = default, high = default;
        var i = 0;
        for (; i <= length - Vector<float>.Count; i += Vector<float>.Count)
        {
            Vector.Widen(Vector.Load(g + i), out var a, out var b);
            low += a * a;
            high += b * b;
        }

        var sum = Vector.Sum(low + high);
        for (; i < length; i++) sum += (double)g[i] * g[i];
        return sum;
    }

    private void FindGradients()
    {
        for (var i = 0; i < _gradients.Length; i++)
        {
            var gradient = Parameters[i].Parameter.grad;
            if (gradient is not null && !gradient.is_contiguous())
            {
                throw new InvalidOperationException($"The gradient of `{Parameters[i].Name}` is not contiguous although its parameter is.");
            }

            _gradients[i] = gradient is null ? 0 : Address(gradient);
        }
    }

    private void ForEachChunk(Action<int> body)
    {
        var threads = _elementCount < ParallelFrom ? 1 : Math.Max(1, get_num_threads());
        if (threads == 1) for (var i = 0; i < _chunks.Length; i++) body(i);
        else Parallel.For(0, _chunks.Length, new ParallelOptions { MaxDegreeOfParallelism = threads }, body);
    }

    private static nint Address(Tensor tensor) => (nint)Unsafe.AsPointer(ref MemoryMarshal.GetReference(tensor.bytes));

    /// <summary>A stretch of one parameter.</summary>
    private readonly record struct Chunk(int Parameter, long Start, int Length);
}
