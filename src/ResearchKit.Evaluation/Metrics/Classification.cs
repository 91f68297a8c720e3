namespace ResearchKit.Evaluation.Metrics;

/// <summary>Agreement of predicted and true class indices.</summary>
public static class Classification
{
    /// <summary>Share of equal entries, [0, 1].</summary>
    public static double Accuracy(IReadOnlyList<int> gold, IReadOnlyList<int> predicted) => LabelCounts.Of(gold, predicted).Accuracy;

    /// <summary>Matthews correlation of any number of classes, [-1, 1]; 0 where one side is constant.</summary>
    /// <remarks>The multi-class form (Gorodkin 2004), which is the usual one for two classes.</remarks>
    public static double Matthews(IReadOnlyList<int> gold, IReadOnlyList<int> predicted) => LabelCounts.Of(gold, predicted).Matthews;

    /// <summary>F1 of one class, [0, 1]; 0 where the class is neither predicted nor true.</summary>
    public static double F1(IReadOnlyList<int> gold, IReadOnlyList<int> predicted, int positive = 1) => LabelCounts.Of(gold, predicted).F1(positive);

    /// <summary>Unweighted mean of F1 over the classes that are true or predicted somewhere.</summary>
    public static double MacroF1(IReadOnlyList<int> gold, IReadOnlyList<int> predicted) => LabelCounts.Of(gold, predicted).MacroF1(null);
}

/// <summary>Counts that decide every metric of class labels; they add up over items, which makes resampling cheap.</summary>
/// <param name="Both">Per class, items that have it both as truth and as prediction.</param>
/// <param name="Gold">Per class, items that have it.</param>
/// <param name="Predicted">Per class, items for which it was predicted.</param>
internal readonly record struct LabelCounts(double[] Both, double[] Gold, double[] Predicted)
{
    public static LabelCounts Of(IReadOnlyList<int> gold, IReadOnlyList<int> predicted)
    {
        if (gold.Count != predicted.Count) throw new ArgumentException($"{gold.Count} true labels but {predicted.Count} predictions.");
        if (gold.Count == 0) throw new ArgumentException("No labels.");
        var classes = Math.Max(2, 1 + Math.Max(gold.Max(), predicted.Max()));
        var counts = new LabelCounts(new double[classes], new double[classes], new double[classes]);
        for (var i = 0; i < gold.Count; i++)
        {
            counts.Gold[gold[i]]++;
            counts.Predicted[predicted[i]]++;
            if (gold[i] == predicted[i]) counts.Both[gold[i]]++;
        }

        return counts;
    }

    public double Accuracy => Both.Sum() / Gold.Sum();

    public double Matthews
    {
        get
        {
            var n = Gold.Sum();
            var agreement = Gold.Zip(Predicted, (g, p) => g * p).Sum();
            var spread = Math.Sqrt((n * n - Predicted.Sum(p => p * p)) * (n * n - Gold.Sum(g => g * g)));
            return spread == 0 ? 0 : (Both.Sum() * n - agreement) / spread;
        }
    }

    // Over the given number of classes, or over those that occur, as scikit-learn's macro average.
    public double MacroF1(int? classCount)
    {
        var counts = this;
        var labels = Enumerable.Range(0, Gold.Length).Where(label => classCount is null ? counts.Gold[label] + counts.Predicted[label] > 0 : label < classCount);
        return labels.Average(counts.F1);
    }

    public double F1(int label)
    {
        var sum = Gold[label] + Predicted[label];
        return sum == 0 ? 0 : 2 * Both[label] / sum;
    }
}
