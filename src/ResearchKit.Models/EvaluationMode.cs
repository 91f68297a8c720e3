using static TorchSharp.torch;

namespace ResearchKit.Models;

/// <summary>eval() and inference_mode for the length of a call; the previous mode comes back.</summary>
public sealed class EvaluationMode : IDisposable
{
    private readonly Gpt _model;
    private readonly bool _wasTraining;
    private readonly IDisposable _inference;

    /// <summary>Enters evaluation mode.</summary>
    /// <param name="model">Back in its previous mode when this object is disposed.</param>
    public EvaluationMode(Gpt model)
    {
        (_model, _wasTraining) = (model, model.training);
        _model.eval();
        _inference = inference_mode();
    }

    /// <summary>Leaves it.</summary>
    public void Dispose()
    {
        _inference.Dispose();
        if (_wasTraining) _model.train();
    }
}
