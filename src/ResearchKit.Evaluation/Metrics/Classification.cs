namespace ResearchKit.Evaluation.Metrics;

/// <summary>Agreement of predicted and true class indices.</summary>
public static class Classification
{
    /// <summary>Share of equal entries, [0, 1].</summary>
    public static double Accuracy(IReadOnlyList<int> gold, IReadOnlyList<int> predicted)
    {
        Require(gold.Count, predicted.Count);
        return gold.Zip(predicted, (g, p) => g == p ? 1.0 : 0.0).Average();
    }

    /// <summary>Matthews correlation of any number of classes, [-1, 1]; 0 where one side is constant.</summary>
    /// <remarks>The multi-class form (Gorodkin 2004), which is the usual one for two classes.</remarks>
    public static double Matthews(IReadOnlyList<int> gold, IReadOnlyList<int> predicted)
    {
        Require(gold.Count, predicted.Count);
        double n = gold.Count, correct = gold.Zip(predicted).Count(pair => pair.First == pair.Second);
        var goldCounts = gold.CountBy(g => g).ToDictionary();
        var predictedCounts = predicted.CountBy(p => p).ToDictionary();
        var agreement = predictedCounts.Sum(entry => (double)entry.Value * goldCounts.GetValueOrDefault(entry.Key));
        var spread = Math.Sqrt((n * n - predictedCounts.Values.Sum(c => (double)c * c)) * (n * n - goldCounts.Values.Sum(c => (double)c * c)));
        return spread == 0 ? 0 : (correct * n - agreement) / spread;
    }

    /// <summary>F1 of one class, [0, 1]; 0 where the class is neither predicted nor true.</summary>
    public static double F1(IReadOnlyList<int> gold, IReadOnlyList<int> predicted, int positive = 1)
    {
        Require(gold.Count, predicted.Count);
        var both = gold.Zip(predicted).Count(pair => pair.First == positive && pair.Second == positive);
        var sum = gold.Count(g => g == positive) + predicted.Count(p => p == positive);
        return sum == 0 ? 0 : 2.0 * both / sum;
    }

    /// <summary>Unweighted mean of F1 over the classes that are true or predicted somewhere.</summary>
    public static double MacroF1(IReadOnlyList<int> gold, IReadOnlyList<int> predicted) =>
        gold.Union(predicted).Order().Average(label => F1(gold, predicted, label));

    private static void Require(int gold, int predicted)
    {
        if (gold != predicted) throw new ArgumentException($"{gold} true labels but {predicted} predictions.");
        if (gold == 0) throw new ArgumentException("No labels.");
    }
}
