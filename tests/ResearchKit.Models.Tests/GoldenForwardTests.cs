using ResearchKit.Core.Configuration;
using ResearchKit.Models.Tests.Reference;
using TorchSharp;
using static TorchSharp.torch;

namespace ResearchKit.Models.Tests;

public class GoldenForwardTests
{
    private const string File = "expected.safetensors";

    public static TheoryData<string> Cases => Golden.CasesWith(File);

    public static TheoryData<string> PaddedCases => Golden.CasesWith(File, "left_padded/input_ids");

    public static TheoryData<string> NanoGptCases => Golden.CasesWith(File, "nanogpt_erf_gelu/logits");

    [Theory]
    [MemberData(nameof(Cases))]
    public void LogitsLossAndHiddenStatesEqualTheReference(string folder)
    {
        using var model = GoldenModel.Load(folder);
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        var expected = new TensorFile(folder, File);
        foreach (var run in new[] { "lm", "lm_full_ctx" })
        {
            var tokens = expected[$"{run}/input_ids"];
            Tolerance.Close(expected[$"{run}/logits"], model.call(tokens), Tolerance.Logits, $"{run}/logits");
            Tolerance.Close(expected[$"{run}/loss"].reshape(1), model.Loss(tokens, Targets(tokens)).reshape(1), Tolerance.Loss, $"{run}/loss");
            var states = model.HiddenStates(tokens);
            Assert.Equal(expected.Names.Count(name => name.StartsWith($"{run}/hidden_states/")), states.Count);
            for (var i = 0; i < states.Count; i++) Tolerance.Close(expected[$"{run}/hidden_states/{i}"], states[i], Tolerance.Logits, $"{run}/hidden_states/{i}");
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void AttentionWeightsEqualTheReference(string folder)
    {
        using var model = GoldenModel.Load(folder);
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        var expected = new TensorFile(folder, File);
        var weights = model.Attentions(expected["lm/input_ids"]);
        Assert.Equal(model.Config.LayerCount, weights.Count);
        for (var layer = 0; layer < weights.Count; layer++) Tolerance.Close(expected[$"lm/attentions/{layer}"], weights[layer], Tolerance.Logits, $"lm/attentions/{layer}");
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void GradientsEqualTheReference(string folder)
    {
        using var model = GoldenModel.Load(folder);
        using var scope = NewDisposeScope();
        var expected = new TensorFile(folder, File);
        var tokens = expected["lm/input_ids"];
        model.Loss(tokens, Targets(tokens)).backward();
        var neo = Golden.Json(folder, "config.json").GetProperty("model_type").GetString() == "gpt_neo";
        foreach (var (name, parameter) in model.named_parameters())
        {
            var stored = GoldenModel.Stored(other => expected.Has("lm/grad/" + other), other => expected["lm/grad/" + other], name, neo);
            Tolerance.Close(stored, parameter.grad!, Tolerance.Gradient, name, relative: Tolerance.Gradient);
        }
    }

    [Theory(SkipTestWithoutData = true)]
    [MemberData(nameof(PaddedCases))]
    public void PaddedTextsOfTheReferenceEqualOursWithoutPadding(string folder)
    {
        var expected = new TensorFile(folder, File);
        using var model = GoldenModel.Load(folder);
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        var (tokens, mask, logits) = (expected["left_padded/input_ids"], expected["left_padded/attention_mask"], expected["left_padded/logits_real_positions"]);
        for (var row = 0; row < tokens.size(0); row++)
        {
            var real = (int)mask[row].sum().item<long>();
            var text = tokens[row].narrow(0, tokens.size(1) - real, real).unsqueeze(0);
            Tolerance.Close(logits[row].narrow(0, tokens.size(1) - real, real), model.call(text)[0], Tolerance.Logits, $"row {row}");
        }
    }

    [Theory(SkipTestWithoutData = true)]
    [MemberData(nameof(NanoGptCases))]
    public void TheExactGeluGivesNanoGptsLogits(string folder)
    {
        var expected = new TensorFile(folder, File);
        using var model = GoldenModel.Load(folder, config => config with { Activation = Activation.GeluErf });
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        Tolerance.Close(expected["nanogpt_erf_gelu/logits"], model.call(expected["lm/input_ids"]), Tolerance.Logits, "nanogpt");
    }

    /// <summary>Token t+1 of every position; the last has none.</summary>
    private static Tensor Targets(Tensor tokens)
    {
        var targets = full_like(tokens, Gpt.IgnoredTarget);
        targets.narrow(1, 0, tokens.size(1) - 1).copy_(tokens.narrow(1, 1, tokens.size(1) - 1));
        return targets;
    }
}
