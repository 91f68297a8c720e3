using ResearchKit.Core.Random;

namespace ResearchKit.Evaluation.Statistics;

/// <summary>Where the variance of few-shot scores comes from: items × draws of demonstrations × variants (orders or wordings), fully crossed.</summary>
/// <remarks>Random-effects analysis of variance by the method of moments (Cornfield and Tukey 1956), negative components set to 0. Draws made anew for
/// every item have no effect of their own and appear under <see cref="ItemDraw"/>; a fixed set of demonstrations shows under <see cref="Draw"/>.
/// Orders of a draw appear under <see cref="DrawVariant"/>. The residual is the three-way interaction. Components that the design cannot see
/// (a dimension of 1) are 0 and part of their neighbours.</remarks>
public sealed record VarianceComponents
{
    private readonly double[,,] _scores;
    private readonly double[] _meanSquares;
    private readonly double[] _degrees;

    private VarianceComponents(double[,,] scores)
    {
        _scores = scores;
        (ItemCount, DrawCount, VariantCount) = (scores.GetLength(0), scores.GetLength(1), scores.GetLength(2));
        (Mean, _meanSquares, _degrees) = MeanSquares(scores);
        double i = ItemCount, d = DrawCount, v = VariantCount;
        double[] m = _meanSquares;
        double Component(double value) => Math.Max(0, value);
        bool items = i > 1, draws = d > 1, variants = v > 1;
        // Expected mean squares of the crossed design; an interaction exists only where both its dimensions vary.
        Residual = m[6];
        var two = items && draws && variants;
        ItemDraw = two ? Component((m[3] - m[6]) / v) : items && draws ? m[3] : 0;
        ItemVariant = two ? Component((m[4] - m[6]) / d) : items && variants ? m[4] : 0;
        DrawVariant = two ? Component((m[5] - m[6]) / i) : draws && variants ? m[5] : 0;
        Item = items ? Component((m[0] - m[3] - m[4] + m[6]) / (d * v)) : 0;
        Draw = draws ? Component((m[1] - m[3] - m[5] + m[6]) / (i * v)) : 0;
        Variant = variants ? Component((m[2] - m[4] - m[5] + m[6]) / (i * d)) : 0;
    }

    /// <summary>Items of the study.</summary>
    public int ItemCount { get; }

    /// <summary>Draws of demonstrations of the study.</summary>
    public int DrawCount { get; }

    /// <summary>Orders or wordings of the study.</summary>
    public int VariantCount { get; }

    /// <summary>Mean of all scores.</summary>
    public double Mean { get; }

    /// <summary>Variance between items.</summary>
    public double Item { get; }

    /// <summary>Variance between draws, common to all items.</summary>
    public double Draw { get; }

    /// <summary>Variance between orders or wordings, common to all items.</summary>
    public double Variant { get; }

    /// <summary>Items that react differently to draws; includes draws made anew per item.</summary>
    public double ItemDraw { get; }

    /// <summary>Items that react differently to orders or wordings.</summary>
    public double ItemVariant { get; }

    /// <summary>Draws that react differently to orders or wordings, common to all items.</summary>
    public double DrawVariant { get; }

    /// <summary>Three-way interaction.</summary>
    public double Residual { get; }

    /// <summary>Sum of the components: variance of one score.</summary>
    public double Total => Item + Draw + Variant + ItemDraw + ItemVariant + DrawVariant + Residual;

    /// <summary>Estimates the components.</summary>
    /// <param name="scores">Scores [items, draws, variants], at least two items.</param>
    public static VarianceComponents Estimate(double[,,] scores)
    {
        if (scores.GetLength(0) < 2 || scores.GetLength(1) < 1 || scores.GetLength(2) < 1)
        {
            throw new ArgumentException($"Scores [{scores.GetLength(0)}, {scores.GetLength(1)}, {scores.GetLength(2)}]: at least 2 items, 1 draw and 1 variant are needed.", nameof(scores));
        }

        return new VarianceComponents(scores);
    }

    /// <summary>Standard error of the mean score of a design of given size, from the components.</summary>
    /// <param name="items">Items.</param>
    /// <param name="draws">Draws of each item.</param>
    /// <param name="variants">Variants of each draw.</param>
    public double StandardError(int items, int draws, int variants = 1) => Math.Sqrt(
        Item / items + Draw / draws + Variant / variants + ItemDraw / ((double)items * draws) + ItemVariant / ((double)items * variants)
        + DrawVariant / ((double)draws * variants) + Residual / ((double)items * draws * variants));

    /// <summary>Fewest draws with which the interval of the mean score is at most ± <paramref name="halfWidth"/>; null where no number of draws is enough, because items or variants are too few.</summary>
    /// <param name="halfWidth">Wanted half-width, above 0.</param>
    /// <param name="items">Items of the planned run.</param>
    /// <param name="variants">Variants of the planned run; default 1.</param>
    /// <param name="level">Confidence in (0, 1); default 0.95.</param>
    /// <param name="itemVariance">Variance of the mean that the items give it; null (default) takes items as independent.</param>
    public int? DrawsNeeded(double halfWidth, int items, int variants = 1, double level = 0.95, double? itemVariance = null)
    {
        if (!(halfWidth > 0)) throw new ArgumentOutOfRangeException(nameof(halfWidth), halfWidth, "The half-width must be above 0.");
        Quantiles.CheckLevel(level);
        var allowed = Math.Pow(halfWidth / Quantiles.Normal(level), 2);
        var fixedPart = (itemVariance ?? Item / items) + Variant / variants + ItemVariant / ((double)items * variants);
        var perDraw = Draw + ItemDraw / items + DrawVariant / variants + Residual / ((double)items * variants);
        if (perDraw == 0) return fixedPart <= allowed ? 1 : null;
        if (fixedPart >= allowed) return null;
        var draws = Math.Ceiling(perDraw / (allowed - fixedPart) - 1e-9);
        return draws > int.MaxValue ? null : Math.Max(1, (int)draws);
    }

    /// <summary>Variance of the mean over items, draws and variants like these, and Satterthwaite's degrees of freedom of that estimate.</summary>
    public (double Variance, double DegreesOfFreedom) MeanVariance
    {
        get
        {
            double[] signs = [1, 1, 1, -1, -1, -1, 1];
            var cells = (double)ItemCount * DrawCount * VariantCount;
            var terms = signs.Select((sign, t) => _degrees[t] > 0 ? sign * _meanSquares[t] / cells : 0).ToArray();
            // Where the difference of mean squares falls below what items alone give, that is the better estimate.
            var (items, variance) = (_meanSquares[0] / cells, terms.Sum());
            return variance <= items ? (items, _degrees[0])
                : (variance, Math.Max(1, variance * variance / terms.Select((term, t) => _degrees[t] > 0 ? term * term / _degrees[t] : 0).Sum()));
        }
    }

    /// <summary>Interval of the mean over items, draws and variants like these, with Satterthwaite's degrees of freedom.</summary>
    /// <param name="level">Confidence in (0, 1); default 0.95.</param>
    public Interval Interval(double level = 0.95)
    {
        Quantiles.CheckLevel(level);
        var (variance, degrees) = MeanVariance;
        var half = variance == 0 ? 0 : Quantiles.Student(level, degrees) * Math.Sqrt(variance);
        return new Interval(Mean, Mean - half, Mean + half, level, "crossed-anova");
    }

    /// <summary>Percentile interval of the mean by resampling items, draws and variants, each by itself (the pigeonhole bootstrap, Owen 2007).</summary>
    /// <remarks>Resamples of few draws spread too little, of interactions too much; the quantiles are read where the spread of <see cref="MeanVariance"/> and Student's quantile put them.</remarks>
    public Interval Bootstrap(BootstrapOptions? options = null)
    {
        options ??= new BootstrapOptions();
        Quantiles.CheckLevel(options.Level);
        var values = new double[options.ResampleCount];
        for (var r = 0; r < values.Length; r++)
        {
            var random = new CounterRandom(options.Seed, "crossed bootstrap", r);
            int[] Draws(int n) => [.. Enumerable.Range(0, n).Select(_ => n == 1 ? 0 : random.Next(n))];
            var (items, draws, variants) = (Draws(ItemCount), Draws(DrawCount), Draws(VariantCount));
            var sum = 0.0;
            foreach (var i in items)
            {
                foreach (var d in draws)
                {
                    foreach (var v in variants) sum += _scores[i, d, v];
                }
            }

            values[r] = sum / _scores.Length;
        }

        Array.Sort(values);
        var center = values.Average();
        var spread = values.Sum(value => (value - center) * (value - center)) / values.Length;
        var (variance, degrees) = MeanVariance;
        var tail = spread <= 0 ? (1 - options.Level) / 2 : MathNet.Numerics.Distributions.Normal.CDF(0, 1, -Quantiles.Student(options.Level, degrees) * Math.Sqrt(variance / spread));
        return new Interval(Mean, Statistics.Bootstrap.Quantile(values, tail), Statistics.Bootstrap.Quantile(values, 1 - tail), options.Level, "crossed-bootstrap");
    }

    // Mean squares and degrees of freedom of: items, draws, variants, items×draws, items×variants, draws×variants, all three.
    private static (double Mean, double[] MeanSquares, double[] Degrees) MeanSquares(double[,,] x)
    {
        var (ni, nd, nv) = (x.GetLength(0), x.GetLength(1), x.GetLength(2));
        double[] bi = new double[ni], bd = new double[nd], bv = new double[nv];
        double[,] bid = new double[ni, nd], biv = new double[ni, nv], bdv = new double[nd, nv];
        var mean = 0.0;
        double n = x.Length;
        for (var i = 0; i < ni; i++)
        {
            for (var d = 0; d < nd; d++)
            {
                for (var v = 0; v < nv; v++)
                {
                    var value = x[i, d, v];
                    mean += value / n;
                    bi[i] += value / (nd * nv);
                    bd[d] += value / ((double)ni * nv);
                    bv[v] += value / ((double)ni * nd);
                    bid[i, d] += value / nv;
                    biv[i, v] += value / nd;
                    bdv[d, v] += value / ni;
                }
            }
        }

        var squares = new double[7];
        for (var i = 0; i < ni; i++)
        {
            for (var d = 0; d < nd; d++)
            {
                for (var v = 0; v < nv; v++)
                {
                    double a = bi[i] - mean, b = bd[d] - mean, c = bv[v] - mean;
                    double ab = bid[i, d] - bi[i] - bd[d] + mean, ac = biv[i, v] - bi[i] - bv[v] + mean, bc = bdv[d, v] - bd[d] - bv[v] + mean;
                    var rest = x[i, d, v] - mean - a - b - c - ab - ac - bc;
                    double[] effects = [a, b, c, ab, ac, bc, rest];
                    for (var t = 0; t < 7; t++) squares[t] += effects[t] * effects[t];
                }
            }
        }

        double fi = ni - 1, fd = nd - 1, fv = nv - 1;
        double[] degrees = [fi, fd, fv, fi * fd, fi * fv, fd * fv, fi * fd * fv];
        return (mean, [.. squares.Zip(degrees, (square, degree) => degree > 0 ? square / degree : 0)], degrees);
    }
}
