using ResearchKit.Core.Configuration;
using ResearchKit.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace ResearchKit.Benchmarking.Cases;

/// <summary>Time and memory of attention patterns against the length of the text, forward and backward.</summary>
internal sealed class AttentionSpeed : BenchmarkCase
{
    private const int HeadCount = 12, HeadSize = 64, Window = 256, Stride = 128, Summary = 16;
    private const int MaskedDenseLimit = 4096;                           // its score matrices take 13 GB at 16,384
    private const double Tolerance = 1e-5;
    private const string MaskedDense = "masked dense";

    private static readonly (string Name, AttentionPattern Pattern)[] Patterns =
    [
        ("dense", new DenseAttention()), ("band", new LocalAttention(Window)), ("strided", new StridedAttention(Stride)), ("fixed", new FixedAttention(Stride, Summary)),
    ];

    public override string Name => "attention";

    public override string Description => $"Forward and backward of one layer, {HeadCount} heads of {HeadSize}, against T: dense, band of {Window}, strided and fixed of {Stride}, alternating; against masked dense.";

    public override void Run(BenchmarkContext context)
    {
        foreach (var T in context.Quick ? new[] { 512, 1024, 2048, 4096 } : [512, 1024, 2048, 4096, 8192, 16384]) Measure(context, T);
        CompareWithOracle(context);
    }

    private static void Measure(BenchmarkContext context, int T)
    {
        using var scope = NewDisposeScope();
        var turns = new Turns();
        var peaks = new Dictionary<string, long?>(StringComparer.Ordinal);
        void Add(string name, Func<Tensor, Tensor, Tensor, Tensor> attend)
        {
            void Pass() => ForwardAndBackward(T, attend);
            context.Say($"T={T}: memory of {name}");
            context.Cancellation.ThrowIfCancellationRequested();
            Pass();                                                      // masks are made and remembered before memory is measured
            peaks[name] = MachineState.PeakOf(Pass);
            turns.Add(name, Pass);
        }

        foreach (var (name, pattern) in Patterns) Add(name, (q, k, v) => AttentionKernels.Attend(q, k, v, pattern, scale: true));
        if (T <= MaskedDenseLimit)
        {
            var allowed = AttentionKernels.Mask(new LocalAttention(Window), T, T, 1, CPU);
            Add(MaskedDense, (q, k, v) => AttendMaskedDense(q, k, v, allowed));
        }

        turns.Run(context.Quick ? 3 : T > 4096 ? 3 : 7, context, warmUp: false);
        foreach (var (name, _) in Patterns) Report(name, turns.Seconds(name), peaks[name]);
        Report("alternating", (turns.Seconds("dense") + turns.Seconds("band")) / 2, peaks["dense"] is { } dense && peaks["band"] is { } band ? (dense + band) / 2 : null, "mean of dense and band");
        if (T > MaskedDenseLimit) return;
        Report(MaskedDense, turns.Seconds(MaskedDense), peaks[MaskedDense]);
        var (ratio, range) = turns.Ratio("band", MaskedDense, context.ComparesCpuTime);
        context.Add(new BenchmarkRow
        {
            Case = context.Case, What = $"band, T={T}", Value = turns.Seconds("band") * 1e3, Unit = "ms", Repetitions = turns.Count, Against = MaskedDense,
            Ratio = ratio, RatioRange = range, RatioOfCpuTime = context.ComparesCpuTime, Goal = T == 4096 ? 6 : null,
        });

        void Report(string name, double seconds, long? peak, string? note = null) => context.Add(new BenchmarkRow
        {
            Case = context.Case, What = $"{name}, T={T}", Value = seconds * 1e3, Unit = "ms", Repetitions = turns.Count, Series = name, Length = T, PeakBytes = peak,
            Note = string.Join("; ", new[] { peak is { } bytes ? FormattableString.Invariant($"{bytes / 1e6:0} MB") : "memory not measured", note }.Where(part => part is not null)),
        });
    }

    private static void CompareWithOracle(BenchmarkContext context)
    {
        foreach (var (name, pattern) in Patterns)
        {
            context.Cancellation.ThrowIfCancellationRequested();
            context.Say($"{name}: equal to the oracle");
            using var scope = NewDisposeScope();
            var T = 1024;
            var (q, k, v) = (Input(T), Input(T), Input(T));
            var y = AttentionKernels.Attend(q, k, v, pattern, scale: true);
            y.sum().backward();
            var (dq, dk, dv) = (q.grad!.clone(), k.grad!.clone(), v.grad!.clone());
            foreach (var x in new[] { q, k, v }) x.grad = null;
            var oracle = AttentionKernels.AttendMaskedDense(q, k, v, pattern, scale: true);
            oracle.sum().backward();
            var difference = new[] { (y, oracle), (dq, q.grad!), (dk, k.grad!), (dv, v.grad!) }.Max(pair => (pair.Item1 - pair.Item2).abs().max().ToSingle());
            context.Add(new BenchmarkRow
            {
                Case = context.Case, What = $"{name}, T={T}: largest difference of values and gradients", Value = difference, Repetitions = 1, Against = "masked-dense oracle", Goal = Tolerance, LessIsBetter = true,
            });
        }
    }

    private static void ForwardAndBackward(int T, Func<Tensor, Tensor, Tensor, Tensor> attend)
    {
        using var scope = NewDisposeScope();
        var (q, k, v) = (Input(T), Input(T), Input(T));
        attend(q, k, v).sum().backward();
    }

    // One tensor for all three would save time that every contender spends alike; training has three.
    private static Tensor Input(int T) => rand([1, HeadCount, T, HeadSize]).requires_grad_();

    /// <summary>As public GPT-Neo code does it: all scores, a mask, softmax, weighted sum.</summary>
    private static Tensor AttendMaskedDense(Tensor q, Tensor k, Tensor v, Tensor allowed)
    {
        var scores = matmul(q, k.transpose(2, 3)) / Math.Sqrt(HeadSize);               // [1, H, T, T]
        return matmul(nn.functional.softmax(where(allowed, scores, tensor(float.MinValue)), dim: -1), v);
    }
}
