using System.Text.Json.Serialization;

namespace ResearchKit.Core.Configuration;

/// <summary>One training run: how long, in what batches, with which optimizer and schedule, and what is kept.</summary>
public sealed record TrainingConfig
{
    /// <summary>Seed of everything random in the run but the initial weights and the data order. Default 0.</summary>
    public long Seed { get; init; }

    /// <summary>Optimizer updates of the run. Exactly one of <c>steps</c> and <c>tokens</c> must be given.</summary>
    public long? Steps { get; init; }

    /// <summary>Tokens of the run; it ends with the update that reaches them.</summary>
    public long? Tokens { get; init; }

    /// <summary>Sequences of one update, at least 1. GPT-1 used 64 of 512 tokens, GPT-2 512 of 1024.</summary>
    public required int BatchSize { get; init; }

    /// <summary>Sequences of one backward pass; must divide <see cref="BatchSize"/>. Null (default) means the whole batch. Smaller ones cost time and save memory; the result is that of the large batch.</summary>
    public int? MicroBatchSize { get; init; }

    /// <summary>Tokens of one sequence, at least 1 and at most the model's n_ctx. Null (default) means n_ctx.</summary>
    public int? SequenceLength { get; init; }

    /// <summary>Trains on short sequences first. Null (default) trains on full ones from the start.</summary>
    public LengthWarmup? LengthWarmup { get; init; }

    /// <summary>Grows the batch over the first tokens, as GPT-3 did. Null (default) is the full batch from the start.</summary>
    public BatchRamp? BatchRamp { get; init; }

    /// <summary>Optimizer.</summary>
    public OptimizerConfig Optimizer { get; init; } = new();

    /// <summary>Learning-rate schedule. Default constant.</summary>
    public LearningRateSchedule Schedule { get; init; } = new ConstantSchedule();

    /// <summary>Arithmetic of forward and backward pass. Default float32. With bfloat16 the optimizer keeps float32 master weights.</summary>
    public Precision Precision { get; init; } = Precision.Float32;

    /// <summary>Recomputes activations in the backward pass to save memory. Default false.</summary>
    public bool GradientCheckpointing { get; init; }

    /// <summary>Updates between two lines of the metrics file, at least 1. Default 1.</summary>
    public long LogEvery { get; init; } = 1;

    /// <summary>Updates between two evaluations; 0 (default) evaluates at the end only.</summary>
    public long EvaluateEvery { get; init; }

    /// <summary>Updates between two checkpoints; 0 saves at the end only. Default 500.</summary>
    public long CheckpointEvery { get; init; } = 500;

    /// <summary>Updates on short sequences at the start of the run; 0 without a warm-up.</summary>
    /// <param name="length">Tokens of one full sequence.</param>
    public long LengthWarmupSteps(int length) => LengthWarmup is null ? 0 : LengthWarmup.Tokens / ((long)BatchSize * length);

    /// <summary>Micro-batches of a full batch.</summary>
    [JsonIgnore] public int MicroBatchCount => BatchSize / (MicroBatchSize ?? BatchSize);

    /// <summary>Micro-batches of the update that begins after <paramref name="tokens"/> tokens; below <see cref="MicroBatchCount"/> only while the batch ramps up.</summary>
    /// <param name="tokens">Tokens seen so far.</param>
    /// <param name="length">Tokens of one sequence.</param>
    public int MicroBatchCountAt(long tokens, int length)
    {
        if (BatchRamp is null) return MicroBatchCount;
        var microTokens = MicroBatchTokens(length);
        var batchTokens = BatchRamp.TokensAt(tokens, (long)BatchSize * length);
        return (int)Math.Clamp(batchTokens / microTokens, 1, MicroBatchCount);
    }

    /// <summary>Updates of the whole run.</summary>
    /// <param name="length">Tokens of one sequence.</param>
    public long TotalSteps(int length)
    {
        if (Steps is { } steps) return steps;
        var microTokens = MicroBatchTokens(length);
        long seen = 0, count = 0;
        while (seen < Tokens && BatchRamp is not null && MicroBatchCountAt(seen, length) < MicroBatchCount)
        {
            seen += MicroBatchCountAt(seen, length) * microTokens;
            count++;
        }

        var batchTokens = MicroBatchCount * microTokens;
        return count + (Math.Max(0, Tokens!.Value - seen) + batchTokens - 1) / batchTokens;
    }

    private long MicroBatchTokens(int length) => (long)(MicroBatchSize ?? BatchSize) * length;

    /// <summary>Tokens of a run of so many updates, the smaller ones of a batch ramp included.</summary>
    private long TokensOf(long steps, int length)
    {
        var microTokens = MicroBatchTokens(length);
        long seen = 0;
        for (; steps > 0 && MicroBatchCountAt(seen, length) < MicroBatchCount; steps--) seen += MicroBatchCountAt(seen, length) * microTokens;
        return seen + steps * MicroBatchCount * microTokens;
    }

    /// <summary>Every problem as a sentence that names the key, the value and what is allowed; empty when valid.</summary>
    /// <param name="path">Prefix of the keys, such as <c>training.</c>.</param>
    /// <param name="contextLength">n_ctx of the model; null (default) leaves out what depends on it.</param>
    public IReadOnlyList<string> Problems(string path = "", int? contextLength = null)
    {
        var problems = new List<string>();
        if (Steps is null == Tokens is null) problems.Add($"`{path}steps` and `{path}tokens`: exactly one of them must be given.");
        if (Steps is < 1) problems.Add($"`{path}steps` ({Steps}) must be at least 1.");
        if (Tokens is < 1) problems.Add($"`{path}tokens` ({Tokens}) must be at least 1.");
        if (BatchSize < 1) problems.Add($"`{path}batch_size` ({BatchSize}) must be at least 1.");
        if (MicroBatchSize is < 1) problems.Add($"`{path}micro_batch_size` ({MicroBatchSize}) must be at least 1, or absent for the whole batch.");
        else if (MicroBatchSize is { } micro && BatchSize >= 1 && BatchSize % micro != 0)
        {
            problems.Add($"`{path}micro_batch_size` ({micro}) must divide `{path}batch_size` ({BatchSize}); nearest divisors: {ModelConfig.NearestDivisors(BatchSize, micro)}.");
        }

        if (SequenceLength is < 1) problems.Add($"`{path}sequence_length` ({SequenceLength}) must be at least 1, or absent for n_ctx.");
        if (LogEvery < 1) problems.Add($"`{path}log_every` ({LogEvery}) must be at least 1.");
        if (EvaluateEvery < 0) problems.Add($"`{path}evaluate_every` ({EvaluateEvery}) must be at least 0; 0 evaluates at the end only.");
        if (CheckpointEvery < 0) problems.Add($"`{path}checkpoint_every` ({CheckpointEvery}) must be at least 0; 0 saves at the end only.");
        if (BatchRamp is not null) problems.AddRange(BatchRamp.Problems(path + "batch_ramp."));
        if (LengthWarmup is { } warmup)
        {
            if (warmup.Length < 1) problems.Add($"`{path}length_warmup.length` ({warmup.Length}) must be at least 1.");
            else if ((SequenceLength ?? contextLength) is { } full && (warmup.Length >= full || full % warmup.Length != 0))
                problems.Add($"`{path}length_warmup.length` ({warmup.Length}) must divide the sequence length ({full}) and be shorter; for example {Math.Max(1, full / 4)}.");
            if (warmup.Tokens < 1) problems.Add($"`{path}length_warmup.tokens` ({warmup.Tokens}) must be at least 1, or leave `{path}length_warmup` out.");
        }

        problems.AddRange(Optimizer.Problems(path + "optimizer."));
        problems.AddRange(Schedule.Problems(path + "schedule."));
        if (SequenceLength > contextLength) problems.Add($"`{path}sequence_length` ({SequenceLength}) must be at most the model's n_ctx ({contextLength}).");
        if (problems.Count == 0 && (SequenceLength ?? contextLength) is { } length) problems.AddRange(WarmupProblems(path, length));
        return problems;
    }

    /// <summary>A warm-up that outlasts the run would keep the rate near 0 without a word.</summary>
    private IEnumerable<string> WarmupProblems(string path, int length)
    {
        var steps = TotalSteps(length);
        var tokens = Tokens ?? TokensOf(steps, length);
        if (Schedule is WarmupCosineSchedule cosine && cosine.WarmupTokens >= tokens)
        {
            yield return $"`{path}schedule.warmup_tokens` ({cosine.WarmupTokens}) must be below the run's {tokens} tokens; GPT-3 warmed up for 0.125% of them.";
        }

        if (Schedule is Gpt1PreTrainingSchedule gpt1 && gpt1.WarmupSteps >= steps)
        {
            yield return $"`{path}schedule.warmup_steps` ({gpt1.WarmupSteps}) must be below the run's {steps} updates.";
        }
    }
}

/// <summary>Short sequences at the start of a run, as many tokens to an update as later (Li et al. 2022, "The Stability-Efficiency Dilemma"; none of the three papers does it).</summary>
/// <param name="Length">Tokens of a short sequence; divides the full length.</param>
/// <param name="Tokens">Tokens of the run that are read in short sequences, rounded down to whole updates. The full sequences then start at the beginning of the data.</param>
public sealed record LengthWarmup(int Length, long Tokens);

/// <summary>GPT-3's growth of the batch: linear in tokens from a small batch to the full one (Brown et al. 2020, Appendix B).</summary>
/// <remarks>Batches are rounded down to whole micro-batches, at least one.</remarks>
public sealed record BatchRamp
{
    /// <summary>Tokens of the first batch, at least 1. Default 32,000.</summary>
    public long StartTokens { get; init; } = 32_000;

    /// <summary>Tokens of the run over which the batch grows, at least 1. GPT-3: 4 to 12 billion by model; default 4 billion.</summary>
    public long RampTokens { get; init; } = 4_000_000_000;

    /// <summary>Tokens of a batch, before rounding.</summary>
    /// <param name="seen">Tokens of the run so far.</param>
    /// <param name="full">Tokens of the full batch.</param>
    public long TokensAt(long seen, long full) =>
        StartTokens >= full || seen >= RampTokens ? full : StartTokens + (long)((full - StartTokens) * ((double)seen / RampTokens));

    /// <summary>Every problem as a sentence; empty when valid.</summary>
    /// <param name="path">Prefix of the keys.</param>
    public IReadOnlyList<string> Problems(string path = "")
    {
        var problems = new List<string>();
        if (StartTokens < 1) problems.Add($"`{path}start_tokens` ({StartTokens}) must be at least 1.");
        if (RampTokens < 1) problems.Add($"`{path}ramp_tokens` ({RampTokens}) must be at least 1.");
        return problems;
    }
}

/// <summary>Number format of weights and activations.</summary>
public enum Precision
{
    /// <summary>IEEE single precision.</summary>
    Float32,

    /// <summary>bfloat16 weights and activations, float32 master weights, moments and loss.</summary>
    Bfloat16,
}
