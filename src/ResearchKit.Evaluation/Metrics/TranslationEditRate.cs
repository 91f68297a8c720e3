namespace ResearchKit.Evaluation.Metrics;

/// <summary>TER (Snover et al. 2006) as sacreBLEU computes it by default, which follows Tercom: edits and shifts of phrases per word of the reference, lower-cased, times 100.</summary>
public static class TranslationEditRate
{
    private const int LongestShift = 10, FarthestShift = 50, MostCandidates = 1000, BeamWidth = 25;

    private enum Edit
    {
        None,
        Keep,
        Substitute,
        Insert,
        Delete,
    }

    /// <summary>TER over a corpus: edits and lengths are summed before they are divided. Small is good, and it may pass 100.</summary>
    /// <param name="hypotheses">Texts to judge.</param>
    /// <param name="references">Accepted texts of each, at least one: the fewest edits count, over the mean length.</param>
    public static double Corpus(IReadOnlyList<string> hypotheses, IReadOnlyList<IReadOnlyList<string>> references)
    {
        if (hypotheses.Count != references.Count) throw new ArgumentException($"{hypotheses.Count} texts but references for {references.Count}.");
        var counts = hypotheses.Zip(references, SufficientCounts).ToArray();
        return FromSufficientCounts([counts.Sum(c => c[0]), counts.Sum(c => c[1])]);
    }

    /// <summary>Two numbers that add up over texts: edits, and words of the reference.</summary>
    internal static double[] SufficientCounts(string hypothesis, IReadOnlyList<string> references)
    {
        var words = Words(hypothesis);
        var accepted = references.Select(Words).ToArray();
        return [accepted.Min(reference => Edits(words, reference)), accepted.Average(reference => reference.Length)];
    }

    internal static double FromSufficientCounts(double[] sums) => sums[1] > 0 ? 100 * sums[0] / sums[1] : sums[0] > 0 ? 100 : 0;

    private static string[] Words(string text) => text.ToLowerInvariant().Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);

    /// <summary>Edits that make a text of a reference's: phrases are shifted, the best first, as long as that saves edits; the rest are insertions, deletions and substitutions.</summary>
    private static int Edits(string[] words, string[] reference)
    {
        if (reference.Length == 0) return words.Length;
        var (shifts, checkedCandidates) = (0, 0);
        while (BestShift(words, reference, ref checkedCandidates) is { Saved: > 0 } shift && checkedCandidates < MostCandidates) (words, shifts) = (shift.Words, shifts + 1);
        return shifts + Distance(words, reference).Edits;
    }

    private static (int Saved, string[] Words)? BestShift(string[] words, string[] reference, ref int checkedCandidates)
    {
        var (before, trace) = Distance(words, reference);
        var (aligned, wordErrors, referenceErrors) = Alignment(trace);
        (int Saved, int Length, int Start, int Target)? best = null;
        string[] shifted = words;
        foreach (var (start, target, length) in CommonPhrases(words, reference))
        {
            // Only phrases that are wrong where they stand and missing where they go, and not within themselves.
            if (!wordErrors.AsSpan(start, length).Contains(true) || !referenceErrors.AsSpan(target, length).Contains(true)) continue;
            if (aligned[target] >= start && aligned[target] < start + length) continue;
            var last = -1;
            for (var offset = -1; offset < length; offset++)
            {
                var index = target + offset == -1 ? 0 : aligned[target + offset] + 1;
                if (index == last) continue;
                last = index;
                var candidate = Shifted(words, start, length, index);
                // Most saved, then longest, then earliest phrase, then earliest place; of equals, the words decide.
                var rank = (before - Distance(candidate, reference).Edits, length, -start, -index);
                var order = best is { } known ? rank.CompareTo(known) : 1;
                if (order > 0 || (order == 0 && Compare(candidate, shifted) > 0)) (best, shifted) = (rank, candidate);
                checkedCandidates++;
            }

            if (checkedCandidates >= MostCandidates) break;
        }

        return best is { } found ? (found.Saved, shifted) : null;
    }

    private static int Compare(string[] a, string[] b) => a.Zip(b, string.CompareOrdinal).FirstOrDefault(order => order != 0);

    private static IEnumerable<(int Start, int Target, int Length)> CommonPhrases(string[] words, string[] reference)
    {
        for (var start = 0; start < words.Length; start++)
        {
            for (var target = 0; target < reference.Length; target++)
            {
                if (Math.Abs(target - start) > FarthestShift) continue;
                for (var length = 1; length <= LongestShift && start + length <= words.Length && target + length <= reference.Length && words[start + length - 1] == reference[target + length - 1]; length++)
                    yield return (start, target, length);
            }
        }
    }

    private static string[] Shifted(string[] words, int start, int length, int target)
    {
        var phrase = words[start..(start + length)];
        return target < start ? [.. words[..target], .. phrase, .. words[target..start], .. words[(start + length)..]]
            : target > start + length ? [.. words[..start], .. words[(start + length)..target], .. phrase, .. words[target..]]
            : [.. words[..start], .. words[(start + length)..Math.Min(words.Length, length + target)], .. phrase, .. words[Math.Min(words.Length, length + target)..]];
    }

    /// <summary>Which word stands for each of the reference, and which words of both are wrong.</summary>
    private static (int[] Aligned, bool[] WordErrors, bool[] ReferenceErrors) Alignment(IReadOnlyList<Edit> trace)
    {
        var (aligned, wordErrors, referenceErrors, word) = (new List<int>(), new List<bool>(), new List<bool>(), -1);
        foreach (var edit in trace)
        {
            // A deletion takes a word away, an insertion adds one of the reference.
            if (edit != Edit.Insert)
            {
                word++;
                wordErrors.Add(edit != Edit.Keep);
            }

            if (edit != Edit.Delete)
            {
                aligned.Add(word);
                referenceErrors.Add(edit != Edit.Keep);
            }
        }

        return ([.. aligned], [.. wordErrors], [.. referenceErrors]);
    }

    /// <summary>Levenshtein distance in a beam round the diagonal, and its edits in order; substitution is preferred to deletion, deletion to insertion.</summary>
    private static (int Edits, IReadOnlyList<Edit> Trace) Distance(string[] words, string[] reference)
    {
        const int infinite = int.MaxValue / 2;
        var (rows, columns) = (words.Length + 1, reference.Length + 1);
        var cost = new int[rows, columns];
        var edit = new Edit[rows, columns];
        for (var j = 1; j < columns; j++) (cost[0, j], edit[0, j]) = (j, Edit.Insert);
        var ratio = words.Length > 0 ? (double)reference.Length / words.Length : 1;
        var beam = BeamWidth < ratio / 2 ? (int)Math.Ceiling(ratio / 2 + BeamWidth) : BeamWidth;
        for (var i = 1; i < rows; i++)
        {
            for (var j = 0; j < columns; j++) cost[i, j] = infinite;
            var diagonal = (int)Math.Floor(i * ratio);
            var end = i == rows - 1 ? columns : Math.Min(columns, diagonal + beam);
            for (var j = Math.Max(0, diagonal - beam); j < end; j++)
            {
                void Try(int value, Edit how)
                {
                    if (value < cost[i, j]) (cost[i, j], edit[i, j]) = (value, how);
                }

                if (j > 0)
                {
                    var isSame = words[i - 1] == reference[j - 1];
                    Try(cost[i - 1, j - 1] + (isSame ? 0 : 1), isSame ? Edit.Keep : Edit.Substitute);
                }

                Try(cost[i - 1, j] + 1, Edit.Delete);
                if (j > 0) Try(cost[i, j - 1] + 1, Edit.Insert);
            }
        }

        var trace = new List<Edit>();
        for (var (i, j) = (rows - 1, columns - 1); i > 0 || j > 0;)
        {
            trace.Add(edit[i, j]);
            if (edit[i, j] != Edit.Insert) i--;
            if (trace[^1] != Edit.Delete) j--;
        }

        trace.Reverse();
        return (cost[rows - 1, columns - 1], trace);
    }
}
