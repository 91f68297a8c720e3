using System.Numerics;
using ResearchKit.Core.Random;

namespace ResearchKit.Core.Data;

/// <summary>A pseudo-random permutation of [0, n) that is computed, not stored: any place costs the same few operations.</summary>
/// <remarks>A balanced Feistel network over the next even number of bits, with cycle walking back into [0, n) (Black and Rogaway 2002). Not for cryptography.</remarks>
public readonly struct KeyedPermutation
{
    private const int RoundCount = 6;

    private readonly ulong[] _keys;
    private readonly int _halfBits;

    /// <summary>Makes the permutation of one stream.</summary>
    /// <param name="size">n, at least 1.</param>
    /// <param name="stream">Gives the round keys.</param>
    public KeyedPermutation(long size, CounterRandom stream)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(size, 1);
        Size = size;
        _halfBits = Math.Max(1, (BitOperations.Log2((ulong)size) + 2) / 2);   // 4^halfBits ≥ size, at most four times it
        _keys = new ulong[RoundCount];
        for (var round = 0; round < RoundCount; round++) _keys[round] = stream.NextUInt64();
    }

    /// <summary>n.</summary>
    public long Size { get; }

    /// <summary>Where the permutation sends an index.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The index is outside [0, n).</exception>
    public long this[long index]
    {
        get
        {
            ArgumentOutOfRangeException.ThrowIfNegative(index);
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, Size);
            var value = (ulong)index;
            do
            {
                value = Encrypt(value);
            }
            while (value >= (ulong)Size);
            return (long)value;
        }
    }

    private ulong Encrypt(ulong value)
    {
        var mask = (1UL << _halfBits) - 1;
        var (left, right) = (value >> _halfBits, value & mask);
        foreach (var key in _keys)
        {
            var mixed = (right ^ key) * 0x9E3779B97F4A7C15;
            mixed = (mixed ^ (mixed >> 32)) * 0xD6E8FEB86659FD93;
            (left, right) = (right, left ^ ((mixed >> 32) & mask));
        }

        return (left << _halfBits) | right;
    }
}
