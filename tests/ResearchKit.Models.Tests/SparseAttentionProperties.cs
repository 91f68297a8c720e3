using FsCheck.Xunit;
using ResearchKit.Core.Configuration;
using ResearchKit.Core.Random;
using ResearchKit.Models.Tests.Reference;
using ResearchKit.Testing;
using TorchSharp;
using static TorchSharp.torch;

namespace ResearchKit.Models.Tests;

public class SparseAttentionProperties
{
    /// <summary>float32 sums in another order.</summary>
    private const double Float32 = 1e-5;

    [Property(MaxTest = 200)]
    public void TheSparsePathEqualsTheMaskedDenseOracleInValueAndGradient(int seed)
    {
        var random = new CounterRandom(seed, "sparse");
        AttentionPattern pattern;
        do pattern = TinyModel.Pattern(random);
        while (pattern is DenseAttention or CustomAttention);
        Check(seed, random, pattern, (q, k, v, scale) => SparseAttention.Attend(q, k, v, pattern, scale, 0), random.Next(1, 100));
    }

    [Property(MaxTest = 50)]
    public void WideBandsEqualTheOracle(int seed)
    {
        var random = new CounterRandom(seed, "wide");
        var pattern = new LocalAttention(random.Next(30, 100));
        Check(seed, random, pattern, (q, k, v, scale) => SparseAttention.Attend(q, k, v, pattern, scale, 0), random.Next(1, 300));
    }

    [Property(MaxTest = 100)]
    public void TheChosenPathEqualsTheOracle(int seed)
    {
        var random = new CounterRandom(seed, "chosen");
        var pattern = TinyModel.Pattern(random);
        Check(seed, random, pattern, (q, k, v, scale) => AttentionKernels.Attend(q, k, v, pattern, scale), random.Next(1, 150));
    }

    [Fact]
    public void SparsePathsAreChosenWhereTheyPay()
    {
        Assert.True(SparseAttention.Pays(new LocalAttention(256), 4096));
        Assert.True(SparseAttention.Pays(new StridedAttention(64), 4096));
        Assert.True(SparseAttention.Pays(new FixedAttention(128, 8), 4096));
        Assert.False(SparseAttention.Pays(new LocalAttention(256), 300));
        Assert.False(SparseAttention.Pays(new StridedAttention(64), 100));
    }

    [Property(MaxTest = 100)]
    public void EveryPatternIsCausalAndSeesItself(int seed)
    {
        var pattern = TinyModel.Pattern(new CounterRandom(seed, "pattern"));
        Assert.Empty(pattern.Problems());
        for (var head = 0; head < 4; head++)
        {
            for (var i = 0; i < 30; i++)
            {
                Assert.True(pattern.Allows(head, i, i));
                for (var j = i + 1; j < 30; j++) Assert.False(pattern.Allows(head, i, j));
            }
        }
    }

    [Fact]
    public void AttentionLeavesNoTensorBehind()
    {
        foreach (var pattern in new AttentionPattern[] { new DenseAttention(), new LocalAttention(8), new StridedAttention(8), new StridedAttention(8, FactorUse.Second), new FixedAttention(8, 2), new FixedAttention(8, 2, FactorUse.Merged, 2) })
        {
            TensorLeak.None(() =>
            {
                using var scope = NewDisposeScope();
                var x = randn(1, 2, 70, 4, requires_grad: true);
                AttentionKernels.Attend(x, x, x, pattern, true).sum().backward();
                x.grad!.Dispose();
            });
        }
    }

    [Fact]
    public void MasksMadeByEvaluationServeTraining()
    {
        using var scope = NewDisposeScope();
        var x = randn(1, 1, 97, 4, requires_grad: true);
        using (inference_mode()) AttentionKernels.Attend(x, x, x, new LocalAttention(7), true);
        AttentionKernels.Attend(x, x, x, new LocalAttention(7), true).sum().backward();
        Assert.NotNull(x.grad);
    }

    private static void Check(int seed, CounterRandom random, AttentionPattern pattern, Func<Tensor, Tensor, Tensor, bool, Tensor> attend, int T)
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator((ulong)(uint)seed, CPU);
        var (B, H, D, scale) = (random.Next(1, 3), random.Next(1, 4), random.Pick([2, 8]), random.Next(2) == 0);
        var inputs = Enumerable.Range(0, 3).Select(_ => randn(new long[] { B, H, T, D }, generator: generator).requires_grad_()).ToArray();
        var gradient = randn(new long[] { B, H, T, D }, generator: generator);
        var expected = AttentionKernels.AttendMaskedDense(inputs[0], inputs[1], inputs[2], pattern, scale);
        var actual = attend(inputs[0], inputs[1], inputs[2], scale);
        Tolerance.Close(expected, actual, Float32, $"{pattern}, T {T}");
        var expectedGradients = autograd.grad([expected], inputs, [gradient]);
        var actualGradients = autograd.grad([actual], inputs, [gradient]);
        for (var i = 0; i < 3; i++) Tolerance.Close(expectedGradients[i], actualGradients[i], Float32, $"gradient {i} of {pattern}, T {T}", relative: Float32);
    }
}
