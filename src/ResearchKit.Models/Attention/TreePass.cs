using ResearchKit.Core.Configuration;
using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace ResearchKit.Models;

/// <summary>Rows of token trees behind one cached prefix that all rows share. The cache is read, not extended.</summary>
/// <remarks>Masks are made once, before the layers run: a token sees the prefix, its ancestors in the row and itself, as far as the layer's pattern allows.</remarks>
internal sealed class TreePass : AttentionPass
{
    private readonly KeyValueCache? _prefix;
    private readonly IReadOnlyList<TreeRow> _rows;
    private readonly int _T;
    private readonly Tensor _positions;                                  // [B · T] Int64
    private readonly Dictionary<AttentionPattern, Tensor> _masks = [];   // [B, 1 or H, T, S]

    /// <summary>Prepares a pass. Tensors belong to the caller's scope, which must outlive the pass.</summary>
    /// <param name="model">The model.</param>
    /// <param name="prefix">One row, exactly filled; null where rows begin at position 0.</param>
    /// <param name="rows">Rows of the batch.</param>
    /// <param name="T">Columns, at least the longest row.</param>
    public TreePass(Gpt model, KeyValueCache? prefix, IReadOnlyList<TreeRow> rows, int T)
    {
        (_prefix, _rows, _T) = (prefix, rows, T);
        var positions = new long[rows.Count * T];
        for (var b = 0; b < rows.Count; b++)
        {
            foreach (var segment in rows[b].Segments)
            {
                for (var t = 0; t < segment.Node.Length; t++) positions[b * T + segment.Column + t] = segment.Node.Start + t;
            }
        }

        _positions = tensor(positions, device: model.Device);
        for (var layer = 0; layer < model.Config.LayerCount; layer++)
        {
            var pattern = AttentionKernels.Simplest(model.Config.PatternAt(layer));
            if (_masks.ContainsKey(pattern)) continue;
            var slots = prefix is null ? 0 : (int)prefix.Layer(layer).size(3);
            var heads = pattern.HeadVariants == 1 ? 1 : model.Config.HeadCount;
            _masks[pattern] = tensor(Mask(pattern, heads, slots), rows.Count, heads, T, slots + T).to(model.DType, model.Device);
        }
    }

    internal override Tensor PositionEmbeddings(Tensor table, int T) => table.index_select(0, _positions).view(-1, T, table.size(1));   // [B, T, C]

    internal override Tensor Attend(in AttentionLayer layer, Tensor qkv)
    {
        using var scope = NewDisposeScope();
        var q = qkv.select(0, 0);                                        // [B, H, T, D]
        var seen = qkv.narrow(0, 1, 2);                                  // [2, B, H, T, D]
        if (_prefix is not null) seen = cat([_prefix.Layer(layer.Index).expand(2, _rows.Count, -1, -1, -1), seen], 3);   // [2, B, H, S, D]
        return functional.scaled_dot_product_attention(
            AttentionKernels.ForFusedKernel(q, layer.Scale), seen.select(0, 0), seen.select(0, 1), attn_mask: _masks[layer.Pattern]).MoveToOuterDisposeScope();
    }

    private float[] Mask(AttentionPattern pattern, int heads, int slots)
    {
        var S = slots + _T;
        var length = _prefix?.Lengths[0] ?? 0;
        var values = new float[(long)_rows.Count * heads * _T * S];
        Array.Fill(values, float.NegativeInfinity);
        for (var row = 0; row < _rows.Count * heads; row++)
        {
            var (tree, head) = (_rows[row / heads], row % heads);
            // Padding sees itself, so that its softmax is defined; nobody reads it.
            for (var t = tree.Length; t < _T; t++) values[((long)row * _T + t) * S + slots + t] = 0;
            foreach (var segment in tree.Segments)
            {
                for (var t = 0; t < segment.Node.Length; t++)
                {
                    var query = segment.Node.Start + t;
                    var keys = values.AsSpan((row * _T + segment.Column + t) * S, S);
                    Allow(keys, slots, slot => KeyValueCache.PositionInRing(slot, slots, length), pattern, head, query, slots == length ? 0 : -1);
                    for (var ancestor = segment; ; ancestor = tree.Segments[ancestor.Parent])
                    {
                        var count = ancestor.Column == segment.Column ? t + 1 : ancestor.Node.Length;
                        var start = ancestor.Node.Start;
                        Allow(keys.Slice(slots + ancestor.Column, count), count, key => start + key, pattern, head, query, start);
                        if (ancestor.Parent < 0) break;
                    }
                }
            }
        }

        return values;
    }

    /// <summary>Opens the keys that the pattern allows.</summary>
    /// <param name="keys">Their places in the mask row.</param>
    /// <param name="count">How many keys.</param>
    /// <param name="positionOf">Position of each.</param>
    /// <param name="pattern">Which positions the query may see.</param>
    /// <param name="head">Head.</param>
    /// <param name="query">Position of the query, after all of these keys or at the last.</param>
    /// <param name="start">Position of the first where positions follow one another; -1 where they do not.</param>
    private static void Allow(Span<float> keys, int count, Func<int, int> positionOf, AttentionPattern pattern, int head, int query, int start)
    {
        switch (pattern)
        {
            case DenseAttention:
                keys[..count].Clear();
                break;
            case LocalAttention local when start >= 0:
                var first = Math.Clamp(query - local.Window + 1 - start, 0, count);
                keys[first..count].Clear();
                break;
            default:
                for (var i = 0; i < count; i++)
                {
                    if (pattern.Allows(head, query, positionOf(i))) keys[i] = 0;
                }

                break;
        }
    }
}
