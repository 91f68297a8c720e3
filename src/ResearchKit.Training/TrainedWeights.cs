using ResearchKit.Core.Configuration;
using ResearchKit.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace ResearchKit.Training;

/// <summary>A model in the arithmetic of its run, with the optimizer over it; gives the model back in float32 and the mode it was in.</summary>
internal sealed class TrainedWeights : IDisposable
{
    private readonly Gpt _model;
    private readonly bool _lowPrecision;
    private readonly bool _trainingBefore;
    private readonly bool _recomputingBefore;

    public TrainedWeights(Gpt model, TrainingConfig config)
    {
        (_model, _lowPrecision) = (model, config.Precision == Precision.Bfloat16);
        (_trainingBefore, _recomputingBefore) = (model.training, model.RecomputesBlocks);
        model.RecomputesBlocks = config.GradientCheckpointing;
        var masters = new Dictionary<string, Tensor>(StringComparer.Ordinal);
        if (_lowPrecision)
        {
            using var noGradient = no_grad();
            using (NewDisposeScope())
            {
                foreach (var (name, parameter) in model.named_parameters()) masters.Add(name, parameter.detach().clone().DetachFromDisposeScope());
            }

            model.to(bfloat16);                                          // replaces the parameters: the optimizer must come after
        }

        var parameters = OptimizerGroups.Of(model, config.Optimizer.DecayRule);
        if (_lowPrecision) parameters = parameters.Select(parameter => parameter with { Master = masters[parameter.Name] }).ToArray();
        Optimizer = Optimizer.Create(parameters, config.Optimizer);
    }

    public Optimizer Optimizer { get; }

    public void Dispose()
    {
        Optimizer.ReleaseGradients();
        if (_lowPrecision)
        {
            using var noGradient = no_grad();
            _model.to(float32);
            var masters = Optimizer.Weights();
            foreach (var (name, parameter) in _model.named_parameters()) parameter.copy_(masters[name]);
        }

        _model.train(_trainingBefore);
        _model.RecomputesBlocks = _recomputingBefore;
        Optimizer.Dispose();
    }
}
