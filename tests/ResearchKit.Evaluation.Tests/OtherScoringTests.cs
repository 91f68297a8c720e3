using ResearchKit.Core;
using ResearchKit.Evaluation.Metrics;
using ResearchKit.Evaluation.Tasks;
using static ResearchKit.Evaluation.Tests.Examples;

namespace ResearchKit.Evaluation.Tests;

public class OtherScoringTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(7)]
    [InlineData(10)]
    public void StridedWindowsScoreEveryTokenOnceWithAsMuchContextAsFits(int stride)
    {
        const string text = "abcdefghijklmnopqrstuvwxyz";
        // The log-probability of a letter is minus the number of ids before it.
        var model = new RuleModel((context, continuation) => [.. continuation.Select((_, i) => -(double)(context.Length + i))]) { ContextLength = 10 };
        var item = Free("0", "") with { Fields = new Dictionary<string, string> { ["q"] = text } };
        var scored = Run(model, Task(new PerplexityScoring { Stride = stride }, "{q}"), Test(item)).Items[0].Choices[0];
        Assert.Equal(text.Length, scored.TokenLogProbabilities.Count);
        for (var i = 0; i < 10; i++) Assert.Equal(-(i + 1), scored.TokenLogProbabilities[i]);          // the prefix token and the letters before
        Assert.All(scored.TokenLogProbabilities.Skip(10), (value, i) => Assert.InRange(-value, 11 - stride, 10));
        Assert.Equal(text, string.Concat(model.Asked.Select(request => request.Continuation)));
        Assert.All(model.Asked, request => Assert.True(request.Context.Length + request.Continuation.Length <= 11));
        Assert.All(model.Asked.Skip(1), request => Assert.EndsWith(request.Context, text[..text.IndexOf(request.Continuation, StringComparison.Ordinal)], StringComparison.Ordinal));
    }

    [Fact]
    public void AStrideBeyondTheContextIsRefused()
    {
        var error = Assert.Throws<ConfigException>(() => Run(RuleModel.Uniform(), Task(new PerplexityScoring { Stride = 1001 }, "{q}"), Test(Free("0", "text"))));
        Assert.Contains("between 1 and the model's context of 1000", error.Message);
    }

    [Fact]
    public void TheStopWordFilterLeavesStopWordsOutOfThePrediction()
    {
        // Every letter is a token here, so the one-letter stop words are the filter.
        var model = new FilteringModel(["a", "t", "x"]);                                                // likeliest first
        var splits = Test(Free("0", "one", "x"), Free("1", "two", "t"), Free("2", "three", "z"));
        var filtered = Run(model, Task(new TargetScoring { StopWords = "nltk" }, "{q}") with { Prompt = new("{q}", "{answer}") }, splits);
        Assert.Equal([1, 0, 0], filtered.Items.Select(item => item.Score));                              // a, t, s are stop words; a target among them is never predicted
        Assert.Equal("x", filtered.Items[0].Generated);
        Assert.Equal(0, Run(model, Task(new TargetScoring(), "{q}") with { Prompt = new("{q}", "{answer}") }, splits).Score);
        Assert.Equal(filtered.Metrics["target_perplexity"], Run(model, Task(new TargetScoring(), "{q}") with { Prompt = new("{q}", "{answer}") }, splits).Metrics["target_perplexity"]);
    }

    [Fact]
    public void TheStopWordFilterForbidsNoPiecesOfLongerWords()
    {
        // The target begins with its space, so " a" would be the stop word; "a" alone is a piece of a word.
        var model = new FilteringModel(["a", "x"]);
        var task = Task(new TargetScoring { StopWords = "nltk" }, "{q}") with { Prompt = new("{q}", " {answer}") };
        Assert.Equal("a", Run(model, task, Test(Free("0", "one", "x"))).Items[0].Generated);
    }

    [Fact]
    public void PromptsAreCutBeforeAnAnswerIsWrittenSoThatNoneSlidesOutOfItsContext()
    {
        var model = new RuleModel((_, _) => [], _ => "answer\n");
        Run(model, Task(new GenerationScoring(GenerationMetric.ExactMatch, 8)), Test(Free("0", "q0", "answer")));
        Assert.Equal([ContextOverflow.CutPrompt], model.Generations.Select(options => options.Overflow));
    }

    [Fact]
    public void SampledAnswersHaveASeedOfTheirOwnForEveryItemAndRun()
    {
        long[] Seeds(EvaluationOptions options)
        {
            var model = new RuleModel((_, _) => [], _ => "answer\n");
            Run(model, Task(new GenerationScoring(GenerationMetric.ExactMatch, 8) { TopK = 2 }), Test(Free("0", "q0", "answer"), Free("1", "q1", "answer")), options);
            return [.. model.Generations.Select(generation => generation.Seed)];
        }

        var first = Seeds(new EvaluationOptions { Seed = 1, DemonstrationSeed = 1 });
        Assert.Equal(first, Seeds(new EvaluationOptions { Seed = 1, DemonstrationSeed = 1 }));
        Assert.Equal(4, first.Concat(Seeds(new EvaluationOptions { Seed = 1, DemonstrationSeed = 2 })).Distinct().Count());
    }

    [Fact]
    public void TheStopWordListIsNltks()
    {
        Assert.Equal(179, StopWordList.Get("nltk").Count);
        Assert.Equal(179, StopWordList.Get("nltk").Distinct().Count());
        Assert.Contains("nltk", Assert.Throws<ConfigException>(() => StopWordList.Get("snowball")).Message);
    }

    [Fact]
    public void PromptsOfQuestionsThatMayHaveNoAnswerAreAskedForThatTextToo()
    {
        var model = new RuleModel((context, text) => [.. text.Select(_ => context.Contains("q1") ? -0.1 : -2.0)], _ => " word");
        var task = Task(new GenerationScoring(GenerationMetric.F1, 8) { NoAnswer = "none" }) with { Metrics = [TaskMetric.SquadExact, TaskMetric.NoAnswerExact, TaskMetric.BestExact] };
        var result = Run(model, task, Test(Free("0", "q0", "word"), Free("1", "q1", "none", "")));
        Assert.Equal([-10.0, -0.5], result.Items.Select(item => item.Choices[0].LogProbability), (a, b) => Math.Abs(a - b) < 1e-9);      // " none", letter by letter
        Assert.Equal(["squad_exact", "no_answer_exact", "best_exact"], TaskMetrics.Names(task));
        // Answered rightly, and answered where nothing is right; above a threshold between the two, both are right.
        Assert.Equal((0.5, 0.0, 1.0), (result.Metrics["squad_exact"], result.Metrics["no_answer_exact"], result.Metrics["best_exact"]));
        Assert.Contains("has no log-probability", Assert.Throws<ArgumentException>(() => Run(model, task with { Scoring = new GenerationScoring(GenerationMetric.F1, 8) }, Test(Free("0", "q0", "word")))).Message);
    }

    [Fact]
    public void SummariesKeepTheirFirstSentencesAndMaySpanLines()
    {
        var model = new RuleModel((_, _) => [], _ => " One. \"Two!\" three\nFour. Five.");
        var task = Task(new GenerationScoring(GenerationMetric.Rouge1, 100) { SentenceCount = 3 });
        Assert.Equal("One. \"Two!\" three", Run(model, task, Test(Free("0", "q", "one two three"))).Items[0].Generated);
        Assert.Equal(" One. \"Two!\" three", Run(model, Task(new GenerationScoring(GenerationMetric.Rouge1, 100)), Test(Free("0", "q", "x"))).Items[0].Generated);
    }

    [Fact]
    public void SimilarityIsCorrelatedWithTheMeanOfTheNumbersUnderTheModel()
    {
        // P(0), P(5): 1/4, 3/4 | 1/2, 1/2 | 3/4, 1/4 -> means 3.75, 2.5, 1.25 against 5, 1, 0.
        double[][] chances = [[0.25, 0.75], [0.5, 0.5], [0.75, 0.25]];
        var model = new RuleModel((context, text) => [Math.Log(chances[context[0] - '0'][text == " 5" ? 1 : 0]), 0]);
        TaskItem Item(string id, string score) => Choice(id, id, 0, "0", "5") with { Answers = [score] };
        var task = Task(new ChoiceScoring()) with { Metrics = [TaskMetric.Pearson, TaskMetric.Spearman] };
        var result = Run(model, task, Test(Item("0", "5"), Item("1", "1"), Item("2", "0")), new EvaluationOptions { UnconditionalContexts = [] });
        Assert.Equal(Correlation.Pearson([3.75, 2.5, 1.25], [5, 1, 0]), result.Metrics["pearson"], 9);
        Assert.Equal(1, result.Metrics["spearman"], 9);
        Assert.Equal("pearson", result.Metric);
    }

    /// <summary>Prefers some letters over all others, and generates the first that is not suppressed.</summary>
    private sealed class FilteringModel(string[] preferred) : ILanguageModel
    {
        public string Name => "filtering";

        public string WeightsHash => "";

        public int VocabularySize => 65536;

        public int ContextLength => 100;

        public IReadOnlyList<LikelihoodScore> LogLikelihood(IReadOnlyList<LikelihoodRequest> requests, CancellationToken cancellation = default) =>
            [.. requests.Select(request => new LikelihoodScore([.. request.Continuation.Select(_ => -2.0)], request.Continuation[0] == preferred[0][0], 0))];

        public IReadOnlyList<double[]> RollingLogLikelihood(IReadOnlyList<int[]> texts, int prefixId, CancellationToken cancellation = default) => throw new NotSupportedException();

        public IReadOnlyList<GeneratedText> Generate(IReadOnlyList<GenerationRequest> requests, CancellationToken cancellation = default) =>
            [.. requests.Select(request => new GeneratedText([preferred.Select(letter => (int)letter[0]).First(id => !request.Options.SuppressedTokens.Contains(id))], -1, 0))];

        public void Dispose()
        {
        }
    }
}
