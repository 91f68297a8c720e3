namespace ResearchKit.Core;

/// <summary>
/// What an evaluation needs of a language model: the three requests of lm-evaluation-harness, on token ids.
/// Everything in ResearchKit.Evaluation is written against this contract, so a five-line fake tests every rule.
/// </summary>
/// <remarks>Implementations keep the order of the requests and must return the same numbers however requests are batched,
/// up to the tolerance that they document. They are used from one thread at a time.</remarks>
public interface ILanguageModel : IDisposable
{
    /// <summary>Name for reports, such as <c>gpt2-mini</c> or a folder name.</summary>
    string Name { get; }

    /// <summary>Lower-case hexadecimal SHA-256 over configuration and weights; equal hashes mean equal scores.</summary>
    string WeightsHash { get; }

    /// <summary>Number of token ids, V.</summary>
    int VocabularySize { get; }

    /// <summary>Largest number of positions of one forward pass, n_ctx.</summary>
    int ContextLength { get; }

    /// <summary>Scores continuations given contexts: Σ log P(tokenᵢ | context, earlier tokens), in nats.</summary>
    /// <param name="requests">Contexts and continuations. A context holds at least one id: for a continuation that begins a text the caller puts its prefix token there.</param>
    /// <param name="cancellation">Stops between batches.</param>
    /// <exception cref="ArgumentException">An id outside [0, V), an empty context, an empty continuation, or a continuation longer than n_ctx.</exception>
    IReadOnlyList<LikelihoodScore> LogLikelihood(IReadOnlyList<LikelihoodRequest> requests, CancellationToken cancellation = default);

    /// <summary>Log-probability of every token of a text, with windows of n_ctx that do not overlap in what they score.</summary>
    /// <param name="texts">Token ids; each is scored from its first token on.</param>
    /// <param name="prefixId">Id that stands before the first token (end-of-text in GPT-2).</param>
    /// <param name="cancellation">Stops between windows.</param>
    /// <returns>For each text one log-probability (nats) per token.</returns>
    IReadOnlyList<double[]> RollingLogLikelihood(IReadOnlyList<int[]> texts, int prefixId, CancellationToken cancellation = default);

    /// <summary>Generates continuations, one for each prompt.</summary>
    /// <param name="requests">Prompts with their own options.</param>
    /// <param name="cancellation">Stops between tokens.</param>
    IReadOnlyList<GeneratedText> Generate(IReadOnlyList<GenerationRequest> requests, CancellationToken cancellation = default);
}

/// <summary>One continuation to score.</summary>
/// <param name="Context">Token ids before the continuation, at least one. Where context and continuation exceed n_ctx + 1 ids together, the context is cut from the left.</param>
/// <param name="Continuation">Token ids to score, at least one.</param>
public sealed record LikelihoodRequest(int[] Context, int[] Continuation);

/// <summary>Score of one continuation.</summary>
/// <param name="TokenLogProbabilities">log P of every continuation token, nats.</param>
/// <param name="IsGreedy">Whether greedy decoding would have produced the whole continuation.</param>
/// <param name="DroppedTokenCount">Context tokens cut from the left so that the request fitted; 0 normally.</param>
public sealed record LikelihoodScore(double[] TokenLogProbabilities, bool IsGreedy, int DroppedTokenCount)
{
    /// <summary>Sum over the continuation, nats.</summary>
    public double LogProbability => TokenLogProbabilities.Sum();
}

/// <summary>One prompt to continue.</summary>
/// <param name="Prompt">Token ids, at least one. Where prompt and new tokens exceed n_ctx, <see cref="GenerationOptions.Overflow"/> decides what is dropped on the left.</param>
/// <param name="Options">How to choose tokens.</param>
public sealed record GenerationRequest(int[] Prompt, GenerationOptions Options)
{
    /// <summary>Asked after every new token with the ids generated so far; true ends the text (that is how stop strings work: the caller decodes).</summary>
    public Func<IReadOnlyList<int>, bool>? Stop { get; init; }
}

/// <summary>A continuation.</summary>
/// <param name="Tokens">New token ids, without the prompt and without the stop token.</param>
/// <param name="LogProbability">Sum of the chosen tokens' log-probabilities under the unmodified model, nats.</param>
/// <param name="DroppedTokenCount">Prompt tokens on the left that the last new token was chosen without; 0 normally.</param>
public sealed record GeneratedText(int[] Tokens, double LogProbability, int DroppedTokenCount);

/// <summary>How generation chooses tokens. The filters apply in the order temperature, top-k, top-p, as in the released GPT-2 sampler.</summary>
public sealed record GenerationOptions
{
    /// <summary>Most new tokens; at least 1. Default 32.</summary>
    public int MaxNewTokenCount { get; init; } = 32;

    /// <summary>0 is greedy (default); otherwise logits are divided by it.</summary>
    public double Temperature { get; init; }

    /// <summary>Keep the k most likely tokens; 0 keeps all (default).</summary>
    public int TopK { get; init; }

    /// <summary>Nucleus mass in (0, 1]; 1 keeps all (default).</summary>
    public double TopP { get; init; } = 1.0;

    /// <summary>Which published reading of top-p.</summary>
    public TopPVariant TopPVariant { get; init; } = TopPVariant.HuggingFace;

    /// <summary>Beams; 1 (default) is no beam search. GPT-3 used 4 for free-form answers (paper §2.4).</summary>
    public int BeamWidth { get; init; } = 1;

    /// <summary>α in Σ log P / length^α of beam search, length counting the new tokens and the stop token. GPT-3 used 0.6 (paper §2.4).</summary>
    public double LengthPenalty { get; init; } = 0.6;

    /// <summary>Seed of the sampler. Default 0.</summary>
    public long Seed { get; init; }

    /// <summary>Ids that end a text (not part of the result). Default none.</summary>
    public IReadOnlyList<int> StopTokens { get; init; } = [];

    /// <summary>Ids that are never chosen, such as a stop-word filter's; reported log-probabilities stay those of the unmodified model. Default none.</summary>
    public IReadOnlyList<int> SuppressedTokens { get; init; } = [];

    /// <summary>What happens where prompt and new tokens exceed n_ctx. Default <see cref="ContextOverflow.Slide"/>.</summary>
    public ContextOverflow Overflow { get; init; } = ContextOverflow.Slide;
}

/// <summary>What generation does when a text outgrows the context.</summary>
public enum ContextOverflow
{
    /// <summary>Every token is chosen from the last n_ctx ids, positions restarting at 0 (nanoGPT's <c>generate</c>). Each token past the limit costs a full pass.</summary>
    Slide,

    /// <summary>The prompt is cut from the left before the start so that all new tokens fit (lm-evaluation-harness).</summary>
    CutPrompt,
}

/// <summary>The two published readings of nucleus sampling.</summary>
public enum TopPVariant
{
    /// <summary>The token that crosses the mass p is kept (Hugging Face).</summary>
    HuggingFace,

    /// <summary>The token that crosses the mass p is excluded, at least one is kept (released GPT-2 <c>sample.py</c>).</summary>
    OpenAI,
}
