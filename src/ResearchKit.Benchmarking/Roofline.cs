using System.Numerics;
using System.Runtime.CompilerServices;
using TorchSharp;
using static TorchSharp.torch;

namespace ResearchKit.Benchmarking;

/// <summary>What the machine can do at best: the limits that the cases are compared with.</summary>
/// <param name="SgemmGflops">Rate of a large float32 matrix product through libtorch, 10⁹ operations per second; median.</param>
/// <param name="SgemmSpread">Slowest and fastest of the repetitions.</param>
/// <param name="ReadGigabytesPerSecond">Rate of reading memory that no cache holds, 10⁹ bytes per second; median.</param>
/// <param name="ReadSpread">Slowest and fastest of the repetitions.</param>
public sealed record Roofline(double SgemmGflops, IReadOnlyList<double> SgemmSpread, double ReadGigabytesPerSecond, IReadOnlyList<double> ReadSpread)
{
    /// <summary>Operations of one <see cref="Product"/>.</summary>
    internal const double ProductFlops = 2.0 * 512 * 3072 * 768 * 8;

    private const int ReadBytes = 256 << 20;

    /// <summary>Measures both limits.</summary>
    internal static Roofline Measure(int repetitions)
    {
        using var product = new Product();
        using var memory = new MemoryRead(ReadBytes);
        var (sgemm, read) = (new List<double>(), new List<double>());
        for (var i = -1; i < repetitions; i++)
        {
            var rate = ProductFlops / Turns.Time(product.Run).Seconds / 1e9;
            var bandwidth = ReadBytes / memory.Run().Seconds / 1e9;
            if (i < 0) continue;
            sgemm.Add(rate);
            read.Add(bandwidth);
        }

        return new Roofline(Turns.Median(sgemm), [sgemm.Min(), sgemm.Max()], Turns.Median(read), [read.Min(), read.Max()]);
    }

    /// <summary>Matrix products of the shape of a feed-forward layer of GPT-2 124M over 512 positions: eight of them.</summary>
    internal sealed class Product : IDisposable
    {
        private readonly Tensor _a = rand(512, 768);
        private readonly Tensor _b = rand(768, 3072);
        private readonly Tensor _c = empty(512, 3072);

        public void Run()
        {
            using var noGradient = no_grad();
            using var scope = NewDisposeScope();
            for (var i = 0; i < 8; i++) _c.addmm_(_a, _b, 0, 1);
        }

        public void Dispose()
        {
            _a.Dispose();
            _b.Dispose();
            _c.Dispose();
        }
    }

    /// <summary>Reads a stretch of memory once, on all threads.</summary>
    internal sealed unsafe class MemoryRead : IDisposable
    {
        private const int Chunk = 1 << 18;
        private readonly float* _memory;
        private readonly long _bytes;
        private float _sum;

        public MemoryRead(long bytes)
        {
            _bytes = bytes / Chunk * Chunk;
            _memory = (float*)System.Runtime.InteropServices.NativeMemory.AlignedAlloc((nuint)_bytes, 64);
            new Span<byte>(_memory, (int)Math.Min(_bytes, int.MaxValue)).Fill(1);
        }

        /// <summary>Reads all of it twice and times the second time: a virtual machine's host may have taken pages away that were not read for seconds, and a model's weights are read all the time.</summary>
        public Timing Run()
        {
            Sum();
            return Turns.Time(Sum);
        }

        private void Sum()
        {
            var chunks = (int)(_bytes / Chunk);
            if (get_num_threads() == 1) for (var i = 0; i < chunks; i++) Add(Read(i));
            else Parallel.For(0, chunks, new ParallelOptions { MaxDegreeOfParallelism = get_num_threads() }, chunk => Add(Read(chunk)));
        }

        public void Dispose() => System.Runtime.InteropServices.NativeMemory.AlignedFree(_memory);

        // The result is kept so that no compiler can leave the reading out.
        private void Add(float sum) => Volatile.Write(ref _sum, sum);

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        private float Read(int chunk)
        {
            var start = _memory + (long)chunk * (Chunk / sizeof(float));
            Vector<float> a = default, b = default, c = default, d = default;
            var step = Vector<float>.Count;
            for (var i = 0; i < Chunk / sizeof(float); i += 4 * step)
            {
                a += Vector.Load(start + i);
                b += Vector.Load(start + i + step);
                c += Vector.Load(start + i + 2 * step);
                d += Vector.Load(start + i + 3 * step);
            }

            return Vector.Sum(a + b + (c + d));
        }
    }
}
