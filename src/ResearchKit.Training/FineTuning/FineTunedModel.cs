using ResearchKit.Core.Tasks;
using ResearchKit.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace ResearchKit.Training.FineTuning;

/// <summary>A model with a task head, after fine-tuning.</summary>
public sealed class FineTunedModel : IDisposable
{
    private readonly InputTransformation _transformation;
    private readonly int _tokenBudget;

    internal FineTunedModel(Gpt model, TaskHead head, InputTransformation transformation, int tokenBudget) =>
        (Model, Head, _transformation, _tokenBudget) = (model, head, transformation, tokenBudget);

    /// <summary>The language model; its vocabulary ends with start, delimiter and extract token.</summary>
    public Gpt Model { get; }

    /// <summary>The task head.</summary>
    public TaskHead Head { get; }

    /// <summary>Learning curve; empty before the first epoch.</summary>
    public IReadOnlyList<FineTuneEpoch> Epochs { get; internal set; } = [];

    /// <summary>Epoch, from 1, whose weights the model has.</summary>
    public int BestEpoch { get; internal set; }

    /// <summary>Training and validation examples of which a field was cut to fit the context.</summary>
    public int TruncatedCount { get; internal set; }

    /// <summary>Class probabilities of examples; their labels are not looked at.</summary>
    /// <param name="examples">Of the kind that the model was fine-tuned on.</param>
    /// <param name="cancellation">Stops between batches.</param>
    /// <returns>In the order of <paramref name="examples"/>.</returns>
    /// <exception cref="ArgumentException">An example of another kind, or a choice without answers.</exception>
    public IReadOnlyList<FineTunePrediction> Predict(IReadOnlyList<LabelledExample> examples, CancellationToken cancellation = default)
    {
        foreach (var example in examples) RequireKind(example, Head.Kind, nameof(examples));
        return Predict(examples.Select(_transformation.Encode).ToArray(), cancellation);
    }

    /// <summary>One head serves one kind: on another it would give numbers without meaning.</summary>
    internal static void RequireKind(LabelledExample example, TaskKind kind, string argument)
    {
        var own = InputTransformation.KindOf(example.Input);
        if (own != kind) throw new ArgumentException($"Example {example.Id} is {own}, the head is for {kind}: one head serves one kind.", argument);
        if (example.Input is MultipleChoiceInput { Answers.Count: 0 }) throw new ArgumentException($"Example {example.Id} has no answers to choose from.", argument);
    }

    internal IReadOnlyList<FineTunePrediction> Predict(IReadOnlyList<EncodedExample> examples, CancellationToken cancellation)
    {
        Model.eval();
        Head.eval();
        using var noGradient = no_grad();
        var predictions = new Dictionary<EncodedExample, FineTunePrediction>(ReferenceEqualityComparer.Instance);
        foreach (var batch in ExampleBatch.Grouped(examples, _tokenBudget))
        {
            cancellation.ThrowIfCancellationRequested();
            using var scope = NewDisposeScope();
            var logProbabilities = nn.functional.log_softmax(batch.TaskLogits(batch.Hidden(Model), Head).to(float64), dim: 1).cpu();   // [N, classes]
            var values = logProbabilities.contiguous().data<double>().ToArray();
            var classes = (int)logProbabilities.size(1);
            for (var i = 0; i < batch.Examples.Count; i++)
            {
                var own = values.AsSpan(i * classes, classes).ToArray();
                predictions[batch.Examples[i]] = new FineTunePrediction(batch.Examples[i].Id, own, Array.IndexOf(own, own.Max()));
            }
        }

        return examples.Select(example => predictions[example]).ToArray();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Model.Dispose();
        Head.Dispose();
    }
}
