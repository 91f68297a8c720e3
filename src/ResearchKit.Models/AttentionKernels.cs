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
        var (T, S) = ((int)q.size(2), (int)k.size(2));
        // The fused kernel always divides by √D.
        var query = scale ? q : q * Math.Sqrt(q.size(3));                              // [B, H, T, D]
        if (pattern is DenseAttention && T == S)
        {
            return functional.scaled_dot_product_attention(query, k, v, p: dropoutProbability, is_casual: true).MoveToOuterDisposeScope();
        }

        var mask = Mask(pattern, T, S, q.device);                                      // [T, S] bool
        return functional.scaled_dot_product_attention(query, k, v, attn_mask: mask, p: dropoutProbability).MoveToOuterDisposeScope();
    }

    /// <summary>The oracle: full score matrix, forbidden scores set to -∞, softmax, weighted sum. Same signature as <see cref="Attend"/>, no dropout.</summary>
    public static Tensor AttendMaskedDense(Tensor q, Tensor k, Tensor v, AttentionPattern pattern, bool scale)
    {
        using var scope = NewDisposeScope();
        var scores = matmul(q, k.transpose(2, 3));                                     // [B, H, T, S]
        if (scale) scores = scores / Math.Sqrt(q.size(3));
        scores = scores.masked_fill(Mask(pattern, (int)q.size(2), (int)k.size(2), q.device).logical_not(), double.NegativeInfinity);
        return matmul(functional.softmax(scores, dim: -1), v).MoveToOuterDisposeScope();   // [B, H, T, D]
    }

    /// <summary>The pattern as a mask, straight from its definition.</summary>
    /// <returns>[T, S] bool, true where the query may see the key; the last row stands at key S-1.</returns>
    public static Tensor Mask(AttentionPattern pattern, int T, int S, Device device)
    {
        var allowed = new bool[T * S];
        for (var i = 0; i < T; i++)
        {
            for (var j = 0; j < S; j++) allowed[i * S + j] = pattern.Allows(S - T + i, j);
        }

        return tensor(allowed, T, S, device: device);
    }
}
