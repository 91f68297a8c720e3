using ResearchKit.Core;

namespace ResearchKit.Evaluation.Contamination;

/// <summary>GPT-3's analysis of test examples that stand in the training data (Brown et al. 2020, §4 and Appendix C), exact.</summary>
/// <remarks>An example is dirty when one of its N-grams of words occurs in any document, otherwise clean. Words stand between white space, in lower case, without signs.
/// Every n-gram is compared word by word: there are no false positives as with Bloom filters. Memory is that of the examples; documents are read one at a time.</remarks>
public static class ContaminationAnalysis
{
    /// <summary>Compares examples with a corpus.</summary>
    /// <param name="examples">Examples, at least one; <see cref="ContaminationExamples.Of"/> makes them of a task.</param>
    /// <param name="corpus">Training documents, read once and in order.</param>
    /// <param name="options">N; null takes the paper's rule for ordinary tasks.</param>
    /// <param name="cancellation">Stops between documents.</param>
    /// <exception cref="ConfigException">No examples, or an N below 1.</exception>
    public static ContaminationReport Run(
        IReadOnlyList<ContaminationExample> examples, IEnumerable<CorpusText> corpus, ContaminationOptions? options = null, CancellationToken cancellation = default)
    {
        options ??= new ContaminationOptions();
        if (examples.Count == 0) throw new ConfigException("Contamination: there are no examples to look for.");
        var vocabulary = new Dictionary<string, int>(StringComparer.Ordinal);
        var read = examples.Select(example => ExampleWords.Read(example.Text, vocabulary)).ToArray();
        var whole = options is { WholeExamples: true, GramLength: null };
        var n = whole ? 0 : options.GramLength ?? GramLength([.. read.Select(words => words.Ids.Length)], options);
        if (n < 1 && !whole) throw new ConfigException($"Contamination: n-grams of {n} words; at least 1 is needed.");

        // One index for every length that is looked for, and each example's place in its own.
        var groups = read.Index().GroupBy(entry => whole ? Math.Max(1, entry.Item.Ids.Length) : n).ToList();
        var indices = groups.Select(group => new GramIndex([.. group.Select(entry => entry.Item)], group.Key)).ToList();
        var places = groups.SelectMany((group, g) => group.Select((entry, place) => (entry.Index, (Group: g, Place: place, Length: group.Key)))).ToDictionary(pair => pair.Index, pair => pair.Item2);
        var (documents, words) = (0, 0L);
        var lookup = vocabulary.GetAlternateLookup<ReadOnlySpan<char>>();
        foreach (var document in corpus)
        {
            cancellation.ThrowIfCancellationRequested();
            documents++;
            foreach (var index in indices) index.BeginDocument(document.Name);
            var scanner = new WordScanner(document.Text);
            var end = 0;
            while (scanner.Next())
            {
                words++;
                // A whole example stands on one line of a generated document; words of two lines only happen to meet.
                if (whole && document.Text.AsSpan(end, scanner.Start - end).Contains('\n'))
                {
                    foreach (var index in indices) index.Push(-1, end);
                }

                end = scanner.End;
                var word = lookup.TryGetValue(scanner.Word, out var id) ? id : -1;
                foreach (var index in indices) index.Push(word, scanner.Start);
            }
        }

        return new ContaminationReport(n, [.. examples.Select((example, i) => new ExampleOverlap(example.Id, read[i].Ids.Length, Spans(example.Text, read[i], places[i].Place, indices[places[i].Group], places[i].Length)))], documents, words);
    }

    /// <summary>N by the paper's rule: the 5th percentile of the lengths in words (the least length that at least 5% of the examples do not exceed), within the options' bounds.</summary>
    /// <param name="wordCounts">Length of every example, at least one.</param>
    /// <param name="options">Bounds.</param>
    public static int GramLength(IReadOnlyList<int> wordCounts, ContaminationOptions options)
    {
        var percentile = wordCounts.Order().ElementAt((wordCounts.Count + 19) / 20 - 1);
        return Math.Min(options.Maximum, Math.Max(options.Minimum, percentile));
    }

    /// <summary>Number of words of a text, as the analysis counts them.</summary>
    public static int WordCount(string text)
    {
        var scanner = new WordScanner(text);
        var count = 0;
        while (scanner.Next()) count++;
        return count;
    }

    private static List<OverlapSpan> Spans(string text, ExampleWords words, int example, GramIndex index, int n)
    {
        var spans = new List<OverlapSpan>();
        for (var first = 0; first + n <= words.Ids.Length; first++)
        {
            if (index.Found(example, first) is not { } found) continue;
            var last = first;
            while (last + 1 + n <= words.Ids.Length && index.Found(example, last + 1) is not null) last++;
            var (start, end) = (words.Starts[first], words.Ends[last + n - 1]);
            spans.Add(new OverlapSpan(start, end - start, text[start..end], found.Document, found.Start));
            first = last;
        }

        return spans;
    }
}
