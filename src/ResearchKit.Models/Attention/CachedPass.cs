using ResearchKit.Core.Configuration;
using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace ResearchKit.Models;

/// <summary>New tokens behind what a <see cref="KeyValueCache"/> holds; their keys and values are added to it.</summary>
/// <remarks>Masks and indices are made once, before the layers run.</remarks>
internal sealed class CachedPass : AttentionPass
{
    private readonly KeyValueCache _cache;
    private readonly Device _device;
    private readonly int _T;
    private readonly int _length;                                        // of every row where rows are uniform
    private readonly bool _uniform;
    private readonly long[] _positions;                                  // [B · T] where rows differ
    private readonly Dictionary<AttentionPattern, Tensor?> _masks = [];
    private readonly Dictionary<int, Tensor> _indices = [];              // by slot count

    /// <summary>Prepares a pass. Tensors belong to the caller's scope, which must outlive the pass.</summary>
    /// <param name="model">The model.</param>
    /// <param name="cache">Cache to extend.</param>
    /// <param name="T">Columns of the batch.</param>
    /// <param name="counts">Real tokens of each row, 1 … T; the rest is padding on the right.</param>
    public CachedPass(Gpt model, KeyValueCache cache, int T, ReadOnlySpan<int> counts)
    {
        (_cache, _T, _device, _length, _uniform) = (cache, T, model.Device, cache.Lengths[0], true);
        for (var row = 0; row < counts.Length; row++) _uniform &= cache.Lengths[row] == _length && counts[row] == T;

        var empty = cache.Lengths.All(length => length == 0);
        if (!_uniform && !empty && T > 1) throw new InvalidOperationException("Rows of different lengths can be extended by one token at a time only.");
        _positions = _uniform ? [] : new long[counts.Length * T];
        for (var i = 0; i < _positions.Length; i++) _positions[i] = cache.Lengths[i / T] + Math.Min(i % T, counts[i / T] - 1);

        for (var layer = 0; layer < model.Config.LayerCount; layer++)
        {
            var slots = (int)cache.Layer(layer).size(3);
            if (!_uniform && !_indices.ContainsKey(slots)) _indices[slots] = WriteIndex(slots, counts, empty);
            if (empty && T > 1) continue;                                // nothing but these tokens: no cache to look at
            var pattern = AttentionKernels.Simplest(model.Config.PatternAt(layer));
            if (!_masks.ContainsKey(pattern)) _masks[pattern] = MaskOf(pattern, slots, cache.IsRing(layer), model);
        }
    }

    internal override Tensor PositionEmbeddings(Tensor table, int T)
    {
        if (_uniform) return table.narrow(0, _length, T);                // [T, C]
        using var scope = NewDisposeScope();
        return table.index_select(0, tensor(_positions, device: _device)).view(-1, T, table.size(1)).MoveToOuterDisposeScope();   // [B, T, C]
    }

    internal override Tensor Attend(in AttentionLayer layer, Tensor qkv)
    {
        using var scope = NewDisposeScope();
        var q = qkv.select(0, 0);                                        // [B, H, T, D]
        var fresh = qkv.narrow(0, 1, 2);                                 // [2, B, H, T, D]
        var stored = _cache.Layer(layer.Index);                          // [2, B, H, slots, D]
        var slots = (int)stored.size(3);
        Tensor seen;                                                     // [2, B, H, S, D]
        if (_masks.Count == 0)
        {
            Write(stored, slots, fresh);
            return AttentionKernels.Attend(q, fresh.select(0, 0), fresh.select(0, 1), layer.Pattern, layer.Scale).MoveToOuterDisposeScope();
        }

        if (_uniform && _T > 1 && _cache.IsRing(layer.Index))
        {
            seen = cat([stored.narrow(3, 0, Math.Min(_length, slots)), fresh], 3);
            Write(stored, slots, fresh);                                 // overwrites what the first of these queries still sees
        }
        else
        {
            Write(stored, slots, fresh);
            var longest = _uniform ? _length + _T : (int)_positions.Max() + 1;
            seen = stored.narrow(3, 0, Math.Min(longest, slots));
        }

        return functional.scaled_dot_product_attention(
            AttentionKernels.ForFusedKernel(q, layer.Scale), seen.select(0, 0), seen.select(0, 1), attn_mask: _masks[layer.Pattern]).MoveToOuterDisposeScope();
    }

    private void Write(Tensor stored, int slots, Tensor fresh)
    {
        if (!_uniform)
        {
            var index = _indices[slots];                                 // [1, B, 1, n, 1]
            var full = index.expand(2, -1, fresh.size(2), -1, fresh.size(4));
            if (_T == 1) stored.scatter_(3, full, fresh);
            else stored.narrow(3, 0, index.size(3)).copy_(fresh.gather(3, full));
            return;
        }

        // The last positions in order; a ring takes them in at most two runs.
        var count = Math.Min(_T, slots);
        var first = _length + _T - count;
        for (var done = 0; done < count;)
        {
            var slot = (first + done) % slots;
            var run = Math.Min(count - done, slots - slot);
            stored.narrow(3, slot, run).copy_(fresh.narrow(3, _T - count + done, run));
            done += run;
        }
    }

    /// <summary>Where rows of different lengths write: for one token the slot of each row; for a first prompt the token of each slot.</summary>
    private Tensor WriteIndex(int slots, ReadOnlySpan<int> counts, bool empty)
    {
        if (!empty || _T == 1) return tensor(_positions.Select(position => position % slots).ToArray(), device: _device).view(1, -1, 1, 1, 1);
        var used = Math.Min(_T, slots);
        var index = new long[counts.Length * used];
        for (var i = 0; i < index.Length; i++)
        {
            var position = KeyValueCache.PositionInRing(i % used, slots, counts[i / used]);
            index[i] = Math.Min(position, _T - 1);                       // slots past a short row's end hold anything: no query sees them
        }

        return tensor(index, device: _device).view(1, -1, 1, used, 1);
    }

    /// <summary>Additive mask over what a query sees, or null where it sees all of it.</summary>
    private Tensor? MaskOf(AttentionPattern pattern, int slots, bool ring, Gpt model)
    {
        var plain = pattern is DenseAttention || ring;
        if (_uniform && _T == 1 && plain) return null;
        var heads = pattern.HeadVariants == 1 ? 1 : model.Config.HeadCount;
        var rows = _uniform ? 1 : _positions.Length;                     // ragged rows come one token at a time
        var stored = _uniform ? Math.Min(_length, slots) : 0;
        var S = !_uniform ? Math.Min((int)_positions.Max() + 1, slots) : ring && _T > 1 ? stored + _T : Math.Min(_length + _T, slots);
        var values = new float[(long)rows * heads * _T * S];
        for (var i = 0; i < values.Length / S; i++)
        {
            var row = values.AsSpan(i * S, S);
            var head = i / _T % heads;
            if (!_uniform && plain)
            {
                row[Math.Min((int)_positions[i / heads] + 1, S)..].Fill(float.NegativeInfinity);
            }
            else if (ring)
            {
                var query = _length + i % _T;
                for (var s = 0; s < S; s++)
                {
                    var key = s < stored ? KeyValueCache.PositionInRing(s, slots, _length) : _length + s - stored;
                    row[s] = pattern.Allows(head, query, key) ? 0 : float.NegativeInfinity;
                }
            }
            else
            {
                AttentionMasks.FillRow(row, pattern, head, _uniform ? _length + i % _T : (int)_positions[i / heads]);
            }
        }

        return tensor(values, rows, heads, _T, S).to(model.DType, _device);
    }
}
