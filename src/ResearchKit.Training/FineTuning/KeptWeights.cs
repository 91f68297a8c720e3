using TorchSharp;
using static TorchSharp.torch;

namespace ResearchKit.Training.FineTuning;

/// <summary>A copy of the weights of the best epoch so far.</summary>
internal sealed class KeptWeights(Optimizer optimizer) : IDisposable
{
    private readonly SortedDictionary<string, Tensor> _kept = new(StringComparer.Ordinal);
    private double _bestScore = double.NegativeInfinity;
    private int? _bestEpoch;
    private int _lastEpoch;

    /// <summary>Copies the weights if the score is above all before it.</summary>
    public void KeepIfBetter(double score, int epoch)
    {
        _lastEpoch = epoch;
        if (score <= _bestScore) return;
        (_bestScore, _bestEpoch) = (score, epoch);
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        foreach (var (name, weight) in optimizer.Weights())
        {
            if (_kept.TryGetValue(name, out var kept)) kept.copy_(weight);
            else _kept.Add(name, weight.detach().clone().DetachFromDisposeScope());
        }
    }

    /// <summary>Puts the best weights back; returns their epoch, or null where none was kept.</summary>
    public int? RestoreBest()
    {
        if (_bestEpoch is { } best && best != _lastEpoch)
        {
            using var noGradient = no_grad();
            foreach (var (name, weight) in optimizer.Weights()) weight.copy_(_kept[name]);
        }

        return _bestEpoch;
    }

    public void Dispose()
    {
        foreach (var tensor in _kept.Values) tensor.Dispose();
    }
}
