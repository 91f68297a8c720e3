namespace ResearchKit.Evaluation.Metrics;

/// <summary>How well probabilities over choices agree with what is right.</summary>
public static class Calibration
{
    /// <summary>Bins of confidence of the calibration error.</summary>
    public const int BinCount = 10;

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

    /// <summary>Expected calibration error: items in ten equal bins of confidence, the absolute gap between mean confidence and accuracy of each bin weighted by its share, [0, 1].</summary>
    /// <param name="confidences">Probability of the predicted choice, (0, 1].</param>
    /// <param name="correct">Whether it was right.</param>
    public static double ExpectedError(IReadOnlyList<double> confidences, IReadOnlyList<bool> correct) =>
        confidences.Zip(correct).GroupBy(pair => BinOf(pair.First)).OrderBy(bin => bin.Key)
            .Sum(bin => Math.Abs(bin.Sum(pair => pair.First - (pair.Second ? 1 : 0)))) / confidences.Count;

    /// <summary>Bin of a confidence: bin i holds (i/10, (i+1)/10].</summary>
    public static int BinOf(double confidence) => Math.Clamp((int)Math.Ceiling(confidence * BinCount) - 1, 0, BinCount - 1);
}
