using ResearchKit.Core;

namespace ResearchKit.Models;

/// <summary>One request as the model sees it.</summary>
/// <param name="Input">Ids fed to the model, at most n_ctx: the end of context and continuation, without the very last id.</param>
/// <param name="Continuation">Ids scored at the last positions of the input.</param>
/// <param name="DroppedTokenCount">Context ids cut from the left.</param>
internal sealed record ScoredText(int[] Input, int[] Continuation, int DroppedTokenCount)
{
    /// <summary>Checks and cuts a request as lm-evaluation-harness does.</summary>
    public static ScoredText Of(LikelihoodRequest request, int index, int contextLength, int vocabularySize)
    {
        var (context, continuation) = (request.Context, request.Continuation);
        if (context.Length == 0) throw new ArgumentException($"Request {index}: the context is empty; put the end-of-text id there.", nameof(request));
        if (continuation.Length == 0) throw new ArgumentException($"Request {index}: the continuation is empty; there is nothing to score.", nameof(request));
        if (continuation.Length > contextLength)
        {
            throw new ArgumentException($"Request {index}: the continuation has {continuation.Length} ids, n_ctx is {contextLength}; use RollingLogLikelihood for long texts.", nameof(request));
        }

        var outside = Array.FindIndex(context, id => id < 0 || id >= vocabularySize);
        var ids = outside >= 0 ? context : continuation;
        if (outside < 0) outside = Array.FindIndex(continuation, id => id < 0 || id >= vocabularySize);
        if (outside >= 0) throw new ArgumentException($"Request {index}: id {ids[outside]} lies outside [0, {vocabularySize}).", nameof(request));

        var dropped = Math.Max(0, context.Length + continuation.Length - (contextLength + 1));
        return new ScoredText([.. context.AsSpan(dropped), .. continuation.AsSpan(0, continuation.Length - 1)], continuation, dropped);
    }
}
