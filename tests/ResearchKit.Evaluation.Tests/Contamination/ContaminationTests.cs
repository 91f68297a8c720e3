using FsCheck;
using FsCheck.Fluent;
using FsCheck.Xunit;
using ResearchKit.Core;
using ResearchKit.Evaluation.Contamination;
using ResearchKit.Evaluation.Tasks;
using static ResearchKit.Evaluation.Tests.Examples;

namespace ResearchKit.Evaluation.Tests.Contamination;

public class ContaminationTests
{
    private static ContaminationReport Analyze(int n, string[] examples, params string[] documents) => ContaminationAnalysis.Run(
        [.. examples.Select((text, i) => new ContaminationExample($"e{i}", text))], documents.Select((text, i) => new CorpusText($"d{i}", text)), new ContaminationOptions { GramLength = n });

    /// <summary>Texts of few words with signs, cases and white space, so that overlaps are frequent.</summary>
    private static Gen<string> Texts(int maximum) =>
        from count in Gen.Choose(0, maximum)
        from words in Gen.Elements("a", "B", "b", "c,", "-", "a'b", "ab", "É", "é.", "😀", "𝒳x", "\ud800").ArrayOf(count)
        from gaps in Gen.Elements(" ", "  ", "\n", "\u00a0", "\t ").ArrayOf(count)
        select string.Concat(words.Zip(gaps, (word, gap) => word + gap));

    /// <summary>Words with their places, read the slow way: split at white space, drop signs, lower.</summary>
    private static List<(string Word, int Start, int End)> Words(string text)
    {
        var words = new List<(string, int, int)>();
        for (var at = 0; at < text.Length;)
        {
            if (char.IsWhiteSpace(text[at]))
            {
                at++;
                continue;
            }

            var end = at;
            while (end < text.Length && !char.IsWhiteSpace(text[end])) end++;
            var kept = Enumerable.Range(at, end - at)
                .Where(i => !char.IsPunctuation(text, i) && !char.IsSymbol(text, i) && !(char.IsSurrogate(text[i]) && IsSignOrBroken(text, i))).ToArray();
            if (kept.Length > 0) words.Add((string.Concat(kept.Select(i => text[i])).ToLowerInvariant(), kept[0], kept[^1] + 1));
            at = end;
        }

        return words;
    }

    private static bool IsSignOrBroken(string text, int i)
    {
        var pair = char.IsLowSurrogate(text[i]) && i > 0 && char.IsHighSurrogate(text[i - 1]) ? i - 1 : i;
        return pair + 1 >= text.Length || !char.IsSurrogatePair(text, pair) || char.IsSymbol(text, pair) || char.IsPunctuation(text, pair);
    }

    [Property(MaxTest = 400)]
    public Property TheAnalysisEqualsASearchOfEveryGramInEveryDocument() => Prop.ForAll(
        (from n in Gen.Choose(1, 4) from examples in Texts(9).NonEmptyListOf() from documents in Texts(30).ListOf() select (n, examples, documents)).ToArbitrary(),
        given =>
        {
            var (n, examples, documents) = given;
            var report = Analyze(n, [.. examples], [.. documents]);
            var texts = documents.Select(Words).ToArray();
            (string Document, int Start)? Search(string[] gram)
            {
                for (var d = 0; d < texts.Length; d++)
                {
                    for (var at = 0; at + n <= texts[d].Count; at++)
                    {
                        if (texts[d].Skip(at).Take(n).Select(word => word.Word).SequenceEqual(gram)) return ($"d{d}", texts[d][at].Start);
                    }
                }

                return null;
            }

            for (var e = 0; e < examples.Count; e++)
            {
                var words = Words(examples[e]);
                var found = Enumerable.Range(0, Math.Max(0, words.Count - n + 1)).Select(at => Search([.. words.Skip(at).Take(n).Select(word => word.Word)])).ToArray();
                var expected = new List<OverlapSpan>();
                for (var at = 0; at < found.Length; at++)
                {
                    if (found[at] is not { } source || (at > 0 && found[at - 1] is not null)) continue;
                    var last = at;
                    while (last + 1 < found.Length && found[last + 1] is not null) last++;
                    var (start, end) = (words[at].Start, words[last + n - 1].End);
                    expected.Add(new(start, end - start, examples[e][start..end], source.Document, source.Start));
                }

                if (!expected.SequenceEqual(report.Examples[e].Spans) || report.Examples[e].WordCount != words.Count) return false;
            }

            return report.CleanCount + report.DirtyCount == examples.Count && report.CorpusWordCount == texts.Sum(text => text.Count);
        });

    [Fact]
    public void GramsWithEqualHashesAreToldApart()
    {
        // Thue and Morse's word and its complement have one polynomial hash modulo 2^64 for every odd base.
        string Word(bool complement) => string.Join(' ', Enumerable.Range(0, 2048).Select(i => int.PopCount(i) % 2 == 1 ^ complement ? "b" : "a"));
        Assert.Equal(0, Analyze(2048, [Word(false)], "b " + Word(true)).DirtyCount);
        Assert.Equal(1, Analyze(2048, [Word(false), Word(true)], "b " + Word(true)).DirtyCount);
    }

    [Fact]
    public void MatchedStretchesAreNamedWithTheirPlaces()
    {
        var report = Analyze(3, ["He was the best of times; it was the worst of times."], "nothing here", "- \"Was THE best, of\" all.", "the worst of times, and it was the worst of");
        var overlap = Assert.Single(report.Examples);
        Assert.Equal(
            [new("was the best of", "d1", 3), new("it was the worst of times", "d2", 24)],
            overlap.Spans.Select(span => (span.Text, span.Document, span.DocumentStart)));
        Assert.Equal((3, 12, 3), (overlap.Spans[0].Start, overlap.WordCount, report.DocumentCount));
    }

    [Fact]
    public void GramsDoNotReachFromOneDocumentIntoTheNext() => Assert.Equal(0, Analyze(4, ["one two three four"], "one two", "three four").DirtyCount);

    [Fact]
    public void NIsTheFifthPercentileOfTheLengthsWithinTheBounds()
    {
        int Rule(ContaminationOptions options, params int[] lengths) => ContaminationAnalysis.GramLength(lengths, options);
        var hundred = Enumerable.Range(1, 100).Reverse().ToArray();
        Assert.Equal(8, Rule(new(), hundred));                                                   // the percentile is 5
        Assert.Equal(5, Rule(new() { Minimum = 2 }, hundred));
        Assert.Equal(13, Rule(new(), [.. hundred.Select(length => length + 20)]));
        Assert.Equal(9, Rule(new(), 9, 30, 40));
        Assert.Equal(10, Rule(new(), [9, .. Enumerable.Repeat(10, 20)]));                        // one of 21 is less than 5%
        Assert.Equal((2, 8), (ContaminationOptions.For("gpt3/reversed_words").Minimum, ContaminationOptions.For("boolq").Minimum));
    }

    [Fact]
    public void ExamplesTooShortForAGramAreCleanAndCounted()
    {
        var report = Analyze(3, ["one two", "one two three"], "one two three");
        Assert.Equal((1, 1, 1), (report.ShortCount, report.CleanCount, report.DirtyCount));
    }

    [Fact]
    public void AnExampleIsTheShownDataAndTheRightAnswerWithoutThePromptsWords()
    {
        var choice = Choice("0", "What rises?", 1, "bread", "the sun");
        var task = Task(new ChoiceScoring(), "question: {q} answer:");
        Assert.Equal(new ContaminationExample("0", "What rises?\nthe sun"), Assert.Single(ContaminationExamples.Of(task, [choice])));
        var partial = Task(new PartialScoring(), "{answer} because") with { Prompt = new("{answer}", " {q}") };
        Assert.Equal("the sun\nWhat rises?", Assert.Single(ContaminationExamples.Of(partial, [choice])).Text);
        Assert.Equal("q\nfirst", Assert.Single(ContaminationExamples.Of(Task(new GenerationScoring(GenerationMetric.F1)), [Free("1", "q", "first", "second")])).Text);
    }

    [Fact]
    public void ScoresAreSplitIntoCleanAndDirty()
    {
        var report = Analyze(2, ["a b c", "x y z", "p q"], "… a b …");
        ItemResult Item(int i, double score) => new() { Id = $"e{i}", Prompt = "", Score = score };
        var scores = ContaminationScores.Of(report, [Item(0, 1), Item(1, 0), Item(2, 1)], "accuracy");
        Assert.Equal((2 / 3.0, 0.5, 1.0), (scores.All, scores.Clean!.Value, scores.Dirty!.Value));
        Assert.Equal(-0.25, scores.RelativeDifference!.Value, 12);
        Assert.Null(ContaminationScores.Of(report, [Item(0, 1)], "accuracy").Clean);
        Assert.Contains("e9", Assert.Throws<ArgumentException>(() => ContaminationScores.Of(report, [Item(9, 1)], "accuracy")).Message);
    }

    [Fact]
    public void NoExamplesAndNoWordsAreRefused()
    {
        Assert.Throws<ConfigException>(() => Analyze(3, [], "text"));
        Assert.Throws<ConfigException>(() => Analyze(0, ["a"], "text"));
    }

    [Fact]
    public void OfAGeneratedItemQuestionAndAnswerMustStandThereWhole()
    {
        // The same letters in a row, with another answer or cut off, are no overlap; with the item's own answer they are.
        ContaminationExample[] items = [new("spelled", "b e e n\nb"), new("answered", "g o l d\ng"), new("short", "a x\na")];
        CorpusText[] corpus = [new("one", "b e e n -> n\ng o l d -> g\nf o u r -> f"), new("two", "b e e n"), new("three", "a x b"), new("four", "x e e b -> b e e n\nb i t -> b")];
        var report = ContaminationAnalysis.Run(items, corpus, ContaminationOptions.For("suite/function-first"));
        Assert.Equal(["answered"], report.Examples.Where(example => example.IsDirty).Select(example => example.Id));
        Assert.Equal((0, 0), (report.GramLength, report.ShortCount));
        Assert.Equal("g o l d\ng", Assert.Single(report.Examples[1].Spans).Text);
        Assert.Equal(2, ContaminationAnalysis.Run(items, corpus, ContaminationOptions.For("gpt3/x") with { GramLength = 4 }).DirtyCount);      // what counting runs of letters would say
    }
}
