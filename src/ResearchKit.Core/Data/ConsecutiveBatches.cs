namespace ResearchKit.Core.Data;

/// <summary>One source for the first updates and another for the rest, such as short sequences before full ones. Each counts its own updates from 0.</summary>
/// <param name="First">Source of the updates before <paramref name="FirstSteps"/>.</param>
/// <param name="FirstSteps">Updates of the first source, at least 0.</param>
/// <param name="Then">Source of the others; its update 0 is the run's update <paramref name="FirstSteps"/>.</param>
public sealed record ConsecutiveBatches(IBatchSource First, long FirstSteps, IBatchSource Then) : IBatchSource
{
    /// <inheritdoc/>
    public TokenBatch At(long step, int micro) => step < FirstSteps ? First.At(step, micro) : Then.At(step - FirstSteps, micro);
}
