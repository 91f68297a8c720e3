using ResearchKit.Core.Configuration;
using TorchSharp;
using static TorchSharp.torch;

namespace ResearchKit.Models;

/// <summary>Keys and values of the positions that a model has read, so that new tokens cost only themselves.</summary>
/// <remarks>
/// One row for each text; rows may have different lengths. Position p stands in slot p; banded layers hold only the last w positions, p in slot p mod w.
/// Softmax does not care in which order keys come, so a full ring needs neither turning nor a mask.
/// Layout [2, B, H, slots, D] for each layer: keys and values are written by one copy.
/// </remarks>
public sealed class KeyValueCache : IDisposable
{
    private readonly Gpt _model;
    private readonly Tensor[] _layers;
    private readonly int[] _lengths;

    /// <summary>An empty cache.</summary>
    /// <param name="model">Model that will fill it; gives shapes, dtype and device.</param>
    /// <param name="rowCount">Texts B, at least 1.</param>
    /// <param name="capacity">Most positions of a text, 1 … n_ctx; null (default) is n_ctx.</param>
    /// <exception cref="ArgumentOutOfRangeException">A count outside its range.</exception>
    public KeyValueCache(Gpt model, int rowCount, int? capacity = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(rowCount, 1);
        var config = model.Config;
        Capacity = capacity ?? config.ContextLength;
        ArgumentOutOfRangeException.ThrowIfLessThan(Capacity, 1, nameof(capacity));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(Capacity, config.ContextLength, nameof(capacity));
        _model = model;
        _lengths = new int[rowCount];
        _layers = new Tensor[config.LayerCount];
        AllowsSingleTokenForward = rowCount == 1 && SingleTokenForward.Supports(model);
        var (dtype, device) = (model.DType, model.Device);
        for (var layer = 0; layer < _layers.Length; layer++)
        {
            // Zeros, not uninitialized memory: a masked NaN is still a NaN.
            _layers[layer] = zeros([2, rowCount, config.HeadCount, SlotsOf(layer), config.HeadSize], dtype, device).DetachFromDisposeScope();
        }
    }

    /// <summary>Texts B.</summary>
    public int RowCount => _lengths.Length;

    /// <summary>Most positions of a text.</summary>
    public int Capacity { get; }

    /// <summary>Positions read so far, for each row.</summary>
    public IReadOnlyList<int> Lengths => _lengths;

    /// <summary>Memory held, bytes.</summary>
    public long Bytes => _layers.Sum(layer => layer.numel() * layer.element_size());

    /// <summary>A new cache with copies of some rows (a row may occur several times).</summary>
    /// <param name="rows">Rows to copy, in order.</param>
    /// <param name="capacity">Its capacity, at least the longest of those rows.</param>
    public KeyValueCache Branch(ReadOnlySpan<int> rows, int capacity)
    {
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        var branch = new KeyValueCache(_model, rows.Length, capacity);
        var longest = 0;
        for (var i = 0; i < rows.Length; i++) longest = Math.Max(longest, branch._lengths[i] = _lengths[rows[i]]);
        var index = Index(rows);
        for (var layer = 0; layer < _layers.Length; layer++)
        {
            var (from, to) = (_layers[layer], branch._layers[layer]);
            if (from.size(3) != to.size(3) && longest > Math.Min(from.size(3), to.size(3)))
            {
                throw new ArgumentOutOfRangeException(nameof(capacity), capacity, $"A banded layer that already turned round its ring of {from.size(3)} cannot move to one of {to.size(3)}; keep the capacity on the same side of the window.");
            }

            var used = Math.Min(longest, from.size(3));
            to.narrow(3, 0, used).copy_(from.narrow(3, 0, used).index_select(1, index));
        }

        return branch;
    }

    /// <summary>Rearranges rows in place: row i becomes what row <paramref name="rows"/>[i] was. Beam search needs it after every token.</summary>
    /// <param name="rows">B entries.</param>
    /// <param name="commonLength">Positions at the start that are the same in all rows, which need no copying.</param>
    public void Reorder(ReadOnlySpan<int> rows, int commonLength = 0)
    {
        if (rows.Length != RowCount) throw new ArgumentException($"rows: expected {RowCount} entries, got {rows.Length}.", nameof(rows));
        var identity = true;
        for (var i = 0; i < rows.Length; i++) identity &= rows[i] == i;
        if (identity) return;
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        var old = _lengths.ToArray();
        for (var i = 0; i < rows.Length; i++) _lengths[i] = old[rows[i]];
        var index = Index(rows);
        foreach (var layer in _layers)
        {
            var longest = (int)Math.Min(_lengths.Max(), layer.size(3));
            var start = _lengths.Max() <= layer.size(3) ? Math.Min(commonLength, longest) : 0;   // a turned ring mixes old and new
            if (start == longest) continue;
            var changing = layer.narrow(3, start, longest - start);
            changing.copy_(changing.index_select(1, index));
        }
    }

    /// <summary>Frees the memory.</summary>
    public void Dispose()
    {
        foreach (var layer in _layers) layer.Dispose();
    }

    /// <summary>Whether one token of one text can go through <see cref="SingleTokenForward"/>. Looked up once: asking every weight costs as much as a layer.</summary>
    internal bool AllowsSingleTokenForward { get; }

    /// <summary>Refuses more positions than the row has room for.</summary>
    /// <exception cref="InvalidOperationException">The row would pass the capacity.</exception>
    internal void RequireRoom(int row, int count)
    {
        if (_lengths[row] + count <= Capacity) return;
        throw new InvalidOperationException($"Row {row} holds {_lengths[row]} positions and gets {count} more, but the cache's capacity is {Capacity}.");
    }

    /// <summary>Layer's storage, [2, B, H, slots, D].</summary>
    internal Tensor Layer(int layer) => _layers[layer];

    /// <summary>Whether the layer holds fewer positions than the cache's capacity.</summary>
    internal bool IsRing(int layer) => SlotsOf(layer) < Capacity;

    /// <summary>Position of the text that stands in <paramref name="slot"/> of a ring after <paramref name="length"/> positions.</summary>
    internal static int PositionInRing(int slot, int slots, int length) =>
        length <= slots ? slot : length - 1 - (length - 1 - slot) % slots;

    internal void Advance(ReadOnlySpan<int> counts)
    {
        for (var row = 0; row < counts.Length; row++) _lengths[row] += counts[row];
    }

    private int SlotsOf(int layer) =>
        AttentionKernels.Simplest(_model.Config.PatternAt(layer)) is LocalAttention local ? Math.Min(local.Window, Capacity) : Capacity;

    private Tensor Index(ReadOnlySpan<int> rows)
    {
        var index = new long[rows.Length];
        for (var i = 0; i < index.Length; i++) index[i] = rows[i];
        return tensor(index, device: _model.Device);
    }
}
