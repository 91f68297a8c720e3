using ResearchKit.Core;
using static TorchSharp.torch;

namespace ResearchKit.Models;

/// <summary>A <see cref="Gpt"/> as evaluations see it: token ids in, log-probabilities and texts out.</summary>
/// <remarks>
/// Scores follow lm-evaluation-harness: the model sees the last n_ctx + 1 ids of context and continuation without the very last one,
/// and the last positions are scored. Which requests are scored together changes scores by float rounding only (1e-5 nats per token), or not at all with
/// <see cref="ScoringOptions.BatchInvariant"/>.
/// </remarks>
public sealed class GptLanguageModel : ILanguageModel
{
    private readonly Gpt _model;
    private readonly ScoringOptions _scoring;

    /// <summary>Wraps a model.</summary>
    /// <param name="model">Owned by this object from now on and disposed with it.</param>
    /// <param name="name">Name for reports.</param>
    /// <param name="weightsHash">Fingerprint; see <see cref="Models.WeightsHash.Of"/>.</param>
    /// <param name="scoring">How texts are grouped; null (default) takes the defaults.</param>
    public GptLanguageModel(Gpt model, string name, string weightsHash, ScoringOptions? scoring = null)
    {
        (_model, Name, WeightsHash, _scoring) = (model, name, weightsHash, scoring ?? new ScoringOptions());
        ArgumentOutOfRangeException.ThrowIfLessThan(_scoring.TokenBudget, 1, nameof(scoring));
    }

    /// <inheritdoc/>
    public string Name { get; }

    /// <inheritdoc/>
    public string WeightsHash { get; }

    /// <inheritdoc/>
    public int VocabularySize => _model.Config.VocabularySize;

    /// <inheritdoc/>
    public int ContextLength => _model.Config.ContextLength;

    /// <summary>What scoring cost since this object was made.</summary>
    public ScoringStatistics Statistics { get; private set; }

    /// <summary>Why <see cref="LogLikelihood"/> would refuse a request; null where it would not.</summary>
    public string? ProblemOf(LikelihoodRequest request) => ScoredText.Problem(request, ContextLength, VocabularySize);

    /// <inheritdoc/>
    public IReadOnlyList<LikelihoodScore> LogLikelihood(IReadOnlyList<LikelihoodRequest> requests, CancellationToken cancellation = default) =>
        Score([.. requests.Select((request, index) => ScoredText.Of(request, index, ContextLength, VocabularySize))], cancellation);

    /// <inheritdoc/>
    /// <remarks>Windows as in lm-evaluation-harness with a context of one token: the first holds the prefix and the first n_ctx tokens;
    /// later ones score the next n_ctx tokens, and the last reaches back so that it is full.</remarks>
    public IReadOnlyList<double[]> RollingLogLikelihood(IReadOnlyList<int[]> texts, int prefixId, CancellationToken cancellation = default)
    {
        var windows = new List<ScoredText>();
        foreach (var text in texts)
        {
            for (var start = 0; start < text.Length; start += ContextLength)
            {
                var end = Math.Min(start + ContextLength, text.Length);
                int[] context = start == 0 ? [prefixId] : text[Math.Max(0, end - ContextLength - 1)..start];
                windows.Add(ScoredText.Of(new LikelihoodRequest(context, text[start..end]), windows.Count, ContextLength, VocabularySize));
            }
        }

        var scores = Score(windows, cancellation);
        var next = 0;
        return [.. texts.Select(text =>
        {
            var values = new List<double>(text.Length);
            while (values.Count < text.Length) values.AddRange(scores[next++].TokenLogProbabilities);
            return values.ToArray();
        })];
    }

    /// <inheritdoc/>
    public IReadOnlyList<GeneratedText> Generate(IReadOnlyList<GenerationRequest> requests, CancellationToken cancellation = default)
    {
        using var evaluation = new EvaluationMode(_model);
        return new TextGenerator(_model).Generate(requests, cancellation);
    }

    /// <summary>Disposes the model.</summary>
    public void Dispose() => _model.Dispose();

    private LikelihoodScore[] Score(IReadOnlyList<ScoredText> texts, CancellationToken cancellation)
    {
        using var evaluation = new EvaluationMode(_model);
        var scorer = TreeScorer.Score(_model, texts, _scoring, cancellation);
        Statistics = new ScoringStatistics(
            Statistics.RequestCount + texts.Count, Statistics.TokensWithoutSharing + texts.Sum(text => (long)text.Input.Length),
            Statistics.TokensEncoded + scorer.TokensEncoded, Statistics.PassCount + scorer.PassCount);
        return [.. texts.Select((text, index) => new LikelihoodScore(scorer.LogProbabilities[index], scorer.IsGreedy[index], text.DroppedTokenCount))];
    }
}
