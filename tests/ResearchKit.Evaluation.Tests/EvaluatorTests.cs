using ResearchKit.Core;
using ResearchKit.Evaluation.Tasks;
using static ResearchKit.Evaluation.Tests.Examples;

namespace ResearchKit.Evaluation.Tests;

public class EvaluatorTests
{
    // Each letter costs 1 nat, except in the answer "cheap" (0.5 each): sums prefer short answers, means prefer "cheap".
    private static RuleModel LetterPrices() => new((_, text) => [.. text.Select(_ => text.Contains("cheap") ? -0.5 : -1.0)]);

    [Fact]
    public void EveryNormalizationRanksByItsOwnRuleInOnePass()
    {
        var model = LetterPrices();
        var item = Choice("1", "x", 1, "no", "cheaply");                       // " no": -3 over 3 tokens; " cheaply": -4 over 8
        var result = Run(model, Task(new ChoiceScoring(Normalization.PerToken)), Test(item));

        var byRule = result.Items[0].Predictions.ToDictionary(p => p.Rule, p => p.Choice);
        Assert.Equal(0, byRule["sum"]);
        Assert.Equal(1, byRule["per_token"]);
        Assert.Equal(1, byRule["per_character"]);
        Assert.Equal(1, byRule["per_byte"]);
        Assert.Equal("per_token", result.Rule);
        Assert.Equal("per_token", result.Items[0].Predictions[0].Rule);
        Assert.True(result.Items[0].Correct);
        Assert.Equal(1.0, result.Score);
        Assert.Equal(0.0, result.Metrics["accuracy/sum"]);
    }

    [Fact]
    public void CharactersAndBytesAreThoseOfTheAnswerWithoutItsSpace()
    {
        var choice = Run(RuleModel.Uniform(), Task(new ChoiceScoring()), Test(Choice("1", "x", 0, "né", "b"))).Items[0].Choices[0];
        Assert.Equal((" né", "né", 2, 3, 3), (choice.Text, choice.Answer, choice.CharacterCount, choice.ByteCount, choice.TokenIds.Count));
    }

    [Fact]
    public void UnconditionalNormalizationSubtractsTheScoreAfterTheAnswerContext()
    {
        // After the item both answers cost the same; without it, "rare" is much less likely: the item speaks for it.
        var model = new RuleModel((context, text) => [.. text.Select(_ => context == "A:" && text == " rare" ? -9.0 : -1.0)]);
        var result = Run(model, Task(new ChoiceScoring(Normalization.Unconditional, "A:")), Test(Choice("1", "x", 1, "tame", "rare")), new EvaluationOptions { UnconditionalContexts = [] });
        Assert.Equal("unconditional:A:", result.Rule);
        Assert.Equal(1, result.Items[0].Predicted);
        Assert.Equal(0, result.Items[0].Predictions.Single(p => p.Rule == "sum").Choice);
        Assert.Contains(("A:", " rare"), model.Asked);
        Assert.DoesNotContain(model.Asked, asked => asked.Context == "Answer:");
    }

    [Fact]
    public void TheEmptyUnconditionalContextIsThePrefixToken()
    {
        var model = RuleModel.Uniform();
        var result = Run(model, Task(new ChoiceScoring()), Test(Choice("1", "x", 0, "a", "b")), new EvaluationOptions { UnconditionalContexts = [""] });
        Assert.Contains(("\0", " a"), model.Asked);
        Assert.Equal(0, result.PrefixTokenId);
    }

    [Fact]
    public void TiesGoToTheFirstChoiceAndAreCounted()
    {
        var result = Run(RuleModel.Uniform(), Task(new ChoiceScoring()), Test(Choice("1", "x", 1, "a", "b"), Choice("2", "y", 0, "a", "b")));
        Assert.Equal([0, 0], result.Items.Select(item => item.Predicted));
        Assert.Equal(2, result.TiedItemCount);
        Assert.Equal(0.5, result.Score);
    }

    [Fact]
    public void EqualRequestsAreAskedOnceAndInChunks()
    {
        var model = RuleModel.Uniform();
        var items = Enumerable.Range(0, 5).Select(i => Choice($"{i}", $"q{i % 2}", 0, "yes", "no")).ToArray();
        var reports = new List<EvaluationProgress>();
        var result = Evaluator.Run(model, new LetterTokenizer(), Task(new ChoiceScoring()), Test(items),
            new EvaluationOptions { UnconditionalContexts = ["A:"], ChunkSize = 4 }, new InlineProgress<EvaluationProgress>(reports.Add));
        Assert.Equal(20, result.RequestCount);
        Assert.Equal(6, result.DistinctRequestCount);                          // 2 questions × 2 answers, and 2 unconditional
        Assert.Equal(6, model.Asked.Distinct().Count());
        Assert.Equal([4, 2], model.ChunkSizes);
        Assert.Equal([(4, 6), (6, 6)], reports.Select(r => (r.Done, r.Total)));
    }

    [Fact]
    public void PartialScoringComparesContextsByTheSharedContinuation()
    {
        var task = Task(new PartialScoring()) with { Prompt = new PromptTemplate("{answer} was", " {rest}", "\n") };
        var item = new TaskItem { Id = "1", Fields = new Dictionary<string, string> { ["rest"] = "late" }, Choices = ["The train", "The tree"], Gold = 0 };
        var model = new RuleModel((context, text) => [.. text.Select(_ => context.StartsWith("The train") ? -1.0 : -2.0)]);
        var result = Run(model, task, Test(item));
        Assert.Equal([("The train was", " late"), ("The tree was", " late")], model.Asked);
        Assert.Equal((0, true), (result.Items[0].Predicted, result.Items[0].Correct));
    }

    [Fact]
    public void TargetScoringAsksWhetherGreedyDecodingGivesTheAnswer()
    {
        var model = new RuleModel((_, text) => [.. text.Select(_ => -0.5)], context => context == "x:" ? " a" : "?");
        var result = Run(model, Task(new TargetScoring()), Test(Free("1", "x", "a"), Free("2", "y", "bcd")));
        Assert.Equal([1.0, 0.0], result.Items.Select(item => item.Score));
        Assert.Equal(0.5, result.Metrics["accuracy"]);
        Assert.Equal(Math.Exp((1.0 + 2.0) / 2), result.Metrics["target_perplexity"], 12);
    }

    [Fact]
    public void TheLastTokenSpanMovesTheOthersToTheContext()
    {
        var model = RuleModel.Uniform();
        Run(model, Task(new TargetScoring(TargetSpan.LastToken)), Test(Free("1", "x", "abc")));
        Assert.Equal([("x: ab", "c")], model.Asked);
    }

    [Fact]
    public void GenerationStopsAtTheStopStringAndIsCompared()
    {
        var model = new RuleModel((_, _) => [], prompt => prompt.StartsWith('x') ? " Paris.\nQ: next" : " Rome is old");
        var result = Run(model, Task(new GenerationScoring(GenerationMetric.F1)), Test(Free("1", "x", "paris"), Free("2", "y", "Rome", "Roma")));
        Assert.Equal([" Paris.", " Rome is old"], result.Items.Select(item => item.Generated));
        Assert.Equal(1.0, result.Items[0].Score);
        Assert.Equal(0.5, result.Items[1].Score, 12);                          // 1 word of 3 and 1: 2/(3+1)
        Assert.Equal("f1", result.Metric);
        Assert.Equal(0.5, result.Metrics["normalized_exact_match"]);
    }

    [Fact]
    public void PerplexityIsPerTokenWordAndByte()
    {
        var task = Task(new PerplexityScoring("raw"), "{text}");
        var item = new TaskItem { Id = "1", Fields = new Dictionary<string, string> { ["text"] = "ab cd", ["raw"] = "ab  cd ef" } };
        var metrics = Run(RuleModel.Uniform(-2), task, Test(item)).Metrics;
        Assert.Equal(Math.Exp(2), metrics["token_perplexity"], 10);
        Assert.Equal(Math.Exp(10.0 / 3), metrics["word_perplexity"], 10);
        Assert.Equal(Math.Exp(10.0 / 9), metrics["byte_perplexity"], 10);
        Assert.Equal(10.0 / 9 / Math.Log(2), metrics["bits_per_byte"], 10);
    }

    [Fact]
    public void ALimitTakesTheSameItemsForEveryShotCountAndNestsThem()
    {
        var items = Enumerable.Range(0, 50).Select(i => Choice($"{i}", $"{i}", 0, "a", "b")).ToArray();
        var splits = new TaskSplits([.. Enumerable.Range(0, 9).Select(i => Choice($"t{i}", $"t{i}", 0, "a", "b"))], [], items);
        string[] Ids(int limit, int shots) => [.. Run(RuleModel.Uniform(), Task(new ChoiceScoring()), splits, new EvaluationOptions { Limit = limit, Shots = shots }).Items.Select(item => item.Id)];
        Assert.Equal(Ids(10, 0), Ids(10, 4));
        Assert.Subset(Ids(20, 0).ToHashSet(), Ids(10, 0).ToHashSet());
        Assert.NotEqual(items.Take(10).Select(item => item.Id), Ids(10, 0));
        Assert.Equal(50, Ids(99, 0).Length);
    }

    [Theory]
    [InlineData(27, 4)]
    [InlineData(26, 3)]
    [InlineData(21, 3)]
    [InlineData(20, 2)]
    [InlineData(3, 0)]
    public void ReducingShotsDropsWholeDemonstrationsUntilThePromptFits(int contextLength, int expected)
    {
        // A demonstration "tN: a\n" takes 6 letters, the item "x:" with " b" 4, and context + 1 of them fit.
        var model = new RuleModel((_, text) => new double[text.Length]) { ContextLength = contextLength };
        var result = Run(model, Task(new ChoiceScoring()), FourDemonstrations(), new EvaluationOptions { Shots = 4, UnconditionalContexts = [] });
        Assert.Equal((expected, 0, expected < 4 ? 1 : 0), (result.Items[0].ShotsUsed, result.Items[0].DroppedTokenCount, result.ReducedItemCount));
        Assert.EndsWith("x:", result.Items[0].Prompt);
        Assert.Equal(expected, result.Items[0].Prompt.Count(c => c == '\n'));
    }

    [Fact]
    public void TruncatingLeftKeepsAllDemonstrationsAndReportsWhatWasCut()
    {
        var model = new RuleModel((_, text) => new double[text.Length]) { ContextLength = 22 };
        var result = Run(model, Task(new ChoiceScoring()), FourDemonstrations(),
            new EvaluationOptions { Shots = 4, UnconditionalContexts = [], Overflow = OverflowPolicy.TruncateLeft });
        Assert.Equal((4, 5, 1), (result.Items[0].ShotsUsed, result.Items[0].DroppedTokenCount, result.TruncatedItemCount));
    }

    [Fact]
    public void TheErrorPolicyNamesTheItem()
    {
        var model = new RuleModel((_, text) => new double[text.Length]) { ContextLength = 22 };
        var error = Assert.Throws<ConfigException>(() => Run(model, Task(new ChoiceScoring()), FourDemonstrations(),
            new EvaluationOptions { Shots = 4, UnconditionalContexts = [], Overflow = OverflowPolicy.Error }));
        Assert.Contains("item test/0", error.Message);
        Assert.Contains("5 tokens too long", error.Message);
    }

    [Fact]
    public void AnAnswerLongerThanTheContextIsAPersonsMistake()
    {
        var model = new RuleModel((_, text) => new double[text.Length]) { ContextLength = 4 };
        var error = Assert.Throws<ConfigException>(() => Run(model, Task(new ChoiceScoring()), Test(Choice("1", "x", 0, "abcdef", "b"))));
        Assert.Contains("7 tokens", error.Message);
    }

    [Fact]
    public void ALogProbabilityThatIsNotANumberStopsTheRun()
    {
        var error = Assert.Throws<InvalidOperationException>(() => Run(RuleModel.Uniform(double.NaN), Task(new ChoiceScoring()), Test(Choice("1", "x", 0, "a", "b"))));
        Assert.Contains("not a number", error.Message);
    }

    [Fact]
    public void EqualArgumentsGiveEqualResults()
    {
        var splits = FourDemonstrations();
        string Once() => System.Text.Json.JsonSerializer.Serialize(Run(LetterPrices(), Task(new ChoiceScoring()), splits, new EvaluationOptions { Shots = 2, Seed = 7 }));
        Assert.Equal(Once(), Once());
    }

    [Fact]
    public void ARememberingModelAnswersOtherProtocolsOfTheSamePromptWithoutAsking()
    {
        var model = LetterPrices();
        using var remembering = new RememberingLanguageModel(model);
        var splits = Test(Choice("1", "x", 1, "no", "cheaply"));
        var first = Run(remembering, Task(new ChoiceScoring(Normalization.Sum)), splits);
        var asked = model.Asked.Count;
        var second = Run(remembering, Task(new ChoiceScoring(Normalization.Unconditional, "A:")), splits);
        Assert.Equal(asked, model.Asked.Count);
        Assert.Equal(asked, remembering.KnownCount);
        Assert.Equal(first.Items[0].Choices[0].TokenLogProbabilities, second.Items[0].Choices[0].TokenLogProbabilities);
    }

    [Fact]
    public void ResultsSurviveJsonThatRefusesUnknownKeys()
    {
        var options = new System.Text.Json.JsonSerializerOptions
        {
            PropertyNamingPolicy = System.Text.Json.JsonNamingPolicy.SnakeCaseLower,
            UnmappedMemberHandling = System.Text.Json.Serialization.JsonUnmappedMemberHandling.Disallow,
        };
        var result = Run(LetterPrices(), Task(new ChoiceScoring()), FourDemonstrations(), new EvaluationOptions { Shots = 2 });
        var json = System.Text.Json.JsonSerializer.Serialize(result, options);
        var read = System.Text.Json.JsonSerializer.Deserialize<TaskResult>(json, options)!;
        Assert.Equal(json, System.Text.Json.JsonSerializer.Serialize(read, options));
        Assert.Contains("\"overflow\":\"reduce_shots\"", json);
        Assert.Equal(result.Metrics["accuracy/per_token"], ResearchKit.Evaluation.Metrics.TaskMetrics.Value("accuracy/per_token", read.Items));
    }

    [Fact]
    public void AnswersAsLongAsTheContextAreRefusedBeforeAnythingRuns()
    {
        var model = new RuleModel((_, _) => [], _ => "") { ContextLength = 16 };
        Assert.Contains("1 to 15", Assert.Throws<ConfigException>(() => Run(model, Task(new GenerationScoring(GenerationMetric.F1, 16)), Test(Free("1", "x", "a")))).Message);
    }

    private static TaskSplits FourDemonstrations() =>
        new([.. Enumerable.Range(0, 4).Select(i => Choice($"train/{i}", $"t{i}", 0, "a", "b"))], [], [Choice("test/0", "x", 0, "a", "b")]);
}
