using ResearchKit.Core.Configuration;
using ResearchKit.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace ResearchKit.Training.FineTuning;

/// <summary>L3 = L2 + λ·L1 (Radford et al. 2018 §3.2): mean task loss over the examples, plus λ times the mean language-modelling loss over all their sequences, right answers or wrong.</summary>
internal sealed class FineTuneObjective(Gpt model, TaskHead head, double lambda, LmSoftmax softmax)
{
    /// <summary>Share of one group of an update's examples in the objective.</summary>
    /// <param name="batch">The group.</param>
    /// <param name="exampleCount">Examples of the whole update.</param>
    /// <param name="sequenceCount">Sequences of the whole update.</param>
    /// <returns>Scalars: the share to differentiate, and its parts L2 and L1 (undifferentiated, L1 without λ).</returns>
    public (Tensor Total, double Task, double Lm) Share(ExampleBatch batch, int exampleCount, int sequenceCount)
    {
        using var scope = NewDisposeScope();
        var hidden = batch.Hidden(model);
        using Scalar examples = exampleCount, sequences = sequenceCount, weight = lambda, one = 1;   // kept alive by name: TorchSharp's operators do not
        var task = TaskLoss(batch, batch.TaskLogits(hidden, head).to(float32)).div(examples);
        if (lambda == 0) return (task.MoveToOuterDisposeScope(), task.ToSingle(), 0);
        var lm = batch.LmLosses(hidden, OutputMatrix()).sum().div(sequences);
        return (task.add(lm.mul(weight), one).MoveToOuterDisposeScope(), task.ToSingle(), lm.ToSingle());
    }

    /// <summary>Cross-entropy summed over the examples, against their labels or, where they have scores, against the scores' distributions.</summary>
    private static Tensor TaskLoss(ExampleBatch batch, Tensor logits)                              // logits: [N, classes]
    {
        if (batch.Examples.All(example => example.Score is null))
        {
            var labels = tensor(batch.Examples.Select(example => (long)example.Label).ToArray(), device: logits.device);
            return nn.functional.cross_entropy(logits, labels, reduction: nn.Reduction.Sum);
        }

        var classes = (int)logits.size(1);
        var targets = tensor(batch.Examples.SelectMany(example => ScoreTarget.Of(example, classes)).Select(p => (float)p).ToArray(), [logits.size(0), classes], device: logits.device);
        return -(targets * nn.functional.log_softmax(logits, dim: 1)).sum();
    }

    /// <summary>Device of the model.</summary>
    public Device Device => model.Device;

    private Tensor OutputMatrix() => softmax == LmSoftmax.Vocabulary ? model.TokenEmbedding : cat([model.TokenEmbedding, model.PositionEmbedding]);   // [V + 3 (+ n_ctx), C]
}
