using FsCheck.Xunit;
using ResearchKit.Core;
using ResearchKit.Core.Configuration;
using ResearchKit.Core.Random;
using ResearchKit.Models.Tests.Reference;
using ResearchKit.Testing;

namespace ResearchKit.Models.Tests;

public class ScoringProperties
{
    [Property(MaxTest = 120)]
    public void SharingContextsChangesNoScore(int seed)
    {
        var random = new CounterRandom(seed, "sharing");
        var config = TinyModel.Config(seed);
        using var gpt = TinyModel.Of(config, seed);
        var requests = Requests(random, config, random.Next(1, 30));
        var plain = new GptLanguageModel(gpt, "", "", new ScoringOptions { ShareContexts = false, TokenBudget = random.Next(1, 100) });
        var sharing = new GptLanguageModel(gpt, "", "", new ScoringOptions
        {
            TokenBudget = random.Next(1, 100),
            MinTokensBelow = random.Next(1, 30),
            MinTokensSaved = random.Next(1, 20),
            RowLengthBehindCache = random.Next(1, 40),
        });
        var expected = plain.LogLikelihood(requests);
        var actual = sharing.LogLikelihood(requests);
        for (var i = 0; i < requests.Length; i++)
        {
            Assert.Equal(requests[i].Continuation.Length, actual[i].TokenLogProbabilities.Length);
            foreach (var (e, a) in expected[i].TokenLogProbabilities.Zip(actual[i].TokenLogProbabilities)) Assert.Equal(e, a, Tolerance.Cache);
            Assert.Equal(expected[i].IsGreedy, actual[i].IsGreedy);
            Assert.Equal(expected[i].DroppedTokenCount, actual[i].DroppedTokenCount);
        }

        Assert.Equal(plain.Statistics.TokensWithoutSharing, plain.Statistics.TokensEncoded);
        Assert.Equal(plain.Statistics.TokensWithoutSharing, sharing.Statistics.TokensWithoutSharing);
        Assert.True(sharing.Statistics.TokensEncoded <= sharing.Statistics.TokensWithoutSharing);
    }

    [Property(MaxTest = 40)]
    public void BatchInvariantScoresAreTheSameBitsInAnyCompany(int seed)
    {
        var random = new CounterRandom(seed, "company");
        var config = TinyModel.Config(seed);
        using var gpt = TinyModel.Of(config, seed);
        var model = new GptLanguageModel(gpt, "", "", new ScoringOptions { BatchInvariant = true });
        var requests = Requests(random, config, random.Next(2, 15));
        var scores = model.LogLikelihood(requests);
        var order = random.Sample(requests.Length, random.Next(1, requests.Length + 1));
        var other = model.LogLikelihood([.. order.Select(index => requests[index])]);
        for (var i = 0; i < order.Length; i++) Assert.Equal(scores[order[i]].TokenLogProbabilities, other[i].TokenLogProbabilities);
    }

    [Fact]
    public void SharedBeginningsAreEncodedOnce()
    {
        var config = TinyModel.Config(1) with { ContextLength = 24, VocabularySize = 10, Attention = [new DenseAttention(), new LocalAttention(5)], LayerCount = 2 };
        using var model = new GptLanguageModel(TinyModel.Of(config, 1), "", "", new ScoringOptions { MinTokensBelow = 1, MinTokensSaved = 1 });
        int[] demonstrations = [1, 2, 3, 4, 5, 6, 7, 8];
        // Two items behind the same demonstrations, two choices of two tokens each: 8 + 2 · (2 + 2 · 1) tokens, not 4 · 11.
        LikelihoodRequest[] requests = [.. new[] { 4, 5 }.SelectMany(item => new[] { 6, 7 }.Select(choice => new LikelihoodRequest([.. demonstrations, item, 9], [choice, 3])))];
        model.LogLikelihood(requests);
        Assert.Equal(44, model.Statistics.TokensWithoutSharing);
        Assert.Equal(8 + 2 * (2 + 2), model.Statistics.TokensEncoded);
    }

    [Fact]
    public void SingleTokenAnswersCostOnePassForAllChoices()
    {
        using var model = new GptLanguageModel(TinyModel.Of(TinyModel.Config(2), 2), "", "");
        model.LogLikelihood([.. Enumerable.Range(0, 4).Select(choice => new LikelihoodRequest([1, 2, 3], [choice]))]);
        Assert.Equal(new ScoringStatistics(4, 12, 3, 1), model.Statistics);
    }

    [Property(MaxTest = 40)]
    public void ChoicesOfOneTokenAreADistribution(int seed)
    {
        var config = TinyModel.Config(seed);
        using var model = new GptLanguageModel(TinyModel.Of(config, seed), "", "");
        var context = TinyModel.Ids(new CounterRandom(seed, "context"), config, 3);
        var scores = model.LogLikelihood([.. Enumerable.Range(0, config.VocabularySize).Select(id => new LikelihoodRequest(context, [id]))]);
        Assert.Equal(1, scores.Sum(score => Math.Exp(score.LogProbability)), 1e-4);
        Assert.Equal(scores.MaxBy(score => score.LogProbability), scores.Single(score => score.IsGreedy));
    }

    [Fact]
    public void ABadRequestSaysWhichAndWhy()
    {
        using var model = new GptLanguageModel(TinyModel.Of(TinyModel.Config(3) with { ContextLength = 6 }, 3), "", "");
        void Fails(string part, int[] context, int[] continuation) =>
            Assert.Contains(part, Assert.Throws<ArgumentException>(() => model.LogLikelihood([new([1], [1]), new(context, continuation)])).Message);
        Fails("Request 1: the context is empty", [], [1]);
        Fails("Request 1: the continuation is empty", [1], []);
        Fails("Request 1: id 99", [99], [1]);
        Fails("Request 1: id -1", [1], [-1]);
        Fails("has 7 ids, n_ctx is 6", [1], [1, 1, 1, 1, 1, 1, 1]);
    }

    [Fact]
    public void SharedScoringLeavesNoTensorBehindAndStopsWhenAsked()
    {
        var config = TinyModel.Config(4);
        using var model = new GptLanguageModel(TinyModel.Of(config, 4), "", "", new ScoringOptions { MinTokensBelow = 1, MinTokensSaved = 1, TokenBudget = 8 });
        var requests = Requests(new CounterRandom(4, "leak"), config, 20);
        TensorLeak.None(() => model.LogLikelihood(requests));
        using var stopped = new CancellationTokenSource();
        stopped.Cancel();
        TensorLeak.None(() => Assert.Throws<OperationCanceledException>(() => model.LogLikelihood(requests, stopped.Token)));
    }

    /// <summary>Requests that often share beginnings, sometimes whole texts, and sometimes exceed the context.</summary>
    private static LikelihoodRequest[] Requests(CounterRandom random, ModelConfig config, int count)
    {
        var contexts = new List<int[]> { TinyModel.Ids(random, config, 1) };
        for (var i = 0; i < 6; i++)
        {
            var start = random.Pick(contexts);
            contexts.Add([.. start, .. TinyModel.Ids(random, config, random.Next(1, config.ContextLength / 2 + 2))]);
        }

        return [.. Enumerable.Range(0, count).Select(_ => new LikelihoodRequest(
            random.Pick(contexts), [.. Enumerable.Range(0, random.Next(1, config.ContextLength / 2 + 1)).Select(_ => random.Next(random.Next(2) == 0 ? 2 : config.VocabularySize))]))];
    }
}
