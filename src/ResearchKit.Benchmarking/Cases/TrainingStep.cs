using ResearchKit.Core.Configuration;
using ResearchKit.Models;
using ResearchKit.Training;
using static TorchSharp.torch;

namespace ResearchKit.Benchmarking.Cases;

/// <summary>Whole training steps: forward, backward, gradient norm, clipping and AdamW.</summary>
internal sealed class TrainingStep : BenchmarkCase
{
    private const double GoalOfSgemm = 0.85;

    public override string Name => "train";

    public override string Description => "Training steps of GPT-2 124M and of a 12.7M model: tokens/s and share of the sgemm rate, counting all matrix operations and a causal half as half.";

    public override void Run(BenchmarkContext context)
    {
        Measure(context, "12.7M", Small(256), 12, 256, context.Quick ? 3 : 7, 1.6);
        Measure(context, "124M", Gpt2Small, 2, 256, context.Quick ? 2 : 7, 1.9);
        if (!context.Quick) Measure(context, "124M", Gpt2Small, 1, 1024, 3, 1.9);
    }

    private static void Measure(BenchmarkContext context, string model, ModelConfig config, int B, int T, int repetitions, double goalOfPeer)
    {
        var shape = $"{model} B={B} T={T}";
        using var run = new TrainingRun(config, B, T);
        using var product = new Roofline.Product();
        var peers = context.Peers($"train {model} {B} {T}");
        var turns = new Turns().Add("step", run.Step).Add("sgemm", product.Run);
        foreach (var (name, work) in peers) turns.Add(name, work.Run);
        context.Say(shape);
        try
        {
            turns.Run(repetitions, context);
        }
        finally
        {
            foreach (var (_, work) in peers) work.Dispose();
        }

        var (rate, range) = turns.Ratio("step", "sgemm", context.ComparesCpuTime, run.Flops / Roofline.ProductFlops);
        context.Add(new BenchmarkRow
        {
            Case = context.Case, What = $"step {shape}", Value = B * T / turns.Seconds("step"), Unit = "tokens/s", Repetitions = turns.Count,
            Against = "sgemm", Ratio = rate, RatioRange = range, RatioOfCpuTime = context.ComparesCpuTime, Goal = GoalOfSgemm,
        });
        if (peers.Count == 0)
        {
            context.Add(new BenchmarkRow { Case = context.Case, What = $"step {shape}", Against = "nanoGPT", Goal = goalOfPeer, NotMeasured = "no peer was given" });
        }

        foreach (var (name, _) in peers)
        {
            var (faster, spread) = turns.Ratio("step", name, context.ComparesCpuTime);
            context.Add(new BenchmarkRow
            {
                Case = context.Case, What = $"step {shape}", Value = B * T / turns.Seconds(name), Unit = "tokens/s (the peer's)", Repetitions = turns.Count,
                Against = name, Ratio = faster, RatioRange = spread, RatioOfCpuTime = context.ComparesCpuTime, Goal = goalOfPeer,
            });
        }
    }
}

/// <summary>A model with its optimizer on one batch, ready to step.</summary>
internal sealed class TrainingRun : IDisposable
{
    private readonly Gpt _model;
    private readonly Optimizer _optimizer;
    private readonly Tensor _inputs;
    private readonly Tensor _targets;

    public TrainingRun(ModelConfig config, int B, int T, bool recomputes = false)
    {
        _model = new Gpt(config) { RecomputesBlocks = recomputes };
        _model.train();
        _optimizer = Optimizer.Create(OptimizerGroups.Of(_model, DecayRule.Gpt2), new OptimizerConfig { LearningRate = 1e-4, GradientClip = 1 });
        var ids = Ids(B * (T + 1), config.VocabularySize);
        _inputs = tensor(ids.Take(B * T).Select(id => (long)id).ToArray(), B, T);
        _targets = tensor(ids.Skip(1).Take(B * T).Select(id => (long)id).ToArray(), B, T);
        Flops = ModelSize.Of(config).TrainingFlopsPerToken(T) * B * T;
    }

    /// <summary>Matrix operations of a step.</summary>
    public double Flops { get; }

    public void Step()
    {
        using (NewDisposeScope())
        {
            var (sum, count) = _model.LossSum(_inputs, _targets);
            if (_model.RecomputesBlocks) NativeAllocator.ReturnFreeMemory();
            BackwardPass.Run(sum / count);
        }

        _optimizer.Step(1e-4, _optimizer.ClipScale(_optimizer.GradientNorm()));
        _optimizer.ReleaseGradients();
        if (_model.RecomputesBlocks) NativeAllocator.ReturnFreeMemory();  // as Trainer does
    }

    public void Dispose()
    {
        _optimizer.Dispose();
        _model.Dispose();
        _inputs.Dispose();
        _targets.Dispose();
    }

    private static int[] Ids(int count, int vocabulary)
    {
        var random = new Core.Random.CounterRandom(0, "benchmark batch");
        return [.. Enumerable.Range(0, count).Select(_ => random.Next(vocabulary))];
    }
}
