using ResearchKit.Core;
using ResearchKit.Core.Configuration;
using ResearchKit.Models;

namespace ResearchKit.Benchmarking.Cases;

/// <summary>Scoring prompts: the prefix tree against every choice's full text, and the price of batch invariance.</summary>
internal sealed class ScoringSpeed : BenchmarkCase
{
    private const int DemonstrationCount = 32, DemonstrationLength = 24, QuestionLength = 20, ChoiceCount = 4, ChoiceLength = 4;
    private const double Tolerance = 1e-4;                               // nats for a choice of four tokens

    public override string Name => "scoring";

    public override string Description => "Prefix-tree scoring against harness-style scoring (every choice in full, sorted by length, batched) of a 12.7M model: k=32 fixed, k=32 drawn per item, k=0; batch-invariant mode.";

    public override void Run(BenchmarkContext context)
    {
        using var shared = Model(new ScoringOptions());
        using var apart = Model(new ScoringOptions { ShareContexts = false });
        using var invariant = Model(new ScoringOptions { BatchInvariant = true });
        var items = context.Quick ? 8 : 32;
        Measure("k=32, the same demonstrations", Requests(items, DemonstrationCount, fixedDemonstrations: true, ChoiceLength), 10, prices: true);
        Measure("k=32, drawn for each item", Requests(items, DemonstrationCount, fixedDemonstrations: false, ChoiceLength), 3, prices: false);
        Measure("k=0", Requests(items * 8, 0, fixedDemonstrations: true, ChoiceLength), 1, prices: true);
        Measure("k=0, answers of one token", Requests(items * 8, 0, fixedDemonstrations: true, 1), null, prices: false);

        void Measure(string what, List<LikelihoodRequest> requests, double? goal, bool prices)
        {
            IReadOnlyList<LikelihoodScore> ours = [], theirs = [];
            var before = shared.Statistics;
            var turns = new Turns().Add("tree", () => ours = shared.LogLikelihood(requests, context.Cancellation)).Add("harness-style", () => theirs = apart.LogLikelihood(requests, context.Cancellation));
            if (prices) turns.Add("batch-invariant", () => invariant.LogLikelihood(requests, context.Cancellation));
            context.Say(what);
            turns.Run(context.Quick ? 2 : 5, context, warmUp: requests.Count > 100 || !context.Quick);
            var after = shared.Statistics;
            var (ratio, range) = turns.Ratio("tree", "harness-style", context.ComparesCpuTime);
            context.Add(new BenchmarkRow
            {
                Case = context.Case, What = what, Value = requests.Count / ChoiceCount / turns.Seconds("tree"), Unit = "items/s", Repetitions = turns.Count, Against = "harness-style",
                Ratio = ratio, RatioRange = range, RatioOfCpuTime = context.ComparesCpuTime, Goal = goal,
                Note = FormattableString.Invariant($"{(double)(after.TokensWithoutSharing - before.TokensWithoutSharing) / (after.TokensEncoded - before.TokensEncoded):0.0} times fewer tokens"),
            });
            context.Add(new BenchmarkRow
            {
                Case = context.Case, What = $"{what}: largest difference, nats", Value = ours.Zip(theirs, (a, b) => Math.Abs(a.LogProbability - b.LogProbability)).Max(), Repetitions = 1, Against = "full passes", Goal = Tolerance, LessIsBetter = true,
                Note = FormattableString.Invariant($"{Enumerable.Range(0, requests.Count / ChoiceCount).Count(item => Best(ours, item) != Best(theirs, item))} of {requests.Count / ChoiceCount} decisions changed"),
            });
            if (!prices) return;
            var (price, spread) = turns.Ratio("harness-style", "batch-invariant", context.ComparesCpuTime);
            context.Add(new BenchmarkRow { Case = context.Case, What = $"{what}: price of batch invariance", Value = requests.Count / ChoiceCount / turns.Seconds("batch-invariant"), Unit = "items/s", Repetitions = turns.Count, Against = "harness-style takes 1", Ratio = price, RatioRange = spread, RatioOfCpuTime = context.ComparesCpuTime });
        }
    }

    private static int Best(IReadOnlyList<LikelihoodScore> scores, int item) =>
        Enumerable.Range(item * ChoiceCount, ChoiceCount).MaxBy(i => scores[i].LogProbability);

    private static GptLanguageModel Model(ScoringOptions options) => new(new Gpt(Small(1024)), "benchmark", "benchmark", options);

    private static List<LikelihoodRequest> Requests(int items, int k, bool fixedDemonstrations, int choiceLength)
    {
        const int Vocabulary = 5000;
        var requests = new List<LikelihoodRequest>();
        for (var item = 0; item < items; item++)
        {
            var demonstrations = Ids(k * DemonstrationLength, Vocabulary, 1, fixedDemonstrations ? 0 : item);
            var length = QuestionLength - 8 + item * 5 % 17;             // 12 … 28 tokens
            int[] context = [.. demonstrations, .. Ids(length, Vocabulary, 2, item)];
            for (var choice = 0; choice < ChoiceCount; choice++) requests.Add(new LikelihoodRequest(context, Ids(choiceLength, Vocabulary, 3, item, choice)));
        }

        return requests;
    }
}
