using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using ResearchKit.Core.Configuration;
using ResearchKit.Core.Files;

namespace ResearchKit.Benchmarking;

/// <summary>What a run of the suite measured.</summary>
public sealed record BenchmarkReport
{
    private const string FigureName = "length.svg";

    /// <summary>Machine, versions and load.</summary>
    public required BenchmarkEnvironment Environment { get; init; }

    /// <summary>Limits of the machine, measured at the start.</summary>
    public required Roofline Roofline { get; init; }

    /// <summary>Whether the run took fewer repetitions and smaller shapes.</summary>
    public bool Quick { get; init; }

    /// <summary>Whether the run was cut short.</summary>
    public bool Interrupted { get; init; }

    /// <summary>Measurements, in order.</summary>
    public required IReadOnlyList<BenchmarkRow> Rows { get; init; }

    /// <summary>Whether other work kept the cores busy, so that times by the clock say little.</summary>
    [JsonIgnore]
    public bool MachineWasBusy => Math.Max(Environment.LoadAverageBefore ?? 0, Environment.LoadAverageAfter ?? 0) > Environment.Cores + 1;

    /// <summary>Writes <c>benchmarks.json</c>, <c>benchmarks.md</c> and, where something was measured against the length of the text, <c>length.svg</c>.</summary>
    /// <param name="folder">Made where missing.</param>
    public void Write(string folder)
    {
        Directory.CreateDirectory(folder);
        AtomicFile.WriteText(Path.Combine(folder, "benchmarks.json"), JsonSerializer.Serialize(this, ConfigJson.Options) + "\n");
        AtomicFile.WriteText(Path.Combine(folder, "benchmarks.md"), Markdown());
        if (LengthFigure.Draw(Rows) is { } figure) AtomicFile.WriteText(Path.Combine(folder, FigureName), figure);
    }

    /// <summary>The report as Markdown.</summary>
    public string Markdown()
    {
        var text = new StringBuilder();
        text.Append("# Benchmarks\n\n").Append(Summary()).Append("\n\n");
        foreach (var group in Rows.GroupBy(row => row.Case))
        {
            text.Append(CultureInfo.InvariantCulture, $"## {group.Key}\n\n| what | value | limit or peer | ratio | goal | |\n| --- | ---: | ---: | ---: | ---: | --- |\n");
            foreach (var row in group) text.Append("| ").AppendJoin(" | ", row.Cells().Select(cell => cell.Replace("|", "\\|", StringComparison.Ordinal))).Append(" |\n");
            text.Append('\n');
            if (LengthFigure.Draw(group) is not null) text.Append("![Time and peak memory against the length of the text](").Append(FigureName).Append(")\n\n");
        }

        return text.ToString();
    }

    /// <summary>The report as aligned text for a terminal.</summary>
    public string Text()
    {
        var text = new StringBuilder(Summary().Replace("**", "", StringComparison.Ordinal)).Append("\n");
        string[] headings = ["what", "value", "limit or peer", "ratio", "goal", ""];
        foreach (var group in Rows.GroupBy(row => row.Case))
        {
            var table = group.Select(row => row.Cells()).Prepend(headings).ToList();
            var widths = Enumerable.Range(0, headings.Length).Select(column => table.Max(row => row[column].Length)).ToArray();
            text.Append('\n').Append(group.Key).Append('\n');
            foreach (var row in table)
            {
                var cells = row.Select((cell, column) => column is 0 or 5 ? cell.PadRight(widths[column]) : cell.PadLeft(widths[column]));
                text.Append("  ").Append(string.Join("  ", cells).TrimEnd()).Append('\n');
            }
        }

        return text.ToString();
    }

    private string Summary()
    {
        var e = Environment;
        var lines = new List<string>
        {
            string.Create(CultureInfo.InvariantCulture, $"{e.Processor}, {e.Cores} cores, {e.Threads} threads, {e.MemoryBytes / 1e9:0} GB; {e.System}; .NET {e.DotNet}, TorchSharp {e.TorchSharp}, ResearchKit {e.Kit}; {e.Started}."),
            string.Create(CultureInfo.InvariantCulture, $"Limits of this machine in this run: sgemm {Roofline.SgemmGflops:0.0} GFLOP/s, memory {Roofline.ReadGigabytesPerSecond:0.0} GB/s read."),
            string.Create(CultureInfo.InvariantCulture, $"Load average {e.LoadAverageBefore:0.0} before and {e.LoadAverageAfter:0.0} after{(Quick ? "; quick run" : "")}{(Interrupted ? "; CUT SHORT" : "")}."),
        };
        if (MachineWasBusy) lines.Add("**Other work kept this machine busy.** Ratios come from turns taken one after the other; where they say \"cpu\" they compare processor time. Absolute times are not the machine's.");
        var judged = Rows.Where(row => row.Met is not null).ToList();
        lines.Add(string.Create(CultureInfo.InvariantCulture, $"Goals: {judged.Count(row => row.Met == true)} met, {judged.Count(row => row.Met == false)} missed, {Rows.Count(row => row.NotMeasured is not null)} not measured."));
        return string.Join("\n", lines);
    }
}

/// <summary>One measured number.</summary>
public sealed record BenchmarkRow
{
    /// <summary>Name of the case.</summary>
    public required string Case { get; init; }

    /// <summary>What was measured.</summary>
    public required string What { get; init; }

    /// <summary>Median over the repetitions; NaN where it was not measured.</summary>
    public double Value { get; init; } = double.NaN;

    /// <summary>Unit of the value.</summary>
    public string Unit { get; init; } = "";

    /// <summary>Repetitions behind the median.</summary>
    public int Repetitions { get; init; }

    /// <summary>What the value is compared with; null where with nothing.</summary>
    public string? Against { get; init; }

    /// <summary>Median of the ratios within each turn; above 1 is better than what it is compared with.</summary>
    public double? Ratio { get; init; }

    /// <summary>Smallest and largest ratio of a turn; null where there was one turn.</summary>
    public IReadOnlyList<double>? RatioRange { get; init; }

    /// <summary>Whether the ratio is of processor time instead of time by the clock.</summary>
    public bool RatioOfCpuTime { get; init; }

    /// <summary>Goal for the ratio (or for the value where there is no ratio); null where there is none.</summary>
    public double? Goal { get; init; }

    /// <summary>Whether less is better than the goal. Default false.</summary>
    public bool LessIsBetter { get; init; }

    /// <summary>Whether the goal was met; null where there is none.</summary>
    public bool? Met => Goal is { } goal && NotMeasured is null ? (LessIsBetter ? (Ratio ?? Value) <= goal : (Ratio ?? Value) >= goal) : null;

    /// <summary>Why the number is missing; null where it is not.</summary>
    public string? NotMeasured { get; init; }

    /// <summary>Line of the figure that the value belongs to; null where it is not drawn.</summary>
    public string? Series { get; init; }

    /// <summary>Length of the text, positions; null where it does not matter.</summary>
    public int? Length { get; init; }

    /// <summary>Peak of the memory taken, bytes; null where it was not measured.</summary>
    public long? PeakBytes { get; init; }

    /// <summary>What a reader should know; null for nothing.</summary>
    public string? Note { get; init; }

    internal string[] Cells()
    {
        var ratio = Ratio is { } value
            ? Number(value) + "x" + (RatioOfCpuTime ? " cpu" : "") + (RatioRange is [var low, var high] && high - low > 0.005 * high ? $" ({Number(low)}–{Number(high)})" : "") : "";
        var goal = Goal is { } wanted ? (LessIsBetter ? "≤ " : "≥ ") + Number(wanted) + (Ratio is null ? Unit.Length > 0 ? " " + Unit : "" : "x") : "";
        var verdict = NotMeasured is { } reason ? "not measured: " + reason : Met switch { true => "met", false => "MISSED", null => "" };
        return [What, double.IsNaN(Value) ? "" : $"{Number(Value)} {Unit}".TrimEnd(), Against ?? "", ratio, goal, string.Join("; ", new[] { verdict, Note }.Where(part => !string.IsNullOrEmpty(part)))];
    }

    private static string Number(double value) => Math.Abs(value) switch
    {
        0 => "0",
        >= 1000 => value.ToString("N0", CultureInfo.InvariantCulture),
        >= 100 => value.ToString("0", CultureInfo.InvariantCulture),
        >= 10 => value.ToString("0.0", CultureInfo.InvariantCulture),
        >= 0.01 => value.ToString("0.00", CultureInfo.InvariantCulture),
        _ => value.ToString("0.0e+0", CultureInfo.InvariantCulture),
    };
}
