using ResearchKit.Core;

namespace ResearchKit.Evaluation;

/// <summary>A model that remembers the scores it gave, so that several protocols of one task, or several shot counts, ask for each different request once.</summary>
/// <remarks>Log-likelihoods are remembered, of continuations and of whole texts; generated texts are not. It keeps the ids of every request: use one per task, and let it go.</remarks>
public sealed class RememberingLanguageModel(ILanguageModel model) : ILanguageModel
{
    private readonly Dictionary<LikelihoodRequest, LikelihoodScore> _known = new(RequestEquality.Instance);
    private readonly Dictionary<LikelihoodRequest, double[]> _rolled = new(RequestEquality.Instance);

    /// <inheritdoc/>
    public string Name => model.Name;

    /// <inheritdoc/>
    public string WeightsHash => model.WeightsHash;

    /// <inheritdoc/>
    public int VocabularySize => model.VocabularySize;

    /// <inheritdoc/>
    public int ContextLength => model.ContextLength;

    /// <summary>Different requests answered so far.</summary>
    public int KnownCount => _known.Count + _rolled.Count;

    /// <inheritdoc/>
    public IReadOnlyList<LikelihoodScore> LogLikelihood(IReadOnlyList<LikelihoodRequest> requests, CancellationToken cancellation = default)
    {
        var asked = requests.Where(request => !_known.ContainsKey(request)).Distinct(RequestEquality.Instance).ToArray();
        if (asked.Length > 0)
        {
            foreach (var (request, score) in asked.Zip(model.LogLikelihood(asked, cancellation))) _known[request] = score;
        }

        return [.. requests.Select(request => _known[request])];
    }

    /// <inheritdoc/>
    public IReadOnlyList<double[]> RollingLogLikelihood(IReadOnlyList<int[]> texts, int prefixId, CancellationToken cancellation = default)
    {
        LikelihoodRequest[] keys = [.. texts.Select(text => new LikelihoodRequest([prefixId], text))];
        var asked = keys.Where(key => !_rolled.ContainsKey(key)).Distinct(RequestEquality.Instance).ToArray();
        if (asked.Length > 0)
        {
            foreach (var (key, scores) in asked.Zip(model.RollingLogLikelihood([.. asked.Select(key => key.Continuation)], prefixId, cancellation))) _rolled[key] = scores;
        }

        return [.. keys.Select(key => _rolled[key])];
    }

    /// <inheritdoc/>
    public IReadOnlyList<GeneratedText> Generate(IReadOnlyList<GenerationRequest> requests, CancellationToken cancellation = default) =>
        model.Generate(requests, cancellation);

    /// <summary>Does nothing: the inner model belongs to its owner.</summary>
    public void Dispose()
    {
    }
}
