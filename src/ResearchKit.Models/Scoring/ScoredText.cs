using ResearchKit.Core;

namespace ResearchKit.Models;

/// <summary>One request as the model sees it.</summary>
/// <param name="Input">Ids fed to the model, at most n_ctx: the end of context and continuation, without the very last id.</param>
/// <param name="Continuation">Ids scored at the last positions of the input.</param>
/// <param name="DroppedTokenCount">Context ids cut from the left.</param>
internal sealed record ScoredText(int[] Input, int[] Continuation, int DroppedTokenCount)
{
    /// <summary>Why a request cannot be scored; null where it can.</summary>
    public static string? Problem(LikelihoodRequest request, int contextLength, int vocabularySize)
    {
        var (context, continuation) = (request.Context, request.Continuation);
        if (context.Length == 0) return "the context is empty; put the end-of-text id there.";
        if (continuation.Length == 0) return "the continuation is empty; there is nothing to score.";
        if (continuation.Length > contextLength) return $"the continuation has {continuation.Length} ids, n_ctx is {contextLength}; score a long text in windows (RollingLogLikelihood, `rk eval`).";
        var outside = context.Concat(continuation).Where(id => id < 0 || id >= vocabularySize).Cast<int?>().FirstOrDefault();
        return outside is null ? null : $"id {outside} lies outside [0, {vocabularySize}).";
    }

    /// <summary>Checks and cuts a request as lm-evaluation-harness does.</summary>
    public static ScoredText Of(LikelihoodRequest request, int index, int contextLength, int vocabularySize)
    {
        var (context, continuation) = (request.Context, request.Continuation);
        if (Problem(request, contextLength, vocabularySize) is { } problem) throw new ArgumentException($"Request {index}: {problem}", nameof(request));
        var dropped = Math.Max(0, context.Length + continuation.Length - (contextLength + 1));
        return new ScoredText([.. context.AsSpan(dropped), .. continuation.AsSpan(0, continuation.Length - 1)], continuation, dropped);
    }
}
