using System.Globalization;
using System.Text.RegularExpressions;

namespace ResearchKit.Evaluation.Metrics;

/// <summary>Exact match and F1 of DROP (Dua et al. 2019), as its official <c>drop_eval.py</c> computes them.</summary>
/// <remarks>An answer is a list of spans. Spans become bags of words, bags are aligned one to one for the largest total F1, and a bag with numbers
/// only matches one that shares a number.</remarks>
public static partial class DropMetrics
{
    private const string Punctuation = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~";

    /// <summary>1 where the spans are equal after normalization, in any order, otherwise 0.</summary>
    public static double ExactMatch(IReadOnlyList<string> predicted, IReadOnlyList<string> gold)
    {
        var (p, g) = (predicted.Select(Normalize).ToArray(), gold.Select(Normalize).ToArray());
        return p.Length == g.Length && p.ToHashSet().SetEquals(g) ? 1 : 0;
    }

    /// <summary>Mean F1 of the best one-to-one alignment of spans, [0, 1], rounded to two decimals as the script does; unmatched spans count 0.</summary>
    public static double F1(IReadOnlyList<string> predicted, IReadOnlyList<string> gold)
    {
        var (p, g) = (predicted.Select(Bag).ToArray(), gold.Select(Bag).ToArray());
        if (p.Length == 0 || g.Length == 0) return p.Length == g.Length ? 1 : 0;
        var scores = new double[g.Length, p.Length];
        for (var row = 0; row < g.Length; row++)
        {
            for (var column = 0; column < p.Length; column++) scores[row, column] = NumbersAgree(g[row], p[column]) ? BagF1(p[column], g[row]) : 0;
        }

        return Rounded(LargestAssignment(scores) / Math.Max(p.Length, g.Length));
    }

    /// <summary>Python's <c>round(x, 2)</c>: decided by the exact binary value, halves to even.</summary>
    private static double Rounded(double x) => x * 8 == Math.Floor(x * 8) ? Math.Round(x, 2) : double.Parse(x.ToString("F2", CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);

    /// <summary>Lower case; token by token without articles and punctuation, numbers in one form; tokens end at spaces and hyphens.</summary>
    public static string Normalize(string text) => string.Join(' ', TokenEnds().Split(text)
        .Select(token => token.ToLowerInvariant())
        .Select(token => IsNumber(token) ? token : string.Concat(token.Where(c => !Punctuation.Contains(c))))
        .Select(token => TryNumber(token, out var number) ? number.ToString("R", CultureInfo.InvariantCulture) : token)
        .Select(token => string.Join(' ', Articles().Replace(token, " ").Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)))
        .Where(token => token.Length > 0));

    private static HashSet<string> Bag(string span) => [.. Normalize(span).Split(' ', StringSplitOptions.RemoveEmptyEntries)];

    private static double BagF1(HashSet<string> predicted, HashSet<string> gold)
    {
        var same = predicted.Count(gold.Contains);
        double precision = predicted.Count == 0 ? 1 : same / (double)predicted.Count, recall = gold.Count == 0 ? 1 : same / (double)gold.Count;
        return precision + recall == 0 ? 0 : 2 * precision * recall / (precision + recall);
    }

    private static bool NumbersAgree(HashSet<string> gold, HashSet<string> predicted)
    {
        var numbers = gold.Where(IsNumber).ToArray();
        return numbers.Length == 0 || numbers.Any(predicted.Contains);
    }

    private static bool IsNumber(string token) => TryNumber(token, out _);

    private static bool TryNumber(string token, out double number) =>
        double.TryParse(token, NumberStyles.Float, CultureInfo.InvariantCulture, out number);

    // Largest sum of a one-to-one assignment. Answers have a handful of spans, so the smaller side is assigned by dynamic
    // programming over subsets of the larger one up to 16 spans, and greedily beyond.
    private static double LargestAssignment(double[,] scores)
    {
        var (rows, columns) = (scores.GetLength(0), scores.GetLength(1));
        double At(int small, int large) => rows <= columns ? scores[small, large] : scores[large, small];
        var (few, many) = (Math.Min(rows, columns), Math.Max(rows, columns));
        if (many > 16) return Greedy(few, many, At);
        var best = new double[1 << many];
        Array.Fill(best, double.NegativeInfinity);
        best[0] = 0;
        var largest = 0.0;
        for (var used = 0; used < best.Length; used++)
        {
            var next = int.PopCount(used);
            if (double.IsNegativeInfinity(best[used])) continue;
            largest = Math.Max(largest, best[used]);
            for (var candidate = 0; next < few && candidate < many; candidate++)
            {
                if ((used & (1 << candidate)) != 0) continue;
                ref var value = ref best[used | (1 << candidate)];
                value = Math.Max(value, best[used] + At(next, candidate));
            }
        }

        return largest;
    }

    private static double Greedy(int few, int many, Func<int, int, double> at)
    {
        var (usedFew, usedMany, sum) = (new bool[few], new bool[many], 0.0);
        var pairs = from i in Enumerable.Range(0, few) from j in Enumerable.Range(0, many) orderby at(i, j) descending select (i, j);
        foreach (var (i, j) in pairs)
        {
            if (usedFew[i] || usedMany[j]) continue;
            (usedFew[i], usedMany[j]) = (true, true);
            sum += at(i, j);
        }

        return sum;
    }

    [GeneratedRegex(" |-")]
    private static partial Regex TokenEnds();

    [GeneratedRegex(@"\b(a|an|the)\b")]
    private static partial Regex Articles();
}
