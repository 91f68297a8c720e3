using ResearchKit.Evaluation;
using static System.FormattableString;

namespace ResearchKit.Experiments.Cells;

/// <summary>An in-context cell as it is stored: the results, and how a part of them fared when scored the plain way.</summary>
/// <param name="Result">The results.</param>
/// <param name="Check">The plain scoring of one item in a hundred.</param>
public sealed record ScoredCell(TaskResult Result, PlainPassCheck Check);

/// <summary>Some items scored again by plain full passes, every request by itself in full, against the run's shared and cached ones.</summary>
/// <param name="ItemCount">Items scored again.</param>
/// <param name="RequestCount">Their different requests.</param>
/// <param name="LargestDifference">Largest difference of a token's log-probability, nats.</param>
/// <param name="ChangedDecisions">Items whose prediction, generated answer or score changed.</param>
public sealed record PlainPassCheck(int ItemCount, int RequestCount, double LargestDifference, int ChangedDecisions)
{
    /// <summary>One item in this many is scored again, rounded up.</summary>
    public const int OneIn = 100;

    /// <summary>Items to score again of a cell with so many.</summary>
    public static int ItemsOf(int itemCount) => (itemCount + OneIn - 1) / OneIn;

    /// <summary>Compares the second scores of some items with the first of all.</summary>
    /// <exception cref="InvalidOperationException">The second scoring asked something else of an item: another prompt or other tokens.</exception>
    public static PlainPassCheck Of(TaskResult run, TaskResult again)
    {
        var first = run.Items.ToDictionary(item => item.Id, StringComparer.Ordinal);
        var (largest, changed) = (0.0, 0);
        foreach (var item in again.Items)
        {
            var own = first[item.Id];
            if (own.Prompt != item.Prompt || own.Choices.Count != item.Choices.Count) throw new InvalidOperationException($"{run.Task}, item {item.Id}: scored again with another prompt.");
            foreach (var (a, b) in own.Choices.SelectMany(choice => choice.TokenLogProbabilities).Zip(item.Choices.SelectMany(choice => choice.TokenLogProbabilities)))
            {
                largest = Math.Max(largest, Math.Abs(a - b));
            }

            // A perplexity's score is the log-probability itself, not a decision.
            if (own.Predicted != item.Predicted || own.Generated != item.Generated || (own.Predictions.Count > 0 && own.Score != item.Score)) changed++;
        }

        return new PlainPassCheck(again.Items.Count, again.DistinctRequestCount, largest, changed);
    }

    /// <summary>The check in a sentence.</summary>
    public override string ToString() => Invariant(
        $"Scoring check: {ItemCount:N0} items (one in {OneIn} of every cell, {RequestCount:N0} requests) were scored again by plain full passes, without shared beginnings or caches. Largest difference of a token's log-probability: {LargestDifference:0.0e+0} nats; decisions changed: {ChangedDecisions:N0}.");

    /// <summary>The sum over cells.</summary>
    public static PlainPassCheck Sum(IEnumerable<PlainPassCheck> checks) => checks.Aggregate(new PlainPassCheck(0, 0, 0, 0), (sum, check) => new PlainPassCheck(
        sum.ItemCount + check.ItemCount, sum.RequestCount + check.RequestCount, Math.Max(sum.LargestDifference, check.LargestDifference), sum.ChangedDecisions + check.ChangedDecisions));
}
