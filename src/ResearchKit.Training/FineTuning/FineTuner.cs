using ResearchKit.Core;
using ResearchKit.Core.Configuration;
using ResearchKit.Core.Random;
using ResearchKit.Core.Tasks;
using ResearchKit.Core.Tokenization;
using ResearchKit.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace ResearchKit.Training.FineTuning;

/// <summary>Fine-tunes a pre-trained model on labelled examples as GPT-1 does; works for every family of <see cref="Gpt"/>. Read <see cref="Train"/> first.</summary>
/// <remarks>
/// The pre-trained model is copied, never changed. Three tokens join its vocabulary: start V, delimiter V + 1, extract V + 2, with random embeddings.
/// The head reads the final state at the extract token, in pre-norm models after the final LayerNorm.
/// Departures from the released code that no recipe changes: dropout falls on embeddings looked up, not on the shared matrix, so the output layer sees whole rows;
/// validation follows every epoch, not also updates 1,000, 2,000 and so on.
/// Equal seeds give equal bits on the CPU at the same number of threads; no other thread may draw from libtorch's generator meanwhile.
/// </remarks>
public static class FineTuner
{
    /// <summary>Padded tokens of one forward pass of a small vocabulary; see <see cref="TokenBudget"/>.</summary>
    private const int MostTokens = 8_192;

    /// <summary>Numbers in the logits of one training pass: 64 million are 256 MB, and their gradient the same again.</summary>
    private const long MostLogits = 1 << 26;

    /// <summary>Fine-tunes and predicts the test examples.</summary>
    /// <param name="pretrained">Where the weights come from; not changed.</param>
    /// <param name="tokenizer">The model's tokenizer.</param>
    /// <param name="recipe">How to train.</param>
    /// <param name="classCount">Number of classes, at least 2; ignored for multiple choice.</param>
    /// <param name="train">At least one example; all splits are of one kind.</param>
    /// <param name="valid">Chooses the best epoch; may be empty.</param>
    /// <param name="test">What is predicted; labels are not looked at.</param>
    /// <param name="seed">Seed of new weights, order and dropout.</param>
    /// <param name="progress">Told after every update; null for nobody.</param>
    /// <param name="cancellation">Stops between updates and between evaluation batches.</param>
    /// <exception cref="ConfigException">The recipe has problems, alone or together with the model.</exception>
    /// <exception cref="ArgumentException">No training examples, mixed kinds, or a label outside its range.</exception>
    /// <exception cref="FineTuningDivergedException">The loss or a gradient is not finite.</exception>
    public static FineTuneResult Run(
        Gpt pretrained, ITokenizer tokenizer, FineTuneRecipe recipe, int classCount, IReadOnlyList<LabelledExample> train, IReadOnlyList<LabelledExample> valid,
        IReadOnlyList<LabelledExample> test, long seed, IProgress<FineTuneProgress>? progress = null, CancellationToken cancellation = default)
    {
        if (train.Count > 0)
        {
            foreach (var example in test) FineTunedModel.RequireKind(example, InputTransformation.KindOf(train[0].Input), nameof(test));
        }

        using var model = Train(pretrained, tokenizer, recipe, classCount, train, valid, seed, progress, cancellation);
        var transformation = Transformation(pretrained, tokenizer, recipe);
        var encoded = test.Select(transformation.Encode).ToArray();
        return new FineTuneResult(model.Predict(encoded, cancellation), model.Epochs, model.BestEpoch, model.TruncatedCount + encoded.Count(example => example.IsTruncated));
    }

    /// <summary>Fine-tunes and hands the model out; the caller disposes it. See <see cref="Run"/> for the arguments.</summary>
    /// <returns>The best epoch's model, in evaluation mode.</returns>
    public static FineTunedModel Train(
        Gpt pretrained, ITokenizer tokenizer, FineTuneRecipe recipe, int classCount, IReadOnlyList<LabelledExample> train, IReadOnlyList<LabelledExample> valid,
        long seed, IProgress<FineTuneProgress>? progress = null, CancellationToken cancellation = default)
    {
        Check(pretrained, tokenizer, recipe, classCount, train, valid);
        var kind = InputTransformation.KindOf(train[0].Input);
        var transformation = Transformation(pretrained, tokenizer, recipe);
        var (trainSet, validSet) = (train.Select(transformation.Encode).ToArray(), valid.Select(transformation.Encode).ToArray());
        var gpt = PreTrainedCopy.Make(pretrained, recipe, seed);
        var head = new TaskHead(kind, gpt.Config.EmbeddingSize, classCount, recipe.ClassifierDropout, Derived(seed, "task head"));
        head.to(gpt.Device);
        var model = new FineTunedModel(gpt, head, transformation, TokenBudget(gpt.Config))
        {
            TruncatedCount = trainSet.Count(example => example.IsTruncated) + validSet.Count(example => example.IsTruncated),
        };
        try
        {
            Fit(model, recipe, trainSet, validSet, seed, progress, cancellation);
            return model;
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    private static void Fit(
        FineTunedModel model, FineTuneRecipe recipe, EncodedExample[] train, EncodedExample[] valid, long seed, IProgress<FineTuneProgress>? progress, CancellationToken cancellation)
    {
        var batchSize = Math.Min(recipe.BatchSize, train.Length);
        var stepsPerEpoch = train.Length / batchSize;                    // what remains of an epoch is dropped
        var totalSteps = (long)stepsPerEpoch * recipe.Epochs;
        var schedule = new Gpt1LinearSchedule { Warmup = recipe.Warmup };
        var objective = new FineTuneObjective(model.Model, model.Head, recipe.Lambda, recipe.LmSoftmax);
        using var optimizer = Optimizer.Create(
            [.. OptimizerGroups.Of(model.Model, recipe.Optimizer.DecayRule), .. OptimizerGroups.Of(model.Head, recipe.Optimizer.DecayRule, "head.")], recipe.Optimizer);
        using var best = new KeptWeights(optimizer);
        var history = new List<FineTuneEpoch>();
        for (var epoch = 1; epoch <= recipe.Epochs; epoch++)
        {
            model.Model.train();
            model.Head.train();
            var order = train.ToArray();
            new CounterRandom(seed, "fine-tuning order", epoch).Shuffle(order.AsSpan());
            var (total, task, lm) = (0.0, 0.0, 0.0);
            for (var i = 0; i < stepsPerEpoch; i++)
            {
                cancellation.ThrowIfCancellationRequested();
                var step = optimizer.StepCount;
                var losses = Update(objective, optimizer, order.AsSpan(i * batchSize, batchSize).ToArray(), TokenBudget(model.Model.Config), seed, recipe.LearningRate * schedule.FactorAt(step, 0, totalSteps));
                (total, task, lm) = (total + losses.Total, task + losses.Task, lm + losses.Lm);
                progress?.Report(new FineTuneProgress(epoch, recipe.Epochs, step + 1, totalSteps, losses.Total));
            }

            var predictions = model.Predict(valid, cancellation);
            var right = predictions.Zip(valid).Count(pair => pair.First.Predicted == pair.Second.Label);
            double? accuracy = valid.Length == 0 ? null : (double)right / valid.Length;
            double? loss = valid.Length == 0 ? null : predictions.Zip(valid).Average(pair => Loss(pair.First.LogProbabilities, pair.Second));
            history.Add(new FineTuneEpoch(epoch, total / stepsPerEpoch, task / stepsPerEpoch, lm / stepsPerEpoch, accuracy, loss));
            // Scores are predicted as a mean over the classes, which the most likely class says little about.
            if (recipe.SelectBest && (valid.Any(example => example.Score is not null) ? -loss : accuracy) is { } value) best.KeepIfBetter(value, epoch);
        }

        (model.Epochs, model.BestEpoch) = (history, best.RestoreBest() ?? recipe.Epochs);
        model.Model.eval();
        model.Head.eval();
    }

    /// <summary>Cross-entropy of one prediction, nats.</summary>
    private static double Loss(double[] logProbabilities, EncodedExample example) => example.Score is null
        ? -logProbabilities[example.Label]
        : -ScoreTarget.Of(example, logProbabilities.Length).Zip(logProbabilities, (target, log) => target == 0 ? 0 : target * log).Sum();

    /// <summary>One optimizer update on a batch of examples, in groups of similar length whose gradients add up to the batch's.</summary>
    private static (double Total, double Task, double Lm) Update(
        FineTuneObjective objective, Optimizer optimizer, EncodedExample[] examples, int tokenBudget, long seed, double learningRate)
    {
        var sequenceCount = examples.Sum(example => example.Sequences.Count);
        var (total, task, lm, group) = (0.0, 0.0, 0.0, 0);
        foreach (var batch in ExampleBatch.Grouped(examples, tokenBudget))
        {
            using var scope = NewDisposeScope();
            DropoutSeed.Set(objective.Device, Derived(seed, "fine-tuning dropout", optimizer.StepCount, group++));
            var share = objective.Share(batch, examples.Length, sequenceCount);
            BackwardPass.Run(share.Total);
            optimizer.CollectGradients();
            (total, task, lm) = (total + share.Total.ToSingle(), task + share.Task, lm + share.Lm);
        }

        var norm = optimizer.GradientNorm();
        if (!double.IsFinite(total) || !double.IsFinite(norm))
        {
            throw new FineTuningDivergedException($"Fine-tuning diverged at update {optimizer.StepCount}: loss {total}, gradient norm {norm}, learning rate {learningRate:g6}. Lower the recipe's `learning_rate`.");
        }

        optimizer.Step(learningRate, optimizer.ClipScale(norm));
        optimizer.ReleaseGradients();
        return (total, task, lm);
    }

    private static void Check(Gpt pretrained, ITokenizer tokenizer, FineTuneRecipe recipe, int classCount, IReadOnlyList<LabelledExample> train, IReadOnlyList<LabelledExample> valid)
    {
        var problems = recipe.Problems().ToList();
        if (recipe.LayersTransferred > pretrained.Config.LayerCount) problems.Add($"`layers_transferred` ({recipe.LayersTransferred}) must be at most the model's n_layer ({pretrained.Config.LayerCount}).");
        if (pretrained.Config.ContextLength < 6) problems.Add($"`n_ctx` ({pretrained.Config.ContextLength}) of the model must be at least 6: two fields and three special tokens.");
        if (tokenizer.VocabularySize > pretrained.Config.VocabularySize) problems.Add($"The tokenizer `{tokenizer.Name}` has {tokenizer.VocabularySize} tokens, the model's n_vocab is {pretrained.Config.VocabularySize}: they do not belong together.");
        if (problems.Count > 0) throw new ConfigException("fine-tuning recipe", problems);
        if (pretrained.Device.type == DeviceType.CPU)
        {
            // The pre-trained weights stay, and the best epoch's are kept.
            var size = ModelSize.Of(pretrained.Config);
            MachineMemory.Require(
                3 * size.WeightBytes() + size.GradientBytes + size.OptimizerBytes, $"Fine-tuning a model of {pretrained.Config.ParameterCount:N0} parameters", "Take a smaller model or a larger machine; `rk describe NAME` shows what takes how much.");
        }

        if (train.Count == 0) throw new ArgumentException("Fine-tuning needs at least one training example.", nameof(train));
        var kind = InputTransformation.KindOf(train[0].Input);
        if (kind != TaskKind.MultipleChoice) ArgumentOutOfRangeException.ThrowIfLessThan(classCount, 2);
        foreach (var example in train.Concat(valid))
        {
            FineTunedModel.RequireKind(example, kind, nameof(train));
            var classes = example.Input is MultipleChoiceInput choice ? choice.Answers.Count : classCount;
            if (example.Label < 0 || example.Label >= classes) throw new ArgumentException($"Example {example.Id} has label {example.Label}; allowed are 0 to {classes - 1}.", nameof(train));
            if (example.Score is { } score && !(score >= 0 && score <= classes - 1)) throw new ArgumentException($"Example {example.Id} has score {score}; allowed are 0 to {classes - 1}, one less than the classes.", nameof(train));
        }
    }

    private static InputTransformation Transformation(Gpt pretrained, ITokenizer tokenizer, FineTuneRecipe recipe) =>
        new(tokenizer, pretrained.Config.VocabularySize, pretrained.Config.ContextLength, recipe.Truncation);

    private static int TokenBudget(ModelConfig config) => (int)Math.Clamp(MostLogits / config.VocabularySize, 512, MostTokens);

    private static long Derived(long seed, string purpose, params ReadOnlySpan<long> path) => (long)new CounterRandom(seed, purpose, path).NextUInt64();
}

/// <summary>The loss or a gradient of fine-tuning is not finite; the message says where, and what to change.</summary>
public sealed class FineTuningDivergedException : ConfigException
{
    internal FineTuningDivergedException(string message) : base(message)
    {
    }
}
