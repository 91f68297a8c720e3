using TorchSharp;
using static TorchSharp.torch;

namespace ResearchKit.Models.Tests;

/// <summary>Products of one row against libtorch's.</summary>
public sealed class MatrixVectorTests
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
        var expected = nn.functional.linear(x, weight);
        Assert.Equal([1, 1, N], MatrixVector.Linear(x, weight).shape);
        Assert.True((MatrixVector.Linear(x, weight) - expected).abs().max().ToSingle() < Tolerance);
        Assert.True((Affine(x, weight, bias, MatrixVector.Epilogue.Store) - expected - bias).abs().max().ToSingle() < Tolerance);
        Assert.True((Affine(x, weight, null, MatrixVector.Epilogue.Add) - expected - 1).abs().max().ToSingle() < Tolerance);
        var gelu = nn.functional.gelu(expected + bias, TorchSharp.Modules.GELU.Approximate.tanh);
        Assert.True((Affine(x, weight, bias, MatrixVector.Epilogue.Gelu) - gelu).abs().max().ToSingle() < Tolerance);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(768)]
    public unsafe void LayerNormEqualsLibtorch(int C)
    {
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        var (x, gain, bias) = (randn(C) * 3 + 2, randn(C), randn(C));
        var expected = nn.functional.layer_norm(x, [C], gain, bias, 1e-5);
        MatrixVector.Normalize(MatrixVector.Address(x), gain, bias, 1e-5, MatrixVector.Address(x));
        Assert.True((x - expected).abs().max().ToSingle() < 1e-5);
    }

    [Theory]
    [InlineData(-1e30f, 0)]                                              // exp overflows, and the result is still a number
    [InlineData(1e10f, 1e10f)]
    [InlineData(0, 0)]
    public void GeluTakesAnySize(float product, float expected)
    {
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        var y = Affine(full(1, 1, product), ones(9, 1), null, MatrixVector.Epilogue.Gelu);
        Assert.All(y.data<float>().ToArray(), value => Assert.Equal(expected, value));
    }

    [Fact]
    public void ThreadsChangeNoBit()
    {
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        var (x, weight) = (randn(1, 768), randn(1001, 768));
        var one = Affine(x, weight, null, MatrixVector.Epilogue.Gelu);
        set_num_threads(2);
        try
        {
            Assert.True(one.equal(Affine(x, weight, null, MatrixVector.Epilogue.Gelu)).all().ToBoolean());
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
        MatrixVector.Linear(x, weight).sum().backward();
        Assert.True((weight.grad! - x.expand(4, 8)).abs().max().ToSingle() < 1e-6);
    }

    [Fact]
    public void OtherTypesAndStridesGoThroughLibtorch()
    {
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        var (x, weight) = (randn(1, 8), randn(8, 4));
        Assert.True((MatrixVector.Linear(x, weight.t()) - x.mm(weight)).abs().max().ToSingle() < 1e-5);
        Assert.Equal(ScalarType.Float64, MatrixVector.Linear(x.to(float64), weight.t().to(float64)).dtype);
        Assert.Equal(ScalarType.BFloat16, MatrixVector.Linear(x.to(bfloat16), weight.t().contiguous().to(bfloat16)).dtype);
    }

    [Theory]
    [InlineData(1, 8, 1, true)]
    [InlineData(3, 5, 4, false)]
    [InlineData(12, 64, 700, true)]                                      // above the size where threads share
    public unsafe void AttentionOfOneQueryEqualsLibtorch(int H, int D, int S, bool scale)
    {
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        var slots = S + 3;                                               // slots past S are never read
        var stored = randn([2, 1, H, slots, D]);
        stored.narrow(3, S, 3).fill_(float.NaN);
        var q = randn(1, H, 1, D);
        var seen = stored.narrow(3, 0, S);
        var expected = nn.functional.scaled_dot_product_attention(AttentionKernels.ForFusedKernel(q, scale), seen.select(0, 0), seen.select(0, 1));
        var y = empty(1, H, 1, D);
        MatrixVector.Attend(MatrixVector.Address(q), stored, S, scale, MatrixVector.Address(y));
        Assert.True((y - expected).abs().max().ToSingle() < 1e-5);
    }

    private static unsafe Tensor Affine(Tensor x, Tensor weight, Tensor? bias, MatrixVector.Epilogue epilogue)
    {
        var y = ones(weight.size(0));
        MatrixVector.Affine(MatrixVector.Address(x), weight, null, bias, MatrixVector.Address(y), epilogue);
        return y;
    }
}
