using ResearchKit.Experiments;
using ResearchKit.Experiments.Cells;
using ResearchKit.Experiments.Configuration;
using ResearchKit.Models;
using static System.FormattableString;

namespace ResearchKit.Cli.Verbs;

/// <summary>What <c>rk run --dry-run</c> prints: cells, work, time, memory, and what the design can detect.</summary>
internal static class DryRun
{
    /// <summary>Prints a plan to standard output, notes to standard error.</summary>
    public static void Show(ComparisonConfig config, ComparisonPlan plan, RunEstimate estimate, ComputeDevice device, bool json)
    {
        var power = DesignPower.Of(config, plan);
        var missing = plan.Missing.ToHashSet();
        foreach (var warning in plan.Warnings) Console.Error.WriteLine("note: " + warning);
        if (json) PrintJson(config, plan, estimate, device, power, missing);
        else Print(config, plan, estimate, device, power, missing);
    }

    private static void Print(ComparisonConfig config, ComparisonPlan plan, RunEstimate estimate, ComputeDevice device, IReadOnlyList<DesignPower> power, HashSet<PlannedCell> missing)
    {
        foreach (var cell in plan.Cells)
        {
            Console.WriteLine(Invariant($"{(missing.Contains(cell) ? "to do " : "cached")}  {cell.Describe(plan.Models[cell.Model].Name)}{(missing.Contains(cell) ? Invariant($"  ({cell.Cost:N0} forward tokens)") : "")}"));
        }

        Console.WriteLine();
        Console.WriteLine(Invariant($"{config.Name}: {plan.Cells.Count} cells, {plan.Cells.Count - plan.Missing.Count} cached, {plan.Missing.Count} to do"));
        if (plan.Missing.Count > 0)
        {
            Console.WriteLine(Invariant($"  work    {estimate.Tokens:N0} forward tokens: {estimate.InContextTokens:N0} in context, {estimate.FineTuningTokens:N0} fine-tuning (a training token counts three times)"));
            Console.WriteLine(Invariant($"  time    about {ProgressLine.Duration(estimate.Time)} on {device.Name} with {device.Threads} threads, by {estimate.RateSource} ({estimate.InContextRate:N0} tokens/s in context, {estimate.FineTuningRate:N0} fine-tuning)"));
            Console.WriteLine(Invariant($"  memory  about {estimate.MemoryBytes / (double)(1L << 30):0.0} GiB"));
        }

        var comparisons = DesignPower.ComparisonCount(config, plan);
        Console.WriteLine(Invariant($"  smallest difference found with 80% power (paired, two-sided 5%, if {DesignPower.DiscordantShare:0%} of items are right in one condition only; one seed each; in brackets after Holm's correction over {comparisons} comparisons):"));
        foreach (var row in power)
        {
            var clusters = row.UnitCount < row.ItemCount ? Invariant($" in {row.UnitCount} clusters, counted as one each") : "";
            Console.WriteLine(Invariant($"    {row.Task}: {Points(row.Difference)}{(row.Difference is null ? "" : $" ({Points(row.CorrectedDifference)})")}, {row.ItemCount} items{clusters}"));
        }

        Console.WriteLine("Nothing was run or written.");
    }

    private static void PrintJson(ComparisonConfig config, ComparisonPlan plan, RunEstimate estimate, ComputeDevice device, IReadOnlyList<DesignPower> power, HashSet<PlannedCell> missing) => Verb.PrintJson(new
    {
        config.Name,
        cells = plan.Cells.Count,
        cached = plan.Cells.Count - plan.Missing.Count,
        missing = plan.Missing.Count,
        forwardTokens = estimate.Tokens,
        inContextTokens = estimate.InContextTokens,
        fineTuningTokens = estimate.FineTuningTokens,
        seconds = plan.Missing.Count == 0 ? 0 : estimate.Time.TotalSeconds,
        memoryBytes = estimate.MemoryBytes,
        rates = new { inContext = estimate.InContextRate, fineTuning = estimate.FineTuningRate, source = estimate.RateSource },
        device = device.Name,
        threads = device.Threads,
        comparisons = DesignPower.ComparisonCount(config, plan),
        tasks = power.Select(row => new
        {
            row.Task,
            items = row.ItemCount,
            units = row.UnitCount,
            detectable = Finite(row.Difference),
            detectableCorrected = Finite(row.CorrectedDifference),
        }),
        list = plan.Cells.Select(cell => new
        {
            model = plan.Models[cell.Model].Name,
            task = cell.Task.Task.Name,
            doing = cell.Doing,
            cached = !missing.Contains(cell),
            forwardTokens = cell.Cost,
        }),
    });

    private static double? Finite(double? value) => value is { } number && double.IsFinite(number) ? number : null;

    private static string Points(double? difference) => difference switch
    {
        null => "no guess before a run (the metric is not a share of right answers)",
        { } value when double.IsNaN(value) => "none, however large",
        { } value => Invariant($"{value * 100:0.0} points"),
    };
}
