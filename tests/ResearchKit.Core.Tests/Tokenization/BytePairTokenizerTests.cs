using System.Text;
using Microsoft.ML.Tokenizers;
using ResearchKit.Core.Tokenization;
using ResearchKit.Testing;

namespace ResearchKit.Core.Tests.Tokenization;

public class BytePairTokenizerTests
{
    private static readonly BytePairTokenizer Gpt2 = BytePairTokenizer.Gpt2();

    [Fact]
    public void GoldenStringsEncodeToTheReferenceIds()
    {
        var (encode, _) = GoldenTokenizations.Read("gpt2-bpe");
        Assert.NotEmpty(encode);
        Assert.All(encode, golden => Assert.Equal(golden.Ids, Gpt2.Encode(golden.Text)));
    }

    [Fact]
    public void GoldenIdsDecodeToTheReferenceText()
    {
        var (encode, decode) = GoldenTokenizations.Read("gpt2-bpe");
        Assert.NotEmpty(decode);
        Assert.All(decode, golden => Assert.Equal(golden.Text, Gpt2.Decode(golden.Ids)));
        Assert.All(encode, golden => Assert.Equal(golden.Text, Gpt2.Decode(golden.Ids)));
    }

    [Fact]
    public void ThePublishedVocabularyHasItsPublishedSize()
    {
        Assert.Equal(50_257, Gpt2.VocabularySize);
        Assert.Equal(50_256, Gpt2.EndOfTextId);
        Assert.Equal("gpt2", Gpt2.Name);
        Assert.Equal("Ġthe", Gpt2.Entry(262));
    }

    [Fact]
    public void TheEmbeddedVocabularyEqualsTheReleasedFiles()
    {
        var released = BytePairTokenizer.FromFolder(SharedData.FolderOrSkip("vocab/gpt2"));
        Assert.Equal(released.Fingerprint, Gpt2.Fingerprint);
    }

    [Theory]
    [InlineData("<|endoftext|>")]
    [InlineData("a<|endoftext|>b")]
    [InlineData(" <|endoftext|>\n")]
    public void PlainTextNeverMakesTheEndOfTextToken(string text)
    {
        var ids = Gpt2.Encode(text);
        Assert.DoesNotContain(50_256, ids);
        Assert.Equal(text, Gpt2.Decode(ids));
    }

    [Fact]
    public void TheEndOfTextTokenDecodesToItsName() => Assert.Equal("a<|endoftext|>", Gpt2.Decode([64, 50_256]));

    [Fact]
    public void ALoneSurrogateEncodesAsTheReplacementCharacter()
    {
        Assert.Equal(Gpt2.Encode("a\uFFFDb"), Gpt2.Encode("a\uD83Db"));
        Assert.Equal(Gpt2.Encode("\uFFFD"), Gpt2.Encode("\uDE00"));
    }

    [Fact]
    public void LettersAndDigitsOutsideTheBasicPlaneStayInOnePiece()
    {
        Assert.Equal(["𐌰𐌱", " 𐌲", "!", "𝟘𝟙", "𠀀"], Pieces("𐌰𐌱 𐌲!𝟘𝟙𠀀"));
        Assert.Equal(["🎉", "a", "🎉!"], Pieces("🎉a🎉!"));
    }

    [Theory]
    [InlineData("'S's'll'lL'x", new[] { "'", "S", "'s", "'ll", "'", "lL", "'", "x" })]
    [InlineData("  a", new[] { " ", " a" })]
    [InlineData("a \n b", new[] { "a", " \n", " b" })]
    [InlineData("a\n\nb", new[] { "a", "\n", "\n", "b" })]
    [InlineData("a  ", new[] { "a", "  " })]
    [InlineData(" 's", new[] { " '", "s" })]
    [InlineData("1²½x", new[] { "1²½", "x" })]
    [InlineData("a\u0085b\u180Ec", new[] { "a", "\u0085", "b", "\u180E", "c" })]
    [InlineData("\u00A0a\u3000 b", new[] { "\u00A0", "a", "\u3000", " b" })]
    public void PiecesFollowTheReleasedPattern(string text, string[] pieces) => Assert.Equal(pieces, Pieces(text));

    [Fact]
    public void MicrosoftsTokenizerGivesTheSameIdsInsideTheBasicPlane()
    {
        var library = Library();
        var (encode, _) = GoldenTokenizations.Read("gpt2-bpe");
        var texts = encode.Select(e => e.Text).Where(t => !t.Any(char.IsSurrogate)).ToList();
        Assert.NotEmpty(texts);
        Assert.All(texts, text => Assert.Equal(library.EncodeToIds(text), Gpt2.Encode(text)));
    }

    [Fact]
    public void MicrosoftsTokenizerDiffersAfterALetterOutsideTheBasicPlane()
    {
        // The day this fails the library can take the place of our pre-tokenizer, if it is fast enough by then.
        Assert.Equal(["𠀀", "'s"], Pieces("𠀀's"));
        Assert.NotEqual(Library().EncodeToIds("𠀀's"), Gpt2.Encode("𠀀's"));
    }

    [Fact]
    public void LongRunsEncodeAsTheyDoInShort()
    {
        var run = Gpt2.Encode(new string('a', 200_000));                  // quadratic merging would take minutes
        Assert.Equal(new string('a', 200_000), Gpt2.Decode(run));
        Assert.Equal(Gpt2.Encode(new string('a', 64))[0], run[0]);
    }

    [Fact]
    public void EveryByteDecodesAndBrokenUtf8BecomesReplacementCharacters()
    {
        var ids = Enumerable.Range(0, 256).ToArray();
        Assert.Equal(256, Gpt2.DecodeBytes(ids).Distinct().Count());
        Assert.Equal("a\uFFFDb", Gpt2.Decode([.. Gpt2.Encode("a"), .. Gpt2.EncodeBytes([0xC3]), .. Gpt2.Encode("b")]));
    }

    [Fact]
    public void IdsOutsideTheVocabularyAreRefusedByValue()
    {
        var error = Assert.Throws<ArgumentOutOfRangeException>(() => Gpt2.Decode([0, 50_257]));
        Assert.Contains("50257", error.Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentOutOfRangeException>(() => Gpt2.Decode([-1]));
    }

    [Fact]
    public void SpansNameTheCharactersOfEachToken()
    {
        var spans = Gpt2.EncodeWithSpans("a 🎉b");
        Assert.Equal("a", Text(spans[0]));
        Assert.Equal("b", Text(spans[^1]));
        Assert.Equal("a 🎉b", string.Concat(spans.Select(Text)));
        Assert.Contains(spans, s => s.Length == 0);                      // 🎉 takes several tokens

        static string Text(TokenSpan span) => "a 🎉b".Substring(span.Start, span.Length);
    }

    [Fact]
    public void SavingAndLoadingKeepsEveryId()
    {
        using var folder = new TemporaryFolder();
        Gpt2.Save(folder.Path);
        var loaded = BytePairTokenizer.FromFolder(folder.Path, "again");
        Assert.Equal(Gpt2.Fingerprint, loaded.Fingerprint);
        Assert.Equal("again", loaded.Name);
        Assert.Equal(["merges.txt", "vocab.json"], Directory.GetFiles(folder.Path).Select(Path.GetFileName).Order());
        Assert.StartsWith("#version: 0.2\nĠ t\nĠ a\n", File.ReadAllText(Path.Combine(folder.Path, "merges.txt")), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{\"a\": 0}", "#version: 0.2\n", "byte 0x00")]
    [InlineData("{\"a\": 0, \"b\": 0}", "#version: 0.2\n", "share id 0")]
    [InlineData("{\"a\": 7}", "#version: 0.2\n", "id 7")]
    [InlineData("[1]", "#version: 0.2\n", "JSON object")]
    [InlineData("{\"a\": 0", "#version: 0.2\n", "JSON object")]
    [InlineData("{\"a\": 0}", "#version: 0.2\na b c\n", "line 2")]
    [InlineData("{\"a\": 0}", "a b\nab\n", "line 2")]
    public void AMalformedVocabularyIsRefusedWithItsPlace(string vocabulary, string merges, string expected)
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(Path.Combine(folder.Path, "vocab.json"), vocabulary);
        File.WriteAllText(Path.Combine(folder.Path, "merges.txt"), merges);
        var error = Assert.Throws<ConfigException>(() => BytePairTokenizer.FromFolder(folder.Path));
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void AFolderWithoutAVocabularyIsRefused()
    {
        using var folder = new TemporaryFolder();
        var error = Assert.Throws<ConfigException>(() => BytePairTokenizer.FromFolder(folder.Path));
        Assert.Contains("vocab.json and merges.txt", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void SeveralThreadsMayEncodeAtOnce()
    {
        var texts = Enumerable.Range(0, 200).Select(i => $"text {i} of {i * i}: être, 🎉 and so on").ToArray();
        var expected = texts.Select(t => Gpt2.Encode(t)).ToArray();
        var found = new int[texts.Length][];
        Parallel.For(0, texts.Length, i => found[i] = Gpt2.Encode(texts[i]));
        Assert.Equal(expected, found);
    }

    internal static TiktokenTokenizer Library()
    {
        using var stream = typeof(SharpToken.GptEncoding).Assembly.GetManifestResourceStream("SharpToken.data.r50k_base.tiktoken")!;
        const string Pattern = @"'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+";
        return TiktokenTokenizer.Create(stream, new RegexPreTokenizer(new System.Text.RegularExpressions.Regex(Pattern), null), null);
    }

    internal static IEnumerable<string> Pieces(string text)
    {
        for (var (at, end) = (0, 0); at < text.Length; at = end)
        {
            end = Core.Tokenization.PreTokenizer.PieceEnd(text, at);
            yield return text[at..end];
        }
    }
}
