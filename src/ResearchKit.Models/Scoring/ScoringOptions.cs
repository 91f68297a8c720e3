namespace ResearchKit.Models;

/// <summary>How a <see cref="GptLanguageModel"/> groups the texts it scores. No choice changes scores by more than float rounding (1e-5 nats per token).</summary>
public sealed record ScoringOptions
{
    /// <summary>Whether beginnings that several requests share are encoded once (default true). False encodes every text in full, the way lm-evaluation-harness does; it is the oracle.</summary>
    public bool ShareContexts { get; init; } = true;

    /// <summary>Whether every request is scored alone, so that its score has the same bits whatever else is scored with it. Default false; true is slower, most of all for short texts.</summary>
    public bool BatchInvariant { get; init; }

    /// <summary>Tokens of one forward pass, padding included; at least 1. Default 2048. A single longer text still makes one pass.</summary>
    public int TokenBudget { get; init; } = 2048;

    /// <summary>Tokens below a shared run that make a batch of their own worth while.</summary>
    internal int MinTokensBelow { get; init; } = 512;

    /// <summary>Tokens that reading a shared run into a cache must save.</summary>
    internal int MinTokensSaved { get; init; } = 256;

    /// <summary>Length up to which several trees behind a cache share a row: every row copies the cached keys and values once.</summary>
    internal int RowLengthBehindCache { get; init; } = 256;
}

/// <summary>What scoring cost so far.</summary>
/// <param name="RequestCount">Requests and windows scored.</param>
/// <param name="TokensWithoutSharing">Tokens of all texts, each in full.</param>
/// <param name="TokensEncoded">Tokens that went through the model, without padding.</param>
/// <param name="PassCount">Forward passes.</param>
public readonly record struct ScoringStatistics(long RequestCount, long TokensWithoutSharing, long TokensEncoded, long PassCount);
