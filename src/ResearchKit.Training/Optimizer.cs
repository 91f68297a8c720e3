using ResearchKit.Core.Configuration;
using TorchSharp;
using static TorchSharp.torch;

namespace ResearchKit.Training;

/// <summary>Adam with decoupled weight decay in either published reading; see <see cref="OptimizerForm"/>. This class keeps the state; the two subclasses do the arithmetic.</summary>
/// <remarks>Build it outside any dispose scope, after the model is on its device: it holds the parameters' own tensors.</remarks>
public abstract class Optimizer : IDisposable
{
    private protected readonly Tensor[] FirstMoments;
    private protected readonly Tensor[] SecondMoments;

    private protected Optimizer(IReadOnlyList<OptimizedParameter> parameters, OptimizerConfig config)
    {
        (Parameters, Config) = (parameters, config);
        FirstMoments = parameters.Select(Zeros).ToArray();
        SecondMoments = parameters.Select(Zeros).ToArray();

        static Tensor Zeros(OptimizedParameter parameter) =>
            zeros(parameter.Parameter.shape, dtype: float32, device: parameter.Parameter.device).DetachFromDisposeScope();
    }

    /// <summary>What is optimized.</summary>
    public IReadOnlyList<OptimizedParameter> Parameters { get; }

    /// <summary>Hyperparameters.</summary>
    public OptimizerConfig Config { get; }

    /// <summary>Updates made so far, t of the bias correction.</summary>
    public long StepCount { get; private set; }

    /// <summary>The fused optimizer where it applies (float32 on the CPU), the one of tensor operations elsewhere.</summary>
    public static Optimizer Create(IReadOnlyList<OptimizedParameter> parameters, OptimizerConfig config) =>
        AdamW.Supports(parameters) ? new AdamW(parameters, config) : new ReferenceAdamW(parameters, config);

    /// <summary>Euclidean norm of all gradients together; parameters without a gradient count as 0.</summary>
    public abstract double GradientNorm();

    /// <summary>One update of every parameter that has a gradient.</summary>
    /// <param name="learningRate">Rate of this update, schedule included; at least 0.</param>
    /// <param name="gradientScale">Multiplies every gradient first; see <see cref="ClipScale"/>. Default 1.</param>
    public void Step(double learningRate, double gradientScale = 1)
    {
        StepCount++;
        Update(StepCoefficients.Of(Config, learningRate, gradientScale, StepCount));
    }

    /// <summary>Factor that brings a gradient of this norm down to the configured largest norm: clip / max(norm, clip), or 1 where clipping is off.</summary>
    /// <param name="gradientNorm">Global norm.</param>
    /// <remarks>TensorFlow's <c>clip_by_global_norm</c>, which GPT-1 used; PyTorch adds 1e-6 to the norm.</remarks>
    public double ClipScale(double gradientNorm) => Config.GradientClip > 0 ? Config.GradientClip / Math.Max(gradientNorm, Config.GradientClip) : 1;

    /// <summary>Collects the gradients of one backward pass. Only low-precision parameters need it (their gradients are summed in float32); call it after every backward pass.</summary>
    public virtual void CollectGradients()
    {
    }

    /// <summary>Releases all gradients.</summary>
    public virtual void ReleaseGradients()
    {
        foreach (var parameter in Parameters) parameter.Parameter.grad = null;
    }

    /// <summary>Names of the parameters whose gradient holds an infinity or something that is not a number, for error messages.</summary>
    public IReadOnlyList<string> NonFiniteGradients()
    {
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        return Enumerable.Range(0, Parameters.Count).Where(i => Gradient(i) is { } gradient && !gradient.isfinite().all().ToBoolean()).Select(i => Parameters[i].Name).ToArray();
    }

    /// <summary>The tensors of the state by name, <c>exp_avg.NAME</c> and <c>exp_avg_sq.NAME</c>; they stay the optimizer's.</summary>
    public IReadOnlyDictionary<string, Tensor> State()
    {
        var state = new SortedDictionary<string, Tensor>(StringComparer.Ordinal);
        for (var i = 0; i < Parameters.Count; i++)
        {
            state.Add("exp_avg." + Parameters[i].Name, FirstMoments[i]);
            state.Add("exp_avg_sq." + Parameters[i].Name, SecondMoments[i]);
        }

        return state;
    }

    /// <summary>Values of the weights in full precision, by name: the master copy where there is one.</summary>
    public IReadOnlyDictionary<string, Tensor> Weights() =>
        new SortedDictionary<string, Tensor>(Parameters.ToDictionary(parameter => parameter.Name, parameter => parameter.Master ?? parameter.Parameter), StringComparer.Ordinal);

    /// <summary>Goes on from a saved state.</summary>
    /// <param name="state">Tensors under the names of <see cref="State"/>; copied.</param>
    /// <param name="stepCount">Updates made when it was saved.</param>
    /// <exception cref="ArgumentException">A name is missing or a shape differs.</exception>
    public void Restore(IReadOnlyDictionary<string, Tensor> state, long stepCount)
    {
        using var noGradient = no_grad();
        foreach (var (name, own) in State())
        {
            if (!state.TryGetValue(name, out var saved) || !saved.shape.SequenceEqual(own.shape))
            {
                throw new ArgumentException($"The saved optimizer state has no `{name}` of shape [{string.Join(", ", own.shape)}].", nameof(state));
            }

            using var scope = NewDisposeScope();
            own.copy_(saved);
        }

        StepCount = stepCount;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Frees the state; the parameters stay.</summary>
    protected virtual void Dispose(bool disposing)
    {
        foreach (var tensor in FirstMoments.Concat(SecondMoments)) tensor.Dispose();
        foreach (var parameter in Parameters) parameter.Master?.Dispose();
    }

    private protected virtual Tensor? Gradient(int i) => Parameters[i].Parameter.grad;

    private protected abstract void Update(StepCoefficients coefficients);
}

/// <summary>Numbers of one update that are the same for all parameters. Both forms are <c>p = p·(1 - decay) - rate · m / (√v · root + ε)</c>.</summary>
/// <param name="Beta1">β₁.</param>
/// <param name="Beta2">β₂.</param>
/// <param name="Epsilon">ε.</param>
/// <param name="Scale">Factor of the gradient.</param>
/// <param name="Rate">Rate of the moment term.</param>
/// <param name="Root">Factor of √v: its bias correction, or 1.</param>
/// <param name="Decay">Share of a decaying parameter that is taken off.</param>
internal readonly record struct StepCoefficients(double Beta1, double Beta2, double Epsilon, double Scale, double Rate, double Root, double Decay)
{
    public static StepCoefficients Of(OptimizerConfig config, double learningRate, double scale, long step)
    {
        var (first, second) = (1 - Math.Pow(config.Beta1, step), 1 - Math.Pow(config.Beta2, step));
        var corrected = learningRate * Math.Sqrt(second) / first;
        return config.Form switch
        {
            OptimizerForm.Adamw => new(config.Beta1, config.Beta2, config.Epsilon, scale, learningRate / first, 1 / Math.Sqrt(second), learningRate * config.WeightDecay),
            OptimizerForm.Gpt1 => new(config.Beta1, config.Beta2, config.Epsilon, scale, corrected, 1, corrected * config.WeightDecay),
            _ => throw new ArgumentOutOfRangeException(nameof(config), config.Form, "Unknown optimizer form."),
        };
    }
}
