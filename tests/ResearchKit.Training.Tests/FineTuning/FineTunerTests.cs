using FsCheck.Xunit;
using ResearchKit.Core;
using ResearchKit.Core.Configuration;
using ResearchKit.Core.Random;
using ResearchKit.Core.Tasks;
using ResearchKit.Models;
using ResearchKit.Testing;
using ResearchKit.Training.FineTuning;
using TorchSharp;
using static TorchSharp.torch;

namespace ResearchKit.Training.Tests.FineTuning;

public sealed class FineTunerTests
{
    private static readonly ModelConfig Tiny = new() { LayerCount = 2, HeadCount = 2, EmbeddingSize = 16, ContextLength = 16, VocabularySize = 26 };

    private static readonly FineTuneRecipe Fast = new() { Epochs = 12, BatchSize = 16, LearningRate = 0.01, Warmup = 0.1 };

    public static TheoryData<TaskKind, NormPlacement> KindsAndFamilies() => new(
        from kind in Enum.GetValues<TaskKind>() from norm in Enum.GetValues<NormPlacement>() select (kind, norm));

    [Theory, MemberData(nameof(KindsAndFamilies))]
    public void EveryKindIsLearnedByEveryFamily(TaskKind kind, NormPlacement norm)
    {
        using var model = new Gpt(Tiny with { Norm = norm }, 1);
        var result = FineTuner.Run(model, new LetterTokenizer(), Fast, 2, Examples(kind, 160, 1), Examples(kind, 40, 2), Examples(kind, 60, 3), 7);
        var right = result.Test.Zip(Examples(kind, 60, 3)).Count(pair => pair.First.Predicted == pair.Second.Label);
        Assert.True(right >= 50, $"{right} of 60 right; " + string.Join(" ", result.Epochs.Select(epoch => $"{epoch.TrainTaskLoss:f2}/{epoch.ValidAccuracy:f2}")));
        Assert.True(result.Epochs[^1].TrainLoss < result.Epochs[0].TrainLoss);
        Assert.Equal(Examples(kind, 60, 3).Select(example => example.Id), result.Test.Select(prediction => prediction.Id));
        Assert.All(result.Test, prediction => Assert.Equal(1, prediction.LogProbabilities.Sum(Math.Exp), 1e-9));
        Assert.Equal(result.Epochs.Max(epoch => epoch.ValidAccuracy), result.Epochs[result.BestEpoch - 1].ValidAccuracy);
    }

    [Fact]
    public void TheSeedDecidesEveryBit()
    {
        using var model = new Gpt(Tiny, 1);
        var dropping = Fast with { Epochs = 2, ModelDropout = 0.2 };
        double[] Run(long seed) => FineTuner.Run(model, new LetterTokenizer(), dropping, 2, Examples(TaskKind.Entailment, 40, 1), [], Examples(TaskKind.Entailment, 20, 3), seed)
            .Test.SelectMany(prediction => prediction.LogProbabilities).ToArray();
        Assert.Equal(Run(5), Run(5));
        Assert.NotEqual(Run(5), Run(6));
    }

    [Fact]
    public void ThePretrainedModelIsLeftAsItWas()
    {
        using var model = new Gpt(Tiny, 1);
        var before = WeightsHash.Of(model);
        FineTuner.Run(model, new LetterTokenizer(), Fast with { Epochs = 1 }, 2, Examples(TaskKind.Classification, 32, 1), [], [], 1);
        Assert.Equal(before, WeightsHash.Of(model));
    }

    [Theory]
    [InlineData(70, 32, 3, 6)]                                           // ⌊70 / 32⌋ · 3: the last partial batch is dropped
    [InlineData(64, 32, 2, 4)]
    [InlineData(5, 32, 3, 3)]                                            // fewer than a batch: one batch of all
    public void UpdatesAreCountedAsInTheReleasedCode(int examples, int batch, int epochs, int expected)
    {
        using var model = new Gpt(Tiny, 1);
        var steps = new List<FineTuneProgress>();
        FineTuner.Run(model, new LetterTokenizer(), Fast with { BatchSize = batch, Epochs = epochs }, 2, Examples(TaskKind.Classification, examples, 1), [], [], 1, new InlineProgress<FineTuneProgress>(steps.Add));
        Assert.Equal(expected, steps.Count);
        Assert.All(steps, step => Assert.Equal(expected, step.TotalSteps));
        Assert.Equal(Enumerable.Range(1, expected).Select(step => (long)step), steps.Select(step => step.Step));
    }

    [Fact]
    public void TheFirstUpdateHasRateZero()
    {
        using var model = new Gpt(Tiny, 1);
        var once = Fast with { Epochs = 1, BatchSize = 8 };
        using var tuned = FineTuner.Train(model, new LetterTokenizer(), once, 2, Examples(TaskKind.Classification, 8, 1), [], 1);
        Assert.Equal(Weights(model)["h.0.mlp.c_fc.weight"], Weights(tuned.Model)["h.0.mlp.c_fc.weight"]);
    }

    [Theory]
    [InlineData(null, true, "h.0,h.1,ln_f,wpe,wte")]
    [InlineData(1, true, "h.0,wpe,wte")]
    [InlineData(0, true, "wpe,wte")]
    [InlineData(null, false, "")]
    public void OnlyWhatTheRecipeTransfersIsPretrained(int? layers, bool pretrained, string expected)
    {
        using var model = new Gpt(Tiny, 1);
        using (no_grad()) foreach (var parameter in model.parameters()) parameter.fill_(0.125);
        using var copy = PreTrainedCopy.Make(model, new FineTuneRecipe { LayersTransferred = layers, Pretrained = pretrained }, 3);
        var own = Weights(copy);
        // The last three rows of the token embedding are the special tokens'.
        var transferred = own.Where(pair => pair.Value.Take(pair.Key == "wte.weight" ? 26 * 16 : int.MaxValue).All(value => value == 0.125f)).Select(pair => pair.Key).ToArray();
        Assert.Equal(expected, string.Join(",", transferred.Select(name => name.StartsWith("h.", StringComparison.Ordinal) ? name[..3] : name.Split('.')[0]).Distinct().Order(StringComparer.Ordinal)));
        Assert.Equal(29, copy.Config.VocabularySize);
        Assert.DoesNotContain(0.125f, own["wte.weight"].Skip(26 * 16));
    }

    [Property(MaxTest = 20)]
    public void GroupingAndPaddingChangeNoLossAndNoPrediction(ushort seed, byte budget)
    {
        using var model = new Gpt(Tiny with { VocabularySize = 29 }, seed);
        using var head = new TaskHead(TaskKind.MultipleChoice, 16, 0, 0, seed);
        var random = new CounterRandom(seed, "grouping");
        string Text() => string.Concat(Enumerable.Range(0, random.Next(6)).Select(_ => (char)('a' + random.Next(26))));
        var transformation = new InputTransformation(new LetterTokenizer(), 26, 16);
        var examples = Enumerable.Range(0, 9).Select(i => transformation.Encode(new($"{i}", new MultipleChoiceInput(Text(), Enumerable.Range(0, 2 + random.Next(3)).Select(_ => Text()).ToArray()), random.Next(2)))).ToArray();
        var objective = new FineTuneObjective(model, head, 0.5, LmSoftmax.Vocabulary);
        (double, float[]) Sum(IEnumerable<ExampleBatch> batches)
        {
            var total = 0.0;
            foreach (var batch in batches)
            {
                using var scope = NewDisposeScope();
                var share = objective.Share(batch, examples.Length, examples.Sum(example => example.Sequences.Count));
                share.Total.backward();
                total += share.Total.ToSingle();
            }

            var gradients = model.parameters().SelectMany(parameter => parameter.grad!.contiguous().data<float>().ToArray()).ToArray();
            foreach (var parameter in model.parameters()) parameter.grad = null;
            return (total, gradients);
        }

        var (one, oneGradients) = Sum(examples.Select(example => new ExampleBatch([example])));
        var (many, manyGradients) = Sum(ExampleBatch.Grouped(examples, budget));
        Assert.Equal(one, many, 1e-5);
        Assert.All(oneGradients.Zip(manyGradients), pair => Assert.Equal(pair.First, pair.Second, 1e-5));
    }

    [Fact]
    public void CandidatesOfAnItemShareTheirDropoutMask()
    {
        using var head = new TaskHead(TaskKind.MultipleChoice, 64, 0, 0.5, 1);
        using var scope = NewDisposeScope();
        random.manual_seed(1);
        var scores = head.call(ones(2, 4, 64)).data<float>().ToArray();
        Assert.Single(scores[..4].Distinct());
        Assert.Single(scores[4..].Distinct());
        Assert.NotEqual(scores[0], scores[4]);
        head.eval();
        Assert.Single(head.call(ones(2, 4, 64)).data<float>().ToArray().Distinct());
    }

    [Fact]
    public void AnswersOfAnyNumberAreScoredTogether()
    {
        using var model = new Gpt(Tiny, 1);
        LabelledExample[] examples = [new("two", new MultipleChoiceInput("a", ["b", "c"]), 1), new("four", new MultipleChoiceInput("a", ["b", "c", "d", "e"]), 3)];
        var result = FineTuner.Run(model, new LetterTokenizer(), Fast with { Epochs = 2 }, 0, examples, examples, examples, 1);
        Assert.Equal([2, 4], result.Test.Select(prediction => prediction.LogProbabilities.Length));
    }

    [Theory]
    [InlineData(3.6, new[] { 0, 0, 0, 0.4, 0.6, 0 })]                    // Tai et al. 2015, §5.2: mass ⌊y⌋ + 1 - y on ⌊y⌋, y - ⌊y⌋ on the next
    [InlineData(0.0, new[] { 1.0, 0, 0, 0, 0, 0 })]
    [InlineData(5.0, new[] { 0, 0, 0, 0, 0, 1.0 })]
    public void AScoreIsADistributionOverItsTwoNeighbours(double score, double[] expected)
    {
        var target = ScoreTarget.Of(new EncodedExample("a", [], (int)Math.Round(score), false) { Score = score }, 6);
        Assert.All(expected.Zip(target), pair => Assert.Equal(pair.First, pair.Second, 1e-12));
    }

    [Fact]
    public void ScoresAreLearnedBetweenTheClasses()
    {
        using var model = new Gpt(Tiny, 1);
        LabelledExample[] examples = [new("low", new SimilarityInput("a", "b"), 0) { Score = 0.4 }, new("high", new SimilarityInput("y", "z"), 2) { Score = 1.7 }];
        var result = FineTuner.Run(model, new LetterTokenizer(), Fast with { Epochs = 80, Lambda = 0 }, 3, examples, examples, examples, 1);
        double Mean(FineTunePrediction prediction) => prediction.LogProbabilities.Select((log, i) => i * Math.Exp(log)).Sum();
        Assert.Equal(0.4, Mean(result.Test[0]), 0.1);
        Assert.Equal(1.7, Mean(result.Test[1]), 0.1);
        // Entropy of the targets: no prediction has less loss.
        var least = -(0.6 * Math.Log(0.6) + 0.4 * Math.Log(0.4) + 0.3 * Math.Log(0.3) + 0.7 * Math.Log(0.7)) / 2;
        Assert.True(result.Epochs[result.BestEpoch - 1].ValidLoss >= least - 1e-9);
        Assert.Equal(result.Epochs.Min(epoch => epoch.ValidLoss), result.Epochs[result.BestEpoch - 1].ValidLoss);
    }

    [Fact]
    public void LambdaZeroLeavesTheLanguageModellingLossOut()
    {
        using var model = new Gpt(Tiny, 1);
        var result = FineTuner.Run(model, new LetterTokenizer(), Fast with { Lambda = 0, Epochs = 1 }, 2, Examples(TaskKind.Classification, 32, 1), [], [], 1);
        Assert.Equal(0, result.Epochs[0].TrainLmLoss);
        Assert.Equal(result.Epochs[0].TrainTaskLoss, result.Epochs[0].TrainLoss, 1e-9);
    }

    [Fact]
    public void WithoutValidationTheLastEpochPredicts()
    {
        using var model = new Gpt(Tiny, 1);
        var result = FineTuner.Run(model, new LetterTokenizer(), Fast with { Epochs = 3 }, 2, Examples(TaskKind.Classification, 16, 1), [], [], 1);
        Assert.Equal(3, result.BestEpoch);
        Assert.All(result.Epochs, epoch => Assert.Null(epoch.ValidAccuracy));
    }

    [Fact]
    public void TheBestEpochsWeightsPredict()
    {
        using var model = new Gpt(Tiny, 1);
        // Wrong labels: what training learns makes validation worse, so an early epoch is the best.
        var valid = Examples(TaskKind.Entailment, 30, 2).Select(example => example with { Label = 1 - example.Label }).ToArray();
        using var tuned = FineTuner.Train(model, new LetterTokenizer(), Fast, 2, Examples(TaskKind.Entailment, 160, 1), valid, 7);
        Assert.True(tuned.BestEpoch < tuned.Epochs[^1].Epoch);
        Assert.True(tuned.Epochs[^1].ValidAccuracy < tuned.Epochs[tuned.BestEpoch - 1].ValidAccuracy);
        var right = tuned.Predict(valid).Zip(valid).Count(pair => pair.First.Predicted == pair.Second.Label);
        Assert.Equal(tuned.Epochs[tuned.BestEpoch - 1].ValidAccuracy!.Value, right / 30.0, 1e-12);
    }

    [Fact]
    public void MistakesAreNamed()
    {
        using var model = new Gpt(Tiny, 1);
        var good = Examples(TaskKind.Classification, 4, 1);
        void Run(FineTuneRecipe recipe, IReadOnlyList<LabelledExample> train) => FineTuner.Run(model, new LetterTokenizer(), recipe, 2, train, [], [], 1);
        var problems = Assert.Throws<ConfigException>(() => Run(new() { Epochs = 0, BatchSize = 0, Lambda = -1, Warmup = 2, ClassifierDropout = 1, ModelDropout = 1, LayersTransferred = 3, LearningRate = 0 }, good)).Problems;
        foreach (var key in new[] { "epochs", "batch_size", "lambda", "warmup", "classifier_dropout", "model_dropout", "layers_transferred", "learning_rate" }) Assert.Contains(problems, problem => problem.Contains($"`{key}`", StringComparison.Ordinal));
        Assert.Throws<ArgumentException>(() => Run(Fast, []));
        Assert.Contains("label 2", Assert.Throws<ArgumentException>(() => Run(Fast, [good[0] with { Label = 2 }])).Message, StringComparison.Ordinal);
        Assert.Contains("score 1.5", Assert.Throws<ArgumentException>(() => Run(Fast, [good[0] with { Score = 1.5 }])).Message, StringComparison.Ordinal);
        Assert.Contains("one kind", Assert.Throws<ArgumentException>(() => Run(Fast, [good[0], new("other", new EntailmentInput("a", "b"), 0)])).Message, StringComparison.Ordinal);
        Assert.Contains("learning_rate", Assert.Throws<FineTuningDivergedException>(() => Run(Fast with { LearningRate = 1e30 }, good)).Message, StringComparison.Ordinal);
        var choice = new LabelledExample("other", new MultipleChoiceInput("a", ["b", "c"]), 0);
        Assert.Contains("one kind", Assert.Throws<ArgumentException>(() => FineTuner.Run(model, new LetterTokenizer(), Fast, 2, good, [], [choice], 1)).Message, StringComparison.Ordinal);
        using var tuned = FineTuner.Train(model, new LetterTokenizer(), Fast with { Epochs = 1 }, 2, good, [], 1);
        Assert.Contains("one kind", Assert.Throws<ArgumentException>(() => tuned.Predict([choice])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void FineTuningLeavesNoTensorBehind()
    {
        using var model = new Gpt(Tiny, 1);
        TensorLeak.None(() => FineTuner.Run(
            model, new LetterTokenizer(), Fast with { Epochs = 2 }, 2, Examples(TaskKind.Similarity, 16, 1), Examples(TaskKind.Similarity, 8, 2), Examples(TaskKind.Similarity, 8, 3), 1));
    }

    private static SortedDictionary<string, float[]> Weights(Gpt model) =>
        new(model.named_parameters().ToDictionary(pair => pair.name, pair => pair.parameter.data<float>().ToArray()), StringComparer.Ordinal);

    /// <summary>Label 1 when the first letter of the (second) text is in the later half of the alphabet; the right answer is the one that is.</summary>
    private static LabelledExample[] Examples(TaskKind kind, int count, long seed) => Enumerable.Range(0, count).Select(i =>
    {
        var random = new CounterRandom(seed, "examples", i);
        var label = random.Next(2);
        string Word(int half) => string.Concat(Enumerable.Range(0, 1 + random.Next(3)).Select(_ => (char)('a' + 13 * half + random.Next(13))));
        StructuredInput input = kind switch
        {
            TaskKind.Classification => new ClassificationInput(Word(label)),
            TaskKind.Entailment => new EntailmentInput(Word(random.Next(2)), Word(label)),
            TaskKind.Similarity => new SimilarityInput(Word(label), Word(label)),
            _ => new MultipleChoiceInput(Word(random.Next(2)), label == 0 ? [Word(1), Word(0)] : [Word(0), Word(1)]),
        };
        return new LabelledExample($"{kind}/{i}", input, label);
    }).ToArray();
}
