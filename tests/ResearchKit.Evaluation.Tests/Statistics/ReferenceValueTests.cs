using ResearchKit.Core.Random;
using ResearchKit.Evaluation.Statistics;

namespace ResearchKit.Evaluation.Tests.Statistics;

/// <summary>Small cases with values by hand or from a statistics library (SciPy 1.10, named where used).</summary>
public class ReferenceValueTests
{
    [Theory]
    [InlineData(8, 10, 0.490162, 0.943318)]       // scipy.stats.binomtest(8, 10).proportion_ci(method="wilson")
    [InlineData(0, 20, 0.0, 0.161125)]
    [InlineData(277, 277, 0.986322, 1.0)]
    public void WilsonIsScipys(int successes, int count, double low, double high)
    {
        var interval = ProportionInterval.Wilson(successes, count);
        Assert.Equal(low, interval.Low, 6);
        Assert.Equal(high, interval.High, 6);
    }

    [Theory]
    [InlineData(8, 10, 0.443905, 0.974789)]       // proportion_ci(method="exact")
    [InlineData(0, 20, 0.0, 0.168433)]
    [InlineData(150, 277, 0.480858, 0.601277)]
    public void ClopperPearsonIsScipys(int successes, int count, double low, double high)
    {
        var interval = ProportionInterval.ClopperPearson(successes, count);
        Assert.Equal(low, interval.Low, 6);
        Assert.Equal(high, interval.High, 6);
    }

    [Fact]
    public void TheNormalIntervalIsPlusMinusTwoStandardErrors()
    {
        var interval = ProportionInterval.Normal(50, 100);
        Assert.Equal(0.5 - 1.959963985 * 0.05, interval.Low, 8);
        Assert.Equal(1, ProportionInterval.Normal(10, 10).High);
    }

    [Fact]
    public void WilsonOfAMeanIsWilsonsOfAsManyItemsAsHaveItsVariance()
    {
        // 80% with the variance of 50 items, many degrees of freedom: Wilson of 40 in 50. All right: of as many units.
        var (expected, interval) = (ProportionInterval.Wilson(40, 50), ProportionInterval.WilsonOfMean(0.8, 0.8 * 0.2 / 50, 1e7, 17));
        Assert.Equal(expected.Low, interval.Low, 5);
        Assert.Equal(expected.High, interval.High, 5);
        var all = ProportionInterval.WilsonOfMean(1, 0, 1e7, 20);
        Assert.Equal(ProportionInterval.Wilson(20, 20).Low, all.Low, 5);
        Assert.Equal(1, all.High);
    }

    [Fact]
    public void AnIntervalOverSeedsIsOneOverItemsWhereSeedsSayTheSame()
    {
        ItemResult[] items = [.. Enumerable.Range(0, 50).Select(i => new ItemResult { Id = $"{i}", Prompt = "", Score = i < 40 ? 1 : 0 })];
        var interval = MetricInterval.OverSeeds("accuracy", [items, items, items]);
        var expected = ProportionInterval.WilsonOfMean(0.8, 0.8 * 0.2 / 49, 49, 50);
        Assert.Equal(0.8, interval.Estimate, 12);
        Assert.Equal(expected.Low, interval.Low, 9);
        Assert.Equal(expected.High, interval.High, 9);
        Assert.Throws<ArgumentException>(() => MetricInterval.OverSeeds("accuracy", [items, [.. items.Reverse()]]));
        Assert.Throws<ArgumentException>(() => MetricInterval.OverSeeds("accuracy", [items]));
    }

    [Fact]
    public void AMeanHasItsTextbookStandardErrorAndStudentInterval()
    {
        var mean = MeanEstimate.Of([1, 2, 3, 4]);
        Assert.Equal(Math.Sqrt(5 / 3.0) / 2, mean.StandardError, 12);
        Assert.Equal(2.5 - 3.182446305 * mean.StandardError, mean.Interval().Low, 8);       // t with 3 degrees of freedom
    }

    [Fact]
    public void ClusteredResidualsAreSummedBeforeTheyAreSquared()
    {
        // Residuals -½, ½, ½, -½ in clusters (a, b, a, b): sums 0 and 0. In clusters (a, b, b, a): -1 and 1.
        Assert.Equal(0, MeanEstimate.Clustered([0, 1, 1, 0], ["a", "b", "a", "b"]).StandardError);
        Assert.Equal(Math.Sqrt(2 / 1.0 * 2) / 4, MeanEstimate.Clustered([0, 1, 1, 0], ["a", "b", "b", "a"]).StandardError, 12);
        Assert.Equal(MeanEstimate.Of([1, 2, 4]).StandardError, MeanEstimate.Clustered([1, 2, 4], ["x", "y", "z"]).StandardError, 12);
    }

    [Fact]
    public void McNemarIsTheBinomialOfTheDiscordantPairs()
    {
        bool[] first = [.. Enumerable.Repeat(true, 9), .. Enumerable.Repeat(false, 2), true, false];
        bool[] second = [.. Enumerable.Repeat(false, 9), .. Enumerable.Repeat(true, 2), true, false];
        var result = PairedTests.McNemar(first, second);
        Assert.Equal((9, 2), (result.OnlyFirst, result.OnlySecond));
        Assert.Equal(2 * (1 + 11 + 55) / 2048.0, result.PValue, 12);
        Assert.Equal(1, PairedTests.McNemar([true], [true]).PValue);
        Assert.Equal(1, PairedTests.McNemar([true, false], [false, true]).PValue);
    }

    [Fact]
    public void ASmallPermutationTestIsExact()
    {
        // Differences 1, 2, 3 of 2³ sign choices only all plus and all minus reach a sum of 6.
        Assert.Equal(2 / 8.0, PairedTests.Permutation([1.0, 2, 3], [0.0, 0, 0], values => values.Average()));
        Assert.Equal(1, PairedTests.Permutation([1.0, 2], [2.0, 1], values => values.Average()));
    }

    [Fact]
    public void AMonteCarloPermutationTestAgreesWithTheExactOne()
    {
        double[] first = [.. Enumerable.Range(0, 12).Select(i => (double)(i * 7 % 5))], second = [.. Enumerable.Range(0, 12).Select(i => (double)(i * 3 % 4))];
        var exact = PairedTests.Permutation(first, second, values => values.Average());
        var sampled = PairedTests.Permutation(first, second, values => values.Average(), 4000, 3);
        Assert.Equal(exact, sampled, 0.03);                                     // 4 standard errors of a share of 4,000
        Assert.NotEqual(exact, sampled);
    }

    [Fact]
    public void HolmMultipliesByWhatIsLeft()
    {
        var adjusted = PairedTests.Holm([0.01, 0.04, 0.03, 0.005]);            // sorted 0.005·4, 0.01·3, 0.03·2, 0.04·1, made monotone
        double[] expected = [0.03, 0.06, 0.06, 0.02];
        Assert.All(expected.Zip(adjusted), pair => Assert.Equal(pair.First, pair.Second, 12));
        Assert.Equal([1, 1], PairedTests.Holm([0.6, 0.9]));
    }

    [Fact]
    public void EffectSizesAreTheTextbooks()
    {
        Assert.Equal(2 * Math.PI / 3 - Math.PI / 2, EffectSize.CohenH(0.75, 0.5), 12);
        Assert.Equal(6, EffectSize.OddsRatio(8, 4, 2, 6), 12);
        Assert.Equal(8.5 / 0.5 * 4.5 / 4.5, EffectSize.OddsRatio(8, 0, 4, 4), 12);
        Assert.Equal(4.5, EffectSize.PairedOddsRatio(9, 2), 12);
    }

    [Fact]
    public void TheDetectableDifferenceSolvesItsEquation()
    {
        // n = 200, ψ = 0.3, 80%: 1.95996·√0.3 + 0.84162·√(0.3 - δ²) = (δ - 1/200)·√200.
        var delta = Power.DetectablePairedDifference(200, 0.3);
        Assert.Equal((delta - 0.005) * Math.Sqrt(200), 1.959963985 * Math.Sqrt(0.3) + 0.841621234 * Math.Sqrt(0.3 - delta * delta), 8);
        Assert.InRange(delta, 0.110, 0.114);
        // Textbook (Fleiss): 50% against 60% at 80% power takes 388 per group.
        Assert.Equal(0.1, Power.DetectableUnpairedDifference(388, 0.5), 0.0002);
        Assert.Equal(2.801585218 * 0.5 / 10, Power.DetectableMeanDifference(100, 0.5), 8);
        Assert.True(double.IsNaN(Power.DetectablePairedDifference(4, 0.1)));
    }

    [Fact]
    public void ABootstrapOfAConstantHasNoWidth()
    {
        int[] ones = [1, 1, 1, 1, 1];
        Assert.Equal(0, Bootstrap.Percentile(ones, values => values.Average()).HalfWidth);
        Assert.Equal(0, Bootstrap.BiasCorrectedAccelerated(ones, values => values.Average()).HalfWidth);
    }

    [Fact]
    public void TheBootstrapStandardErrorOfAMeanIsThePlugInOne()
    {
        double[] values = [1, 2, 4, 8, 16];
        var resampled = Bootstrap.Resample(values, x => x.Average(), new BootstrapOptions(20000, Seed: 5));
        var deviation = Math.Sqrt(resampled.Sum(x => Math.Pow(x - resampled.Average(), 2)) / resampled.Length);
        Assert.Equal(Math.Sqrt(29.76 / 5), deviation, 0.05);                   // population variance 29.76; Monte Carlo error about 0.012
    }

    [Fact]
    public void VarianceComponentsOfATwoWayTableAreThoseByHand()
    {
        // Rows 0 1 / 2 5, means ½ and 3.5, columns 1 and 3, grand mean 2: SS items 9, draws 4, interaction 1.
        var components = VarianceComponents.Estimate(new double[,,] { { { 0 }, { 1 } }, { { 2 }, { 5 } } });
        Assert.Equal((9 - 1) / 2.0, components.Item, 12);
        Assert.Equal((4 - 1) / 2.0, components.Draw, 12);
        Assert.Equal(1, components.ItemDraw, 12);
        Assert.Equal((0, 0, 0, 0), (components.Variant, components.ItemVariant, components.DrawVariant, components.Residual));
        Assert.Equal(Math.Sqrt(4 / 2.0 + 1.5 / 2 + 1 / 4.0), components.StandardError(2, 2), 12);
    }

    [Fact]
    public void VarianceComponentsOfAThreeWayTableAreThoseOfItsContrasts()
    {
        // With two levels of everything each mean square is its contrast squared over 8.
        double[,,] x = { { { 0, 1 }, { 2, 5 } }, { { 9, 4 }, { 30, 13 } } };
        double Square(Func<int, int, int, int> sign)
        {
            var sum = 0.0;
            for (var cell = 0; cell < 8; cell++) sum += sign(cell >> 2, cell >> 1 & 1, cell & 1) % 2 == 0 ? x[cell >> 2, cell >> 1 & 1, cell & 1] : -x[cell >> 2, cell >> 1 & 1, cell & 1];
            return sum * sum / 8;
        }

        double i = Square((a, _, _) => a), d = Square((_, b, _) => b), v = Square((_, _, c) => c);
        double id = Square((a, b, _) => a + b), iv = Square((a, _, c) => a + c), dv = Square((_, b, c) => b + c), rest = Square((a, b, c) => a + b + c);
        var components = VarianceComponents.Estimate(x);
        Assert.Equal(Math.Max(0, (i - id - iv + rest) / 4), components.Item, 9);
        Assert.Equal(Math.Max(0, (d - id - dv + rest) / 4), components.Draw, 9);
        Assert.Equal(Math.Max(0, (v - iv - dv + rest) / 4), components.Variant, 9);
        Assert.Equal(Math.Max(0, (id - rest) / 2), components.ItemDraw, 9);
        Assert.Equal(Math.Max(0, (iv - rest) / 2), components.ItemVariant, 9);
        Assert.Equal(Math.Max(0, (dv - rest) / 2), components.DrawVariant, 9);
        Assert.Equal(rest, components.Residual, 9);
        Assert.True(components.Item > 0 && components.Draw > 0 && components.ItemDraw > 0);       // otherwise the case would show little
    }

    [Fact]
    public void DrawsNeededIsTheSmallestNumberThatReachesTheWidth()
    {
        var components = VarianceComponents.Estimate(new double[,,] { { { 0 }, { 1 } }, { { 2 }, { 5 } } });
        const int items = 400;
        var needed = components.DrawsNeeded(0.5, items)!.Value;
        Assert.True(1.959963985 * components.StandardError(items, needed) <= 0.5);
        Assert.True(1.959963985 * components.StandardError(items, needed - 1) > 0.5);
        // Items that come in clusters give the mean more variance, which more draws must make up for.
        Assert.True(components.DrawsNeeded(0.5, items, itemVariance: 0.06) > needed);
        Assert.Null(components.DrawsNeeded(0.5, items, itemVariance: 0.07));   // (0.5 / 1.96)² is 0.065
        Assert.Null(components.DrawsNeeded(0.1, items));                       // 400 items alone give 1.96·√(4/400) = 0.196
    }

    [Fact]
    public void VarianceComponentsFindWhatWasPutIn()
    {
        // 400 items, 12 draws, 10 orders with known standard deviations; tolerances are three times the spread over repetitions.
        var random = new CounterRandom(11, "components");
        double[] Effects(int n, double deviation) => [.. Enumerable.Range(0, n).Select(_ => deviation * random.NextGaussian())];
        double[] i = Effects(400, 1), d = Effects(12, 0.5), v = Effects(10, 0.3), id = Effects(4800, 0.8), dv = Effects(120, 0.4);
        var scores = new double[400, 12, 10];
        for (var a = 0; a < 400; a++)
        {
            for (var b = 0; b < 12; b++)
            {
                for (var c = 0; c < 10; c++) scores[a, b, c] = i[a] + d[b] + v[c] + id[a * 12 + b] + dv[b * 10 + c] + 0.6 * random.NextGaussian();
            }
        }

        var components = VarianceComponents.Estimate(scores);
        Assert.Equal(1, components.Item, 0.25);
        Assert.Equal(0.25, components.Draw, 0.35);
        Assert.Equal(0.09, components.Variant, 0.15);
        Assert.Equal(0.64, components.ItemDraw, 0.05);
        Assert.Equal(0, components.ItemVariant, 0.01);
        Assert.Equal(0.16, components.DrawVariant, 0.07);
        Assert.Equal(0.36, components.Residual, 0.01);
    }
}
