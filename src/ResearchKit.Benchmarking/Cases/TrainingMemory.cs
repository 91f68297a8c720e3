using ResearchKit.Core.Configuration;

namespace ResearchKit.Benchmarking.Cases;

/// <summary>Peak memory of training GPT-2 124M, with and without gradient checkpointing.</summary>
internal sealed class TrainingMemory : BenchmarkCase
{
    private const double Goal = 1.25;

    public override string Name => "memory";

    public override string Description => "Peak memory of training GPT-2 124M against weights + gradients + optimizer state + needed activations, and with gradient checkpointing.";

    public override void Run(BenchmarkContext context)
    {
        // Activations are a quarter of what the first shape needs and most of what the second does.
        foreach (var (B, T) in context.Quick ? [(1, 256)] : new[] { (2, 512), (8, 512) }) Measure(context, B, T);
    }

    private static void Measure(BenchmarkContext context, int B, int T)
    {
        var size = ModelSize.Of(Gpt2Small);
        var needed = size.WeightBytes() + size.GradientBytes + size.OptimizerBytes + size.ActivationBytes(B, T);
        (long Bytes, Timing Time)? plain = null;
        foreach (var recomputes in new[] { false, true })
        {
            context.Cancellation.ThrowIfCancellationRequested();
            var what = $"124M B={B} T={T}{(recomputes ? ", gradient checkpointing" : "")}";
            context.Say(what);
            var time = default(Timing);
            var peak = MachineState.PeakOf(() =>
            {
                using var run = new TrainingRun(Gpt2Small, B, T, recomputes);
                run.Step();
                time = Turns.Time(run.Step);
            });
            var row = new BenchmarkRow { Case = context.Case, What = what, Unit = "GB", LessIsBetter = true, Repetitions = 1 };
            if (peak is not { } bytes)
            {
                context.Add(row with { NotMeasured = "this system does not tell the peak memory of a process" });
                continue;
            }

            var note = FormattableString.Invariant($"second step {time.Seconds:0.0} s, {time.CpuSeconds:0.0} s of processor time");
            context.Add(row with { Value = bytes / 1e9, Against = $"{needed / 1e9:0.00} GB needed{(recomputes ? " without checkpointing" : "")}", Ratio = (double)bytes / needed, Goal = recomputes ? 1 : Goal, Note = note });
            if (plain is { } without)
            {
                var price = FormattableString.Invariant($"price: {time.CpuSeconds / without.Time.CpuSeconds:0.00}x the processor time");
                context.Add(row with { Value = bytes / 1e9, Against = "the peak without checkpointing", Ratio = (double)bytes / without.Bytes, Goal = 1, Note = price });
            }

            plain = (bytes, time);
        }
    }
}
