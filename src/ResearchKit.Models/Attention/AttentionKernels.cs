using ResearchKit.Core.Configuration;
using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace ResearchKit.Models;

/// <summary>Attention under a pattern: the masked-dense oracle, and paths that do less work for the same result.</summary>
public static class AttentionKernels
{
    /// <summary>Softmax attention of a block of queries that ends where the keys end.</summary>
    /// <param name="q">[B, H, T, D].</param>
    /// <param name="k">[B, H, S, D], S ≥ T: the last T keys stand at the queries' positions.</param>
    /// <param name="v">[B, H, S, D].</param>
    /// <param name="pattern">Which keys a query may see.</param>
    /// <param name="scale">Whether scores are divided by √D.</param>
    /// <param name="dropoutProbability">Dropout on the attention weights; 0 outside training.</param>
    /// <returns>[B, H, T, D].</returns>
    public static Tensor Attend(Tensor q, Tensor k, Tensor v, AttentionPattern pattern, bool scale, double dropoutProbability = 0)
    {
        using var scope = NewDisposeScope();
        var (H, T, S) = ((int)q.size(1), (int)q.size(2), (int)k.size(2));
        if (T == S && IsDenseWithin(pattern, T))
        {
            return functional.scaled_dot_product_attention(ForFusedKernel(q, scale), k, v, p: dropoutProbability, is_casual: true).MoveToOuterDisposeScope();
        }

        if (T == S && SparseAttention.Pays(pattern, T))
        {
            return SparseAttention.Attend(q, k, v, pattern, scale, dropoutProbability).MoveToOuterDisposeScope();
        }

        var mask = AttentionMasks.Additive(pattern, T, S, H, q.dtype, q.device);        // [T, S] or [H, T, S]
        return functional.scaled_dot_product_attention(ForFusedKernel(q, scale), k, v, attn_mask: mask, p: dropoutProbability).MoveToOuterDisposeScope();
    }

    /// <summary>The oracle: full score matrix, forbidden scores set to -∞, softmax, weighted sum. Same signature as <see cref="Attend"/>, no dropout.</summary>
    public static Tensor AttendMaskedDense(Tensor q, Tensor k, Tensor v, AttentionPattern pattern, bool scale)
    {
        using var scope = NewDisposeScope();
        return matmul(Weights(q, k, pattern, scale), v).MoveToOuterDisposeScope();      // [B, H, T, D]
    }

    /// <summary>Attention weights, explicitly.</summary>
    /// <param name="q">[B, H, T, D].</param>
    /// <param name="k">[B, H, S, D].</param>
    /// <param name="pattern">Which keys a query may see.</param>
    /// <param name="scale">Whether scores are divided by √D.</param>
    /// <returns>[B, H, T, S], rows sum to 1.</returns>
    public static Tensor Weights(Tensor q, Tensor k, AttentionPattern pattern, bool scale)
    {
        using var scope = NewDisposeScope();
        var scores = matmul(q, k.transpose(2, 3));                                     // [B, H, T, S]
        if (scale) scores = scores.Over(Math.Sqrt(q.size(3)));
        var allowed = Mask(pattern, (int)q.size(2), (int)k.size(2), (int)q.size(1), q.device);
        return functional.softmax(scores.masked_fill(allowed.logical_not(), double.NegativeInfinity), dim: -1).MoveToOuterDisposeScope();
    }

    /// <summary>The pattern as a mask, straight from its definition.</summary>
    /// <returns>[H, T, S] bool, true where the query of that head may see the key; the last row stands at key S-1.</returns>
    public static Tensor Mask(AttentionPattern pattern, int T, int S, int H, Device device)
    {
        var allowed = new bool[H * T * S];
        for (var h = 0; h < H; h++)
        {
            for (var i = 0; i < T; i++)
            {
                for (var j = 0; j < S; j++) allowed[(h * T + i) * S + j] = pattern.Allows(h, S - T + i, j);
            }
        }

        return tensor(allowed, H, T, S, device: device);
    }

    /// <summary>Whether the pattern hides nothing from T positions.</summary>
    internal static bool IsDenseWithin(AttentionPattern pattern, int T) =>
        pattern is DenseAttention || (pattern is LocalAttention local && local.Window >= T) || (pattern is FixedAttention { Heads: not FactorUse.Second } block && block.Stride >= T);

    /// <summary>The same pattern in its plainest form: the strided pattern's first factor is a band.</summary>
    internal static AttentionPattern Simplest(AttentionPattern pattern) => pattern switch
    {
        StridedAttention { Heads: FactorUse.First } strided => new LocalAttention(strided.Stride),
        StridedAttention { Stride: 1 } => new DenseAttention(),
        _ => pattern,
    };

    /// <summary>The fused kernel always divides by √D.</summary>
    internal static Tensor ForFusedKernel(Tensor q, bool scale) => scale ? q : q.Times(Math.Sqrt(q.size(3)));
}
