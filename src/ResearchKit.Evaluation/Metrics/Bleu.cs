using System.Text.RegularExpressions;

namespace ResearchKit.Evaluation.Metrics;

/// <summary>BLEU (Papineni et al. 2002), up to 4-grams, 0 to 100, with several references per text.</summary>
/// <remarks>With <see cref="BleuTokenization.Mteval13a"/> and <see cref="BleuSmoothing.Exponential"/> it is sacreBLEU's default
/// (<c>tok:13a|smooth:exp</c>); with <see cref="BleuTokenization.None"/> and <see cref="BleuSmoothing.None"/> it is <c>multi-bleu.perl</c> on tokenised text, the form of the GPT papers.</remarks>
public static partial class Bleu
{
    private const int Order = 4;

    /// <summary>BLEU over a corpus: n-gram counts are summed before they are divided.</summary>
    /// <param name="hypotheses">Texts to judge.</param>
    /// <param name="references">Accepted texts of each, at least one.</param>
    /// <param name="tokenization">How texts become tokens.</param>
    /// <param name="smoothing">What replaces a precision of zero.</param>
    public static double Corpus(
        IReadOnlyList<string> hypotheses, IReadOnlyList<IReadOnlyList<string>> references,
        BleuTokenization tokenization = BleuTokenization.Mteval13a, BleuSmoothing smoothing = BleuSmoothing.Exponential)
    {
        if (hypotheses.Count != references.Count) throw new ArgumentException($"{hypotheses.Count} texts but references for {references.Count}.");
        var total = new Counts();
        for (var i = 0; i < hypotheses.Count; i++) total.Add(Count(hypotheses[i], references[i], tokenization));
        return Score(total, smoothing, Order);
    }

    /// <summary>BLEU of one text, over as many n-gram orders as it is long (sacreBLEU's effective order).</summary>
    public static double Sentence(
        string hypothesis, IReadOnlyList<string> references,
        BleuTokenization tokenization = BleuTokenization.Mteval13a, BleuSmoothing smoothing = BleuSmoothing.Exponential)
    {
        var counts = Count(hypothesis, references, tokenization);
        return Score(counts, smoothing, Math.Clamp(counts.HypothesisLength, 1, Order));
    }

    /// <summary>mteval-v13a's tokens: punctuation apart, full stops and commas kept inside numbers.</summary>
    public static string[] Tokenize13a(string text)
    {
        text = text.Replace("<skipped>", "", StringComparison.Ordinal).Replace("-\n", "", StringComparison.Ordinal).Replace('\n', ' ')
            .Replace("&quot;", "\"", StringComparison.Ordinal).Replace("&amp;", "&", StringComparison.Ordinal)
            .Replace("&lt;", "<", StringComparison.Ordinal).Replace("&gt;", ">", StringComparison.Ordinal);
        text = Symbols().Replace($" {text} ", " $1 ");
        text = PointAfterNonDigit().Replace(text, "$1 $2 ");
        text = PointBeforeNonDigit().Replace(text, " $1 $2");
        return Words(DashAfterDigit().Replace(text, "$1 $2 "));
    }

    // Ten numbers that add up over texts: matches and totals of four orders, both lengths.
    internal static double[] SufficientCounts(string hypothesis, IReadOnlyList<string> references)
    {
        var counts = Count(hypothesis, references, BleuTokenization.Mteval13a);
        return [.. counts.Matches.Select(match => (double)match), .. counts.Totals.Select(total => (double)total), counts.HypothesisLength, counts.ReferenceLength];
    }

    internal static double FromSufficientCounts(double[] sums)
    {
        var counts = new Counts { HypothesisLength = (int)sums[2 * Order], ReferenceLength = (int)sums[2 * Order + 1] };
        for (var n = 0; n < Order; n++) (counts.Matches[n], counts.Totals[n]) = ((long)sums[n], (long)sums[Order + n]);
        return Score(counts, BleuSmoothing.Exponential, Order);
    }

    private static double Score(Counts counts, BleuSmoothing smoothing, int orders)
    {
        if (counts.Matches.All(match => match == 0)) return 0;
        double logarithms = 0, halving = 1;
        for (var n = 0; n < orders; n++)
        {
            if (counts.Totals[n] == 0) return 0;
            double matches = counts.Matches[n];
            if (matches == 0)
            {
                if (smoothing == BleuSmoothing.None) return 0;
                matches = 1 / (halving *= 2);
            }

            logarithms += Math.Log(matches / counts.Totals[n]);
        }

        var brevity = counts.HypothesisLength >= counts.ReferenceLength ? 1 : Math.Exp(1 - (double)counts.ReferenceLength / counts.HypothesisLength);
        return 100 * brevity * Math.Exp(logarithms / orders);
    }

    private static Counts Count(string hypothesis, IReadOnlyList<string> references, BleuTokenization tokenization)
    {
        string[] Tokens(string text) => tokenization == BleuTokenization.Mteval13a ? Tokenize13a(text) : Words(text);
        var tokens = Tokens(hypothesis);
        var accepted = references.Select(Tokens).ToArray();
        var counts = new Counts
        {
            HypothesisLength = tokens.Length,
            ReferenceLength = accepted.Select(reference => reference.Length).OrderBy(length => Math.Abs(length - tokens.Length)).ThenBy(length => length).First(),
        };
        for (var n = 1; n <= Order; n++)
        {
            var allowed = new Dictionary<string, int>();
            foreach (var (gram, count) in accepted.SelectMany(reference => Grams(reference, n).CountBy(gram => gram)))
            {
                allowed[gram] = Math.Max(allowed.GetValueOrDefault(gram), count);
            }

            counts.Matches[n - 1] = Grams(tokens, n).CountBy(gram => gram).Sum(entry => Math.Min(entry.Value, allowed.GetValueOrDefault(entry.Key)));
            counts.Totals[n - 1] = Math.Max(0, tokens.Length - n + 1);
        }

        return counts;
    }

    private static IEnumerable<string> Grams(string[] tokens, int n) =>
        Enumerable.Range(0, Math.Max(0, tokens.Length - n + 1)).Select(start => string.Join(' ', tokens, start, n));

    private static string[] Words(string text) => text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);

    [GeneratedRegex(@"([\{-~\[-` -&\(-\+:-@/])")]
    private static partial Regex Symbols();

    [GeneratedRegex(@"([^0-9])([\.,])")]
    private static partial Regex PointAfterNonDigit();

    [GeneratedRegex(@"([\.,])([^0-9])")]
    private static partial Regex PointBeforeNonDigit();

    [GeneratedRegex("([0-9])(-)")]
    private static partial Regex DashAfterDigit();

    private sealed class Counts
    {
        public long[] Matches { get; } = new long[Order];

        public long[] Totals { get; } = new long[Order];

        public int HypothesisLength { get; set; }

        public int ReferenceLength { get; set; }

        public void Add(Counts other)
        {
            for (var n = 0; n < Order; n++)
            {
                Matches[n] += other.Matches[n];
                Totals[n] += other.Totals[n];
            }

            HypothesisLength += other.HypothesisLength;
            ReferenceLength += other.ReferenceLength;
        }
    }
}

/// <summary>How BLEU splits texts.</summary>
public enum BleuTokenization
{
    /// <summary>mteval-v13a, sacreBLEU's default.</summary>
    Mteval13a,

    /// <summary>White space only: the texts are tokenised already.</summary>
    None,
}

/// <summary>What BLEU puts in place of a precision of zero.</summary>
public enum BleuSmoothing
{
    /// <summary>1/(2ᵏ · total) for the k-th zero (NIST's, sacreBLEU's default).</summary>
    Exponential,

    /// <summary>Nothing: the score is 0.</summary>
    None,
}
