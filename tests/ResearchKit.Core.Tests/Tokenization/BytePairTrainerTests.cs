using FsCheck.Xunit;
using ResearchKit.Core.Tokenization;
using ResearchKit.Testing;

namespace ResearchKit.Core.Tests.Tokenization;

public class BytePairTrainerTests
{
    [Fact]
    public void TheMostFrequentPairMergesFirstAndTiesGoToTheLowestIds()
    {
        // (a,b) occurs 4 times; then (Ġ,ab), 3 times; then (ab,x) and (Ġab,c) twice each, where ab has the lower id.
        var tokenizer = BytePairTrainer.Train(["abx ab abc abc", "abx"], 257 + 4);
        Assert.Equal(["ab", "Ġab", "abx", "Ġabc", "<|endoftext|>"], Entries(tokenizer));
        Assert.Equal(260, tokenizer.EndOfTextId);
    }

    [Fact]
    public void OverlappingPairsMergeFromTheLeft()
    {
        var tokenizer = BytePairTrainer.Train(["aaaaa", "aaaaa"], 257 + 3);    // aa aa a, then aa aaa
        Assert.Equal(["aa", "aaa", "aaaaa", "<|endoftext|>"], Entries(tokenizer));
    }

    [Fact]
    public void TheOrderOfTheTextsDoesNotMatter()
    {
        string[] texts = ["the cat sat on the mat", "the dog sat on the log", "cats and dogs and mats"];
        var forward = BytePairTrainer.Train(texts, 270);
        Assert.Equal(forward.Fingerprint, BytePairTrainer.Train(texts.Reverse(), 270).Fingerprint);
        Assert.NotEqual(forward.Fingerprint, BytePairTrainer.Train(texts, 271).Fingerprint);
    }

    [Fact]
    public void TooLargeAVocabularyNamesTheLargestPossible()
    {
        var error = Assert.Throws<ConfigException>(() => BytePairTrainer.Train(["abab"], 1000));
        Assert.Contains("at most 258", error.Message, StringComparison.Ordinal);
        Assert.Equal(258, BytePairTrainer.Train(["abab"], 258).VocabularySize);
        Assert.Throws<ConfigException>(() => BytePairTrainer.Train(["abab"], 256));
    }

    [Fact]
    public void ATrainedVocabularyLoadsWithItsIdsAndKeepsEveryText()
    {
        using var folder = new TemporaryFolder();
        var trained = BytePairTrainer.Train(["it's the end of the world and the end of the word"], 265);
        TokenizerFolder.Save(trained, folder.Path);
        var loaded = TokenizerFolder.Load(folder.Path);
        Assert.Equal(trained.Fingerprint, loaded.Fingerprint);
        Assert.Equal("anything 🎉 else", loaded.Decode(loaded.Encode("anything 🎉 else")));
    }

    [Property(MaxTest = 60, Arbitrary = [typeof(Texts)])]
    public void EveryMergeIsTheMostFrequentPairOfARecount(ValidText[] texts)
    {
        var all = texts.Select(t => t.Value).Append("abcdefghijklmnopqrst abab cdcd").ToArray();
        Assert.Equal(RecountedMerges(all, 12), Entries(BytePairTrainer.Train(all, 257 + 12, minimumPairCount: 1)).SkipLast(1));
    }

    /// <summary>The plain definition: recount all pairs before each merge.</summary>
    private static List<string> RecountedMerges(string[] texts, int mergeCount)
    {
        var entries = ByteSymbols.InVocabularyOrder.Select(b => ByteSymbols.ToSymbols([b])).ToList();
        var words = texts.SelectMany(BytePairTokenizerTests.Pieces)
            .Select(piece => ByteSymbols.ToSymbols(System.Text.Encoding.UTF8.GetBytes(piece)).Select(c => entries.IndexOf(c.ToString())).ToList())
            .ToList();
        for (var merge = 0; merge < mergeCount; merge++)
        {
            var (left, right) = words.SelectMany(w => w.Zip(w.Skip(1))).GroupBy(pair => pair)
                .OrderByDescending(g => g.Count()).ThenBy(g => g.Key.First).ThenBy(g => g.Key.Second).First().Key;
            entries.Add(entries[left] + entries[right]);
            foreach (var word in words)
            {
                for (var i = 0; i + 1 < word.Count; i++)
                {
                    if ((word[i], word[i + 1]) == (left, right)) word.Splice(i, entries.Count - 1);
                }
            }
        }

        return entries[256..];
    }

    private static IEnumerable<string> Entries(BytePairTokenizer tokenizer) => Enumerable.Range(256, tokenizer.VocabularySize - 256).Select(tokenizer.Entry);
}

file static class ListExtensions
{
    public static void Splice(this List<int> word, int at, int result)
    {
        word[at] = result;
        word.RemoveAt(at + 1);
    }
}
