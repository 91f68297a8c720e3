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
        var (B, T) = context.Quick ? (1, 256) : (2, 512);
        var size = ModelSize.Of(Gpt2Small);
        var state = size.WeightBytes() + size.GradientBytes + size.OptimizerBytes;
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
            var needed = state + size.ActivationBytes(B, T);
            var row = new BenchmarkRow { Case = context.Case, What = what, Unit = "GB", Against = $"{needed / 1e9:0.00} GB needed{(recomputes ? " without checkpointing" : "")}", Goal = recomputes ? 1 : Goal, LessIsBetter = true, Repetitions = 1 };
            context.Add(peak is { } bytes
                ? row with { Value = bytes / 1e9, Ratio = (double)bytes / needed, Note = FormattableString.Invariant($"second step {time.Seconds:0.0} s, {time.CpuSeconds:0.0} s of processor time") }
                : row with { NotMeasured = "this system does not tell the peak memory of a process" });
        }
    }
}
