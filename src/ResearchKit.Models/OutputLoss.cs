using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace ResearchKit.Models;

/// <summary>Output projection, softmax and next-token loss in row chunks, so that [N, V] logits never exist.</summary>
internal static class OutputLoss
{
    // 256 rows of 50,257 float32 logits are 51 MB. Smaller chunks read and write the [V, C] gradient more often; larger ones were not faster.
    internal const int DefaultRowsPerChunk = 256;

    // Below this, softmax may have lost bits of the chosen token's probability to underflow.
    private const float SafeProbability = 1e-30f;

    /// <summary>Sum of the losses of all targets that are not <see cref="Gpt.IgnoredTarget"/>; where gradients are asked for, for the hidden states and, through <paramref name="tied"/>, for the embedding.</summary>
    /// <param name="hidden">[N, C].</param>
    /// <param name="weight">[V, C], the tied embedding.</param>
    /// <param name="targets">[N] Int64.</param>
    /// <param name="tied">Where the embedding's rows of <paramref name="hidden"/> were looked up; null where no gradients are asked for.</param>
    /// <param name="rowsPerChunk">Rows whose logits exist at once.</param>
    /// <returns>Scalar float32 (float64 for float64 weights), nats.</returns>
    /// <remarks>
    /// Softmax minus one-hot is the gradient of the logits, so the gradients of both inputs are known in the forward pass and wait for the backward pass.
    /// The plain form, cross_entropy of the full logits, is the oracle in the tests.
    /// </remarks>
    public static Tensor Sum(Tensor hidden, Tensor weight, Tensor targets, TiedEmbedding? tied, int rowsPerChunk = DefaultRowsPerChunk)
    {
        using var scope = NewDisposeScope();
        (hidden, targets) = Counted(hidden, targets);
        if (tied is not null && hidden.requires_grad)
        {
            return Function.apply(hidden, weight.detach(), targets, rowsPerChunk, tied).MoveToOuterDisposeScope();
        }

        return Chunks(hidden, weight.detach(), targets, rowsPerChunk, needsGradient: false).Value.MoveToOuterDisposeScope();
    }

    /// <summary>On the CPU, ignored positions cost no projection. Elsewhere their number would have to be waited for.</summary>
    private static (Tensor Hidden, Tensor Targets) Counted(Tensor hidden, Tensor targets)
    {
        if (hidden.device.type != DeviceType.CPU) return (hidden, targets);
        var counted = targets.ne(Gpt.IgnoredTarget).nonzero().view(-1);
        return counted.size(0) < targets.size(0) ? (hidden.index_select(0, counted), targets.index_select(0, counted)) : (hidden, targets);
    }

    private static (Tensor Value, Tensor? HiddenGradient, Tensor? WeightGradient) Chunks(Tensor hidden, Tensor weight, Tensor targets, int rowsPerChunk, bool needsGradient)
    {
        var wide = hidden.dtype == ScalarType.Float64 ? ScalarType.Float64 : ScalarType.Float32;
        var value = zeros([], wide, hidden.device);
        var hiddenGradient = needsGradient ? empty_like(hidden) : null;
        Tensor? weightGradient = null;
        for (long start = 0; start < hidden.size(0); start += rowsPerChunk)
        {
            using var scope = NewDisposeScope();
            var count = Math.Min(rowsPerChunk, hidden.size(0) - start);
            var rows = hidden.narrow(0, start, count);                                 // [n, C]
            var target = targets.narrow(0, start, count).unsqueeze(1);                 // [n, 1]
            var ignored = target.eq(Gpt.IgnoredTarget);                                // [n, 1] bool
            var index = target.masked_fill(ignored, KeptScalar.Zero);                                // [n, 1]
            var logits = functional.linear(rows, weight).to(wide);                     // [n, V]
            var probabilities = functional.softmax(logits, dim: -1);                   // [n, V]
            var chosen = probabilities.gather(1, index);                               // [n, 1]
            value.sub_(LogProbability(logits, chosen, index).masked_fill(ignored, KeptScalar.Zero).sum());
            if (hiddenGradient is null) continue;

            logits.Dispose();
            probabilities.scatter_(1, index, chosen.sub(KeptScalar.One)).masked_fill_(ignored, KeptScalar.Zero);     // gradient of the logits
            var gradient = probabilities.to(hidden.dtype);
            hiddenGradient.narrow(0, start, count).addmm_(gradient, weight, 0, 1);
            if (weightGradient is null) weightGradient = mm(gradient.t(), rows).MoveToOuterDisposeScope();   // [V, C]
            else weightGradient.addmm_(gradient.t(), rows, 1, 1);
        }

        // Without a single counted target the loss is 0 and still differentiable.
        if (needsGradient) weightGradient ??= zeros_like(weight);
        return (value, hiddenGradient, weightGradient);
    }

    /// <summary>log P of the chosen tokens, [n, 1]. The logarithm of softmax is as exact as log-softmax until it underflows.</summary>
    private static Tensor LogProbability(Tensor logits, Tensor chosen, Tensor index) =>
        logits.device.type == DeviceType.CPU && chosen.min().ToSingle() > SafeProbability
            ? chosen.log()
            : logits.gather(1, index) - logits.logsumexp(-1, keepdim: true);

    private sealed class Function : autograd.SingleTensorFunction<Function>
    {
        public override string Name => nameof(OutputLoss);

        public override Tensor forward(autograd.AutogradContext ctx, params object[] vars)
        {
            var (hidden, weight, targets, tied) = ((Tensor)vars[0], (Tensor)vars[1], (Tensor)vars[2], (TiedEmbedding)vars[4]);
            var (value, hiddenGradient, weightGradient) = Chunks(hidden, weight, targets, (int)vars[3], needsGradient: true);
            tied.Keep(hiddenGradient!, weightGradient!);
            ctx.save_for_backward([hidden, weight, targets]);
            ctx.save_data("call", vars);
            return value;
        }

        public override List<Tensor> backward(autograd.AutogradContext ctx, Tensor grad_output) => BackwardPass.Guarded(5, () => Gradients(ctx, grad_output));

        private static List<Tensor> Gradients(autograd.AutogradContext ctx, Tensor grad_output)
        {
            var vars = (object[])ctx.get_data("call");
            var tied = (TiedEmbedding)vars[4];
            if (tied.IsUsed)                                            // a second backward pass over a retained graph
            {
                using var scope = NewDisposeScope();
                var saved = ctx.get_saved_variables();
                var (_, hiddenGradient, weightGradient) = Chunks(saved[0], saved[1], saved[2], (int)vars[3], needsGradient: true);
                tied.Keep(hiddenGradient!, weightGradient!);
            }

            var gradient = tied.Scaled(grad_output);
            grad_output.Dispose();
            return [gradient, null!, null!, null!, null!];
        }
    }
}
