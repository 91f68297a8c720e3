namespace ResearchKit.Evaluation.Statistics;

/// <summary>Sizes of differences between proportions.</summary>
public static class EffectSize
{
    /// <summary>Odds ratio of two groups, ½ added to every cell where one is empty (Haldane and Anscombe).</summary>
    /// <param name="firstRight">Right items of the first group.</param>
    /// <param name="firstWrong">Wrong ones.</param>
    /// <param name="secondRight">Right items of the second group.</param>
    /// <param name="secondWrong">Wrong ones.</param>
    public static double OddsRatio(int firstRight, int firstWrong, int secondRight, int secondWrong)
    {
        var add = firstRight == 0 || firstWrong == 0 || secondRight == 0 || secondWrong == 0 ? 0.5 : 0;
        return (firstRight + add) * (secondWrong + add) / ((firstWrong + add) * (secondRight + add));
    }

    /// <summary>Odds ratio of pairs: items only the first got right over items only the second got right, ½ added to both where one is 0.</summary>
    public static double PairedOddsRatio(int onlyFirst, int onlySecond)
    {
        var add = onlyFirst == 0 || onlySecond == 0 ? 0.5 : 0;
        return (onlyFirst + add) / (onlySecond + add);
    }

    /// <summary>Cohen's h = 2 arcsin √p₁ - 2 arcsin √p₂: 0.2 is small, 0.5 medium, 0.8 large (Cohen 1988).</summary>
    public static double CohenH(double first, double second) => 2 * Math.Asin(Math.Sqrt(first)) - 2 * Math.Asin(Math.Sqrt(second));
}
