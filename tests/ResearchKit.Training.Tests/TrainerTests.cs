using System.Text.Json.Nodes;
using FsCheck.Xunit;
using ResearchKit.Core;
using ResearchKit.Core.Configuration;
using ResearchKit.Core.Data;
using ResearchKit.Core.Random;
using ResearchKit.Models;
using ResearchKit.Models.Checkpoints;
using ResearchKit.Testing;
using TorchSharp;
using static TorchSharp.torch;

namespace ResearchKit.Training.Tests;

public sealed class TrainerTests
{
    private static readonly ModelConfig Tiny = new()
    {
        LayerCount = 2, HeadCount = 2, EmbeddingSize = 16, ContextLength = 8, VocabularySize = 13,
        EmbeddingDropoutProbability = 0.1, AttentionDropoutProbability = 0.1, ResidualDropoutProbability = 0.1,
    };

    private static readonly TrainingConfig Ten = new()
    {
        Steps = 10, BatchSize = 4, MicroBatchSize = 2, CheckpointEvery = 5, Seed = 3,
        Optimizer = new() { LearningRate = 0.01 }, Schedule = new WarmupCosineSchedule { WarmupTokens = 64, DecayTokens = 320 },
    };

    [Theory]
    [InlineData(NormPlacement.Pre)]
    [InlineData(NormPlacement.Post)]
    public void ARunInterruptedAndContinuedGivesTheBitsOfAnUninterruptedOne(NormPlacement norm)
    {
        using var whole = new RunFolder();
        using var parted = new RunFolder();
        var config = Tiny with { Norm = norm };
        using (var model = new Gpt(config, 1)) new Trainer(model, new Cycle(), Ten, whole.Path).Run();

        using (var model = new Gpt(config, 1))
        {
            using var stop = new CancellationTokenSource();
            var trainer = new Trainer(model, new Cycle(), Ten with { CheckpointEvery = 3 }, parted.Path) { Progress = new InlineProgress<TrainingProgress>(p => { if (p.Step == 5) stop.Cancel(); }) };
            Assert.ThrowsAny<OperationCanceledException>(() => trainer.Run(stop.Token));
        }

        using (var model = new Gpt(config, 99))                           // other initial weights: the checkpoint must decide
        {
            var result = new Trainer(model, new Cycle(), Ten, parted.Path).Run();
            Assert.Equal(5, result.ResumedFrom);
            Assert.Equal(10, result.Steps);
        }

        foreach (var file in new[] { "model.safetensors", "optimizer.safetensors", "state.json" })
        {
            Assert.Equal(File.ReadAllBytes(whole.File("checkpoint", file)), File.ReadAllBytes(parted.File("checkpoint", file)));
        }

        Assert.Equal(Untimed(whole), Untimed(parted));
    }

    [Fact]
    public void AKilledRunGoesBackToItsCheckpointAndDropsLaterMetrics()
    {
        using var whole = new RunFolder();
        using var killed = new RunFolder();
        using (var model = new Gpt(Tiny, 1)) new Trainer(model, new Cycle(), Ten, whole.Path).Run();
        using (var model = new Gpt(Tiny, 1))
        {
            // An exception out of the progress report after step 7 leaves no chance to save, like SIGKILL.
            var trainer = new Trainer(model, new Cycle(), Ten, killed.Path) { Progress = new InlineProgress<TrainingProgress>(p => { if (p.Step == 7) throw new TimeoutException(); }) };
            Assert.Throws<TimeoutException>(() => trainer.Run());
        }

        Assert.Equal(7, Untimed(killed).Length);
        File.AppendAllText(killed.File("metrics.jsonl"), "{\"step\":8,\"tok");
        using (var model = new Gpt(Tiny, 1)) Assert.Equal(5, new Trainer(model, new Cycle(), Ten, killed.Path).Run().ResumedFrom);
        Assert.Equal(Untimed(whole), Untimed(killed));
        Assert.Equal(File.ReadAllBytes(whole.File("checkpoint", "model.safetensors")), File.ReadAllBytes(killed.File("checkpoint", "model.safetensors")));
    }

    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(7)]
    public void ARunThatStartsOnShortSequencesGoesOnWhereItStopped(int stopAfter)
    {
        var config = Ten with { LengthWarmup = new LengthWarmup(4, 3 * 32 + 5), Optimizer = new() { LearningRate = 0.01 } };
        Assert.Equal(3, config.LengthWarmupSteps(8));
        var shapes = new List<(int, int)>();
        var batches = new ConsecutiveBatches(new Halves(new Cycle(), shapes), 3, new Cycle());
        using var whole = new RunFolder();
        using var parted = new RunFolder();
        using (var model = new Gpt(Tiny, 1)) new Trainer(model, batches, config, whole.Path).Run();
        Assert.Equal(3 * 2, shapes.Count);                                // two micro-batches an update
        Assert.All(shapes, shape => Assert.Equal((4, 4), shape));
        using (var model = new Gpt(Tiny, 1))
        {
            using var stop = new CancellationTokenSource();
            var trainer = new Trainer(model, batches, config, parted.Path) { Progress = new InlineProgress<TrainingProgress>(p => { if (p.Step == stopAfter) stop.Cancel(); }) };
            Assert.ThrowsAny<OperationCanceledException>(() => trainer.Run(stop.Token));
        }

        using (var model = new Gpt(Tiny, 99)) Assert.Equal(stopAfter, new Trainer(model, batches, config, parted.Path).Run().ResumedFrom);
        Assert.Equal(File.ReadAllBytes(whole.File("checkpoint", "model.safetensors")), File.ReadAllBytes(parted.File("checkpoint", "model.safetensors")));
        Assert.Equal(Untimed(whole), Untimed(parted));
    }

    [Fact]
    public void FullSequencesDuringTheLengthWarmupAreRefused()
    {
        using var folder = new RunFolder();
        using var model = new Gpt(Tiny, 1);
        var trainer = new Trainer(model, new Cycle(), Ten with { LengthWarmup = new LengthWarmup(4, 96) }, folder.Path);
        Assert.Contains("says [4, 4]", Assert.Throws<ArgumentException>(() => trainer.Run()).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("checkpoint.new")]
    [InlineData("checkpoint.old")]
    public void ACheckpointCaughtBetweenItsRenamesIsFound(string left)
    {
        using var folder = new RunFolder();
        using (var model = new Gpt(Tiny, 1)) new Trainer(model, new Cycle(), Ten, folder.Path).Run();
        Directory.Move(folder.File("checkpoint"), folder.File(left));
        using var again = new Gpt(Tiny, 2);
        Assert.Equal(10, new Trainer(again, new Cycle(), Ten, folder.Path).Run().ResumedFrom);
    }

    [Property(MaxTest = 12)]
    public void MicroBatchesMakeTheGradientOfTheWholeBatch(byte seed, bool sparse)
    {
        var config = Tiny with { EmbeddingDropoutProbability = 0, AttentionDropoutProbability = 0, ResidualDropoutProbability = 0 };
        var rows = new Cycle { Seed = seed, Sparse = sparse };
        double[] After(int micro)
        {
            using var folder = new RunFolder();
            using var model = new Gpt(config, seed);
            var training = new TrainingConfig { Steps = 2, BatchSize = 4, MicroBatchSize = micro, Optimizer = new() { LearningRate = 1e-3, Epsilon = 1e-4 } };
            var result = new Trainer(model, rows with { Rows = micro }, training, folder.Path).Run();
            return [result.FinalLoss, .. model.parameters().SelectMany(p => p.data<float>().ToArray()).Select(value => (double)value)];
        }

        var large = After(4);
        foreach (var micro in new[] { 1, 2 })
        {
            var small = After(micro);
            Assert.All(large.Zip(small), pair => Assert.Equal(pair.First, pair.Second, 2e-6));
        }
    }

    [Fact]
    public void TheLossFalls()
    {
        using var folder = new RunFolder();
        using var model = new Gpt(Tiny, 1);
        var losses = new List<double>();
        new Trainer(model, new Cycle(), Ten with { Steps = 60, Schedule = new ConstantSchedule() }, folder.Path) { Progress = new InlineProgress<TrainingProgress>(p => losses.Add(p.Loss)) }.Run();
        Assert.InRange(losses[0], Math.Log(13) - 0.3, Math.Log(13) + 0.3);
        Assert.True(losses[^1] < 0.6 * losses[0], $"{losses[0]} → {losses[^1]}");
    }

    [Fact]
    public void Bfloat16TrainsWithFloat32MasterWeights()
    {
        using var folder = new RunFolder();
        using var model = new Gpt(Tiny, 1);
        var losses = new List<double>();
        var config = Ten with { Steps = 60, Precision = Precision.Bfloat16, Schedule = new ConstantSchedule() };
        new Trainer(model, new Cycle(), config, folder.Path) { Progress = new InlineProgress<TrainingProgress>(p => losses.Add(p.Loss)) }.Run();
        Assert.True(losses[^1] < 0.7 * losses[0], $"{losses[0]} → {losses[^1]}");
        Assert.All(model.parameters(), parameter => Assert.Equal(ScalarType.Float32, parameter.dtype));
        using var file = SafetensorsFile.Open(folder.File("checkpoint", "model.safetensors"));
        using var scope = NewDisposeScope();
        var master = file.ReadTensor("wte.weight");
        Assert.Equal(ScalarType.Float32, master.dtype);
        Assert.False(master.to(bfloat16).to(float32).equal(master).all().ToBoolean(), "the saved weights are rounded to bfloat16");
        Assert.True(master.equal(model.named_parameters().Single(pair => pair.name == "wte.weight").parameter).all().ToBoolean());
    }

    [Fact]
    public void ARoundedModelIsRefused()
    {
        using var folder = new RunFolder();
        using var model = new Gpt(Tiny, 1);
        model.RoundToInt8();
        Assert.Contains("int8", Assert.Throws<ConfigException>(() => new Trainer(model, new Cycle(), Ten, folder.Path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void GradientCheckpointingChangesNoLoss()
    {
        double[] Losses(bool checkpointing)
        {
            using var folder = new RunFolder();
            using var model = new Gpt(Tiny, 1);
            var losses = new List<double>();
            var trainer = new Trainer(model, new Cycle(), Ten with { GradientCheckpointing = checkpointing }, folder.Path)
            {
                Progress = new InlineProgress<TrainingProgress>(p =>
                {
                    Assert.Equal(checkpointing, model.RecomputesBlocks);
                    losses.Add(p.Loss);
                }),
            };
            trainer.Run();
            Assert.False(model.RecomputesBlocks);
            return losses.ToArray();
        }

        Assert.All(Losses(false).Zip(Losses(true)), pair => Assert.Equal(pair.First, pair.Second, 1e-5));
    }

    [Fact]
    public void EvaluationRunsInEvaluationModeAndItsValuesAreRecorded()
    {
        using var folder = new RunFolder();
        using var model = new Gpt(Tiny, 1);
        var points = new List<TrainingPoint>();
        var result = new Trainer(model, new Cycle(), Ten with { EvaluateEvery = 4 }, folder.Path)
        {
            Evaluate = point =>
            {
                Assert.False(model.training);
                Assert.False(is_grad_enabled());
                points.Add(point);
                return new Dictionary<string, double> { ["valid_loss"] = point.Step };
            },
        }.Run();
        Assert.Equal([4L, 8L, 10L], points.Select(point => point.Step));
        Assert.Equal(10, result.Evaluation["valid_loss"]);
        Assert.Equal(3, Untimed(folder).Count(line => line.Contains("valid_loss", StringComparison.Ordinal)));
    }

    [Fact]
    public void ALossThatIsNotFiniteStopsTheRunAndLeavesADump()
    {
        using var folder = new RunFolder();
        using var model = new Gpt(Tiny, 1);
        var config = Ten with { Steps = 50, Optimizer = new() { LearningRate = 1e30, GradientClip = 0 }, Schedule = new ConstantSchedule() };
        var error = Assert.Throws<TrainingDivergedException>(() => new Trainer(model, new Cycle(), config, folder.Path).Run());
        Assert.Contains("learning_rate", error.Message, StringComparison.Ordinal);
        var dump = JsonNode.Parse(File.ReadAllText(error.DumpPath))!;
        Assert.Equal(2, dump["batch_ids"]!.AsArray().Count);
        Assert.Equal(1e30, (double)dump["learning_rate"]!);
    }

    [Fact]
    public void ACheckpointOfAnotherConfigurationIsRefusedWithTheDifferences()
    {
        using var folder = new RunFolder();
        using (var model = new Gpt(Tiny, 1)) new Trainer(model, new Cycle(), Ten, folder.Path).Run();
        using var other = new Gpt(Tiny with { LayerCount = 1 }, 1);
        var error = Assert.Throws<ConfigException>(() => new Trainer(other, new Cycle(), Ten with { Seed = 4 }, folder.Path).Run());
        Assert.Contains("`model.n_layer` was 2, is now 1.", error.Problems);
        Assert.Contains("`training.seed` was 3, is now 4.", error.Problems);
    }

    [Fact]
    public void ARampedBatchTakesEveryMicroBatchOnceInOrder()
    {
        using var folder = new RunFolder();
        using var model = new Gpt(Tiny, 1);
        var source = new Cycle { Seen = [] };
        // 4 sequences of 8 = 32 tokens a full batch of 2 micro-batches; the first batches have one.
        var config = Ten with { Steps = null, Tokens = 160, BatchRamp = new BatchRamp { StartTokens = 16, RampTokens = 64 } };
        var result = new Trainer(model, source, config, folder.Path).Run();
        Assert.Equal([(0L, 0), (0, 1), (1, 0), (1, 1), (2, 0), (2, 1), (3, 0), (3, 1), (4, 0), (4, 1)], source.Seen);
        Assert.Equal(config.TotalSteps(8), result.Steps);
        Assert.Equal([16L, 32, 48, 64, 96, 128, 160], Untimed(folder).Select(line => (long)JsonNode.Parse(line)!["tokens"]!));
    }

    [Fact]
    public void TrainingLeavesNoTensorBehind()
    {
        using var model = new Gpt(Tiny, 1);
        TensorLeak.None(() =>
        {
            using var folder = new RunFolder();
            new Trainer(model, new Cycle(), Ten with { Steps = 3 }, folder.Path).Run();
        });
    }

    [Fact, Trait("Category", "Slow")]
    public void ResidentMemoryIsFlatOverTwoThousandSteps()
    {
        using var folder = new RunFolder();
        using var model = new Gpt(Tiny, 1);
        var (resident, live) = (new List<long>(), new List<long>());
        new Trainer(model, new Cycle(), Ten with { Steps = 2_000, CheckpointEvery = 0 }, folder.Path)
        {
            Progress = new InlineProgress<TrainingProgress>(p =>
            {
                if (p.Step % 500 != 0) return;
                // TorchSharp's own autograd functions leave some kilobytes a step to the collector and to finalizers: no leak, but they come and go.
                GC.Collect();
                GC.WaitForPendingFinalizers();
                GC.Collect();
                live.Add(NativeHeap.LiveBytes());
                resident.Add(System.Diagnostics.Process.GetCurrentProcess().WorkingSet64);
            }),
        }.Run();
        Assert.True(live[^1] - live[0] < 10 << 20, "in use: " + string.Join(", ", live.Select(bytes => bytes >> 10)));
        Assert.True(resident[^1] - resident[0] < 24 << 20, "resident: " + string.Join(", ", resident.Select(bytes => bytes >> 20)));
    }

    private static string[] Untimed(RunFolder folder) => File.ReadAllLines(folder.File("metrics.jsonl")).Select(line =>
    {
        var record = JsonNode.Parse(line)!.AsObject();
        record.Remove("timing");
        return record.ToJsonString();
    }).ToArray();

    /// <summary>Sequences that count upwards modulo the vocabulary, from a place that depends on the coordinates.</summary>
    private sealed record Cycle : IBatchSource
    {
        public int Rows { get; init; } = 2;

        public long Seed { get; init; }

        public bool Sparse { get; init; }

        public List<(long, int)>? Seen { get; init; }

        public TokenBatch At(long step, int micro)
        {
            Seen?.Add((step, micro));
            var (inputs, targets) = (new long[Rows * 8], new long[Rows * 8]);
            for (var row = 0; row < Rows; row++)
            {
                var sequence = step * 4 + micro * Rows + row;             // the same rows however the batch is cut
                var random = new CounterRandom(Seed, "cycle", sequence);
                var first = random.Next(13);
                for (var t = 0; t < 8; t++)
                {
                    inputs[row * 8 + t] = (first + t) % 13;
                    targets[row * 8 + t] = Sparse && (random.Next(3) > 0 || sequence % 3 == 0) ? TokenBatch.NoLoss : (first + t + 1) % 13;
                }
            }

            return new TokenBatch(inputs, targets, Rows, 8);
        }
    }

    /// <summary>The same tokens in sequences of half the length.</summary>
    private sealed record Halves(IBatchSource Full, List<(int, int)> Shapes) : IBatchSource
    {
        public TokenBatch At(long step, int micro)
        {
            var full = Full.At(step, micro);
            var half = full with { BatchSize = full.BatchSize * 2, Length = full.Length / 2 };
            Shapes.Add((half.BatchSize, half.Length));
            return half;
        }
    }
}
