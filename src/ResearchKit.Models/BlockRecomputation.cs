using TorchSharp;
using static TorchSharp.torch;

namespace ResearchKit.Models;

/// <summary>Gradient checkpointing: a block keeps only its input and runs again in the backward pass.</summary>
/// <remarks>Chen et al. 2016; the Sparse Transformer trains so (Child et al. 2019 §5.4). The second run repeats the first one's dropout. Costs one more forward pass of the blocks.</remarks>
internal static class BlockRecomputation
{
    /// <summary>Runs a block so that its activations are computed again when gradients are asked for.</summary>
    /// <param name="block">Block whose parameters receive gradients as usual.</param>
    /// <param name="x">[B, T, C], requires gradients.</param>
    /// <param name="pass">Attention pass without state of its own.</param>
    /// <param name="hasDropout">Whether the block draws random numbers.</param>
    /// <param name="returned">Shared by the blocks of one forward pass.</param>
    public static Tensor Apply(Block block, Tensor x, AttentionPass pass, bool hasDropout, ReturnedGradient returned)
    {
        if (hasDropout && x.device.type != DeviceType.CPU)
        {
            throw new NotSupportedException($"Recomputing blocks with dropout works on the CPU only: TorchSharp cannot rewind the generator of {x.device}. Set all dropout to 0, or switch recomputation off.");
        }

        return Function.apply(x, block, pass, hasDropout, returned);
    }

    /// <summary>The gradient that the last backward call handed to the engine. The engine keeps its own reference, so ours goes as soon as the next call comes.</summary>
    internal sealed class ReturnedGradient
    {
        public Tensor? Value { get; set; }
    }

    private sealed class Function : autograd.SingleTensorFunction<Function>
    {
        public override string Name => nameof(BlockRecomputation);

        public override Tensor forward(autograd.AutogradContext ctx, params object[] vars)
        {
            var (x, block, pass) = ((Tensor)vars[0], (Block)vars[1], (AttentionPass)vars[2]);
            ctx.save_for_backward((bool)vars[3] ? [x, get_rng_state()] : [x]);
            ctx.save_data("call", vars);
            return block.call(x, pass);
        }

        public override List<Tensor> backward(autograd.AutogradContext ctx, Tensor grad_output) => BackwardPass.Guarded(5, () => Gradients(ctx, grad_output));

        private static List<Tensor> Gradients(autograd.AutogradContext ctx, Tensor grad_output)
        {
            var vars = (object[])ctx.get_data("call");
            var (block, pass, returned) = ((Block)vars[1], (AttentionPass)vars[2], (ReturnedGradient)vars[4]);
            returned.Value?.Dispose();
            using (var scope = NewDisposeScope())
            {
                var saved = ctx.get_saved_variables();
                var input = saved[0].detach().requires_grad_();
                using (enable_grad())
                {
                    var now = saved.Count > 1 ? get_rng_state() : null;
                    if (now is not null) set_rng_state(saved[1]);
                    var output = block.call(input, pass);
                    if (now is not null) set_rng_state(now);
                    output.backward([grad_output]);
                }

                returned.Value = input.grad!.MoveToOuterDisposeScope();
            }

            grad_output.Dispose();
            return [returned.Value, null!, null!, null!, null!];
        }
    }
}
