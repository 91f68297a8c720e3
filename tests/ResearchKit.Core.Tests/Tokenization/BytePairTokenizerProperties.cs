using System.Text;
using FsCheck;
using FsCheck.Fluent;
using FsCheck.Xunit;
using ResearchKit.Core.Tokenization;

namespace ResearchKit.Core.Tests.Tokenization;

public class BytePairTokenizerProperties
{
    private static readonly BytePairTokenizer Gpt2 = BytePairTokenizer.Gpt2();

    [Property(MaxTest = 500, Arbitrary = [typeof(Texts)])]
    public void DecodeInvertsEncode(ValidText text) => Assert.Equal(text.Value, Gpt2.Decode(Gpt2.Encode(text.Value)));

    [Property(MaxTest = 500, Arbitrary = [typeof(Texts)])]
    public void LoneSurrogatesAreReadAsReplacementCharacters(AnyText text)
    {
        var replaced = Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text.Value));
        Assert.Equal(Gpt2.Encode(replaced), Gpt2.Encode(text.Value));
        Assert.Equal(replaced, Gpt2.Decode(Gpt2.Encode(text.Value)));
    }

    [Property(MaxTest = 500, Arbitrary = [typeof(Texts)])]
    public void SpansTileTheTextAndCarryTheSameIds(AnyText text)
    {
        var spans = Gpt2.EncodeWithSpans(text.Value);
        Assert.Equal(Gpt2.Encode(text.Value), spans.Select(s => s.Id));
        var at = 0;
        foreach (var span in spans)
        {
            Assert.Equal(at, span.Start);
            at += span.Length;
        }

        Assert.Equal(text.Value.Length, at);
    }

    [Property(MaxTest = 500, Arbitrary = [typeof(Texts)])]
    public void AnyBytesComeBackFromTheirIds(byte[] bytes, ValidText text)
    {
        byte[] mixed = [.. bytes, .. Encoding.UTF8.GetBytes(text.Value), .. bytes];
        Assert.Equal(mixed, Gpt2.DecodeBytes(Gpt2.EncodeBytes(mixed)));
        Assert.Equal(Gpt2.Encode(text.Value), Gpt2.EncodeBytes(Encoding.UTF8.GetBytes(text.Value)));
    }

    [Property(MaxTest = 300, Arbitrary = [typeof(Texts)])]
    public void TheHeapMergesAsTheScanDoes(NonEmptyArray<byte> letters, PositiveInt seed)
    {
        // Merges of a random order over four letters, so that late merges make entries that early ones use.
        var random = new Core.Random.CounterRandom(seed.Get, "merges");
        var table = new MergeTable();
        for (var i = 0; i < 12; i++) table.Add(new Merge(random.Next(8), random.Next(8), 4 + random.Next(4)));
        var ids = letters.Get.Select(b => b % 4).ToArray();
        var (scanned, heaped) = (ids.ToArray(), ids.ToArray());
        var merger = new PieceMerger(table);
        var scannedCount = merger.Scan(scanned);
        var heapedCount = merger.MergeByHeap(heaped);
        Assert.Equal(scanned[..scannedCount], heaped[..heapedCount]);
        Assert.Equal(ReferenceMerge(table, ids), scanned[..scannedCount]);
    }

    /// <summary>The loop of <c>encoder.py</c>, word for word.</summary>
    private static List<int> ReferenceMerge(MergeTable table, IEnumerable<int> start)
    {
        var word = start.ToList();
        while (word.Count > 1)
        {
            var best = word.Zip(word.Skip(1)).MinBy(pair => table.RankOf(pair.First, pair.Second));
            var rank = table.RankOf(best.First, best.Second);
            if (rank == MergeTable.NoRank) break;
            var merged = new List<int>();
            for (var i = 0; i < word.Count; i++)
            {
                if (i + 1 < word.Count && (word[i], word[i + 1]) == best)
                {
                    merged.Add(table.ResultOf(rank));
                    i++;
                }
                else
                {
                    merged.Add(word[i]);
                }
            }

            word = merged;
        }

        return word;
    }
}

/// <summary>Any UTF-16, lone surrogates included.</summary>
public sealed record AnyText(string Value);

/// <summary>Valid UTF-16.</summary>
public sealed record ValidText(string Value);

/// <summary>Texts rich in what tokenizers get wrong: spaces, contractions, marks, other planes.</summary>
public static class Texts
{
    private static readonly string[] Parts =
    [
        " ", "  ", "\n", "\r\n", "\t", "\u00A0", "\u3000", "\u0085", "\u2028", "\u200B", "\uFEFF", "\u180E", "\0", "\u001C",
        "'s", "'S", "'ll", "'re", "'", "’", "the", "The", "über", "e\u0301", "ß", "İ", "ñ", "中文", "한", "ا", "½", "٣", "12", "0",
        "𝓗", "𝟙", "𠀀", "🎉", "👩‍👧", "🇬🇧", "\U0010FFFF", "\uFFFD", "<|endoftext|>", "--", "...", "…", "\\", "/", "#", "_",
    ];

    public static Arbitrary<ValidText> Valid() => Gen.Select(Text(valid: true), text => new ValidText(text)).ToArbitrary();

    public static Arbitrary<AnyText> Any() => Gen.Select(Text(valid: false), text => new AnyText(text)).ToArbitrary();

    private static Gen<string> Text(bool valid)
    {
        var part = Gen.Elements(Parts);
        var rune = Gen.Choose(0, 0x10F7FF).Select(value => char.ConvertFromUtf32(value < 0xD800 ? value : value + 0x800));
        var letter = Gen.Choose('a', 'z').Select(value => ((char)value).ToString());
        var unit = Gen.Choose(0, 0xFFFF).Select(value => ((char)value).ToString());
        var surrogate = Gen.Choose(0xD800, 0xDFFF).Select(value => ((char)value).ToString());
        var piece = valid ? Gen.OneOf(part, letter, rune) : Gen.OneOf(part, letter, rune, unit, surrogate);
        return piece.ListOf().Select(string.Concat);
    }
}
