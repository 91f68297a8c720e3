namespace ResearchKit.Training;

/// <summary>Where a run stands, sent after every update.</summary>
/// <param name="Step">Updates done.</param>
/// <param name="TotalSteps">Updates of the run.</param>
/// <param name="Tokens">Tokens seen.</param>
/// <param name="Loss">Loss of the update's batch before the update, nats per token.</param>
/// <param name="LearningRate">Rate of the update.</param>
/// <param name="GradientNorm">Global norm before clipping.</param>
/// <param name="TokensPerSecond">Rate of this process so far, evaluation and saving left out.</param>
/// <param name="TimeLeft">Estimate for the remaining updates.</param>
public sealed record TrainingProgress(
    long Step, long TotalSteps, long Tokens, double Loss, double LearningRate, double GradientNorm, double TokensPerSecond, TimeSpan TimeLeft);

/// <summary>A moment of a run at which it is evaluated.</summary>
/// <param name="Step">Updates done.</param>
/// <param name="Tokens">Tokens seen.</param>
public sealed record TrainingPoint(long Step, long Tokens);

/// <summary>What a finished run leaves behind, beside its files.</summary>
/// <param name="Steps">Updates made over all sittings.</param>
/// <param name="Tokens">Tokens seen.</param>
/// <param name="FinalLoss">Loss of the last update's batch, nats per token.</param>
/// <param name="Evaluation">Values of the last evaluation; empty where none was asked for.</param>
/// <param name="ResumedFrom">Updates that an earlier sitting had made; 0 for a fresh run.</param>
public sealed record TrainingResult(long Steps, long Tokens, double FinalLoss, IReadOnlyDictionary<string, double> Evaluation, long ResumedFrom);

/// <summary>A loss or gradient became infinite or not a number. The weights are those before the bad update, and a dump names the batch.</summary>
/// <param name="message">What happened and what to try.</param>
/// <param name="dumpPath">File with step, rate, norms and batch.</param>
public sealed class TrainingDivergedException(string message, string dumpPath) : Exception(message)
{
    /// <summary>File with step, rate, norms and batch.</summary>
    public string DumpPath { get; } = dumpPath;
}
