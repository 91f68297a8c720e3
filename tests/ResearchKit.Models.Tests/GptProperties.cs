using FsCheck.Xunit;
using ResearchKit.Core.Configuration;
using ResearchKit.Core.Random;
using ResearchKit.Models.Tests.Reference;
using TorchSharp;
using static TorchSharp.torch;

namespace ResearchKit.Models.Tests;

public class GptProperties
{
    [Property(MaxTest = 60)]
    public void ChangingALaterTokenLeavesEarlierLogitsUnchanged(int seed)
    {
        var config = TinyModel.Config(seed);
        using var model = TinyModel.Of(config, seed);
        using var scope = NewDisposeScope();
        using var inference = inference_mode();
        var random = new CounterRandom(seed, "causality");
        var tokens = TinyModel.Ids(random, config, config.ContextLength);
        var place = random.Next(1, tokens.Length);
        var changed = (int[])tokens.Clone();
        changed[place] = (changed[place] + 1) % config.VocabularySize;
        var (before, after) = (model.call(TinyModel.Tokens(tokens)), model.call(TinyModel.Tokens(changed)));
        Tolerance.Close(before.narrow(1, 0, place), after.narrow(1, 0, place), 1e-6, $"{config}");
        // LayerNorm of two numbers is ±1 whatever they are, so a model two wide may well not notice the change.
        if (config.EmbeddingSize > 2) Assert.NotEqual(0, Tolerance.MaxDifference(before[0, place], after[0, place]));
    }

    [Property(MaxTest = 40)]
    public void ABandAsWideAsTheTextIsDenseAttention(int seed)
    {
        var config = TinyModel.Config(seed) with { Attention = [new DenseAttention()] };
        using var dense = TinyModel.Of(config, seed);
        using var band = TinyModel.Of(config with { Attention = [new LocalAttention(config.ContextLength)] }, seed);
        using var scope = NewDisposeScope();
        using var inference = inference_mode();
        var tokens = TinyModel.Tokens(TinyModel.Ids(new CounterRandom(seed, "text"), config, config.ContextLength));
        Tolerance.Close(dense.call(tokens), band.call(tokens), 1e-5, $"{config}");
    }

    [Property(MaxTest = 60)]
    public void LocalLayersReachLTimesWMinusOneBack(int seed)
    {
        var random = new CounterRandom(seed, "reach");
        var (layers, window) = (random.Next(1, 4), random.Next(1, 5));
        var config = TinyModel.Config(seed) with { LayerCount = layers, Attention = [new LocalAttention(window)], ContextLength = 16, HeadCount = 2, EmbeddingSize = 16 };
        using var model = TinyModel.Of(config, seed).to(ScalarType.Float64) as Gpt;
        using var scope = NewDisposeScope();
        using var inference = inference_mode();
        var tokens = TinyModel.Ids(random, config, 16);
        var changed = (int[])tokens.Clone();
        var place = random.Next(16);
        changed[place] = (changed[place] + 1) % config.VocabularySize;
        var differs = (model!.call(TinyModel.Tokens(tokens)) - model.call(TinyModel.Tokens(changed))).abs().amax(2)[0].data<double>().ToArray();
        for (var t = 0; t < 16; t++) Assert.Equal(t >= place && t - place <= layers * (window - 1), differs[t] > 0);
    }

    [Property(MaxTest = 40)]
    public void PermutingRowsPermutesLogits(int seed)
    {
        var config = TinyModel.Config(seed);
        using var model = TinyModel.Of(config, seed);
        using var scope = NewDisposeScope();
        using var inference = inference_mode();
        var random = new CounterRandom(seed, "rows");
        var rows = Enumerable.Range(0, 4).Select(_ => TinyModel.Ids(random, config, 4)).ToArray();
        var order = random.Sample(4, 4);
        var logits = model.call(TinyModel.Tokens(rows));
        var permuted = model.call(TinyModel.Tokens([.. order.Select(row => rows[row])]));
        for (var i = 0; i < 4; i++) Tolerance.Close(logits[order[i]], permuted[i], 1e-5, $"{config}");
    }

    [Property(MaxTest = 60)]
    public void TheParameterCountIsTheFormulas(int seed)
    {
        var config = TinyModel.Config(seed);
        using var outer = NewDisposeScope();
        using var model = new Gpt(config);
        Assert.Equal(config.ParameterCount, model.parameters().Sum(parameter => parameter.numel()));
    }

    [Property(MaxTest = 40)]
    public void RecomputedBlocksGiveEqualGradients(int seed)
    {
        var random = new CounterRandom(seed, "recompute");
        var dropout = random.Pick([0.0, 0.3]);
        var config = TinyModel.Config(seed) with { AttentionDropoutProbability = dropout, ResidualDropoutProbability = dropout, EmbeddingDropoutProbability = dropout };
        using var model = TinyModel.Of(config, seed);
        model.train();
        using var scope = NewDisposeScope();
        var tokens = TinyModel.Tokens(TinyModel.Ids(random, config, 4), TinyModel.Ids(random, config, 4));
        Tensor[] Gradients(bool recompute)
        {
            model.RecomputesBlocks = recompute;
            manual_seed(seed);
            var after = 0f;
            model.Loss(tokens, tokens).backward();
            after = rand(1).item<float>();                                // the generator must stand where it would have stood
            var gradients = model.parameters().Select(parameter => parameter.grad!.clone()).Append(tensor(after)).ToArray();
            model.zero_grad(set_to_none: true);
            return gradients;
        }

        foreach (var (expected, actual) in Gradients(false).Zip(Gradients(true))) Tolerance.Close(expected, actual, 1e-6, $"{config}", relative: 1e-5);
    }
}
