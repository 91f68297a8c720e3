using ResearchKit.Core.Configuration;
using TorchSharp;
using static TorchSharp.torch;

namespace ResearchKit.Training;

/// <summary>The optimizer written with tensor operations, one parameter after the other: the oracle of <see cref="AdamW"/>, and what runs on other devices and precisions.</summary>
/// <param name="parameters">What is optimized, of any float type on any device.</param>
/// <param name="config">Hyperparameters.</param>
public sealed class ReferenceAdamW(IReadOnlyList<OptimizedParameter> parameters, OptimizerConfig config) : Optimizer(parameters, config)
{
    private readonly Tensor?[] _collected = new Tensor?[parameters.Count];

    /// <inheritdoc/>
    public override double GradientNorm()
    {
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        var norms = Enumerable.Range(0, Parameters.Count).Select(Gradient).OfType<Tensor>().Select(gradient => gradient.to(float32).norm()).ToArray();
        return norms.Length == 0 ? 0 : stack(norms).to(float64).norm().ToDouble();
    }

    /// <inheritdoc/>
    public override void CollectGradients()
    {
        using var noGradient = no_grad();
        for (var i = 0; i < Parameters.Count; i++)
        {
            if (Parameters[i].Master is null) continue;
            using var scope = NewDisposeScope();
            if (Parameters[i].Parameter.grad is not { } gradient) continue;
            if (_collected[i] is { } sum) sum.add_(gradient);
            else _collected[i] = gradient.to(float32).DetachFromDisposeScope();
            Parameters[i].Parameter.grad = null;
        }
    }

    /// <inheritdoc/>
    public override void ReleaseGradients()
    {
        base.ReleaseGradients();
        for (var i = 0; i < _collected.Length; i++)
        {
            _collected[i]?.Dispose();
            _collected[i] = null;
        }
    }

    private protected override void Update(StepCoefficients c)
    {
        using var noGradient = no_grad();
        // Kept alive by name: TorchSharp's operators do not, and a number that is collected while it is read would go unnoticed.
        using Scalar scale = c.Scale, beta1 = c.Beta1, rest1 = 1 - c.Beta1, beta2 = c.Beta2, rest2 = 1 - c.Beta2, kept = 1 - c.Decay, root = c.Root, epsilon = c.Epsilon, descent = -c.Rate;
        for (var i = 0; i < Parameters.Count; i++)
        {
            using var scope = NewDisposeScope();
            if (Gradient(i) is not { } gradient) continue;
            var g = gradient.to(float32).mul(scale);
            var (m, v) = (FirstMoments[i], SecondMoments[i]);
            m.mul_(beta1).add_(g, alpha: rest1);
            v.mul_(beta2).addcmul_(g, g, value: rest2);
            var p = Parameters[i].Master ?? Parameters[i].Parameter;
            if (Parameters[i].Decays) p.mul_(kept);
            p.addcdiv_(m, v.sqrt().mul_(root).add_(epsilon), value: descent);
            if (Parameters[i].Master is not null) Parameters[i].Parameter.copy_(p);
        }
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        foreach (var tensor in _collected) tensor?.Dispose();
        base.Dispose(disposing);
    }

    private protected override Tensor? Gradient(int i) => _collected[i] ?? base.Gradient(i);
}
