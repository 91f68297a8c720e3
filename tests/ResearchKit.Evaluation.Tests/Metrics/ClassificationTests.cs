using FsCheck.Xunit;
using ResearchKit.Evaluation.Metrics;

namespace ResearchKit.Evaluation.Tests.Metrics;

public class ClassificationTests
{
    // By hand: tp 2, fp 1, fn 2, tn 3.
    private static readonly int[] Gold = [1, 1, 1, 1, 0, 0, 0, 0], Predicted = [1, 1, 0, 0, 1, 0, 0, 0];

    [Fact]
    public void BinaryMetricsAreThoseOfTheConfusionTable()
    {
        Assert.Equal(5 / 8.0, Classification.Accuracy(Gold, Predicted), 12);
        Assert.Equal(4 / 7.0, Classification.F1(Gold, Predicted), 12);          // 2·2 / (4 + 3)
        Assert.Equal((4 / 7.0 + 6 / 9.0) / 2, Classification.MacroF1(Gold, Predicted), 12);
        Assert.Equal((2 * 3 - 1 * 2) / Math.Sqrt(3.0 * 4 * 4 * 5), Classification.Matthews(Gold, Predicted), 12);
    }

    [Fact]
    public void AConstantPredictionHasNoCorrelation() => Assert.Equal(0, Classification.Matthews(Gold, [1, 1, 1, 1, 1, 1, 1, 1]));

    [Property]
    public void MatthewsOfTwoClassesIsPearsonOfTheLabels(bool[] gold, bool[] predicted)
    {
        var n = Math.Min(gold.Length, predicted.Length);
        if (n < 2) return;
        int[] g = [.. gold.Take(n).Select(b => b ? 1 : 0)], p = [.. predicted.Take(n).Select(b => b ? 1 : 0)];
        Assert.Equal(Correlation.Pearson([.. g.Select(x => (double)x)], [.. p.Select(x => (double)x)]), Classification.Matthews(g, p), 9);
    }

    [Fact]
    public void CorrelationsAreThoseComputedByHand()
    {
        double[] x = [1, 2, 3, 4], y = [1, 3, 2, 5];
        Assert.Equal(5.5 / Math.Sqrt(5 * 8.75), Correlation.Pearson(x, y), 12);
        Assert.Equal(0.8, Correlation.Spearman(x, y), 12);                      // 1 - 6·2/(4·15)
        Assert.Equal([1.5, 3, 1.5, 4], Correlation.Ranks([2, 5, 2, 7]));
    }

    [Fact]
    public void CalibrationIsThatComputedByHand()
    {
        var p = Calibration.Softmax([Math.Log(1), Math.Log(3)]);
        Assert.Equal(0.25, p[0], 12);
        Assert.Equal(0.125, Calibration.Brier(p, 1), 12);                       // 2 · 0.25²
        Assert.Equal(1.125, Calibration.Brier(p, 0), 12);                       // 2 · 0.75²
        // Bins (0.5, 0.6]: 0.55 and 0.6, one right; (0.9, 1]: 0.95 right. (|1.15 - 1| + |0.95 - 1|) / 3.
        Assert.Equal(0.2 / 3, Calibration.ExpectedError([0.55, 0.6, 0.95], [true, false, true]), 12);
    }
}
