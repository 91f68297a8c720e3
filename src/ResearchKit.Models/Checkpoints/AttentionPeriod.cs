using ResearchKit.Core.Configuration;

namespace ResearchKit.Models.Checkpoints;

/// <summary>One spelling for an attention schedule.</summary>
internal static class AttentionPeriod
{
    /// <summary>The shortest list that repeats to the given one, so that [dense, local] over four layers reads the same however it was written.</summary>
    public static AttentionPattern[] Shortest(IReadOnlyList<AttentionPattern> patterns)
    {
        for (var period = 1; period < patterns.Count; period++)
        {
            if (Enumerable.Range(period, patterns.Count - period).All(i => patterns[i].Equals(patterns[i % period]))) return [.. patterns.Take(period)];
        }

        return [.. patterns];
    }
}
