using System.Text;

namespace ResearchKit.Core.Random;

/// <summary>Random numbers that are a pure function of (seed, purpose, path, counter): no global state, O(1) seek, the same on every machine and version.</summary>
/// <remarks>SplitMix64 (Steele, Lea and Flood 2014) over a FNV-1a hash of the stream's name. Not for cryptography.</remarks>
public sealed class CounterRandom
{
    private const ulong Golden = 0x9E3779B97F4A7C15;
    private readonly ulong _key;
    private ulong _counter;

    /// <summary>Opens the stream of one purpose.</summary>
    /// <param name="seed">Seed of the run.</param>
    /// <param name="purpose">What the numbers are for, such as <c>demonstrations</c>; streams of different purposes are independent.</param>
    /// <param name="path">Coordinates within the purpose, such as epoch and item.</param>
    public CounterRandom(long seed, string purpose, params ReadOnlySpan<long> path)
    {
        var hash = 0xCBF29CE484222325UL;
        foreach (var b in Encoding.UTF8.GetBytes(purpose)) hash = (hash ^ b) * 0x100000001B3UL;
        hash = Mix(hash ^ Mix((ulong)seed + Golden));
        foreach (var part in path) hash = Mix(hash ^ Mix((ulong)part + Golden));
        _key = hash;
    }

    /// <summary>64 uniform bits.</summary>
    public ulong NextUInt64() => Mix(_key + ++_counter * Golden);

    /// <summary>Uniform in [0, <paramref name="exclusiveMax"/>), without modulo bias.</summary>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="exclusiveMax"/> is below 1.</exception>
    public int Next(int exclusiveMax)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(exclusiveMax, 1);
        var bound = (ulong)exclusiveMax;
        while (true)                                                     // Lemire's multiply-and-reject
        {
            var high = Math.BigMul(NextUInt64(), bound, out var low);
            if (low >= bound || low >= (0UL - bound) % bound) return (int)high;
        }
    }

    /// <summary>Uniform in [<paramref name="inclusiveMin"/>, <paramref name="exclusiveMax"/>).</summary>
    public int Next(int inclusiveMin, int exclusiveMax) => inclusiveMin + Next(exclusiveMax - inclusiveMin);

    /// <summary>Uniform in [0, 1), 53 bits.</summary>
    public double NextDouble() => (NextUInt64() >> 11) * (1.0 / (1UL << 53));

    /// <summary>Standard normal (Box-Muller, one value per call).</summary>
    public double NextGaussian() => Math.Sqrt(-2 * Math.Log(1 - NextDouble())) * Math.Cos(2 * Math.PI * NextDouble());

    /// <summary>Shuffles in place (Fisher-Yates).</summary>
    public void Shuffle<T>(Span<T> items)
    {
        for (var i = items.Length - 1; i > 0; i--)
        {
            var j = Next(i + 1);
            (items[i], items[j]) = (items[j], items[i]);
        }
    }

    /// <summary>One entry of a list, uniformly.</summary>
    public T Pick<T>(IReadOnlyList<T> items) => items[Next(items.Count)];

    /// <summary><paramref name="count"/> different indices of [0, <paramref name="total"/>), in random order.</summary>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="count"/> exceeds <paramref name="total"/>.</exception>
    public int[] Sample(int total, int count)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, total);
        var moved = new Dictionary<int, int>();                          // a partial Fisher-Yates that touches only what it needs
        var sample = new int[count];
        for (var i = 0; i < count; i++)
        {
            var j = Next(i, total);
            sample[i] = moved.GetValueOrDefault(j, j);
            moved[j] = moved.GetValueOrDefault(i, i);
        }

        return sample;
    }

    private static ulong Mix(ulong z)
    {
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }
}
