using ResearchKit.Core;

namespace ResearchKit.Evaluation;

/// <summary>Collects the requests of a run, asks the model for each different one once, in chunks, and reports progress.</summary>
internal sealed class RequestLedger(ILanguageModel model, string task, int chunkSize, IProgress<EvaluationProgress>? progress)
{
    private readonly List<LikelihoodRequest> _distinct = [];
    private readonly Dictionary<LikelihoodRequest, int> _index = new(RequestEquality.Instance);

    public int RequestCount { get; private set; }

    public int DistinctRequestCount { get; private set; }

    public long ForwardTokenCount { get; private set; }

    /// <summary>Notes a request and returns where its score will stand.</summary>
    public int Add(LikelihoodRequest request)
    {
        RequestCount++;
        if (_index.TryGetValue(request, out var known)) return known;
        _index.Add(request, _distinct.Count);
        _distinct.Add(request);
        return _distinct.Count - 1;
    }

    public IReadOnlyList<LikelihoodScore> LogLikelihood(CancellationToken cancellation)
    {
        DistinctRequestCount = _distinct.Count;
        ForwardTokenCount = _distinct.Sum(request => (long)request.Context.Length + request.Continuation.Length);
        var scores = InChunks(_distinct, chunk => model.LogLikelihood(chunk, cancellation));
        for (var i = 0; i < scores.Count; i++)
        {
            Check(scores[i].TokenLogProbabilities, _distinct[i].Continuation.Length);
        }

        return scores;
    }

    public IReadOnlyList<GeneratedText> Generate(GenerationRequest[] requests, CancellationToken cancellation)
    {
        RequestCount += requests.Length;
        var positions = new Dictionary<LikelihoodRequest, int>(RequestEquality.Instance);       // equal prompts share one text
        var distinct = new List<GenerationRequest>();
        var index = new int[requests.Length];
        for (var i = 0; i < requests.Length; i++)
        {
            var options = requests[i].Options;                           // of one task, so they differ in length and seed at most
            var key = new LikelihoodRequest(requests[i].Prompt, options.Temperature > 0 ? [options.MaxNewTokenCount, (int)options.Seed, (int)(options.Seed >> 32)] : [options.MaxNewTokenCount]);
            if (!positions.TryGetValue(key, out index[i]))
            {
                positions.Add(key, index[i] = distinct.Count);
                distinct.Add(requests[i]);
            }
        }

        DistinctRequestCount += distinct.Count;
        var texts = InChunks(distinct, chunk => model.Generate(chunk, cancellation));
        ForwardTokenCount += distinct.Zip(texts, (request, text) => (long)request.Prompt.Length + text.Tokens.Length).Sum();
        return [.. index.Select(i => texts[i])];
    }

    public IReadOnlyList<double[]> Roll(IReadOnlyList<int[]> texts, int prefixId, CancellationToken cancellation)
    {
        RequestCount = DistinctRequestCount = texts.Count;
        ForwardTokenCount = texts.Sum(text => (long)text.Length);
        var rolled = InChunks(texts, chunk => model.RollingLogLikelihood(chunk, prefixId, cancellation));
        for (var i = 0; i < texts.Count; i++) Check(rolled[i], texts[i].Length);
        return rolled;
    }

    private List<TResult> InChunks<TRequest, TResult>(IReadOnlyList<TRequest> requests, Func<IReadOnlyList<TRequest>, IReadOnlyList<TResult>> ask)
    {
        var results = new List<TResult>(requests.Count);
        foreach (var chunk in requests.Chunk(chunkSize))
        {
            var answers = ask(chunk);
            if (answers.Count != chunk.Length) throw new InvalidOperationException($"Model {model.Name} answered {answers.Count} of {chunk.Length} requests.");
            results.AddRange(answers);
            progress?.Report(new EvaluationProgress(task, results.Count, requests.Count));
        }

        return results;
    }

    private void Check(double[] logProbabilities, int expected)
    {
        if (logProbabilities.Length != expected) throw new InvalidOperationException($"Model {model.Name} gave {logProbabilities.Length} log-probabilities for {expected} tokens.");
        if (logProbabilities.Any(double.IsNaN)) throw new InvalidOperationException($"Model {model.Name} gave a log-probability that is not a number while scoring {task}; its weights may be damaged.");
    }
}
