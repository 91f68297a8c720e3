using System.Globalization;
using System.Text.RegularExpressions;
using FsCheck.Xunit;
using ResearchKit.Core.Random;
using ResearchKit.Evaluation.Suite;
using ResearchKit.Evaluation.Tasks;

namespace ResearchKit.Evaluation.Tests.Suite;

/// <summary>Every label and answer of the suite, computed a second time from its text.</summary>
public sealed partial class SuiteTruthTests
{
    private static IEnumerable<TaskItem> ItemsOf(string name)
    {
        var splits = GeneratedSuiteTests.SplitsOf(name);
        return splits.Train.Concat(splits.Validation).Concat(splits.Test);
    }

    private static string Gold(TaskItem item) => item.Gold is { } gold ? item.Choices[gold] : item.Answers[0];

    [Fact]
    public void ALabelTaskMapsEachCategoryToOneLabelInAllSplits()
    {
        foreach (var name in GeneratedSuite.Names.Where(n => n.StartsWith("suite/label-induction", StringComparison.Ordinal)))
        {
            var mapping = ItemsOf(name).Select(i => (Category: CategoryOf(i.Fields["input"].Split(' ')[^1]), Label: Gold(i))).Distinct().ToArray();
            Assert.Equal(mapping.Length, mapping.Select(m => m.Category).Distinct().Count());
            Assert.Equal(mapping.Length, mapping.Select(m => m.Label).Distinct().Count());
        }
    }

    [Fact]
    public void TheLabelMappingChangesWithTheSeed()
    {
        var mappings = Enumerable.Range(0, 10).Select(s => string.Join(' ', GeneratedSuite.Get("suite/label-induction", s).Load().Test[0].Choices)).Distinct();
        Assert.True(mappings.Count() > 7);
    }

    [Fact]
    public void SentimentFollowsTheAdjective()
    {
        foreach (var item in ItemsOf("suite/sentiment"))
        {
            var categories = item.Fields["input"].Split(' ').Where(w => CategoryOrNull(w) is "good" or "bad").Select(CategoryOf).ToArray();
            Assert.Equal(Gold(item) == "positive" ? "good" : "bad", Assert.Single(categories));
        }
    }

    [Fact]
    public void EntailmentFollowsCategoryOrAdjective()
    {
        foreach (var item in ItemsOf("suite/entailment"))
        {
            var premise = item.Fields["premise"].Split(' ');
            var hypothesis = item.Fields["hypothesis"];
            Assert.StartsWith($"{premise[0]} {premise[1]} a", hypothesis, StringComparison.Ordinal);
            var noun = premise[^1];
            bool follows;
            if (premise.Length == 4) follows = hypothesis.EndsWith(WordList.Category(CategoryOf(noun)).Phrase, StringComparison.Ordinal);   // Tom has a lion
            else follows = hypothesis.Split(' ').Length == 4 && hypothesis.Split(' ')[^1] == noun;                                          // Tom has a big lion
            Assert.Equal(follows ? "True" : "False", Gold(item));
        }
    }

    [Theory]
    [InlineData("copy", "c a t", "c a t")]
    [InlineData("first", "c a t", "c")]
    [InlineData("last", "c a t", "t")]
    [InlineData("reverse", "c a t", "t a c")]
    [InlineData("cycle", "c a t", "a t c")]
    [InlineData("drop-first", "c a t", "a t")]
    [InlineData("sort", "c a t", "a c t")]
    [InlineData("shift", "c a z", "d b a")]
    [InlineData("double-first", "c a t", "c c a t")]
    [InlineData("second", "c a t", "a")]
    [InlineData("drop-last", "c a t", "c a")]
    [InlineData("cycle-back", "c a t", "t c a")]
    public void SequenceFunctionsDoWhatTheirNamesSay(string name, string input, string answer) =>
        Assert.Equal(answer, SuiteFunctions.SequenceNamed(name).Answer(input));

    [Theory]
    [InlineData("repeat", "lion lion")]
    [InlineData("article", "a lion")]
    [InlineData("plural", "lions")]
    [InlineData("capital", "Lion")]
    [InlineData("first-letter", "l")]
    [InlineData("category", "animal")]
    [InlineData("last-letter", "n")]
    [InlineData("two-of", "two lions")]
    public void WordFunctionsDoWhatTheirNamesSay(string name, string answer) => Assert.Equal(answer, SuiteFunctions.WordNamed(name).Answer("lion"));

    [Property]
    public bool CycleBackUndoesCycleAndReverseUndoesItself(ulong bits)
    {
        var input = string.Join(' ', Enumerable.Range(0, 2 + (int)(bits % 4)).Select(i => (char)('a' + (bits >> (5 * i)) % 26)));
        string Apply(string name, string text) => SuiteFunctions.SequenceNamed(name).Answer(text);
        return Apply("cycle-back", Apply("cycle", input)) == input && Apply("reverse", Apply("reverse", input)) == input
            && Apply("sort", Apply("reverse", input)) == Apply("sort", input) && Apply("last", input) == Apply("first", Apply("reverse", input));
    }

    [Fact]
    public void FunctionAnswersAreThoseOfTheTasksFunction()
    {
        foreach (var function in SuiteFunctions.Sequence)
            foreach (var item in ItemsOf($"suite/function-{function.Name}").Concat(ItemsOf($"suite/function-{function.Name}-generated")))
                Assert.Equal(function.Answer(item.Fields["input"]), Gold(item));
        foreach (var function in SuiteFunctions.Word)
            foreach (var item in ItemsOf($"suite/word-{function.Name}")) Assert.Equal(function.Answer(item.Fields["input"]), Gold(item));
    }

    [Fact]
    public void ArithmeticAnswersAreRightAndOperandsHaveTheTasksDigits()
    {
        var digits = new Dictionary<string, int> { ["two"] = 100, ["three"] = 1000, ["four"] = 10_000, ["five"] = 100_000 };
        foreach (var name in GeneratedSuite.Names.Where(n => n.Contains("_digit_", StringComparison.Ordinal) && !n.Contains("single", StringComparison.Ordinal)))
        {
            var bound = digits[name["suite/".Length..].Split('_')[0]];
            var largest = 0L;
            foreach (var item in ItemsOf(name))
            {
                var parts = item.Fields["input"].Split(' ');
                var (a, b) = (long.Parse(parts[0], CultureInfo.InvariantCulture), long.Parse(parts[2], CultureInfo.InvariantCulture));
                var expected = (parts[1], name.Split('_')[^1]) switch
                {
                    ("plus", "addition") => a + b,
                    ("minus", "subtraction") => a - b,
                    ("times", "multiplication") => a * b,
                    _ => throw new InvalidOperationException(item.Fields["input"]),
                };
                Assert.Equal(expected.ToString(CultureInfo.InvariantCulture), Gold(item));
                Assert.InRange(a, 0, bound - 1);
                Assert.InRange(b, 0, bound - 1);
                largest = Math.Max(largest, a);
            }

            Assert.True(largest > 0.9 * bound);
        }
    }

    [Fact]
    public void CompositeQuestionsAreRightAndUseTheNineOperatorPairsAboutEquallyOften()
    {
        var items = ItemsOf("suite/single_digit_three_ops").ToArray();
        foreach (var item in items)
        {
            var match = Composite().Match(item.Fields["input"]);
            Assert.True(match.Success, item.Fields["input"]);
            int Number(int group) => int.Parse(match.Groups[group].Value, CultureInfo.InvariantCulture);
            static int Apply(string sign, int a, int b) => sign == "+" ? a + b : sign == "-" ? a - b : a * b;
            Assert.Equal(Apply(match.Groups[4].Value, Apply(match.Groups[2].Value, Number(1), Number(3)), Number(5)).ToString(CultureInfo.InvariantCulture), Gold(item));
        }

        var pairs = items.GroupBy(i => Composite().Match(i.Fields["input"]) is var m ? m.Groups[2].Value + m.Groups[4].Value : "").ToArray();
        Assert.Equal(9, pairs.Length);
        Assert.All(pairs, p => Assert.InRange(p.Count() / (double)items.Length, 0.07, 0.16));
    }

    [Property]
    public bool EveryScrambleKeepsTheLettersItPromisesToKeep(long seed, ushort pick)
    {
        var word = FrequentWords.Long[pick % FrequentWords.Long.Count];
        var random = new CounterRandom(seed, "test");
        var (cycled, one, two) = (WordScrambles.CycleLetters(random, word), WordScrambles.Anagram1(random, word), WordScrambles.Anagram2(random, word));
        var inserted = WordScrambles.RandomInsertion(random, word);
        bool SameLetters(string text) => text.Order().SequenceEqual(word.Order());
        bool CanDiffer(int kept) => word[kept..^kept].Distinct().Count() > 1;
        return (word + word).Contains(cycled, StringComparison.Ordinal) && cycled.Length == word.Length
            && SameLetters(one) && one[0] == word[0] && one[^1] == word[^1] && (one != word) == CanDiffer(1)
            && SameLetters(two) && two[..2] == word[..2] && two[^2..] == word[^2..] && (two != word) == CanDiffer(2)
            && string.Concat(inserted.Where((_, i) => i % 2 == 0)) == word && inserted.Where((_, i) => i % 2 == 1).All(c => " ./!".Contains(c))
            && WordScrambles.Reversed(WordScrambles.Reversed(word)) == word;
    }

    [Fact]
    public void WordsOfScrambleTasksHaveThePublishedLengths()
    {
        foreach (var name in GeneratedSuite.Names.Where(n => n.EndsWith("_word", StringComparison.Ordinal) || n.Contains("mid_word", StringComparison.Ordinal) || n.Contains("reversed_words", StringComparison.Ordinal)))
            Assert.All(ItemsOf(name), i => Assert.InRange(i.Answers[0].Length, name.Contains("word_1", StringComparison.Ordinal) ? 5 : 6, 15));
    }

    private static string? CategoryOrNull(string word) => WordList.Categories.FirstOrDefault(c => c.Words.Contains(word))?.Name;

    private static string CategoryOf(string word) => CategoryOrNull(word)!;

    [GeneratedRegex(@"^\(([1-9]) ([-+*]) ([1-9])\) ([-+*]) ([1-9])$")]
    private static partial Regex Composite();
}
