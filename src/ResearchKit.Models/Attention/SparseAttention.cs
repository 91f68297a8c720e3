using ResearchKit.Core.Configuration;
using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace ResearchKit.Models;

/// <summary>Attention that computes only the scores its pattern allows, a little more at block edges: O(T · keys per query) time and memory, forward and backward.</summary>
/// <remarks>
/// Plain tensor operations, so autograd gives the backward pass. Texts are padded on the right to whole blocks; nothing earlier can see padding.
/// Letters beyond Gpt.cs: n blocks, b length of a query block, l stride, R = T / l rows of the grid that a strided text makes, c summary columns.
/// </remarks>
internal static class SparseAttention
{
    /// <summary>Whether the block path does clearly less work than masked dense attention over T positions.</summary>
    public static bool Pays(AttentionPattern pattern, int T) => pattern switch
    {
        // 1.5 and 2: block paths copy keys or keep scores, which the fused kernel does not.
        LocalAttention local => 3L * KeysPerBlock(local.Window) <= 2L * T,
        StridedAttention { Heads: FactorUse.Second } strided => strided.Stride > 1 && T > 2 * strided.Stride,
        StridedAttention strided => 2L * (2 * strided.Stride + T / strided.Stride) <= T,
        FixedAttention { Heads: FactorUse.First } block => T > 2 * block.Stride,
        FixedAttention block => 2L * (block.Stride + (long)T / block.Stride * block.Summary) <= T,
        _ => false,
    };

    /// <summary>Softmax attention of T queries over the same T keys; same meaning as <see cref="AttentionKernels.AttendMaskedDense"/>.</summary>
    /// <param name="q">[B, H, T, D].</param>
    /// <param name="k">[B, H, T, D].</param>
    /// <param name="v">[B, H, T, D].</param>
    /// <param name="pattern">Any pattern but dense.</param>
    /// <param name="scale">Whether scores are divided by √D.</param>
    /// <param name="dropoutProbability">Dropout on the attention weights.</param>
    /// <returns>[B, H, T, D].</returns>
    public static Tensor Attend(Tensor q, Tensor k, Tensor v, AttentionPattern pattern, bool scale, double dropoutProbability)
    {
        using var scope = NewDisposeScope();
        var T = q.size(2);
        var y = pattern switch
        {
            LocalAttention local => Band(q, k, v, local, scale, dropoutProbability),
            StridedAttention { Heads: FactorUse.First } strided => Band(q, k, v, new LocalAttention(strided.Stride), scale, dropoutProbability),
            StridedAttention { Heads: FactorUse.Second } strided => Columns(q, k, v, strided.Stride, scale, dropoutProbability),
            StridedAttention strided => BandAndColumns(q, k, v, strided, scale, dropoutProbability),
            FixedAttention { Heads: FactorUse.First } block => OwnBlock(q, k, v, block.Stride, scale, dropoutProbability),
            FixedAttention block => OwnBlockAndSummaries(q, k, v, block, scale, dropoutProbability),
            _ => throw new ArgumentOutOfRangeException(nameof(pattern), pattern, "There is no sparse path for this pattern."),
        };
        return y.narrow(2, 0, T).MoveToOuterDisposeScope();
    }

    /// <summary>Query blocks of half a window: each sees its own keys and two blocks before, 1.5 w keys instead of the 2 w of whole-window blocks. At least 32, for the matrix products' sake.</summary>
    private static int BlockLength(int window) => Math.Max(32, (window + 1) / 2);

    private static int BlocksBack(int window) => (window - 1 + BlockLength(window) - 1) / BlockLength(window);

    private static int KeysPerBlock(int window) => (BlocksBack(window) + 1) * BlockLength(window);

    /// <summary>Local attention: overlapping key windows are strided views of one padded copy.</summary>
    private static Tensor Band(Tensor q, Tensor k, Tensor v, LocalAttention pattern, bool scale, double dropoutProbability)
    {
        var (B, H, D) = (q.size(0), q.size(1), q.size(3));
        var b = BlockLength(pattern.Window);
        var back = BlocksBack(pattern.Window);
        var S = KeysPerBlock(pattern.Window);
        var n = (q.size(2) + b - 1) / b;
        var padding = n * b - q.size(2);

        Tensor Windows(Tensor x) =>                                                    // [n, B·H, S, D]
            functional.pad(x, [0, 0, back * b, padding]).unfold(2, S, b).permute(2, 0, 1, 4, 3).reshape(n, B * H, S, D);

        var queries = PadEnd(AttentionKernels.ForFusedKernel(q, scale), padding).view(B, H, n, b, D).permute(2, 0, 1, 3, 4).reshape(n, B * H, b, D);
        var mask = AttentionMasks.Named(pattern, (int)n, b, 1, q.dtype, q.device, () => BandMask(pattern, (int)n, b, back));   // [n, 1, b, S]
        return functional.scaled_dot_product_attention(queries, Windows(k), Windows(v), attn_mask: mask, p: dropoutProbability)
            .view(n, B, H, b, D).permute(1, 2, 0, 3, 4).reshape(B, H, n * b, D);
    }

    /// <summary>Strided attention's second factor: every column of the [R, l] grid is a text of its own.</summary>
    private static Tensor Columns(Tensor q, Tensor k, Tensor v, int l, bool scale, double dropoutProbability)
    {
        var (B, H, D) = (q.size(0), q.size(1), q.size(3));
        var R = (q.size(2) + l - 1) / l;
        var padding = R * l - q.size(2);
        Tensor Texts(Tensor x) => PadEnd(x, padding).view(B, H, R, l, D).permute(0, 3, 1, 2, 4).reshape(B * l, H, R, D);
        return functional.scaled_dot_product_attention(Texts(AttentionKernels.ForFusedKernel(q, scale)), Texts(k), Texts(v), p: dropoutProbability, is_casual: true)
            .view(B, l, H, R, D).permute(0, 2, 3, 1, 4).reshape(B, H, R * l, D);
    }

    /// <summary>Strided attention, both factors under one softmax: the band, and the column without the position itself, which is in the band.</summary>
    private static Tensor BandAndColumns(Tensor q, Tensor k, Tensor v, StridedAttention pattern, bool scale, double dropoutProbability)
    {
        var (B, H, D, l) = (q.size(0), q.size(1), q.size(3), pattern.Stride);
        var R = (q.size(2) + l - 1) / l;
        var padding = R * l - q.size(2);
        Tensor Grid(Tensor x) => PadEnd(x, padding).view(B, H, R, l, D);                // [B, H, R, l, D]
        Tensor Windows(Tensor x) => functional.pad(x, [0, 0, l, padding]).unfold(2, 2 * l, l).transpose(3, 4);   // [B, H, R, 2l, D]
        var queries = Grid(scale ? q.Over(Math.Sqrt(D)) : q);
        var bandMask = AttentionMasks.Named(pattern, (int)R, l, 1, q.dtype, q.device, () => BandMask(new LocalAttention(l), (int)R, l, 1).squeeze(1));   // [R, l, 2l]
        var columnMask = AttentionMasks.Named(pattern, (int)R, l, 2, q.dtype, q.device, () => EarlierBlocksMask((int)R, 1));   // [R, R]

        var band = matmul(queries, Windows(k).transpose(3, 4)).Plus(bandMask);              // [B, H, R, l, 2l]
        var column = matmul(queries.transpose(2, 3), Grid(k).permute(0, 1, 3, 4, 2)).Plus(columnMask);   // [B, H, l, R, R]
        var weights = Weights(cat([band, column.transpose(2, 3)], -1), dropoutProbability).split([2L * l, R], -1);
        var y = matmul(weights[0], Windows(v)).Plus(matmul(weights[1].transpose(2, 3), Grid(v).transpose(2, 3)).transpose(2, 3));   // [B, H, R, l, D]
        return y.reshape(B, H, R * l, D);
    }

    /// <summary>Fixed attention's first factor: every block is a text of its own.</summary>
    private static Tensor OwnBlock(Tensor q, Tensor k, Tensor v, int l, bool scale, double dropoutProbability)
    {
        var (B, H, D) = (q.size(0), q.size(1), q.size(3));
        var n = (q.size(2) + l - 1) / l;
        var padding = n * l - q.size(2);
        Tensor Texts(Tensor x) => PadEnd(x, padding).view(B, H, n, l, D).permute(0, 2, 1, 3, 4).reshape(B * n, H, l, D);
        return functional.scaled_dot_product_attention(Texts(AttentionKernels.ForFusedKernel(q, scale)), Texts(k), Texts(v), p: dropoutProbability, is_casual: true)
            .view(B, n, H, l, D).permute(0, 2, 1, 3, 4).reshape(B, H, n * l, D);
    }

    /// <summary>Fixed attention with summaries: each block sees the summary columns of earlier blocks, all of them, and itself under the pattern's own mask.</summary>
    private static Tensor OwnBlockAndSummaries(Tensor q, Tensor k, Tensor v, FixedAttention pattern, bool scale, double dropoutProbability)
    {
        var (B, H, D, l, c) = (q.size(0), q.size(1), q.size(3), pattern.Stride, pattern.Summary);
        var n = (q.size(2) + l - 1) / l;
        var padding = n * l - q.size(2);
        Tensor Blocks(Tensor x) => PadEnd(x, padding).view(B, H, n, l, D);              // [B, H, n, l, D]
        var (queries, keys, values) = (Blocks(AttentionKernels.ForFusedKernel(q, scale)), Blocks(k), Blocks(v));

        Tensor Summaries(Tensor blocks)                                                // [B, H, n·c, D]
        {
            if (pattern.SubBlocks == 1) return blocks.narrow(3, l - c, c).reshape(B, H, n * c, D);
            var columns = new long[H * c];
            for (var i = 0; i < columns.Length; i++) columns[i] = l - c * (i / c % pattern.SubBlocks + 1) + i % c;
            var index = tensor(columns, device: q.device).view(1, H, 1, c, 1).expand(B, H, n, c, D);
            return blocks.gather(3, index).reshape(B, H, n * c, D);
        }

        var (keySummaries, valueSummaries) = (Summaries(keys), Summaries(values));
        var own = AttentionMasks.Additive(pattern, l, l, (int)H, q.dtype, q.device).view(1, -1, l, l);   // the first block's: summaries of earlier ones play no part
        var mask = functional.pad(own, [(n - 1) * c, 0]);                              // [1, 1 or H, l, (n - 1) c + l]
        // Not select: the gradient of each would be as large as all blocks together.
        var (queryOf, keyOf, valueOf) = (queries.unbind(2), keys.unbind(2), values.unbind(2));   // n times [B, H, l, D]
        Tensor Block(int r)
        {
            using var scope = NewDisposeScope();                                       // outside training its copies of keys are gone before the next block's are made
            Tensor Seen(Tensor block, Tensor summaries) => cat([summaries.narrow(2, 0, r * c), block], 2);   // [B, H, r·c + l, D]
            var seen = mask.narrow(-1, (n - 1 - r) * c, r * c + l);
            return functional.scaled_dot_product_attention(queryOf[r], Seen(keyOf[r], keySummaries), Seen(valueOf[r], valueSummaries), attn_mask: seen, p: dropoutProbability).MoveToOuterDisposeScope();
        }

        return cat([.. Enumerable.Range(0, (int)n).Select(Block)], 2);
    }

    private static Tensor Weights(Tensor scores, double dropoutProbability) =>
        Dropout.Apply(functional.softmax(scores, dim: -1), dropoutProbability, training: true);

    private static Tensor PadEnd(Tensor x, long padding) => padding == 0 ? x : functional.pad(x, [0, 0, 0, padding]);

    /// <summary>Additive mask of query block r over the keys of blocks r - back … r: [n, 1, b, (back + 1) b].</summary>
    private static Tensor BandMask(LocalAttention pattern, int n, int b, int back)
    {
        var S = (back + 1) * b;
        var values = new float[(long)n * b * S];
        Array.Fill(values, float.NegativeInfinity);
        for (var i = 0; i < n * b; i++)
        {
            var start = (i / b - back) * b;                                             // position of the first key of this block
            var first = Math.Max(0, i - pattern.Window + 1);
            values.AsSpan(i * S + first - start, i - first + 1).Clear();
        }

        return tensor(values, n, 1, b, S);
    }

    /// <summary>Additive mask of block r over c columns of each block before r: [n, n·c].</summary>
    private static Tensor EarlierBlocksMask(int n, int c)
    {
        var values = new float[(long)n * n * c];
        for (var r = 0; r < n; r++) values.AsSpan((r * n + r) * c, (n - r) * c).Fill(float.NegativeInfinity);
        return tensor(values, n, n * c);
    }
}
