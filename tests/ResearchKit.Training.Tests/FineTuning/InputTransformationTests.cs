using FsCheck;
using FsCheck.Xunit;
using ResearchKit.Core.Configuration;
using ResearchKit.Core.Tasks;
using ResearchKit.Training.FineTuning;

namespace ResearchKit.Training.Tests.FineTuning;

public sealed class InputTransformationTests
{
    private const int Start = 26, Delimiter = 27, Extract = 28;

    [Fact]
    public void ClassificationIsStartTextExtract() => Assert.Equal([[Start, 0, 1, Extract]], Sequences(new ClassificationInput("ab")));

    [Fact]
    public void EntailmentPutsADelimiterBetweenItsTexts() => Assert.Equal([[Start, 0, Delimiter, 1, 2, Extract]], Sequences(new EntailmentInput("a", "bc")));

    [Fact]
    public void SimilarityHasBothOrders() =>
        Assert.Equal([[Start, 0, Delimiter, 1, 2, Extract], [Start, 1, 2, Delimiter, 0, Extract]], Sequences(new SimilarityInput("a", "bc")));

    [Fact]
    public void MultipleChoiceHasOneSequenceForEachAnswer() =>
        Assert.Equal([[Start, 0, Delimiter, 1, Extract], [Start, 0, Delimiter, 2, Extract], [Start, 0, Delimiter, 3, 4, Extract]], Sequences(new MultipleChoiceInput("a", ["b", "c", "de"])));

    [Fact]
    public void Gpt1CutsBothFieldsToHalfTheContextHoweverShortTheOtherIs()
    {
        var example = new InputTransformation(new LetterTokenizer(), 26, 10).Encode(new("x", new EntailmentInput("abcdef", "z"), 0));
        Assert.Equal([Start, 0, 1, 2, Delimiter, 25, Extract], example.Sequences[0]);   // 10 / 2 - 2 = 3
        Assert.True(example.IsTruncated);
    }

    [Fact]
    public void LongestFirstCutsOnlyWhatMustGo()
    {
        var transformation = new InputTransformation(new LetterTokenizer(), 26, 10, FieldTruncation.LongestFirst);
        Assert.Equal([Start, 0, 1, 2, 3, 4, 5, Delimiter, 25, Extract], transformation.Encode(new("x", new EntailmentInput("abcdefgh", "z"), 0)).Sequences[0]);
        Assert.False(transformation.Encode(new("x", new EntailmentInput("abcdef", "z"), 0)).IsTruncated);
        Assert.Equal([Start, 0, 1, 2, 3, Delimiter, 25, 24, 23, Extract], transformation.Encode(new("x", new EntailmentInput("abcdefgh", "zyxwvut"), 0)).Sequences[0]);
    }

    [Property]
    public void EverySequenceFitsAndIsWholeUnlessItSaysSo(NonNegativeInt first, NonNegativeInt second, byte context, bool longest)
    {
        var (a, b, size) = (new string('a', first.Get % 60), new string('b', second.Get % 60), 6 + context % 60);
        var rule = longest ? FieldTruncation.LongestFirst : FieldTruncation.Gpt1;
        var example = new InputTransformation(new LetterTokenizer(), 26, size, rule).Encode(new("x", new SimilarityInput(a, b), 0));
        Assert.All(example.Sequences, sequence => Assert.InRange(sequence.Length, 3, size));
        Assert.All(example.Sequences, sequence => Assert.Equal(example.IsTruncated, sequence.Length < a.Length + b.Length + 3));
        if (longest && a.Length + b.Length + 3 > size) Assert.All(example.Sequences, sequence => Assert.Equal(size, sequence.Length));
    }

    private static IReadOnlyList<int[]> Sequences(StructuredInput input) => new InputTransformation(new LetterTokenizer(), 26, 20).Encode(new("x", input, 0)).Sequences;
}
