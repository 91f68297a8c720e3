namespace ResearchKit.Core;

/// <summary>Reports at once and in order, on the caller's thread, unlike <see cref="Progress{T}"/>.</summary>
/// <param name="report">What to do with a report.</param>
public sealed class InlineProgress<T>(Action<T> report) : IProgress<T>
{
    /// <inheritdoc/>
    public void Report(T value) => report(value);
}
