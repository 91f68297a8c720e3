using ResearchKit.Core;

namespace ResearchKit.Evaluation;

/// <summary>Log-probabilities of whole texts with windows that overlap: the first scores n_ctx tokens, each further one the next few, with the tokens before them as context.</summary>
internal static class StridedWindows
{
    /// <exception cref="ConfigException">A stride outside [1, n_ctx].</exception>
    public static IReadOnlyList<double[]> LogLikelihood(IReadOnlyList<int[]> texts, int prefixId, int contextLength, int stride, RequestLedger ledger, CancellationToken cancellation)
    {
        if (stride < 1 || stride > contextLength) throw new ConfigException($"Stride ({stride}) must lie between 1 and the model's context of {contextLength}.");
        var places = new List<(int Text, int Start, int Request)>();
        for (var text = 0; text < texts.Count; text++)
        {
            var ids = texts[text];
            for (var start = 0; start < ids.Length;)
            {
                var count = Math.Min(start == 0 ? contextLength : stride, ids.Length - start);
                // A pass over n_ctx positions scores the token after each of them, so context and scored tokens are n_ctx + 1 together.
                var from = start + count - (contextLength + 1);
                int[] context = from < 0 ? [prefixId, .. ids[..start]] : ids[from..start];
                places.Add((text, start, ledger.Add(new LikelihoodRequest(context, ids[start..(start + count)]))));
                start += count;
            }
        }

        var scores = ledger.LogLikelihood(cancellation);
        var result = texts.Select(ids => new double[ids.Length]).ToArray();
        foreach (var (text, start, request) in places) scores[request].TokenLogProbabilities.CopyTo(result[text], start);
        return result;
    }
}
