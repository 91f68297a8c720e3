using FsCheck.Xunit;
using ResearchKit.Core.Random;
using ResearchKit.Models.Tests.Reference;
using ResearchKit.Testing;
using TorchSharp;
using static TorchSharp.torch;

namespace ResearchKit.Models.Tests;

public class OutputLossTests
{
    [Property(MaxTest = 100)]
    public void TheChunkedLossEqualsCrossEntropyInValueAndGradient(int seed)
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator((ulong)(uint)seed, CPU);
        var random = new CounterRandom(seed, "loss");
        var (N, C, V) = (random.Next(1, 30), random.Next(1, 9), random.Next(2, 40));
        // The wide spread leaves float32's range after softmax; it is checked in float64, whose rounding is small at that size too.
        var (spread, dtype, tolerance) = random.Pick([(0.5, ScalarType.Float32, 1e-5), (60.0, ScalarType.Float64, 1e-9)]);
        var hidden = randn(new long[] { N, C }, generator: generator).mul_(spread).to(dtype).requires_grad_();
        var weight = randn(new long[] { V, C }, generator: generator).to(dtype).requires_grad_();
        var targets = tensor(Enumerable.Range(0, N).Select(_ => random.Next(4) == 0 ? Gpt.IgnoredTarget : random.Next(V)).ToArray());
        var factor = random.NextDouble() + 0.1;

        var plain = nn.functional.cross_entropy(nn.functional.linear(hidden, weight), targets, ignore_index: Gpt.IgnoredTarget, reduction: nn.Reduction.Sum);
        var chunked = OutputLoss.Sum(hidden, weight, targets, random.Next(1, 12));
        Tolerance.Close(plain.view(1), chunked.view(1), tolerance, "value", relative: tolerance);
        Tensor[] inputs = [hidden, weight];
        var expected = autograd.grad([plain * factor], inputs);
        var actual = autograd.grad([chunked * factor], inputs, allow_unused: true);
        for (var i = 0; i < 2; i++) Tolerance.Close(expected[i], actual[i], tolerance, $"gradient {i}", relative: tolerance);
        using var noGradient = no_grad();
        Tolerance.Close(plain.view(1), OutputLoss.Sum(hidden, weight, targets).view(1), tolerance, "value without gradient", relative: tolerance);
    }

    [Fact]
    public void TheLossSumIsTheMeanTimesTheCount()
    {
        using var model = TinyModel.Of(TinyModel.Config(1), 1);
        using var scope = NewDisposeScope();
        var tokens = TinyModel.Tokens([0, 1, 2, 3]);
        var targets = tensor(new long[] { 1, Gpt.IgnoredTarget, 3, 0 }, 1, 4);
        var (sum, count) = model.LossSum(tokens, targets);
        Assert.Equal(3, count.item<long>());
        Assert.Equal(model.Loss(tokens, targets).item<float>(), sum.item<float>() / 3, 1e-5);
    }

    [Fact]
    public void UniformLogitsCostLnV()
    {
        using var model = TinyModel.Of(TinyModel.Config(2), 2);
        using var scope = NewDisposeScope();
        using (no_grad()) model.named_parameters().First(entry => entry.name == "wte.weight").parameter.zero_();
        var loss = model.Loss(TinyModel.Tokens([0, 0, 0]), TinyModel.Tokens([1, 2, 3])).item<float>();
        Assert.Equal(Math.Log(model.Config.VocabularySize), loss, 1e-6);
    }

    [Fact]
    public void ATrainingStepLeavesNothingButItsGradients()
    {
        using var model = TinyModel.Of(TinyModel.Config(3), 3);
        foreach (var recompute in new[] { false, true })
        {
            model.RecomputesBlocks = recompute;
            TensorLeak.None(() =>
            {
                using var scope = NewDisposeScope();
                model.Loss(TinyModel.Tokens([0, 1, 2]), TinyModel.Tokens([1, 2, 3])).backward();
                model.zero_grad(set_to_none: true);
            });
        }
    }
}
