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
        var leaf = randn(new long[] { N, C }, generator: generator).mul_(spread).to(dtype).requires_grad_();
        var weight = randn(new long[] { V, C }, generator: generator).to(dtype).requires_grad_();
        var tokens = tensor(Enumerable.Range(0, N).Select(_ => (long)random.Next(V)).ToArray(), 1, N);
        var targets = tensor(Enumerable.Range(0, N).Select(_ => random.Next(4) == 0 ? Gpt.IgnoredTarget : random.Next(V)).ToArray());
        var factor = random.NextDouble() + 0.1;
        var rowsPerChunk = random.Next(1, 12);
        Tensor Chunked()
        {
            var tied = is_grad_enabled() ? new TiedEmbedding() : null;
            return OutputLoss.Sum(leaf + (tied?.Lookup(weight, tokens).view(N, C) ?? weight.index_select(0, tokens.view(-1))), weight, targets, tied, rowsPerChunk);
        }

        var plain = nn.functional.cross_entropy(nn.functional.linear(leaf + weight.index_select(0, tokens.view(-1)), weight), targets, ignore_index: Gpt.IgnoredTarget, reduction: nn.Reduction.Sum);
        var chunked = Chunked();
        Tolerance.Close(plain.view(1), chunked.view(1), tolerance, "value", relative: tolerance);
        Tensor[] inputs = [leaf, weight];
        var expected = autograd.grad([plain * factor], inputs, retain_graph: true);
        var loss = chunked * factor;
        foreach (var pass in new[] { "first", "second" })                  // the graph may be used again
        {
            var actual = autograd.grad([loss], inputs, retain_graph: true);
            for (var i = 0; i < 2; i++) Tolerance.Close(expected[i], actual[i], tolerance, $"gradient {i}, {pass} pass", relative: tolerance);
        }

        using var noGradient = no_grad();
        Tolerance.Close(plain.view(1), Chunked().view(1), tolerance, "value without gradient", relative: tolerance);
    }

    [Fact]
    public void AFrozenEmbeddingLeavesTheOthersTheirGradients()
    {
        using var model = TinyModel.Of(TinyModel.Config(4), 4);
        using var scope = NewDisposeScope();
        Tensor[] Gradients() => [.. model.named_parameters().Where(entry => entry.name != "wte.weight").Select(entry => entry.parameter.grad!.clone())];
        var tokens = TinyModel.Tokens([0, 1, 2]);
        model.Loss(tokens, tokens).backward();
        var expected = Gradients();
        model.zero_grad(set_to_none: true);
        var embedding = model.named_parameters().First(entry => entry.name == "wte.weight").parameter;
        embedding.requires_grad = false;
        model.Loss(tokens, tokens).backward();
        Assert.Null(embedding.grad);
        foreach (var (one, other) in expected.Zip(Gradients())) Tolerance.Close(one, other, 1e-6, "gradient");
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
