using System.Text.Json.Serialization;

namespace ResearchKit.Core.Configuration;

/// <summary>Factor of the peak learning rate over a run, in [0, 1].</summary>
/// <remarks>Factors are functions of the place in the run alone, so a continued run takes the rates of an uninterrupted one.</remarks>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "kind")]
[JsonDerivedType(typeof(ConstantSchedule), "constant")]
[JsonDerivedType(typeof(WarmupCosineSchedule), "warmup_cosine")]
[JsonDerivedType(typeof(Gpt1PreTrainingSchedule), "gpt1_pretraining")]
[JsonDerivedType(typeof(Gpt1LinearSchedule), "gpt1_linear")]
public abstract record LearningRateSchedule
{
    private protected LearningRateSchedule()
    {
    }

    /// <summary>Factor for one update.</summary>
    /// <param name="step">Update, from 0.</param>
    /// <param name="tokens">Tokens of the run up to and including this update's batch.</param>
    /// <param name="totalSteps">Updates of the whole run, at least 1.</param>
    /// <returns>In [0, 1].</returns>
    public abstract double FactorAt(long step, long tokens, long totalSteps);

    /// <summary>Problems of the parameters, as sentences; empty when valid.</summary>
    /// <param name="path">Prefix of the keys, such as <c>schedule.</c>.</param>
    public virtual IReadOnlyList<string> Problems(string path = "") => [];

    /// <summary>Half a cosine wave from 1 at progress 0 to 0 at progress 1.</summary>
    private protected static double Cosine(double progress) => 0.5 * (1 + Math.Cos(Math.PI * Math.Clamp(progress, 0, 1)));
}

/// <summary>The peak rate throughout.</summary>
public sealed record ConstantSchedule : LearningRateSchedule
{
    /// <inheritdoc/>
    public override double FactorAt(long step, long tokens, long totalSteps) => 1;
}

/// <summary>GPT-3: linear warm-up over tokens, cosine to a fraction of the peak, then constant (Brown et al. 2020, Appendix B).</summary>
/// <remarks>The cosine is read as reaching its end when <see cref="DecayTokens"/> tokens of the whole run are seen, warm-up included, as nanoGPT does.</remarks>
public sealed record WarmupCosineSchedule : LearningRateSchedule
{
    /// <summary>Tokens of the warm-up, at least 0. Default 375 million.</summary>
    public long WarmupTokens { get; init; } = 375_000_000;

    /// <summary>Tokens after which the rate stays at its end, above the warm-up. Default 260 billion.</summary>
    public long DecayTokens { get; init; } = 260_000_000_000;

    /// <summary>Factor at the end, [0, 1]. Default 0.1.</summary>
    public double FinalFraction { get; init; } = 0.1;

    /// <inheritdoc/>
    public override double FactorAt(long step, long tokens, long totalSteps) => tokens < WarmupTokens
        ? (double)tokens / WarmupTokens
        : FinalFraction + (1 - FinalFraction) * Cosine((double)(tokens - WarmupTokens) / (DecayTokens - WarmupTokens));

    /// <inheritdoc/>
    public override IReadOnlyList<string> Problems(string path = "")
    {
        var problems = new List<string>();
        if (WarmupTokens < 0) problems.Add($"`{path}warmup_tokens` ({WarmupTokens}) must be at least 0.");
        if (DecayTokens <= WarmupTokens) problems.Add($"`{path}decay_tokens` ({DecayTokens}) must be above `{path}warmup_tokens` ({WarmupTokens}).");
        if (!(FinalFraction is >= 0 and <= 1)) problems.Add($"`{path}final_fraction` ({FinalFraction}) must lie in [0, 1].");
        return problems;
    }
}

/// <summary>GPT-1 pre-training: linear from 0 over the first updates, then cosine to 0 (Radford et al. 2018 §4.1).</summary>
/// <remarks>Updates are counted from 0, as in <c>opt.py</c>: the first update has rate 0.</remarks>
public sealed record Gpt1PreTrainingSchedule : LearningRateSchedule
{
    /// <summary>Updates of the warm-up, at least 0 and below the run's. Default 2,000.</summary>
    public long WarmupSteps { get; init; } = 2_000;

    /// <inheritdoc/>
    public override double FactorAt(long step, long tokens, long totalSteps) => step < WarmupSteps
        ? (double)step / WarmupSteps
        : Cosine((double)(step - WarmupSteps) / Math.Max(1, totalSteps - WarmupSteps));

    /// <inheritdoc/>
    public override IReadOnlyList<string> Problems(string path = "") =>
        WarmupSteps >= 0 ? [] : [$"`{path}warmup_steps` ({WarmupSteps}) must be at least 0."];
}

/// <summary>GPT-1 fine-tuning, <c>warmup_linear</c> of <c>opt.py</c>: (x/w for x ≤ w, else 1) · (1 - x) with x = step / total steps.</summary>
/// <remarks>Steps are counted from 0: the first update has rate 0. At x = w the factor falls from 1 - w to itself, so it is continuous; the warm-up bends slightly below the straight line.</remarks>
public sealed record Gpt1LinearSchedule : LearningRateSchedule
{
    /// <summary>Share w of the run that warms up, [0, 1]. Default 0.002.</summary>
    public double Warmup { get; init; } = 0.002;

    /// <inheritdoc/>
    public override double FactorAt(long step, long tokens, long totalSteps)
    {
        var x = Math.Min(1, (double)step / totalSteps);
        return (x <= Warmup && Warmup > 0 ? x / Warmup : 1) * (1 - x);
    }

    /// <inheritdoc/>
    public override IReadOnlyList<string> Problems(string path = "") =>
        Warmup is >= 0 and <= 1 ? [] : [$"`{path}warmup` ({Warmup}) must lie in [0, 1]; it is a share of the run."];
}
