using ResearchKit.Core;
using TorchSharp;
using static TorchSharp.torch;

namespace ResearchKit.Models;

/// <summary>A <see cref="Gpt"/> as evaluations see it: token ids in, log-probabilities and texts out.</summary>
/// <remarks>
/// Scores follow lm-evaluation-harness: the model sees the last n_ctx + 1 ids of context and continuation without the very last one,
/// and the last positions are scored. Batching changes scores by float rounding only (1e-5 nats per token).
/// </remarks>
public sealed class GptLanguageModel : ILanguageModel
{
    private readonly Gpt _model;
    private readonly Device _device;

    /// <summary>Wraps a model.</summary>
    /// <param name="model">Owned by this object from now on and disposed with it.</param>
    /// <param name="name">Name for reports.</param>
    /// <param name="weightsHash">Fingerprint; see <see cref="Models.WeightsHash.Of"/>.</param>
    public GptLanguageModel(Gpt model, string name, string weightsHash)
    {
        (_model, Name, WeightsHash) = (model, name, weightsHash);
        _device = model.parameters().First().device;
    }

    /// <inheritdoc/>
    public string Name { get; }

    /// <inheritdoc/>
    public string WeightsHash { get; }

    /// <inheritdoc/>
    public int VocabularySize => _model.Config.VocabularySize;

    /// <inheritdoc/>
    public int ContextLength => _model.Config.ContextLength;

    /// <inheritdoc/>
    public IReadOnlyList<LikelihoodScore> LogLikelihood(IReadOnlyList<LikelihoodRequest> requests, CancellationToken cancellation = default)
    {
        var spans = requests.Select((request, index) => ScoredSpan.Of(request, index, this)).ToArray();
        return Score(spans, cancellation);
    }

    /// <inheritdoc/>
    /// <remarks>Windows as in lm-evaluation-harness with a context of one token: the first holds the prefix and the first n_ctx tokens;
    /// later ones score the next n_ctx tokens, and the last reaches back so that it is full.</remarks>
    public IReadOnlyList<double[]> RollingLogLikelihood(IReadOnlyList<int[]> texts, int prefixId, CancellationToken cancellation = default)
    {
        var windows = new List<ScoredSpan>();
        foreach (var text in texts)
        {
            for (var start = 0; start < text.Length; start += ContextLength)
            {
                var count = Math.Min(ContextLength, text.Length - start);
                int[] context = start == 0 ? [prefixId] : text[Math.Max(0, start + count - ContextLength - 1)..start];
                windows.Add(ScoredSpan.Of(new LikelihoodRequest(context, text[start..(start + count)]), windows.Count, this));
            }
        }

        var scores = Score(windows, cancellation);
        var next = 0;
        return texts.Select(text =>
        {
            var values = new List<double>(text.Length);
            while (values.Count < text.Length) values.AddRange(scores[next++].TokenLogProbabilities);
            return values.ToArray();
        }).ToArray();
    }

    /// <inheritdoc/>
    public IReadOnlyList<GeneratedText> Generate(IReadOnlyList<GenerationRequest> requests, CancellationToken cancellation = default)
    {
        using var evaluation = new EvaluationMode(_model);
        return new TextGenerator(_model).Generate(requests, cancellation);
    }

    /// <summary>Disposes the model.</summary>
    public void Dispose() => _model.Dispose();

    private LikelihoodScore[] Score(IReadOnlyList<ScoredSpan> spans, CancellationToken cancellation)
    {
        using var evaluation = new EvaluationMode(_model);
        var scores = new LikelihoodScore[spans.Count];
        foreach (var batch in Batches(spans))
        {
            cancellation.ThrowIfCancellationRequested();
            ScoreBatch(batch, scores);
        }

        return scores;
    }

    /// <summary>Longest first, so that a batch too large for memory fails at once and padding stays small.</summary>
    private static IEnumerable<List<ScoredSpan>> Batches(IReadOnlyList<ScoredSpan> spans)
    {
        const int tokenBudget = 2048;
        var batch = new List<ScoredSpan>();
        foreach (var span in spans.OrderByDescending(span => span.Input.Length).ThenBy(span => span.Index))
        {
            if (batch.Count > 0 && (batch.Count + 1) * batch[0].Input.Length > tokenBudget)
            {
                yield return batch;
                batch = [];
            }

            batch.Add(span);
        }

        if (batch.Count > 0) yield return batch;
    }

    /// <summary>Right padding under a causal mask: padding stands after everything that is scored, so it cannot be seen.</summary>
    private void ScoreBatch(List<ScoredSpan> batch, LikelihoodScore[] scores)
    {
        using var scope = NewDisposeScope();
        var T = batch.Max(span => span.Input.Length);
        var tokens = new long[batch.Count * T];
        var positions = new List<long>();
        var targets = new List<int>();
        for (var b = 0; b < batch.Count; b++)
        {
            var (input, continuation) = (batch[b].Input, batch[b].Continuation);
            for (var t = 0; t < input.Length; t++) tokens[b * T + t] = input[t];
            for (var i = 0; i < continuation.Length; i++)
            {
                positions.Add(b * T + input.Length - continuation.Length + i);
                targets.Add(continuation[i]);
            }
        }

        var hidden = _model.Hidden(tensor(tokens, batch.Count, T, device: _device));                                            // [B, T, C]
        var scored = hidden.view(-1, hidden.size(2)).index_select(0, tensor(positions.ToArray(), device: _device));              // [N, C]
        var logProbabilities = new double[targets.Count];
        var isArgMax = new bool[targets.Count];
        LogitScorer.Score(_model, scored, Enumerable.Range(0, targets.Count).ToArray(), targets.ToArray(), logProbabilities, isArgMax);
        var start = 0;
        foreach (var span in batch)
        {
            var end = start + span.Continuation.Length;
            scores[span.Index] = new LikelihoodScore(logProbabilities[start..end], isArgMax[start..end].All(greedy => greedy), span.DroppedTokenCount);
            start = end;
        }
    }

    /// <summary>One request as the model sees it.</summary>
    /// <param name="Index">Place of the request.</param>
    /// <param name="Input">Ids fed to the model, at most n_ctx.</param>
    /// <param name="Continuation">Ids scored at the last positions of the input.</param>
    /// <param name="DroppedTokenCount">Context ids cut from the left.</param>
    private sealed record ScoredSpan(int Index, int[] Input, int[] Continuation, int DroppedTokenCount)
    {
        public static ScoredSpan Of(LikelihoodRequest request, int index, GptLanguageModel model)
        {
            var (context, continuation) = (request.Context, request.Continuation);
            if (context.Length == 0) throw new ArgumentException($"Request {index}: the context is empty; put the end-of-text id there.", nameof(request));
            if (continuation.Length == 0) throw new ArgumentException($"Request {index}: the continuation is empty; there is nothing to score.", nameof(request));
            if (continuation.Length > model.ContextLength)
            {
                throw new ArgumentException($"Request {index}: the continuation has {continuation.Length} ids, n_ctx is {model.ContextLength}; use RollingLogLikelihood for long texts.", nameof(request));
            }

            foreach (var id in context.Concat(continuation))
            {
                if (id < 0 || id >= model.VocabularySize) throw new ArgumentException($"Request {index}: id {id} lies outside [0, {model.VocabularySize}).", nameof(request));
            }

            var whole = context.Length + continuation.Length;
            var dropped = Math.Max(0, whole - (model.ContextLength + 1));
            int[] input = [.. context.AsSpan(Math.Min(dropped, context.Length)), .. continuation.AsSpan(0, continuation.Length - 1)];
            return new ScoredSpan(index, input, continuation, dropped);
        }
    }

    /// <summary>eval() and inference_mode for the length of a call; the previous mode comes back.</summary>
    private sealed class EvaluationMode : IDisposable
    {
        private readonly Gpt _model;
        private readonly bool _wasTraining;
        private readonly IDisposable _inference;

        public EvaluationMode(Gpt model)
        {
            (_model, _wasTraining) = (model, model.training);
            _model.eval();
            _inference = inference_mode();
        }

        public void Dispose()
        {
            _inference.Dispose();
            if (_wasTraining) _model.train();
        }
    }
}
