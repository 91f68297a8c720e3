namespace ResearchKit.Models;

/// <summary>Cuts rows into batches so that padding and passes together cost least.</summary>
internal static class BatchPlan
{
    // What a pass costs beyond its tokens, in tokens: reading the weights, some hundred native calls, less efficient small products.
    private const long TokensPerPass = 64;

    /// <summary>The cheapest cut of rows in order: a batch costs its row count times its longest row, and 64 tokens more.</summary>
    /// <param name="lengths">Row lengths, longest first.</param>
    /// <param name="tokenBudget">Largest row count times longest row of a batch; a single row is always allowed.</param>
    /// <returns>Batches as ranges [start, end), in order.</returns>
    public static List<(int Start, int End)> Of(int[] lengths, int tokenBudget)
    {
        var cost = new long[lengths.Length + 1];                         // of the first i rows
        var start = new int[lengths.Length + 1];                         // where their last batch begins
        for (var end = 1; end <= lengths.Length; end++)
        {
            cost[end] = long.MaxValue;
            for (var first = end - 1; first >= 0; first--)
            {
                var padded = (long)(end - first) * lengths[first];
                if (padded > tokenBudget && end - first > 1) break;      // longer rows before it only make it larger
                if (cost[first] + padded + TokensPerPass >= cost[end]) continue;
                (cost[end], start[end]) = (cost[first] + padded + TokensPerPass, first);
            }
        }

        var batches = new List<(int, int)>();
        for (var end = lengths.Length; end > 0; end = start[end]) batches.Add((start[end], end));
        batches.Reverse();
        return batches;
    }
}
