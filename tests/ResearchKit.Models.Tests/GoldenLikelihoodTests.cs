using ResearchKit.Core;
using ResearchKit.Models.Tests.Reference;

namespace ResearchKit.Models.Tests;

public class GoldenLikelihoodTests
{
    public static TheoryData<string> Cases => Golden.CasesWith("loglikelihood.json");

    [Theory]
    [MemberData(nameof(Cases))]
    public void LogLikelihoodsEqualTheHarness(string folder)
    {
        using var model = new GptLanguageModel(GoldenModel.Load(folder), folder, "");
        var stored = Golden.Json(folder, "loglikelihood.json").GetProperty("requests").EnumerateArray().ToArray();
        var requests = stored.Select(item => new LikelihoodRequest(Golden.Ids(item.GetProperty("context")), Golden.Ids(item.GetProperty("continuation")))).ToArray();
        var scores = model.LogLikelihood(requests);
        foreach (var (item, score) in stored.Zip(scores))
        {
            var name = item.GetProperty("name").GetString();
            var expected = item.GetProperty("token_logprobs").EnumerateArray().Select(value => value.GetDouble()).ToArray();
            Assert.Equal(expected.Length, score.TokenLogProbabilities.Length);
            foreach (var (e, a) in expected.Zip(score.TokenLogProbabilities)) Assert.True(Math.Abs(e - a) <= Tolerance.Loss, $"{name}: {e} and {a}");
            Assert.Equal(item.GetProperty("logprob").GetDouble(), score.LogProbability, Tolerance.Loss * expected.Length);
            Assert.Equal(item.GetProperty("is_greedy").GetBoolean(), score.IsGreedy);
            Assert.Equal(item.GetProperty("dropped_from_left").GetInt32(), score.DroppedTokenCount);
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void RollingLogLikelihoodsEqualTheHarness(string folder)
    {
        using var model = new GptLanguageModel(GoldenModel.Load(folder), folder, "");
        var stored = Golden.Json(folder, "loglikelihood.json").GetProperty("rolling").EnumerateArray().ToArray();
        foreach (var group in stored.GroupBy(item => item.GetProperty("prefix_token").GetInt32()))
        {
            var scores = model.RollingLogLikelihood([.. group.Select(item => Golden.Ids(item.GetProperty("tokens")))], group.Key);
            foreach (var (item, score) in group.Zip(scores))
            {
                Assert.Equal(item.GetProperty("tokens").GetArrayLength(), score.Length);
                Assert.Equal(item.GetProperty("logprob").GetDouble(), score.Sum(), Tolerance.Loss * score.Length);
            }
        }
    }
}
