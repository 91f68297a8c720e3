using FsCheck.Xunit;
using ResearchKit.Core.Configuration;
using ResearchKit.Models;
using ResearchKit.Models.Checkpoints;
using ResearchKit.Testing;
using TorchSharp;
using static TorchSharp.torch;

namespace ResearchKit.Training.Tests;

public sealed class OptimizerTests
{
    /// <summary>float32 rounding of a few operations on values near 1.</summary>
    private const double Rounding = 2e-6;

    public static TheoryData<string, bool> Gpt2Runs() => Runs("gpt2");

    public static TheoryData<string, bool> Gpt1Runs() => Runs("openai-gpt");

    [Theory, MemberData(nameof(Gpt2Runs))]
    public void FiveAdamwUpdatesFollowTheReferenceTrajectory(string name, bool fused)
    {
        var training = Golden.Json(name, "training.json");
        using var file = SafetensorsFile.Open(Path.Combine(Golden.Root, name, "training.safetensors"));
        foreach (var (run, details) in training["runs"]!.AsObject())
        {
            var erf = run.Contains("erf", StringComparison.Ordinal);
            using var model = Golden.Model(name, activation: erf ? Activation.GeluErf : Activation.GeluTanh);
            var config = new OptimizerConfig
            {
                Beta1 = (double)training["betas"]![0]!, Beta2 = (double)training["betas"]![1]!, Epsilon = (double)training["eps"]!,
                WeightDecay = (double)training["weight_decay"]!, GradientClip = (double)training["grad_clip"]!, DecayRule = DecayRule.Gpt2,
            };
            using var scope = NewDisposeScope();
            var (x, y) = (file.ReadTensor("x"), file.ReadTensor("y"));
            Follow(
                model, config, fused, () => model.Loss(x, y), Numbers(details!["lrs"]!), Numbers(details["losses"]!), Numbers(details["grad_norms_before_clip"]!),
                parameter => Golden.Read(file, run + "/final/", parameter, transposed: !erf));
        }
    }

    [Theory, MemberData(nameof(Gpt1Runs))]
    public void FiveUpdatesOfGpt1sAdamFollowTheReferenceTrajectory(string name, bool fused)
    {
        var details = Golden.Json(name, "training.json")["lm_warmup_cosine"]!;
        using var file = SafetensorsFile.Open(Path.Combine(Golden.Root, name, "training.safetensors"));
        using var inputs = SafetensorsFile.Open(Path.Combine(Golden.Root, name, "expected.safetensors"));
        using var model = Golden.Model(name);
        var config = new OptimizerConfig
        {
            Form = OptimizerForm.Gpt1, Beta1 = (double)details["b1"]!, Beta2 = (double)details["b2"]!, Epsilon = (double)details["e"]!,
            WeightDecay = (double)details["l2"]!, GradientClip = (double)details["max_grad_norm"]!, DecayRule = (bool)details["vector_l2"]! ? DecayRule.All : DecayRule.Gpt1,
        };
        using var scope = NewDisposeScope();
        var ids = inputs.ReadTensor("lm/input_ids");
        var (x, y) = (ids.narrow(1, 0, ids.size(1) - 1), ids.narrow(1, 1, ids.size(1) - 1));
        var rates = Numbers(details["lr_multipliers"]!).Select(factor => factor * (double)details["lr"]!).ToArray();
        Follow(
            model, config, fused, () => model.Loss(x, y), rates, Numbers(details["losses"]!), Numbers(details["grad_global_norms"]!),
            parameter => Golden.Read(file, "lm_warmup_cosine/final/", parameter));
    }

    [Property(MaxTest = 30)]
    public void TheFusedOptimizerAgreesWithTheReference(byte rows, byte columns, bool gpt1, bool decayAll, ushort seed)
    {
        using var first = new Parameters(rows % 40 + 1, columns % 50 + 1, seed);
        using var second = new Parameters(rows % 40 + 1, columns % 50 + 1, seed);
        var config = new OptimizerConfig { Form = gpt1 ? OptimizerForm.Gpt1 : OptimizerForm.Adamw, DecayRule = decayAll ? DecayRule.All : DecayRule.Gpt2, LearningRate = 0.01 };
        using var fused = new AdamW(OptimizerGroups.Of(first, config.DecayRule), config);
        using var reference = new ReferenceAdamW(OptimizerGroups.Of(second, config.DecayRule), config);
        for (var step = 0; step < 3; step++)
        {
            first.SetGradients(seed + step);
            second.SetGradients(seed + step);
            Assert.Equal(reference.GradientNorm(), fused.GradientNorm(), 1e-5 * reference.GradientNorm());
            fused.Step(0.01, fused.ClipScale(fused.GradientNorm()));
            reference.Step(0.01, fused.ClipScale(fused.GradientNorm()));
        }

        using var scope = NewDisposeScope();
        foreach (var (name, value) in reference.Weights()) Assert.True((value - fused.Weights()[name]).abs().max().ToSingle() <= Rounding, name);
        foreach (var (name, value) in reference.State()) Assert.True((value - fused.State()[name]).abs().max().ToSingle() <= Rounding, name);
    }

    [Fact]
    public void TheFusedOptimizerGivesTheSameBitsOnOneAndTwoThreads()
    {
        using var first = new Parameters(700, 900, 1);                   // large enough to be run in parallel
        using var second = new Parameters(700, 900, 1);
        var config = new OptimizerConfig();
        using var one = new AdamW(OptimizerGroups.Of(first, config.DecayRule), config);
        using var two = new AdamW(OptimizerGroups.Of(second, config.DecayRule), config);
        for (var step = 0; step < 2; step++)
        {
            first.SetGradients(step);
            second.SetGradients(step);
            var norm = one.GradientNorm();
            one.Step(0.01, one.ClipScale(norm));
            set_num_threads(2);
            try
            {
                Assert.Equal(norm, two.GradientNorm());
                two.Step(0.01, two.ClipScale(norm));
            }
            finally
            {
                set_num_threads(1);
            }
        }

        foreach (var (name, value) in one.Weights()) Assert.True(value.bytes.SequenceEqual(two.Weights()[name].bytes), name);
    }

    [Fact]
    public void AParameterWithoutGradientKeepsItsValueAndMoments()
    {
        using var model = new Parameters(3, 4, 5);
        using var optimizer = new AdamW(OptimizerGroups.Of(model, DecayRule.All), new OptimizerConfig());
        var before = optimizer.Weights()["vector"].data<float>().ToArray();
        model.SetGradients(1);
        model.named_parameters().Single(pair => pair.name == "vector").parameter.grad = null;
        optimizer.Step(0.1);
        Assert.Equal(before, optimizer.Weights()["vector"].data<float>().ToArray());
        Assert.All(optimizer.State()["exp_avg.vector"].data<float>().ToArray(), value => Assert.Equal(0f, value));
        Assert.Contains(optimizer.State()["exp_avg.matrix"].data<float>().ToArray(), value => value != 0);
    }

    [Fact]
    public void RestoredMomentsContinueAsIfNothingHadHappened()
    {
        using var whole = new Parameters(5, 6, 2);
        using var parted = new Parameters(5, 6, 2);
        var config = new OptimizerConfig();
        using var optimizer = new AdamW(OptimizerGroups.Of(whole, config.DecayRule), config);
        using var before = new AdamW(OptimizerGroups.Of(parted, config.DecayRule), config);
        whole.SetGradients(1);
        parted.SetGradients(1);
        optimizer.Step(0.1);
        before.Step(0.1);
        using var after = new AdamW(OptimizerGroups.Of(parted, config.DecayRule), config);
        after.Restore(before.State(), before.StepCount);
        whole.SetGradients(2);
        parted.SetGradients(2);
        optimizer.Step(0.1);
        after.Step(0.1);
        foreach (var (name, value) in optimizer.Weights()) Assert.True(value.bytes.SequenceEqual(after.Weights()[name].bytes), name);
    }

    [Theory]
    [InlineData(5.0, 1.0, 0.2)]
    [InlineData(0.5, 1.0, 1.0)]
    [InlineData(5.0, 0.0, 1.0)]
    public void ClippingScalesOnlyGradientsAboveTheLimit(double norm, double limit, double expected)
    {
        using var model = new Parameters(1, 1, 0);
        using var optimizer = new AdamW(OptimizerGroups.Of(model, DecayRule.None), new OptimizerConfig { GradientClip = limit });
        Assert.Equal(expected, optimizer.ClipScale(norm), 1e-12);
    }

    [Theory]
    [InlineData(DecayRule.Gpt1)]
    [InlineData(DecayRule.Gpt2)]
    [InlineData(DecayRule.All)]
    [InlineData(DecayRule.None)]
    public void GroupsPartitionTheParameters(DecayRule rule)
    {
        using var model = new Gpt(Presets.Get("gpt2-mini").Config with { LayerCount = 1, VocabularySize = 17, ContextLength = 8 });
        var groups = OptimizerGroups.Of(model, rule);
        Assert.Equal(model.Config.ParameterCount, groups.Sum(parameter => parameter.Parameter.NumberOfElements));
        Assert.Equal(groups.Count, groups.Select(parameter => parameter.Name).Distinct().Count());
        Assert.All(groups, parameter => Assert.Equal(
            rule switch { DecayRule.All => true, DecayRule.None => false, _ => parameter.Name.EndsWith("weight", StringComparison.Ordinal) && !parameter.Name.Contains("ln_", StringComparison.Ordinal) },
            parameter.Decays));
    }

    [Fact]
    public void AnUpdateLeavesNoTensorBehind()
    {
        using var model = new Parameters(3, 4, 5);
        using var fused = new AdamW(OptimizerGroups.Of(model, DecayRule.All), new OptimizerConfig());
        using var reference = new ReferenceAdamW(OptimizerGroups.Of(model, DecayRule.All), new OptimizerConfig());
        TensorLeak.None(() =>
        {
            using var scope = NewDisposeScope();
            model.SetGradients(1);
            fused.Step(1e-3, fused.ClipScale(fused.GradientNorm()));
            reference.Step(1e-3, reference.ClipScale(reference.GradientNorm()));
            fused.ReleaseGradients();
        });
    }

    private static TheoryData<string, bool> Runs(string modelType)
    {
        var data = new TheoryData<string, bool>();
        foreach (var name in Golden.Cases(modelType, "training.json")) foreach (var fused in new[] { true, false }) data.Add(name, fused);
        return data;
    }

    private static void Follow(
        Gpt model, OptimizerConfig config, bool fused, Func<Tensor> loss, double[] rates, double[] losses, double[] norms, Func<string, Tensor> final)
    {
        var parameters = OptimizerGroups.Of(model, config.DecayRule);
        using Optimizer optimizer = fused ? new AdamW(parameters, config) : new ReferenceAdamW(parameters, config);
        for (var step = 0; step < rates.Length; step++)
        {
            using var scope = NewDisposeScope();
            var value = loss();
            value.backward();
            Assert.Equal(losses[step], value.ToSingle(), 1e-4);
            var norm = optimizer.GradientNorm();
            Assert.Equal(norms[step], norm, 1e-4 * norms[step] + 1e-4);
            optimizer.Step(rates[step], optimizer.ClipScale(norm));
            optimizer.ReleaseGradients();
        }

        var differences = new List<double>();
        foreach (var (name, value) in optimizer.Weights()) Golden.AssertTrained(name, final(name), value, differences);
        Golden.AssertMostlyWithin(differences, 1e-5);
    }

    private static double[] Numbers(System.Text.Json.Nodes.JsonNode list) => list.AsArray().Select(value => (double)value!).ToArray();

    /// <summary>A matrix and a vector with gradients of our choice.</summary>
    private sealed class Parameters : nn.Module
    {
        public Parameters(int rows, int columns, int seed) : base(nameof(Parameters))
        {
            using var generator = new Generator((ulong)seed, CPU);
            register_parameter("matrix", nn.Parameter(randn([rows, columns], generator: generator)));
            register_parameter("vector", nn.Parameter(randn([columns], generator: generator)));
        }

        public void SetGradients(int seed)
        {
            using var generator = new Generator((ulong)seed + 1000, CPU);
            foreach (var parameter in parameters()) parameter.grad = randn(parameter.shape, generator: generator);
        }
    }
}
