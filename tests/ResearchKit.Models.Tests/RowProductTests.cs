using TorchSharp;
using static TorchSharp.torch;

namespace ResearchKit.Models.Tests;

/// <summary>Products of one row against libtorch's.</summary>
public sealed class RowProductTests
{
    // Sums of up to 3,072 products of standard normals round to about this.
    private const double Tolerance = 2e-4;

    [Theory]
    [InlineData(1, 1)]
    [InlineData(3, 7)]
    [InlineData(5, 8)]
    [InlineData(9, 33)]
    [InlineData(257, 48)]
    [InlineData(515, 3072)]                                              // above the size where threads share
    public void EqualsLibtorch(int N, int C)
    {
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        var (x, weight, bias) = (randn(1, 1, C), randn(N, C), randn(N));
        using var module = nn.Linear(C, N);
        module.weight!.copy_(weight);
        module.bias!.copy_(bias);
        var y = RowProduct.Linear(x, module);
        Assert.Equal([1, 1, N], y.shape);
        Assert.True((y - nn.functional.linear(x, weight, bias)).abs().max().ToSingle() < Tolerance);
        Assert.True((RowProduct.Linear(x, weight) - nn.functional.linear(x, weight)).abs().max().ToSingle() < Tolerance);
    }

    [Fact]
    public void ThreadsChangeNoBit()
    {
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        var (x, weight) = (randn(1, 768), randn(1001, 768));
        var one = RowProduct.Linear(x, weight);
        set_num_threads(2);
        try
        {
            Assert.True(one.equal(RowProduct.Linear(x, weight)).all().ToBoolean());
        }
        finally
        {
            set_num_threads(1);
        }
    }

    [Fact]
    public void GradientsGoThroughLibtorch()
    {
        using var scope = NewDisposeScope();
        var (x, weight) = (randn(1, 8), randn(4, 8, requires_grad: true));
        RowProduct.Linear(x, weight).sum().backward();
        Assert.True((weight.grad! - x.expand(4, 8)).abs().max().ToSingle() < 1e-6);
    }

    [Fact]
    public void OtherTypesAndStridesGoThroughLibtorch()
    {
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        var (x, weight) = (randn(1, 8), randn(8, 4));
        Assert.True((RowProduct.Linear(x, weight.t()) - x.mm(weight)).abs().max().ToSingle() < 1e-5);
        Assert.Equal(ScalarType.Float64, RowProduct.Linear(x.to(float64), weight.t().to(float64)).dtype);
        Assert.Equal(ScalarType.BFloat16, RowProduct.Linear(x.to(bfloat16), weight.t().contiguous().to(bfloat16)).dtype);
    }

    [Theory]
    [InlineData(1, 8, 1, true)]
    [InlineData(3, 5, 4, false)]
    [InlineData(12, 64, 700, true)]                                      // above the size where threads share
    public void AttentionOfOneQueryEqualsLibtorch(int H, int D, int S, bool scale)
    {
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        var slots = S + 3;                                               // slots past S are never read
        var stored = randn([2, 1, H, slots, D]);
        stored.narrow(3, S, 3).fill_(float.NaN);
        var q = randn(1, H, 1, D);
        Assert.True(RowProduct.CanAttend(q, stored));
        var seen = stored.narrow(3, 0, S);
        var expected = nn.functional.scaled_dot_product_attention(AttentionKernels.ForFusedKernel(q, scale), seen.select(0, 0), seen.select(0, 1));
        Assert.True((RowProduct.Attend(q, stored, S, scale) - expected).abs().max().ToSingle() < 1e-5);
    }
}
