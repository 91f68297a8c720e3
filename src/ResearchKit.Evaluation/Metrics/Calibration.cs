namespace ResearchKit.Evaluation.Metrics;

/// <summary>How well probabilities over choices agree with what is right.</summary>
public static class Calibration
{
    /// <summary>Softmax of log-probabilities: the model's distribution over the choices alone.</summary>
    public static double[] Softmax(IReadOnlyList<double> logProbabilities)
    {
        var largest = logProbabilities.Max();
        var weights = logProbabilities.Select(x => Math.Exp(x - largest)).ToArray();
        var sum = weights.Sum();
        return [.. weights.Select(weight => weight / sum)];
    }

    /// <summary>Squared distance between a distribution and the right choice, summed over the choices (Brier 1950): 0 is perfect, 2 the worst.</summary>
    public static double Brier(IReadOnlyList<double> probabilities, int gold) =>
        probabilities.Select((p, i) => Math.Pow(p - (i == gold ? 1 : 0), 2)).Sum();

    /// <summary>Expected calibration error: items in equal bins of confidence, the absolute gap between mean confidence and accuracy of each bin weighted by its share, [0, 1].</summary>
    /// <param name="confidences">Probability of the predicted choice, (0, 1]; bin i holds (i/n, (i+1)/n].</param>
    /// <param name="correct">Whether it was right.</param>
    /// <param name="binCount">Bins; default 10.</param>
    public static double ExpectedError(IReadOnlyList<double> confidences, IReadOnlyList<bool> correct, int binCount = 10) =>
        confidences.Zip(correct)
            .GroupBy(pair => Math.Clamp((int)Math.Ceiling(pair.First * binCount) - 1, 0, binCount - 1))
            .OrderBy(bin => bin.Key)
            .Sum(bin => Math.Abs(bin.Sum(pair => pair.First - (pair.Second ? 1 : 0)))) / confidences.Count;
}
