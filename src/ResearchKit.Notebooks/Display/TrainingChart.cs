using ResearchKit.Training;
using ResearchKit.Training.FineTuning;
using static System.FormattableString;

namespace ResearchKit.Notebooks.Display;

/// <summary>A training to watch: give it to a trainer or a fine-tuner as its progress.</summary>
/// <param name="title">What is trained.</param>
public sealed class TrainingChart(string title) : IProgress<TrainingProgress>, IProgress<FineTuneProgress>
{
    private readonly LiveChart _chart = new(title);

    /// <summary>Adds the loss of an update.</summary>
    public void Report(TrainingProgress value)
    {
        var left = value.TimeLeft.TotalSeconds;
        Add(value.Step, value.TotalSteps, value.Loss, Invariant($"{value.Tokens:N0} tokens, {value.TokensPerSecond:N0} a second{(value.Step < value.TotalSteps ? $", {left:F0} s left" : "")}"));
    }

    /// <summary>Adds the loss of an update of fine-tuning.</summary>
    public void Report(FineTuneProgress value) =>
        Add(value.Step, value.TotalSteps, value.Loss, Invariant($"epoch {value.Epoch} of {value.EpochCount}"));

    /// <summary>Adds a measured value as a line of its own, such as a validation loss.</summary>
    /// <param name="name">Name of the line.</param>
    /// <param name="step">Updates done.</param>
    /// <param name="value">Value in the unit of the losses.</param>
    public void Measured(string name, long step, double value)
    {
        _chart.Add(name, step, value);
        _chart.Finish();
    }

    private void Add(long step, long total, double loss, string words)
    {
        _chart.Add("training loss", step, loss, Invariant($"update {step:N0} of {total:N0}, {words}"));
        if (step >= total) _chart.Finish();
    }
}
