using ResearchKit.Core.Data;
using ResearchKit.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace ResearchKit.Training;

/// <summary>Mean next-token loss over fixed batches, for evaluation during training.</summary>
public static class LossEvaluation
{
    /// <summary>Mean over all loss-carrying targets of all batches, nats per token. Evaluation mode, no gradients; the mode before is restored.</summary>
    /// <param name="model">The model.</param>
    /// <param name="batches">At least one with a loss-carrying target.</param>
    public static double Mean(Gpt model, IReadOnlyList<TokenBatch> batches)
    {
        using var evaluation = new EvaluationMode(model);
        var (sum, count) = (0.0, 0L);
        foreach (var batch in batches.Where(batch => batch.LossTargetCount > 0))
        {
            using var scope = NewDisposeScope();
            var (inputs, targets) = batch.ToTensors(model.Device);               // [B, T] Int64 each
            sum += model.Loss(inputs, targets).to(float64).ToDouble() * batch.LossTargetCount;
            count += batch.LossTargetCount;
        }

        return sum / count;
    }

    /// <summary>A batch on a device.</summary>
    /// <returns>Inputs and targets, each [B, T] Int64.</returns>
    internal static (Tensor Inputs, Tensor Targets) ToTensors(this TokenBatch batch, Device device) =>
        (tensor(batch.Inputs, [batch.BatchSize, batch.Length], device: device), tensor(batch.Targets, [batch.BatchSize, batch.Length], device: device));
}
