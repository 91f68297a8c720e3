using System.Globalization;
using ResearchKit.Core;
using ResearchKit.Evaluation;
using ResearchKit.Evaluation.Statistics;
using ResearchKit.Experiments.Reporting;
using static System.FormattableString;

namespace ResearchKit.Experiments;

/// <summary>What of two runs to compare.</summary>
public sealed record RunSelection
{
    /// <summary>Names of tasks; empty (default) for all that both runs have.</summary>
    public IReadOnlyList<string> Tasks { get; init; } = [];

    /// <summary>in_context or fine_tuning; null (default) for both.</summary>
    public string? Regime { get; init; }

    /// <summary>Condition of the first run, such as <c>gpt2-mini/k4</c>, <c>k4</c>, <c>gpt2-mini</c> or <c>gpt1@256</c> (recipe and labelled examples); null (default) for all.</summary>
    public string? A { get; init; }

    /// <summary>Condition of the second run; null (default) for all.</summary>
    public string? B { get; init; }

    /// <summary>Whether in-context scores by different prompts or ways of scoring may be compared. Default false: they are refused.</summary>
    public bool AcrossProtocols { get; init; }

    /// <summary>Confidence of the intervals, (0, 1). Default 0.95.</summary>
    public double Confidence { get; init; } = 0.95;
}

/// <summary>Two stored runs side by side.</summary>
/// <param name="A">Folder of the first run.</param>
/// <param name="B">Folder of the second.</param>
/// <param name="Rows">Pairs of conditions, corrected for their number.</param>
/// <param name="Notes">Tasks and conditions that could not be compared and why, and what to know beside the numbers.</param>
public sealed record RunComparisonResult(string A, string B, IReadOnlyList<RunComparisonRow> Rows, IReadOnlyList<string> Notes);

/// <summary>One task under one condition of each run.</summary>
public sealed record RunComparisonRow
{
    /// <summary>Name of the task.</summary>
    public required string Task { get; init; }

    /// <summary>Condition of the first run, such as <c>gpt2-mini/k4</c>.</summary>
    public required string A { get; init; }

    /// <summary>Condition of the second run.</summary>
    public required string B { get; init; }

    /// <summary>Seeds of each side.</summary>
    public required (int A, int B) Seeds { get; init; }

    /// <summary>Items that only the first and only the second run have, left out.</summary>
    public required (int A, int B) Unmatched { get; init; }

    /// <summary>The comparison on the common items.</summary>
    public required PairedComparison Comparison { get; init; }

    /// <summary>The p-value after Holm's correction over all rows.</summary>
    public double HolmPValue { get; init; }
}

/// <summary>Compares two stored runs on their common items. Neither models nor data are read.</summary>
public static class RunComparison
{
    private const int NamedAtMost = 3;

    /// <summary>Compares every condition of the first run with the same condition of the second, or those that the selection names.</summary>
    /// <param name="folderA">Run or results folder.</param>
    /// <param name="folderB">Another, or the same with two conditions selected.</param>
    /// <param name="selection">What to compare.</param>
    /// <exception cref="ConfigException">A folder holds no run, or nothing can be compared; says why for every task.</exception>
    public static RunComparisonResult Of(string folderA, string folderB, RunSelection selection)
    {
        if (!(selection.Confidence > 0 && selection.Confidence < 1)) throw new ConfigException($"--confidence ({selection.Confidence.ToString(CultureInfo.InvariantCulture)}) must lie between 0 and 1, such as 0.95.");
        if (selection.Regime is not (null or "in_context" or "fine_tuning")) throw new ConfigException($"--regime ({selection.Regime}) must be in_context or fine_tuning.");
        var (a, b) = (StoredItems.Read(folderA), StoredItems.Read(folderB));
        var refusals = new List<string>();
        var notes = new List<string>();
        var rows = new List<RunComparisonRow>();
        foreach (var name in Tasks(a, b, folderA, folderB, selection.Tasks))
        {
            var (taskA, taskB) = (a.Tasks.First(task => task.Name == name), b.Tasks.First(task => task.Name == name));
            if (Refusal(taskA, taskB, selection.AcrossProtocols) is { } refusal) refusals.Add($"{name}: {refusal}");
            else rows.AddRange(Rows(a, taskA, b, taskB, selection, refusals));
        }

        if (rows.Count == 0) throw new ConfigException($"{folderA} and {folderB} cannot be compared:\n  " + string.Join("\n  ", refusals));
        if (rows.Any(row => row.Comparison.UnitCount < row.Comparison.ItemCount)) notes.Add("Items of one cluster (a passage, a noun) are drawn and permuted together.");
        var corrected = PairedTests.Holm([.. rows.Select(row => row.Comparison.PValue)]);
        return new RunComparisonResult(folderA, folderB, [.. rows.Select((row, i) => row with { HolmPValue = corrected[i] })], [.. refusals.Select(refusal => "Not compared: " + refusal), .. notes]);
    }

    /// <summary>A condition as selections name it: <c>MODEL/k4</c>, <c>MODEL/k4/lm-eval</c> under a published protocol, <c>MODEL/RECIPE@256</c>.</summary>
    public static string NameOf(Condition condition) => $"{condition.Model}/{SettingOf(condition)}";

    private static string SettingOf(Condition condition) => condition.IsFineTuned
        ? Invariant($"{condition.Recipe}@{condition.LabelledCount}")
        : Invariant($"k{condition.K}{(condition.Protocol is { } protocol ? "/" + protocol : "")}");

    private static List<string> Tasks(StoredItems a, StoredItems b, string folderA, string folderB, IReadOnlyList<string> wanted)
    {
        var (inA, inB) = (a.Tasks.Select(task => task.Name).ToList(), b.Tasks.Select(task => task.Name).ToList());
        foreach (var name in wanted)
        {
            if (!inA.Contains(name)) throw new ConfigException($"--task {name}: {folderA} has no such task; it has {string.Join(", ", inA)}.");
            if (!inB.Contains(name)) throw new ConfigException($"--task {name}: {folderB} has no such task; it has {string.Join(", ", inB)}.");
        }

        var common = (wanted.Count > 0 ? wanted : inA.Intersect(inB, StringComparer.Ordinal)).ToList();
        return common.Count > 0 ? common : throw new ConfigException($"The runs have no task in common: {folderA} has {string.Join(", ", inA)}; {folderB} has {string.Join(", ", inB)}.");
    }

    /// <summary>Why two tasks of one name cannot be compared; null where they can.</summary>
    private static string? Refusal(StoredTask a, StoredTask b, bool acrossProtocols)
    {
        if (a.Metric != b.Metric) return $"the metrics differ ({a.Metric} and {b.Metric}).";
        var other = b.Items.ToDictionary(item => item.Id, StringComparer.Ordinal);
        var common = a.Items.Where(item => other.ContainsKey(item.Id)).ToList();
        if (common.Count == 0) return $"no item in common ({a.Items.Count} and {b.Items.Count} items, such as {a.Items[0].Id} and {b.Items[0].Id}).";
        if (acrossProtocols && a.Protocol != b.Protocol)
        {
            // Protocols put items into their own words, and some number the labels in another order: ids tell which are the same.
            return a.Metric == "accuracy" || common.All(item => other[item.Id].Gold == item.Gold) ? null : $"the protocols number the labels differently, and {a.Metric} depends on the numbers.";
        }

        var different = common.Where(item => other[item.Id].Hash != item.Hash).Select(item => item.Id).ToList();
        return different.Count == 0 ? null
            : $"{different.Count} of {common.Count} common items have other texts, choices or answers under the same id ({string.Join(", ", different.Take(NamedAtMost))}{(different.Count > NamedAtMost ? ", …" : "")}); the runs are not of the same data.";
    }

    private static IEnumerable<RunComparisonRow> Rows(StoredItems a, StoredTask taskA, StoredItems b, StoredTask taskB, RunSelection selection, List<string> refusals)
    {
        var (sideA, sideB) = (Conditions(a, taskA, selection, selection.A), Conditions(b, taskB, selection, selection.B));
        if (sideA.Count == 0 || sideB.Count == 0)
        {
            var (which, run, pattern) = sideA.Count == 0 ? ("first", a, selection.A) : ("second", b, selection.B);
            refusals.Add($"{taskA.Name}: the {which} run has no condition {pattern ?? selection.Regime ?? "at all"}; it has {string.Join(", ", Conditions(run, taskA, new RunSelection(), null).Select(side => NameOf(side.Condition)))}.");
            yield break;
        }

        foreach (var (conditionA, seedsA) in sideA)
        {
            if (Partner(conditionA, sideA, sideB, selection) is not { } partner)
            {
                refusals.Add($"{taskA.Name}: {NameOf(conditionA)} has no counterpart in the second run, which has {string.Join(", ", sideB.Select(side => NameOf(side.Condition)))}; name a pair with --a and --b.");
                continue;
            }

            var (conditionB, seedsB) = partner;
            if (!conditionA.IsFineTuned && !conditionB.IsFineTuned && (seedsA[0].Protocol ?? taskA.Protocol) != (seedsB[0].Protocol ?? taskB.Protocol) && !selection.AcrossProtocols)
            {
                refusals.Add($"{taskA.Name}: {NameOf(conditionA)} and {NameOf(conditionB)} were scored by different protocols (prompt, scoring, demonstrations or overflow policy differ), so a difference would not be the models' own; --across-protocols compares them all the same.");
                continue;
            }

            var comparison = PairedComparison.OverSeeds(taskA.Metric, [.. seedsA.Select(cell => Results(cell, taskA))], [.. seedsB.Select(cell => Results(cell, taskB))], new BootstrapOptions(Level: selection.Confidence));
            yield return new RunComparisonRow
            {
                Task = taskA.Name,
                A = NameOf(conditionA),
                B = NameOf(conditionB),
                Seeds = (seedsA.Count, seedsB.Count),
                Unmatched = (taskA.Items.Count - comparison.ItemCount, taskB.Items.Count - comparison.ItemCount),
                Comparison = comparison,
            };
        }
    }

    /// <summary>Results for a comparison. Accuracy is the mean of the item scores and needs no labels, whose numbers may differ between protocols.</summary>
    private static IReadOnlyList<ItemResult> Results(StoredCell cell, StoredTask task) =>
        task.Metric == "accuracy" ? [.. cell.Results(task).Select(item => item with { Gold = null })] : cell.Results(task);

    private static List<(Condition Condition, List<StoredCell> Seeds)> Conditions(StoredItems run, StoredTask task, RunSelection selection, string? pattern) =>
        [.. run.Cells.Where(cell => cell.Task == task.Name && !cell.IsVariation && Fits(cell.Condition, selection.Regime, pattern))
            .GroupBy(cell => cell.Condition).Select(group => (group.Key, group.OrderBy(cell => cell.Seed).ToList()))];

    private static bool Fits(Condition condition, string? regime, string? pattern) =>
        (regime is null || condition.IsFineTuned == (regime == "fine_tuning"))
        && (pattern is null || pattern == NameOf(condition) || pattern == condition.Model || pattern == SettingOf(condition));

    /// <summary>The same model and setting; where a side is named by the user or has one model, what is left over is what was meant.</summary>
    private static (Condition Condition, List<StoredCell> Seeds)? Partner(
        Condition condition, List<(Condition Condition, List<StoredCell> Seeds)> sideA, List<(Condition Condition, List<StoredCell> Seeds)> sideB, RunSelection selection)
    {
        var oneModelEach = sideA.Select(side => side.Condition.Model).Distinct(StringComparer.Ordinal).Count() == 1 && sideB.Select(side => side.Condition.Model).Distinct(StringComparer.Ordinal).Count() == 1;
        var oneSettingEach = sideA.Select(side => SettingOf(side.Condition)).Distinct(StringComparer.Ordinal).Count() == 1 && sideB.Select(side => SettingOf(side.Condition)).Distinct(StringComparer.Ordinal).Count() == 1;
        var named = selection.A is not null || selection.B is not null;
        var candidates = sideB.Where(side => (side.Condition.Model == condition.Model || oneModelEach) && (SettingOf(side.Condition) == SettingOf(condition) || (named && oneSettingEach))).ToList();
        return candidates.Count == 1 ? candidates[0] : null;
    }
}
