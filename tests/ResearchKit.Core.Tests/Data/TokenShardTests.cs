using FsCheck;
using FsCheck.Xunit;
using ResearchKit.Core.Data;
using ResearchKit.Core.Tokenization;
using ResearchKit.Testing;

namespace ResearchKit.Core.Tests.Data;

public class TokenShardTests
{
    private static readonly ITokenizer Small = new FakeTokenizer(1000);
    private static readonly ITokenizer Large = new FakeTokenizer(100_000);

    [Property(MaxTest = 60)]
    public void TokensAndFlagsReadBackAsWritten(NonEmptyArray<ushort> values, bool large, int start)
    {
        var tokenizer = large ? Large : Small;
        var ids = values.Get.Select(v => v % tokenizer.VocabularySize).ToArray();
        var flags = values.Get.Select(v => v % 3 != 0).ToArray();
        using var folder = new TemporaryFolder();
        using var shard = WriteAndOpen(folder, tokenizer, writer => writer.Append(ids, flags), withLossFlags: true);
        Assert.Equal(ids.Length, shard.Count);
        var from = Math.Abs((long)start) % ids.Length;
        var tokens = new long[ids.Length - from];
        shard.CopyTo(from, tokens);
        Assert.Equal(ids[(int)from..].Select(id => (long)id), tokens);
        Assert.Equal(flags, Enumerable.Range(0, ids.Length).Select(i => shard.CarriesLoss(i)));
        Assert.Equal(tokenizer.Fingerprint, shard.TokenizerFingerprint);
        Assert.Equal(tokenizer.VocabularySize, shard.VocabularySize);
    }

    [Theory]
    [InlineData(1000, 2)]
    [InlineData(65_536, 2)]
    [InlineData(65_537, 4)]
    public void ATokenTakesTwoBytesWhereTheVocabularyAllows(int vocabularySize, int bytes)
    {
        using var folder = new TemporaryFolder();
        var ids = Enumerable.Range(0, 3000).Select(i => vocabularySize - 1 - i % 100).ToArray();
        using var shard = WriteAndOpen(folder, new FakeTokenizer(vocabularySize), writer => writer.Append(ids));
        Assert.Equal(128 + 3000 * bytes, new FileInfo(shard.Path).Length);
        var tokens = new long[3000];
        shard.CopyTo(0, tokens);
        Assert.Equal(ids.Select(id => (long)id), tokens);
        Assert.True(shard.CarriesLoss(2999));
        Assert.False(shard.HasLossFlags);
    }

    [Fact]
    public void EqualContentHasAnEqualChecksum()
    {
        using var folder = new TemporaryFolder();
        string Checksum(int id, ITokenizer tokenizer)
        {
            using var shard = WriteAndOpen(folder, tokenizer, writer => writer.Append([1, 2, id]));
            return shard.Checksum;
        }

        Assert.Equal(Checksum(3, Small), Checksum(3, Small));
        Assert.NotEqual(Checksum(3, Small), Checksum(4, Small));
        Assert.NotEqual(Checksum(3, Small), Checksum(3, new FakeTokenizer(1001)));
    }

    [Property(MaxTest = 200)]
    public void AnyChangedByteIsNoticed(NonNegativeInt place, PositiveInt change)
    {
        using var folder = new TemporaryFolder();
        var path = Write(folder, Small, writer => writer.Append(Enumerable.Range(0, 40).ToArray()));
        var bytes = File.ReadAllBytes(path);
        bytes[place.Get % bytes.Length] ^= (byte)(1 + change.Get % 255);
        File.WriteAllBytes(path, bytes);
        Assert.Contains(path, Assert.Throws<ConfigException>(() => TokenShard.Open(path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void EveryTruncationIsNoticedWithoutReadingThePayload()
    {
        using var folder = new TemporaryFolder();
        var path = Write(folder, Small, writer => writer.Append(Enumerable.Range(0, 40).ToArray()));
        var bytes = File.ReadAllBytes(path);
        for (var length = 0; length < bytes.Length; length++)
        {
            File.WriteAllBytes(path, bytes[..length]);
            var error = Assert.Throws<ConfigException>(() => TokenShard.Open(path, verify: false));
            Assert.Contains(length < 128 ? "not a token shard" : "truncated", error.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void AForeignOrMissingFileIsRefused()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder.File("text.tokens"), new string('x', 500));
        Assert.Contains("not a token shard", Assert.Throws<ConfigException>(() => TokenShard.Open(folder.File("text.tokens"))).Message, StringComparison.Ordinal);
        Assert.Contains("no such token shard", Assert.Throws<ConfigException>(() => TokenShard.Open(folder.File("none"))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void AnotherTokenizerIsRefused()
    {
        using var folder = new TemporaryFolder();
        using var shard = WriteAndOpen(folder, Small, writer => writer.Append([1]));
        shard.RequireTokenizer(new FakeTokenizer(1000));
        Assert.Contains("another tokenizer", Assert.Throws<ConfigException>(() => shard.RequireTokenizer(Large)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void AnUnfinishedShardLeavesNothingAndTheOldOneAsItWas()
    {
        using var folder = new TemporaryFolder();
        var path = Write(folder, Small, writer => writer.Append([7]));
        var before = File.ReadAllBytes(path);
        using (var writer = new TokenShardWriter(path, Small)) writer.Append([1, 2, 3]);
        Assert.Equal(before, File.ReadAllBytes(path));
        Assert.Equal([path], Directory.GetFiles(folder.Path));
    }

    [Fact]
    public void AShardThatCannotGetItsNameLeavesNothing()
    {
        using var folder = new TemporaryFolder();
        Directory.CreateDirectory(folder.File("taken"));
        using (var writer = new TokenShardWriter(folder.File("taken"), Small))
        {
            writer.Append([1, 2, 3]);
            Assert.Contains("cannot be written", Assert.Throws<ConfigException>(writer.Complete).Message, StringComparison.Ordinal);
        }

        Assert.Empty(Directory.GetFiles(folder.Path));
    }

    [Fact]
    public void IdsOutsideTheVocabularyAndRangesOutsideTheShardAreRefused()
    {
        using var folder = new TemporaryFolder();
        using var writer = new TokenShardWriter(folder.File("a"), Small);
        Assert.Throws<ArgumentOutOfRangeException>(() => writer.Append([1000]));
        Assert.Throws<ArgumentOutOfRangeException>(() => writer.Append([-1]));
        Assert.Throws<ArgumentException>(() => writer.Append([1], carriesLoss: false));
        using var shard = WriteAndOpen(folder, Small, w => w.Append([1, 2]));
        Assert.Throws<ArgumentOutOfRangeException>(() => shard.CopyTo(1, new long[2]));
        Assert.Throws<ArgumentOutOfRangeException>(() => shard.CopyTo(-1, new long[1]));
        Assert.Throws<ArgumentOutOfRangeException>(() => shard.CarriesLoss(2));
    }

    [Fact]
    public void DocumentsArePackedWithTheEndOfTextTokenAfterEach()
    {
        using var folder = new TemporaryFolder();
        var tokenizer = new CharacterTokenizer("ab");
        var seen = new List<PackingProgress>();
        var end = PackedDocuments.Write(folder.File("a"), ["ab", "", "b"], tokenizer, new InlineProgress<PackingProgress>(seen.Add));
        Assert.Equal(new PackingProgress(2, 5), end);
        Assert.Equal([new PackingProgress(1, 3), new PackingProgress(2, 5)], seen);
        using var shard = TokenShard.Open(folder.File("a"));
        Assert.Equal([0L, 1, 2, 1, 2], Tokens(shard));
    }

    [Fact]
    public void MarkedDocumentsKeepTheirMarks()
    {
        using var folder = new TemporaryFolder();
        PackedDocuments.Write(folder.File("a"), [new TokenizedDocument([0, 1], [false, true]), new TokenizedDocument([1])], new CharacterTokenizer("ab"));
        using var shard = TokenShard.Open(folder.File("a"));
        Assert.Equal([false, true, false, true, true], Enumerable.Range(0, 5).Select(i => shard.CarriesLoss(i)));
    }

    [Fact]
    public void PackingNothingIsAnErrorAndWritesNothing()
    {
        using var folder = new TemporaryFolder();
        Assert.Throws<ConfigException>(() => PackedDocuments.Write(folder.File("a"), ["", ""], new CharacterTokenizer("ab")));
        Assert.Empty(Directory.GetFiles(folder.Path));
    }

    internal static long[] Tokens(TokenShard shard)
    {
        var tokens = new long[shard.Count];
        shard.CopyTo(0, tokens);
        return tokens;
    }

    internal static TokenShard WriteAndOpen(TemporaryFolder folder, ITokenizer tokenizer, Action<TokenShardWriter> write, bool withLossFlags = false, string name = "shard.tokens") =>
        TokenShard.Open(Write(folder, tokenizer, write, withLossFlags, name));

    private static string Write(TemporaryFolder folder, ITokenizer tokenizer, Action<TokenShardWriter> write, bool withLossFlags = false, string name = "shard.tokens")
    {
        using var writer = new TokenShardWriter(folder.File(name), tokenizer, withLossFlags);
        write(writer);
        writer.Complete();
        return folder.File(name);
    }
}

/// <summary>A tokenizer of any vocabulary size that shards can name.</summary>
internal sealed class FakeTokenizer(int vocabularySize) : ITokenizer
{
    public string Name => "fake";

    public string Fingerprint { get; } = Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(BitConverter.GetBytes(vocabularySize)));

    public int VocabularySize => vocabularySize;

    public int? EndOfTextId => null;

    public int[] Encode(string text) => text.Select(c => (int)c).ToArray();

    public string Decode(ReadOnlySpan<int> ids) => string.Concat(ids.ToArray().Select(id => (char)id));

    public IReadOnlyList<TokenSpan> EncodeWithSpans(string text) => text.Select((c, i) => new TokenSpan(c, i, 1)).ToList();
}
