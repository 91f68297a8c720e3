using TorchSharp;
using static TorchSharp.torch;

namespace ResearchKit.Models.Tests.Reference;

/// <summary>How far from the stored values a correct implementation may be (tests/golden/README.md).</summary>
internal static class Tolerance
{
    /// <summary>Logits, hidden states, attention weights: the reference itself is within 7e-6 of float64.</summary>
    public const double Logits = 2e-5;

    /// <summary>Losses and per-token log-probabilities, nats.</summary>
    public const double Loss = 1e-5;

    /// <summary>Gradients: absolute part and relative part.</summary>
    public const double Gradient = 1e-4;

    /// <summary>Cached against full pass.</summary>
    public const double Cache = 5e-5;

    public static double MaxDifference(Tensor a, Tensor b)
    {
        using var scope = NewDisposeScope();
        Assert.Equal(a.shape, b.shape);
        return a.numel() == 0 ? 0 : (a.to(ScalarType.Float64) - b.to(ScalarType.Float64)).abs().max().item<double>();
    }

    public static void Close(Tensor expected, Tensor actual, double absolute, string what, double relative = 0)
    {
        using var scope = NewDisposeScope();
        Assert.Equal(expected.shape, actual.shape);
        var allowed = absolute + relative * expected.to(ScalarType.Float64).abs();
        var excess = (expected.to(ScalarType.Float64) - actual.to(ScalarType.Float64)).abs() - allowed;
        Assert.True(excess.max().item<double>() <= 0, $"{what}: {MaxDifference(expected, actual):g3} apart, {absolute} allowed");
    }
}
