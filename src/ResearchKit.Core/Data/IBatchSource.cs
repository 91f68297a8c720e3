namespace ResearchKit.Core.Data;

/// <summary>Batches by coordinates: the same (step, micro) always gives the same batch, so a run can be continued at any point.</summary>
public interface IBatchSource
{
    /// <summary>The micro-batch at a place of the run. All batches of a source have the same number of tokens.</summary>
    /// <param name="step">Optimizer update, from 0.</param>
    /// <param name="micro">Micro-batch within the update, from 0.</param>
    TokenBatch At(long step, int micro);
}

/// <summary>One micro-batch of token ids, row-major.</summary>
/// <param name="Inputs">[B, T], the tokens that the model reads.</param>
/// <param name="Targets">[B, T], the token that follows each input, or <see cref="NoLoss"/>.</param>
/// <param name="BatchSize">Rows B.</param>
/// <param name="Length">Positions T of every row.</param>
public sealed record TokenBatch(long[] Inputs, long[] Targets, int BatchSize, int Length)
{
    /// <summary>Target of a position that carries no loss.</summary>
    public const long NoLoss = -100;

    /// <summary>Number of targets that carry loss.</summary>
    public int LossTargetCount => Targets.Length - Targets.AsSpan().Count(NoLoss);
}
