using ResearchKit.Core.Configuration;
using TorchSharp;
using static TorchSharp.torch;

namespace ResearchKit.Models;

/// <summary>Additive masks (0 where a query may look, -∞ elsewhere) of patterns, remembered because every layer and step asks for the same few.</summary>
/// <remarks>A pure function with a bounded memory. Masks are made outside inference mode and outside the caller's scopes, so that training may reuse one that evaluation made.</remarks>
internal static class AttentionMasks
{
    private const long MaxRememberedElements = 1L << 24;                 // 64 MB of float32

    private static readonly Lock Gate = new();
    private static readonly Dictionary<Key, Tensor> Remembered = [];
    private static readonly Queue<Key> Order = new();
    private static long _elements;

    /// <summary>Mask of T queries that end where S keys end.</summary>
    /// <returns>[T, S], or [H, T, S] where the pattern's heads differ; a handle of its own in the caller's scope.</returns>
    public static Tensor Additive(AttentionPattern pattern, int T, int S, int H, ScalarType dtype, Device device) =>
        Get(new Key(pattern, T, S, pattern.HeadVariants == 1 ? 1 : H, 0, dtype, device.ToString()), device, () =>
        {
            var heads = pattern.HeadVariants == 1 ? 1 : H;
            var values = new float[(long)heads * T * S];
            for (var h = 0; h < heads; h++)
            {
                for (var i = 0; i < T; i++) FillRow(values.AsSpan((h * T + i) * S, S), pattern, h, S - T + i);
            }

            return heads == 1 ? tensor(values, T, S) : tensor(values, heads, T, S);
        });

    /// <summary>A mask with another rule, remembered under its name.</summary>
    /// <param name="pattern">Pattern it belongs to.</param>
    /// <param name="T">First coordinate of the key.</param>
    /// <param name="S">Second coordinate.</param>
    /// <param name="kind">Which of the pattern's masks, above 0.</param>
    /// <param name="dtype">Element type.</param>
    /// <param name="device">Device.</param>
    /// <param name="make">Makes it on the CPU in float32.</param>
    public static Tensor Named(AttentionPattern pattern, int T, int S, int kind, ScalarType dtype, Device device, Func<Tensor> make) =>
        Get(new Key(pattern, T, S, 1, kind, dtype, device.ToString()), device, make);

    /// <summary>Writes one query's row: keys 0 … S-1.</summary>
    public static void FillRow(Span<float> row, AttentionPattern pattern, int head, int query)
    {
        row.Fill(float.NegativeInfinity);
        switch (pattern)
        {
            case DenseAttention:
                row[..Math.Min(query + 1, row.Length)].Clear();
                break;
            case LocalAttention local:
                var first = Math.Max(0, query - local.Window + 1);
                if (first < row.Length) row[first..Math.Min(query + 1, row.Length)].Clear();
                break;
            default:
                for (var j = 0; j < row.Length && j <= query; j++)
                {
                    if (pattern.Allows(head, query, j)) row[j] = 0;
                }

                break;
        }
    }

    private static Tensor Get(Key key, Device device, Func<Tensor> make)
    {
        lock (Gate)
        {
            using var scope = NewDisposeScope();
            if (!Remembered.TryGetValue(key, out var mask))
            {
                using var normal = inference_mode(false);
                mask = make().to(key.DType, device);
                if (mask.numel() > MaxRememberedElements / 2) return mask.MoveToOuterDisposeScope();
                Remembered[key] = mask.DetachFromDisposeScope();
                Order.Enqueue(key);
                _elements += mask.numel();
                while (_elements > MaxRememberedElements)
                {
                    Remembered.Remove(Order.Dequeue(), out var oldest);
                    _elements -= oldest!.numel();
                    oldest.Dispose();
                }
            }

            return mask.alias().MoveToOuterDisposeScope();
        }
    }

    private sealed record Key(AttentionPattern Pattern, int T, int S, int Heads, int Kind, ScalarType DType, string Device);
}
