using System.Globalization;
using System.Text;
using System.Text.Json;
using ResearchKit.Core.Configuration;
using ResearchKit.Core.Files;
using ResearchKit.Models;
using static System.FormattableString;

namespace ResearchKit.Experiments.Cells;

/// <summary>How long a cell took.</summary>
/// <param name="Address">Address of the cell.</param>
/// <param name="Model">Name of the model.</param>
/// <param name="Task">Name of the task.</param>
/// <param name="Regime">in_context or fine_tuning.</param>
/// <param name="Condition">What was done, seeds left out, such as <c>4-shot</c>.</param>
/// <param name="Tokens">Its planned work in forward-pass tokens.</param>
/// <param name="Seconds">Time from start to end.</param>
public sealed record CellTiming(string Address, string Model, string Task, string Regime, string Condition, long Tokens, double Seconds)
{
    /// <summary>Processor that took it; null in lines that were written before it was kept.</summary>
    public string? Processor { get; init; }
}

/// <summary>The times of a run's cells, one line each, in a file apart from everything that must repeat byte for byte.</summary>
/// <param name="folder">Run folder.</param>
public sealed class CellTimings(string folder)
{
    /// <summary>Name of the file in the run folder.</summary>
    public const string FileName = "timings.jsonl";

    /// <summary>Name of the table that people read.</summary>
    public const string TableName = "timings.md";

    private readonly string _path = Path.Combine(folder, FileName);

    /// <summary>Adds a line. Two processes may add to one file.</summary>
    public void Add(CellTiming timing)
    {
        Directory.CreateDirectory(folder);
        using var stream = new FileStream(_path, FileMode.Append, FileAccess.Write, FileShare.ReadWrite);
        stream.Write(Encoding.UTF8.GetBytes(JsonSerializer.Serialize(timing, ConfigJson.Compact) + "\n"));
    }

    /// <summary>The last time of every cell, in the order of the file; a line cut off by a kill is left out.</summary>
    public IReadOnlyList<CellTiming> Read()
    {
        if (!File.Exists(_path)) return [];
        var last = new Dictionary<string, CellTiming>(StringComparer.Ordinal);
        foreach (var line in File.ReadLines(_path))
        {
            try
            {
                if (JsonSerializer.Deserialize<CellTiming>(line, ConfigJson.Compact) is { } timing) last[timing.Address] = timing;
            }
            catch (JsonException)
            {
                // Times are only told, never used in results: a broken line costs one time.
            }
        }

        return [.. last.Values.OrderBy(timing => timing.Address, StringComparer.Ordinal)];
    }

    /// <summary>Writes the table: one row for every model, regime and condition, tasks and seeds together.</summary>
    /// <param name="device">Device and threads.</param>
    /// <param name="addresses">Cells of the run; the file may hold times of other threads or of an experiment before it was edited.</param>
    public void WriteTable(ComputeDevice device, IReadOnlySet<string> addresses)
    {
        var timings = Read().Where(timing => addresses.Contains(timing.Address)).ToList();
        if (timings.Count == 0) return;
        var text = new StringBuilder(Invariant($"""
            # Times

            On {device.Name}, {device.Threads} threads, {string.Join(" and ", timings.Select(timing => timing.Processor ?? "an unknown processor").Distinct(StringComparer.Ordinal))}. A training token counts three times; tokens are the plan's estimate. Times differ from run to run and are kept apart from all that repeats.

            | Model | Regime | Condition | Cells | Seconds | Tokens | Tokens/s |
            | --- | --- | --- | ---: | ---: | ---: | ---: |

            """));
        var rows = timings.GroupBy(timing => (timing.Model, timing.Regime, timing.Condition)).OrderBy(group => group.Key.Model, StringComparer.Ordinal)
            .ThenByDescending(group => group.Key.Regime, StringComparer.Ordinal).ThenBy(group => group.Key.Condition.Length).ThenBy(group => group.Key.Condition, StringComparer.Ordinal)
            .Select(group => ($"| {group.Key.Model} | {group.Key.Regime.Replace('_', ' ')} | {group.Key.Condition}", group.ToList())).Append(("| all | | ", [.. timings]));
        foreach (var (head, group) in rows)
        {
            var (seconds, tokens) = (group.Sum(timing => timing.Seconds), group.Sum(timing => timing.Tokens));
            text.Append(CultureInfo.InvariantCulture, $"{head} | {group.Count:N0} | {seconds:N1} | {tokens:N0} | {(seconds > 0 ? tokens / seconds : 0):N0} |\n");
        }

        AtomicFile.WriteText(Path.Combine(folder, TableName), text.ToString());
    }
}
