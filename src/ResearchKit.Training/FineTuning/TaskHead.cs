using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace ResearchKit.Training.FineTuning;

/// <summary>The linear layer that fine-tuning adds: from states at the extract tokens to class scores.</summary>
public sealed class TaskHead : Module<Tensor, Tensor>
{
    private readonly Linear _linear;
    private readonly double _dropout;

    /// <summary>Draws the weights from N(0, 0.02); the bias is 0 (released <c>train.py</c>).</summary>
    /// <param name="kind">Kind of the task.</param>
    /// <param name="embeddingSize">Width C of a state.</param>
    /// <param name="classCount">Number of classes, at least 2; multiple choice has one output and ignores it.</param>
    /// <param name="dropoutProbability">Dropout on the states, [0, 1).</param>
    /// <param name="seed">Seed of the weights.</param>
    public TaskHead(TaskKind kind, int embeddingSize, int classCount, double dropoutProbability, long seed) : base(nameof(TaskHead))
    {
        Kind = kind;
        _dropout = dropoutProbability;
        _linear = Linear(embeddingSize, kind == TaskKind.MultipleChoice ? 1 : classCount);
        register_module("linear", _linear);
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        using var generator = new Generator((ulong)seed, CPU);
        _linear.weight!.copy_(randn(_linear.weight.shape, generator: generator).mul_(0.02));
        _linear.bias!.zero_();
    }

    /// <summary>Kind of the task.</summary>
    public TaskKind Kind { get; }

    /// <summary>Scores before the softmax.</summary>
    /// <param name="states">[N, S, C]: for every example the states of its S sequences at their extract tokens.</param>
    /// <returns>[N, classes], for multiple choice [N, S].</returns>
    public override Tensor forward(Tensor states)
    {
        using var scope = NewDisposeScope();
        // One mask for all sequences of an example: its candidates lose the same features (noise shape 1 in the released code).
        if (training && _dropout > 0) states = states * functional.dropout(ones(states.size(0), 1, states.size(2), dtype: states.dtype, device: states.device), _dropout);
        return Kind switch
        {
            TaskKind.MultipleChoice => _linear.call(states).squeeze(2).MoveToOuterDisposeScope(),      // [N, S]
            TaskKind.Similarity => _linear.call(states.sum(1)).MoveToOuterDisposeScope(),              // [N, classes]
            _ => _linear.call(states.squeeze(1)).MoveToOuterDisposeScope(),                            // [N, classes]
        };
    }
}
