using System.Text.RegularExpressions;
using FsCheck.Xunit;
using ResearchKit.Core.Tokenization;
using ResearchKit.Evaluation.Suite;

namespace ResearchKit.Evaluation.Tests.Suite;

public sealed partial class PretrainingDocumentsTests
{
    /// <summary>Enough documents for some three million tokens: what a shipped checkpoint sees of them.</summary>
    private const int SampleCount = 30_000;

    private static readonly Lazy<GeneratedDocument[]> Documents = new(() => [.. Enumerable.Range(0, SampleCount).Select(i => PretrainingDocuments.Generate(1, i))]);

    internal static IEnumerable<GeneratedDocument> Sample(int count = SampleCount) => Documents.Value.Take(count);

    [Property(MaxTest = 50)]
    public bool ADocumentIsAFunctionOfSeedAndIndex(long seed, uint index) =>
        PretrainingDocuments.Generate(seed, index).Pieces.SequenceEqual(PretrainingDocuments.Generate(seed, index).Pieces)
        && PretrainingDocuments.Generate(seed, index).Text != PretrainingDocuments.Generate(seed + 1, index).Text;

    [Fact]
    public void ADocumentFitsAContextOf256Tokens()
    {
        foreach (var document in Sample(5000)) Assert.InRange(WordOrSign().Count(document.Text), 6, 230);
    }

    /// <summary>Losses are masked per piece, and prompts are encoded whole: both must see the same ids.</summary>
    [Fact]
    public void EncodingThePiecesGivesTheIdsOfTheWholeText()
    {
        var tokenizer = BytePairTrainer.Train(Sample(500).Select(d => d.Text), 600);
        foreach (var document in Sample(1500))
            Assert.Equal(tokenizer.Encode(document.Text), document.Pieces.SelectMany(p => tokenizer.Encode(p.Text)));
    }

    [Fact]
    public void EveryLearnedPieceIsAWholeAnswerWithItsNewline()
    {
        foreach (var document in Sample(5000))
        {
            Assert.Contains(document.Pieces, p => p.Loss);
            Assert.All(document.Pieces.Where(p => p.Loss), p =>
            {
                Assert.EndsWith("\n", p.Text, StringComparison.Ordinal);
                Assert.Matches("^( |,)", p.Text);
            });
        }
    }

    [Fact]
    public void LabelsAreLearnedOnlyWhereAnEarlierLineShowsThem()
    {
        for (var i = 0; i < 500; i++)
        {
            var shown = "";
            foreach (var (text, loss) in PretrainingDocuments.Generate("label-induction", 5, 20_000 + i).Pieces)
            {
                if (loss) Assert.Contains(text, shown, StringComparison.Ordinal);
                shown += text;
            }
        }
    }

    [Fact]
    public void EveryFamilyOccursInTheMixture() =>
        Assert.Equal(PretrainingDocuments.FamilyNames.Order(), Sample(8000).Select(d => d.Family).Distinct().Order());

    [Fact]
    public void WordsOfValidationAndTestOccurAsFactsOnly()
    {
        var reserved = WordList.Categories.SelectMany(c => c.TestWords.Concat(c.ValidationWords)).ToHashSet();
        foreach (var document in Sample().Where(d => d.Family is not "facts" and not "sentiment" and not "entailment"))
        {
            // Spelled letters and modifiers are no category words; an input is everything up to the sign.
            foreach (Match line in LineInput().Matches(document.Text))
                Assert.DoesNotContain(line.Groups[1].Value, reserved);
        }
    }

    [Fact]
    public void AnUnknownFamilyIsNamedWithTheKnownOnes() =>
        Assert.Contains("label-induction", Assert.Throws<ArgumentException>(() => PretrainingDocuments.Generate("riddles", 1, 1)).Message, StringComparison.Ordinal);

    [GeneratedRegex(@"\w+|[^\w\s]+|\n")]
    private static partial Regex WordOrSign();

    [GeneratedRegex(@"^(?: |Input: |Q: |The word is )(?:\w+ )*?(\w+)(?: ->| =|:| Output:| A:|\. The answer)", RegexOptions.Multiline)]
    private static partial Regex LineInput();
}
