using System.Text;
using System.Text.Json;
using ResearchKit.Core.Configuration;

namespace ResearchKit.Experiments.Cells;

/// <summary>How long a cell took.</summary>
/// <param name="Address">Address of the cell.</param>
/// <param name="Model">Name of the model.</param>
/// <param name="Task">Name of the task.</param>
/// <param name="Regime">in_context or fine_tuning.</param>
/// <param name="Condition">What was done, seeds left out, such as <c>4-shot</c>.</param>
/// <param name="Tokens">Its planned work in forward-pass tokens.</param>
/// <param name="Seconds">Time from start to end.</param>
public sealed record CellTiming(string Address, string Model, string Task, string Regime, string Condition, long Tokens, double Seconds);

/// <summary>The times of a run's cells, one line each, in a file apart from everything that must repeat byte for byte.</summary>
/// <param name="folder">Run folder.</param>
public sealed class CellTimings(string folder)
{
    /// <summary>Name of the file in the run folder.</summary>
    public const string FileName = "timings.jsonl";

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
}
