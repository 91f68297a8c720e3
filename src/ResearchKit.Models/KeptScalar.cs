using System.Collections.Concurrent;
using TorchSharp;
using static TorchSharp.torch;

namespace ResearchKit.Models;

/// <summary>Sums and scalings whose numbers live as long as the program. Everything that runs millions of times uses these instead of the operators.</summary>
/// <remarks>
/// TorchSharp (0.107.0) makes a Scalar for every number that an operator takes, also the factor 1 of x + y, and hands its pointer to libtorch without keeping the object alive:
/// a garbage collection on another thread can free the number while it is being read. Seen once in an hour's run, as "Expected false to be true" from c10/core/Scalar.h;
/// a wrong number would go unnoticed. To be deleted when TorchSharp keeps its arguments alive.
/// </remarks>
internal static class KeptScalar
{
    private static readonly ConcurrentDictionary<double, Scalar> Numbers = new();

    /// <summary>Factor 1.</summary>
    public static readonly Scalar One = 1;

    /// <summary>Number 0.</summary>
    public static readonly Scalar Zero = 0;

    /// <summary>x + y.</summary>
    public static Tensor Plus(this Tensor x, Tensor y) => x.add(y, One);

    /// <summary>x times a number that comes again and again, such as a scale or the size of a batch.</summary>
    public static Tensor Times(this Tensor x, double factor) => x.mul(Numbers.GetOrAdd(factor, number => number));

    /// <summary>x divided by such a number.</summary>
    public static Tensor Over(this Tensor x, double divisor) => x.div(Numbers.GetOrAdd(divisor, number => number));
}
