using ResearchKit.Core.Configuration;
using TorchSharp;
using static TorchSharp.torch;

namespace ResearchKit.Models;

/// <summary>How one forward pass finds positions, keys and values: over the whole text, behind a cache, over a tree of texts, or recording weights.</summary>
/// <remarks>The blocks know nothing of caches; they hand their projections here.</remarks>
internal abstract class AttentionPass
{
    private protected AttentionPass()
    {
    }

    /// <summary>Position embeddings of the tokens of this pass.</summary>
    /// <param name="table">[n_ctx, C].</param>
    /// <param name="T">Positions of this pass.</param>
    /// <returns>[T, C] or [B, T, C].</returns>
    internal virtual Tensor PositionEmbeddings(Tensor table, int T) => table.narrow(0, 0, T);

    /// <summary>Attention of one layer.</summary>
    /// <param name="layer">Which layer, its pattern and scaling.</param>
    /// <param name="qkv">[3, B, H, T, D], a view of the projection.</param>
    /// <returns>[B, H, T, D].</returns>
    internal abstract Tensor Attend(in AttentionLayer layer, Tensor qkv);
}

/// <summary>What a pass needs to know of a layer.</summary>
/// <param name="Index">0-based layer.</param>
/// <param name="Pattern">Which keys a query may see.</param>
/// <param name="Scale">Whether scores are divided by √D.</param>
/// <param name="DropoutProbability">Dropout on attention weights; 0 outside training.</param>
internal readonly record struct AttentionLayer(int Index, AttentionPattern Pattern, bool Scale, double DropoutProbability);

/// <summary>The text is all there is: training, and evaluation without a cache.</summary>
internal sealed class WholeTextPass : AttentionPass
{
    public static WholeTextPass Instance { get; } = new();

    internal override Tensor Attend(in AttentionLayer layer, Tensor qkv)
    {
        using var scope = NewDisposeScope();
        var parts = qkv.unbind(0);                                                     // 3 × [B, H, T, D]
        return AttentionKernels.Attend(parts[0], parts[1], parts[2], layer.Pattern, layer.Scale, layer.DropoutProbability).MoveToOuterDisposeScope();
    }
}

/// <summary>As <see cref="WholeTextPass"/> by the explicit softmax, keeping every layer's weights for study.</summary>
internal sealed class RecordingPass : AttentionPass
{
    /// <summary>One [B, H, T, T] per layer, in the scope that was current when the pass began.</summary>
    public List<Tensor> Weights { get; } = [];

    private readonly DisposeScope? _scope = CurrentDisposeScope;

    internal override Tensor Attend(in AttentionLayer layer, Tensor qkv)
    {
        using var scope = NewDisposeScope();
        var parts = qkv.unbind(0);                                                     // 3 × [B, H, T, D]
        var weights = AttentionKernels.Weights(parts[0], parts[1], layer.Pattern, layer.Scale);   // [B, H, T, T]
        Weights.Add(_scope is null ? weights.DetachFromDisposeScope() : weights.MoveToOtherDisposeScope(_scope));
        return matmul(weights, parts[2]).MoveToOuterDisposeScope();
    }
}
