using ResearchKit.Core.Configuration;
using TorchSharp;
using static TorchSharp.torch;

namespace ResearchKit.Training;

/// <summary>One parameter and how the optimizer treats it.</summary>
/// <param name="Name">Name in the checkpoint, such as <c>h.0.attn.c_attn.weight</c>.</param>
/// <param name="Parameter">The model's own tensor, updated in place.</param>
/// <param name="Decays">Whether weight decay applies.</param>
public sealed record OptimizedParameter(string Name, Tensor Parameter, bool Decays)
{
    /// <summary>float32 values that are updated in the place of a low-precision parameter, which then gets them rounded; null where the parameter is float32. The optimizer disposes it.</summary>
    public Tensor? Master { get; init; }
}

/// <summary>Splits a model's parameters into those that decay and those that do not.</summary>
public static class OptimizerGroups
{
    /// <summary>Every trainable parameter of a module, once, in name order of registration.</summary>
    /// <param name="module">Model or head.</param>
    /// <param name="rule">Which parameters decay.</param>
    /// <param name="prefix">Put before every name, for a head beside a model.</param>
    public static IReadOnlyList<OptimizedParameter> Of(nn.Module module, DecayRule rule, string prefix = "") =>
        module.named_parameters().Where(pair => pair.parameter.requires_grad)
            .Select(pair => new OptimizedParameter(prefix + pair.name, pair.parameter, Decays(rule, pair.parameter.dim()))).ToArray();

    /// <summary>Whether a parameter of a rank decays under a rule.</summary>
    public static bool Decays(DecayRule rule, long rank) => rule switch
    {
        DecayRule.Gpt1 => rank > 1,
        DecayRule.Gpt2 => rank >= 2,
        DecayRule.All => true,
        DecayRule.None => false,
        _ => throw new ArgumentOutOfRangeException(nameof(rule), rule, "Unknown decay rule."),
    };
}
