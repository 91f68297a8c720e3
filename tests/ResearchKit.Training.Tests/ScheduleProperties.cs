using System.Text.Json;
using FsCheck;
using FsCheck.Fluent;
using FsCheck.Xunit;
using ResearchKit.Core.Configuration;

namespace ResearchKit.Training.Tests;

public sealed class ScheduleProperties
{
    private const long Total = 1_000, TokensPerStep = 100;

    /// <summary>Every schedule of a run of 1,000 updates of 100 tokens, with warm-ups of 1 to 400 updates.</summary>
    public static Arbitrary<LearningRateSchedule> Schedules() => Gen.OneOf(
        Gen.Choose(1, 400).SelectMany(warmup => Gen.Choose(0, 10).SelectMany(tenths => Gen.Choose(500, 1_000).Select(decay => (LearningRateSchedule)new WarmupCosineSchedule
        {
            WarmupTokens = warmup * TokensPerStep, DecayTokens = decay * TokensPerStep, FinalFraction = tenths / 10.0,
        }))),
        Gen.Choose(1, 400).Select(warmup => (LearningRateSchedule)new Gpt1PreTrainingSchedule { WarmupSteps = warmup }),
        Gen.Choose(1, 400).Select(warmup => (LearningRateSchedule)new Gpt1LinearSchedule { Warmup = warmup / 1000.0 }),
        Gen.Constant((LearningRateSchedule)new ConstantSchedule())).ToArbitrary();

    [Property(Arbitrary = [typeof(ScheduleProperties)])]
    public void FactorsLieBetweenZeroAndOneAndRiseThenFall(LearningRateSchedule schedule)
    {
        var factors = Enumerable.Range(0, (int)Total).Select(step => Factor(schedule, step)).ToArray();
        Assert.All(factors, factor => Assert.InRange(factor, 0, 1));
        var peak = Array.IndexOf(factors, factors.Max());
        Assert.All(Enumerable.Range(1, peak), step => Assert.True(factors[step] >= factors[step - 1], $"falls at {step}, before the peak"));
        Assert.All(Enumerable.Range(peak + 1, factors.Length - peak - 1), step => Assert.True(factors[step] <= factors[step - 1] + 1e-12, $"rises at {step}, after the peak"));
    }

    [Property(Arbitrary = [typeof(ScheduleProperties)])]
    public void FactorsAreContinuous(LearningRateSchedule schedule)
    {
        // In a run a thousand times finer, neighbours differ by at most the steepest slope: a warm-up of one coarse step.
        double Fine(long step) => schedule switch
        {
            Gpt1PreTrainingSchedule gpt1 => (gpt1 with { WarmupSteps = gpt1.WarmupSteps * 1000 }).FactorAt(step, 0, Total * 1000),
            WarmupCosineSchedule gpt3 => (gpt3 with { WarmupTokens = gpt3.WarmupTokens * 1000, DecayTokens = gpt3.DecayTokens * 1000 }).FactorAt(step, step * TokensPerStep, Total * 1000),
            _ => schedule.FactorAt(step, 0, Total * 1000),
        };
        for (var step = 1L; step < Total * 1000; step += 997)
        {
            Assert.True(Math.Abs(Fine(step) - Fine(step - 1)) <= 1.1e-3, $"{schedule} jumps at {step}");
        }

        foreach (var corner in new[] { 400_000L, 500_000 }.Concat(Enumerable.Range(1, 400).Select(warmup => warmup * 1000L)))
        {
            Assert.True(Math.Abs(Fine(corner) - Fine(corner - 1)) <= 1.1e-3, $"{schedule} jumps at {corner}");
        }
    }

    [Fact]
    public void Gpt1FineTuningStartsAtZeroAndFollowsTheReleasedCode()
    {
        foreach (var name in Golden.Cases("openai-gpt", "training.json"))
        {
            var run = Golden.Json(name, "training.json")["finetune_warmup_linear"]!;
            var schedule = new Gpt1LinearSchedule { Warmup = (double)run["warmup"]! };
            var factors = run["lr_multipliers"]!.AsArray();
            for (var step = 0; step < factors.Count; step++) Assert.Equal((double)factors[step]!, schedule.FactorAt(step, 0, (long)run["t_total"]!), 1e-6);
        }
    }

    [Fact]
    public void Gpt3sScheduleReachesThePrintedValues()
    {
        var schedule = new WarmupCosineSchedule();
        Assert.Equal(0.5, schedule.FactorAt(0, 187_500_000, 1), 1e-12);
        Assert.Equal(1.0, schedule.FactorAt(0, 375_000_000, 1), 1e-12);
        Assert.Equal(0.1, schedule.FactorAt(0, 260_000_000_000, 1), 1e-12);
        Assert.Equal(0.1, schedule.FactorAt(0, 300_000_000_000, 1), 1e-12);
    }

    [Theory]
    [InlineData(0, 32_000)]
    [InlineData(2_000_000_000, 266_000)]
    [InlineData(4_000_000_000, 500_000)]
    [InlineData(5_000_000_000, 500_000)]
    public void Gpt3sBatchGrowsLinearlyInTokens(long seen, long expected) => Assert.Equal(expected, new BatchRamp().TokensAt(seen, 500_000));

    [Property]
    public void TheNumberOfStepsIsTheFirstThatReachesTheTokens(PositiveInt tokens, PositiveInt micros, bool ramps)
    {
        var config = new TrainingConfig
        {
            Tokens = tokens.Get * 50L, BatchSize = 2 * (micros.Get % 8 + 1), MicroBatchSize = 2, BatchRamp = ramps ? new BatchRamp { StartTokens = 30, RampTokens = 700 } : null,
        };
        long seen = 0, steps = 0;
        while (seen < config.Tokens)
        {
            seen += config.MicroBatchCountAt(seen, 10) * 20L;
            steps++;
        }

        Assert.Equal(steps, config.TotalSteps(10));
    }

    [Property(Arbitrary = [typeof(ScheduleProperties)])]
    public void ConfigurationsSurviveTheirJson(LearningRateSchedule schedule)
    {
        var config = new TrainingConfig { Tokens = 5, BatchSize = 3, Schedule = schedule, BatchRamp = new(), Optimizer = OptimizerConfig.Gpt1PreTraining, Precision = Precision.Bfloat16 };
        var json = JsonSerializer.Serialize(config, ConfigJson.Options);
        Assert.Equal(config, ConfigJson.Parse<TrainingConfig>(json, "test"));
        Assert.Empty(config.Problems());
    }

    [Fact]
    public void AllProblemsOfATrainingConfigurationAreReportedTogether()
    {
        var config = new TrainingConfig
        {
            Steps = 0, Tokens = 5, BatchSize = 6, MicroBatchSize = 4, SequenceLength = 0, LogEvery = 0, EvaluateEvery = -1, CheckpointEvery = -1,
            Optimizer = new() { LearningRate = 0, Beta1 = 1, Beta2 = -1, Epsilon = 0, WeightDecay = -1, GradientClip = -1 },
            Schedule = new WarmupCosineSchedule { WarmupTokens = 5, DecayTokens = 5, FinalFraction = 2 }, BatchRamp = new() { StartTokens = 0, RampTokens = 0 },
        };
        var problems = config.Problems("training.");
        foreach (var key in new[]
        {
            "steps", "micro_batch_size", "sequence_length", "log_every", "evaluate_every", "checkpoint_every", "optimizer.learning_rate", "optimizer.beta1", "optimizer.beta2",
            "optimizer.epsilon", "optimizer.weight_decay", "optimizer.gradient_clip", "schedule.decay_tokens", "schedule.final_fraction", "batch_ramp.start_tokens", "batch_ramp.ramp_tokens",
        })
        {
            Assert.Contains(problems, problem => problem.Contains($"`training.{key}`", StringComparison.Ordinal));
        }
    }

    [Fact]
    public void AnInfiniteClipIsRefused()
    {
        // inf / max(norm, inf) is not a number, and neither would the weights be.
        Assert.Contains("gradient_clip", Assert.Single(new OptimizerConfig { GradientClip = double.PositiveInfinity }.Problems()), StringComparison.Ordinal);
    }

    [Fact]
    public void AWarmupThatOutlastsTheRunIsRefused()
    {
        var config = new TrainingConfig { Steps = 10, BatchSize = 2, Schedule = new WarmupCosineSchedule() };
        Assert.Empty(config.Problems());
        Assert.Contains("`schedule.warmup_tokens`", Assert.Single(config.Problems("", 8)), StringComparison.Ordinal);
        Assert.Contains("`schedule.warmup_steps`", Assert.Single((config with { Schedule = new Gpt1PreTrainingSchedule() }).Problems("", 8)), StringComparison.Ordinal);
        Assert.Empty((config with { Schedule = new WarmupCosineSchedule { WarmupTokens = 159, DecayTokens = 160 } }).Problems("", 8));
        Assert.Contains("`sequence_length`", Assert.Single((config with { SequenceLength = 9 }).Problems("", 8)), StringComparison.Ordinal);
    }

    [Fact]
    public void TheSmallBatchesOfARampCountWithWhatTheyHoldAgainstAWarmup()
    {
        // Ten updates of one sequence of 8 tokens: the ramp has hardly begun.
        var config = new TrainingConfig { Steps = 10, BatchSize = 8, MicroBatchSize = 1, BatchRamp = new() { StartTokens = 8, RampTokens = 1_000_000 } };
        IReadOnlyList<string> Problems(long warmup) => (config with { Schedule = new WarmupCosineSchedule { WarmupTokens = warmup, DecayTokens = 1000 } }).Problems("", 8);
        Assert.Contains("`schedule.warmup_tokens` (80) must be below the run's 80 tokens", Assert.Single(Problems(80)), StringComparison.Ordinal);
        Assert.Empty(Problems(79));
    }

    [Theory]
    [InlineData(8, 1, false)]
    [InlineData(3, 1, false)]
    [InlineData(0, 1, false)]
    [InlineData(4, 0, false)]
    [InlineData(4, 1, true)]
    public void ALengthWarmupNeedsAShorterDivisorAndTokens(int length, long tokens, bool valid)
    {
        var problems = (new TrainingConfig { Steps = 10, BatchSize = 2, LengthWarmup = new LengthWarmup(length, tokens) }).Problems("training.", 8);
        if (valid) Assert.Empty(problems);
        else Assert.Contains("`training.length_warmup.", Assert.Single(problems), StringComparison.Ordinal);
    }

    private static double Factor(LearningRateSchedule schedule, long step) => schedule.FactorAt(step, (step + 1) * TokensPerStep, Total);
}
