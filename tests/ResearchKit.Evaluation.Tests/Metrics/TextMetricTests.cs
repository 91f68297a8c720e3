using FsCheck.Xunit;
using ResearchKit.Evaluation.Metrics;

namespace ResearchKit.Evaluation.Tests.Metrics;

public class TextMetricTests
{
    [Theory]
    [InlineData("The  Eiffel-Tower!", "eiffeltower")]
    [InlineData("an apple, a day", "apple day")]
    [InlineData("theatre", "theatre")]
    [InlineData(" A ", "")]
    public void SquadNormalizationDropsCasePunctuationAndArticles(string text, string expected) => Assert.Equal(expected, SquadMetrics.Normalize(text));

    [Theory]
    [InlineData("the cat sat", "a cat sat down", 0.8)]                          // cat sat / cat sat down: 2·2/(2+3)
    [InlineData("dog", "cat", 0)]
    [InlineData("x x y", "x y y", 2.0 * 2 / 6)]                                 // words count as often as they occur
    [InlineData("the", "a", 1)]                                                 // both empty after normalization
    [InlineData("the", "cat", 0)]
    public void SquadF1IsTokenOverlap(string prediction, string answer, double expected) => Assert.Equal(expected, SquadMetrics.F1(prediction, answer), 12);

    [Fact]
    public void SquadTakesTheBestAnswer()
    {
        Assert.Equal(1, SquadMetrics.ExactMatch("The Tower.", ["river", "tower"]));
        Assert.Equal(0.8, SquadMetrics.F1("the cat sat", ["dog", "a cat sat down"]), 12);
    }

    [Fact]
    public void CoqaLeavesEachReferenceOutInTurn()
    {
        Assert.Equal(2 / 3.0, SquadMetrics.CoqaF1("white", ["white", "blue", "red"]), 12);      // without "white" nothing matches
        Assert.Equal(1, SquadMetrics.CoqaF1("white", ["white"]));
    }

    [Fact]
    public void DropAlignsSpansOneToOne()
    {
        Assert.Equal(1, DropMetrics.F1(["Smith", "the Jones"], ["jones", "smith"]));
        Assert.Equal(1, DropMetrics.ExactMatch(["Smith", "the Jones"], ["jones", "smith"]));
        Assert.Equal(0.5, DropMetrics.F1(["Smith"], ["Jones", "Smith"]), 12);
        Assert.Equal(0.67, DropMetrics.F1(["John Smith"], ["Smith"]));                      // 2/3, rounded as the script does
        // In the order of the lists "c d" would meet "b c"; the best alignment crosses.
        Assert.Equal(0.83, DropMetrics.F1(["b c", "c d"], ["c d", "b"]));                  // (2/3 + 1) / 2
    }

    [Fact]
    public void DropNumbersMustAgree()
    {
        Assert.Equal(1, DropMetrics.F1(["3.0"], ["3"]));
        Assert.Equal(0, DropMetrics.F1(["4 yards"], ["3 yards"]));
        Assert.Equal(0, DropMetrics.F1(["yards"], ["3 yards"]));
        Assert.Equal("12.5 yard run", DropMetrics.Normalize("The 12.50-yard run!"));
    }

    [Theory]
    [InlineData("Hello, world!", "Hello , world !")]
    [InlineData("It costs $3.50, not 1,000.", "It costs $ 3.50 , not 1,000 .")]
    [InlineData("a 5-year plan &amp; well-known", "a 5 - year plan & well-known")]
    [InlineData("\"Don't\"", "\" Don't \"")]
    public void TheMtevalTokenizerSplitsPunctuationButNotNumbers(string text, string expected) => Assert.Equal(expected, string.Join(' ', Bleu.Tokenize13a(text)));

    [Fact]
    public void BleuIsTheGeometricMeanOfClippedPrecisions()
    {
        // "the the the cat sat on" against "the cat sat on the mat": 1-grams 5/6 ("the" clipped to 2), 2-grams 3/5, 3-grams 2/4, 4-grams 1/3; no brevity penalty.
        var expected = 100 * Math.Pow(5 / 6.0 * (3 / 5.0) * (2 / 4.0) * (1 / 3.0), 0.25);
        Assert.Equal(expected, Bleu.Corpus(["the the the cat sat on"], [["the cat sat on the mat"]], BleuTokenization.None, BleuSmoothing.None), 9);
        Assert.Equal(expected, Bleu.Corpus(["the the the cat sat on"], [["the cat sat on the mat"]]), 9);
    }

    [Fact]
    public void ShortTextsPayTheBrevityPenalty() =>
        Assert.Equal(100 * Math.Exp(1 - 6 / 4.0), Bleu.Corpus(["the cat sat on"], [["the cat sat on the mat"]]), 9);

    [Fact]
    public void ExponentialSmoothingHalvesForEveryZero()
    {
        // 1-grams 2/4, 2-grams 1/3, 3-grams 0/2 → 1/(2·2), 4-grams 0/1 → 1/(4·1); lengths 4 and 4.
        var expected = 100 * Math.Pow(2 / 4.0 * (1 / 3.0) * (1 / 4.0) * (1 / 4.0), 0.25);
        Assert.Equal(expected, Bleu.Corpus(["a b x y"], [["a b c d"]]), 9);
        Assert.Equal(0, Bleu.Corpus(["a b x y"], [["a b c d"]], smoothing: BleuSmoothing.None));
        Assert.Equal(100, Bleu.Sentence("a b", ["a b"]), 9);               // effective order 2
    }

    [Fact]
    public void TheClosestReferenceLengthCounts()
    {
        Assert.Equal(100, Bleu.Corpus(["a b c d e"], [["a b c d e f g h", "a b c d e"]]), 9);
        var one = Bleu.Corpus(["a b c d", "e f g h i"], [["a b c d"], ["e f g x i"]]);
        Assert.Equal(100 * Math.Pow(8 / 9.0 * (5 / 7.0) * (3 / 5.0) * (1 / 3.0), 0.25), one, 9);   // counts are summed over the corpus
    }

    [Fact]
    public void RougeIsOverlapOfGramsAndTheLongestCommonSubsequence()
    {
        const string hypothesis = "Police killed the gunman.", reference = "the gunman police killed";
        Assert.Equal(1, Rouge.N(hypothesis, reference, 1), 12);
        Assert.Equal(2 / 3.0, Rouge.N(hypothesis, reference, 2), 12);
        Assert.Equal(0.5, Rouge.L(hypothesis, reference), 12);
        Assert.Equal(0, Rouge.L("", reference));
    }

    [Property]
    public void ATextEqualsItself(NonEmptyWords words)
    {
        var text = words.Text;
        Assert.Equal(1, SquadMetrics.F1(text, text), 12);
        Assert.Equal(1, DropMetrics.F1([text], [text]), 12);
        Assert.Equal(1, Rouge.L(text, text), 12);
        Assert.Equal(100, Bleu.Sentence(text, [text]), 9);
    }

    /// <summary>One to nine short words.</summary>
    public sealed record NonEmptyWords(byte Seed, byte Length)
    {
        public string Text => string.Join(' ', Enumerable.Range(0, 1 + Length % 9).Select(i => "red green blue 7 x".Split(' ')[(Seed + i * i) % 5]));
    }
}
