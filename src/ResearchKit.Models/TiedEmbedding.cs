using TorchSharp;
using static TorchSharp.torch;

namespace ResearchKit.Models;

/// <summary>The two uses of the token embedding in one loss, as input table and as output matrix, with one [V, C] gradient for both.</summary>
/// <remarks>
/// Autograd by itself makes a dense gradient for each use and a third for their sum, 154 MB each at GPT-2 124M, just when all other gradients exist too:
/// that was the peak of a training step whose layers are recomputed. Here <see cref="OutputLoss"/> leaves its gradient, and the backward pass of the lookup,
/// which always comes later, adds its few rows to it. One object serves one forward pass.
/// </remarks>
internal sealed class TiedEmbedding
{
    [ThreadStatic] private static Tensor? _handedOver;
    private Tensor? _hiddenGradient;
    private Tensor? _weightGradient;

    /// <summary>Whether a backward pass has already used the gradients.</summary>
    public bool IsUsed { get; private set; }

    /// <summary>Rows of the table.</summary>
    /// <param name="weight">[V, C].</param>
    /// <param name="tokens">[B, T] Int64.</param>
    /// <returns>[B, T, C]; its backward pass expects that <see cref="OutputLoss"/> ran on what was computed from it.</returns>
    public Tensor Lookup(Tensor weight, Tensor tokens)
    {
        using var scope = NewDisposeScope();
        // A view, because the engine takes over the gradient of a view without a copy although we hold the tensor as well.
        return Function.apply(weight.view(weight.shape), tokens, this).MoveToOuterDisposeScope();
    }

    /// <summary>Keeps the gradients that the loss found in its forward pass. They belong to the graph, so no scope may end them.</summary>
    /// <param name="hidden">[N, C].</param>
    /// <param name="weight">[V, C].</param>
    public void Keep(Tensor hidden, Tensor weight) =>
        (_hiddenGradient, _weightGradient, IsUsed) = (hidden.DetachFromDisposeScope(), weight.DetachFromDisposeScope(), false);

    /// <summary>Applies the chain rule's factor to both gradients.</summary>
    /// <param name="factor">Scalar.</param>
    /// <returns>Gradient of the hidden states.</returns>
    public Tensor Scaled(Tensor factor)
    {
        using var scope = NewDisposeScope();
        _handedOver?.Dispose();
        _handedOver = null;
        var number = factor.to(_weightGradient!.dtype);
        _weightGradient.mul_(number);
        IsUsed = true;
        return _hiddenGradient!.mul_(number);
    }

    /// <summary>Adds the gradient of the looked-up rows; every row's own sum comes first, in the order of the text, as in torch's embedding.</summary>
    private Tensor WithRows(Tensor tokens, Tensor gradient)
    {
        using (NewDisposeScope())
        {
            var (rows, places, _) = tokens.reshape(-1).unique(return_inverse: true);
            var sums = zeros([rows.size(0), gradient.size(-1)], gradient.dtype, gradient.device);   // [U, C]
            sums.index_add_(0, places!, gradient.reshape(-1, gradient.size(-1)), KeptScalar.One);
            _weightGradient!.index_add_(0, rows, sums, KeptScalar.One);
        }

        // The engine takes what we return only after we have returned it. The scope around the backward call ends our handle;
        // where there is none (on a card the engine has its own thread), this thread's next backward pass does.
        var total = _weightGradient.alias();
        if (CurrentDisposeScope is null) _handedOver = total;
        _weightGradient.Dispose();
        _hiddenGradient!.Dispose();
        return total;
    }

    private sealed class Function : autograd.SingleTensorFunction<Function>
    {
        public override string Name => nameof(TiedEmbedding);

        public override Tensor forward(autograd.AutogradContext ctx, params object[] vars)
        {
            var (weight, tokens) = ((Tensor)vars[0], (Tensor)vars[1]);
            ctx.save_for_backward([tokens]);
            ctx.save_data("tied", vars[2]);
            return weight.index(TensorIndex.Tensor(tokens));
        }

        public override List<Tensor> backward(autograd.AutogradContext ctx, Tensor grad_output) => BackwardPass.Guarded(3, () => Gradients(ctx, grad_output));

        private static List<Tensor> Gradients(autograd.AutogradContext ctx, Tensor grad_output)
        {
            using var tokens = ctx.get_saved_variables()[0];
            var gradient = ((TiedEmbedding)ctx.get_data("tied")).WithRows(tokens, grad_output);
            grad_output.Dispose();
            return [gradient, null!, null!];
        }
    }
}
