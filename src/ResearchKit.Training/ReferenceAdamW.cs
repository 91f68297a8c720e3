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
        for (var i = 0; i < Parameters.Count; i++)
        {
            using var scope = NewDisposeScope();
            if (Gradient(i) is not { } gradient) continue;
            var g = gradient.to(float32) * c.Scale;
            var (m, v) = (FirstMoments[i], SecondMoments[i]);
            m.mul_(c.Beta1).add_(g, alpha: 1 - c.Beta1);
            v.mul_(c.Beta2).addcmul_(g, g, value: 1 - c.Beta2);
            var p = Parameters[i].Master ?? Parameters[i].Parameter;
            if (Parameters[i].Decays) p.mul_(1 - c.Decay);
            p.addcdiv_(m, v.sqrt().mul_(c.Root).add_(c.Epsilon), value: -c.Rate);
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
