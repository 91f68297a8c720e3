using System.Security.Cryptography;
using System.Text;
using ResearchKit.Evaluation.Suite;

namespace ResearchKit.Evaluation.Tests.Suite;

public sealed class WordListTests
{
    [Fact]
    public void AWordBelongsToOneCategory()
    {
        var words = WordList.Categories.SelectMany(c => c.Words).ToArray();
        Assert.Equal(words.Length, words.Distinct().Count());
        Assert.All(words, w => Assert.Matches("^[a-z]+$", w));
        Assert.InRange(words.Length, 600, 1000);
    }

    [Fact]
    public void TheRolesPartitionEveryCategory()
    {
        foreach (var category in WordList.Categories)
        {
            Assert.Equal(category.Words.Order(), category.TrainWords.Concat(category.ValidationWords).Concat(category.TestWords).Order());
            Assert.InRange(category.TestWords.Count, 5, category.TrainWords.Count);
            Assert.True(category.ValidationWords.Count >= 2);
        }
    }

    /// <summary>Roles are part of what the shipped checkpoints mean: after a change their training data may hold test words. Pre-train again before changing this.</summary>
    [Fact]
    public void TheRolesNeverChange()
    {
        var roles = WordList.Categories.Select(c => $"{c.Name}: {string.Join(' ', c.TrainWords)} | {string.Join(' ', c.ValidationWords)} | {string.Join(' ', c.TestWords)}")
            .Append(string.Join(' ', FrequentWords.Short.Select(w => $"{w} {SuiteSplit.RoleOf("letters", w)}")));
        Assert.Equal("c98186b8b60583e8", Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\n', roles))))[..16]);
    }

    [Theory]
    [InlineData("lion", "lions")]
    [InlineData("mouse", "mice")]
    [InlineData("daisy", "daisies")]
    [InlineData("monkey", "monkeys")]
    [InlineData("fox", "foxes")]
    [InlineData("bench", "benches")]
    [InlineData("knife", "knives")]
    [InlineData("handkerchief", "handkerchiefs")]
    public void PluralsAreEnglish(string noun, string plural) => Assert.Equal(plural, EnglishNouns.Plural(noun));
}
