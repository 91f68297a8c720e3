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
        using var noGradient = no_grad();
        var wasTraining = model.training;
        model.eval();
        try
        {
            var (sum, count) = (0.0, 0L);
            foreach (var batch in batches.Where(batch => batch.LossTargetCount > 0))
            {
                using var scope = NewDisposeScope();
                var inputs = tensor(batch.Inputs, [batch.BatchSize, batch.Length], device: model.Device);    // [B, T] Int64
                var targets = tensor(batch.Targets, [batch.BatchSize, batch.Length], device: model.Device);  // [B, T] Int64
                sum += model.Loss(inputs, targets).to(float64).ToDouble() * batch.LossTargetCount;
                count += batch.LossTargetCount;
            }

            return sum / count;
        }
        finally
        {
            if (wasTraining) model.train();
        }
    }
}
