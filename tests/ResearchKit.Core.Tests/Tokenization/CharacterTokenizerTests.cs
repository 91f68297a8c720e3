using FsCheck.Xunit;
using ResearchKit.Core.Tokenization;
using ResearchKit.Testing;

namespace ResearchKit.Core.Tests.Tokenization;

public class CharacterTokenizerTests
{
    [Fact]
    public void IdsFollowTheCodePointsAndTheLastIsEndOfText()
    {
        var tokenizer = new CharacterTokenizer("banana 🎉");
        Assert.Equal([" ", "a", "b", "n", "🎉"], tokenizer.Characters);
        Assert.Equal(6, tokenizer.VocabularySize);
        Assert.Equal(5, tokenizer.EndOfTextId);
        Assert.Equal([2, 1, 3, 4], tokenizer.Encode("ban🎉"));
        Assert.Equal("ban🎉<|endoftext|>", tokenizer.Decode([2, 1, 3, 4, 5]));
        Assert.Equal(new TokenSpan(4, 1, 2), tokenizer.EncodeWithSpans("a🎉")[1]);
    }

    [Fact]
    public void AnUnknownCharacterIsNamedWithItsPlace()
    {
        var error = Assert.Throws<ConfigException>(() => new CharacterTokenizer("ab").Encode("abc"));
        Assert.Contains("U+0063", error.Message, StringComparison.Ordinal);
        Assert.Contains("position 2", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void AnEmptyAlphabetIsRefused() => Assert.Throws<ConfigException>(() => new CharacterTokenizer(""));

    [Fact]
    public void IdsOutsideTheAlphabetAreRefused() => Assert.Throws<ArgumentOutOfRangeException>(() => new CharacterTokenizer("ab").Decode([3]));

    [Property(Arbitrary = [typeof(Texts)])]
    public void DecodeInvertsEncodeAndSpansTile(ValidText text)
    {
        var tokenizer = new CharacterTokenizer(text.Value + "x");
        Assert.Equal(text.Value, tokenizer.Decode(tokenizer.Encode(text.Value)));
        Assert.Equal(text.Value, string.Concat(tokenizer.EncodeWithSpans(text.Value).Select(s => text.Value.Substring(s.Start, s.Length))));
    }

    [Fact]
    public void ASavedAlphabetLoadsByItsFolder()
    {
        using var folder = new TemporaryFolder();
        var tokenizer = new CharacterTokenizer("abc \n\"é🎉");
        TokenizerFolder.Save(tokenizer, folder.Path);
        Assert.Equal(tokenizer.Fingerprint, TokenizerFolder.Load(folder.Path).Fingerprint);
    }

    [Theory]
    [InlineData("[\"ab\"]")]
    [InlineData("[\"b\", \"a\"]")]
    [InlineData("{}")]
    [InlineData("[\"a\", null]")]
    public void AMalformedAlphabetFileIsRefused(string json)
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder.File(CharacterTokenizer.FileName), json);
        Assert.Contains(CharacterTokenizer.FileName, Assert.Throws<ConfigException>(() => TokenizerFolder.Load(folder.Path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void AnUnknownTokenizerNameSaysWhatIsAllowed() =>
        Assert.Contains("gpt2", Assert.Throws<ConfigException>(() => TokenizerFolder.Load("no-such-tokenizer")).Message, StringComparison.Ordinal);
}
