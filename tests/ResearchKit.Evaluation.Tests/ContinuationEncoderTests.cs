using System.Text.Json;
using ResearchKit.Core;
using ResearchKit.Core.Tokenization;
using ResearchKit.Testing;

namespace ResearchKit.Evaluation.Tests;

public class ContinuationEncoderTests
{
    public static TheoryData<string, string, int[], int[]> GoldenPairs()
    {
        using var golden = JsonDocument.Parse(File.ReadAllText(Path.Combine(SharedData.Golden, "harness-encode.json")));
        int[] Ids(JsonElement array) => [.. array.EnumerateArray().Select(id => id.GetInt32())];
        var data = new TheoryData<string, string, int[], int[]>();
        foreach (var pair in golden.RootElement.GetProperty("encode_pair").EnumerateArray())
        {
            data.Add(pair.GetProperty("context").GetString()!, pair.GetProperty("continuation").GetString()!, Ids(pair.GetProperty("context_ids")), Ids(pair.GetProperty("continuation_ids")));
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(GoldenPairs))]
    public void PairsAreSplitAsTheHarnessSplitsThem(string context, string continuation, int[] contextIds, int[] continuationIds)
    {
        var (c, k) = new ContinuationEncoder(BytePairTokenizer.Gpt2()).EncodePair(context, continuation);
        Assert.Equal(contextIds, c);
        Assert.Equal(continuationIds, k);
    }

    [Fact]
    public void AFusedContinuationIsEncodedByItselfSoThatThereIsSomethingToScore()
    {
        var tokenizer = BytePairTokenizer.Gpt2();
        var (context, continuation) = new ContinuationEncoder(tokenizer).Encode("inter", "national");
        Assert.Equal(tokenizer.Encode("inter"), context);
        Assert.Equal(tokenizer.Encode("national"), continuation);
    }

    [Theory]
    [InlineData(Gpt1PreProcessing.Original, "a\na", 1)]                   // the line break between two words
    [InlineData(Gpt1PreProcessing.HuggingFaceFallback, ".", 0)]           // which knows no line breaks
    public void AnEmptyContextOfGpt1IsWhatEndsASentence(Gpt1PreProcessing preProcessing, string text, int place)
    {
        var tokenizer = Gpt1Tokenizer.FromFolder(SharedData.FolderOrSkip("vocab/gpt1"), preProcessing);
        var (context, continuation) = new ContinuationEncoder(tokenizer).Encode("", "the cat sat .");
        Assert.Equal([tokenizer.Encode(text)[place]], context);
        Assert.Equal(tokenizer.Encode("the cat sat ."), continuation);
    }

    [Fact]
    public void ContextsThatAreEqualAreOneArray()
    {
        var encoder = new ContinuationEncoder(new LetterTokenizer());
        Assert.Same(encoder.Encode("x:", " a").Context, encoder.Encode("x:", " b").Context);
    }

    [Fact]
    public void APrefixTokenOutsideTheVocabularyIsRefused() =>
        Assert.Contains("70000", Assert.Throws<ConfigException>(() => new ContinuationEncoder(new LetterTokenizer(), 70000)).Message);
}
