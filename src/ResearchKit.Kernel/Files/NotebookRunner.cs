using System.Text.Json.Nodes;
using ResearchKit.Core;
using ResearchKit.Kernel.Cells;

namespace ResearchKit.Kernel.Files;

/// <summary>How a notebook run ended.</summary>
/// <param name="RanCount">Code cells that were run.</param>
/// <param name="FailedCell">Number of the cell that failed, all kinds of cells counted; null when none did.</param>
/// <param name="Error">Why it failed.</param>
internal sealed record NotebookOutcome(int RanCount, int? FailedCell, CellError? Error);

/// <summary>Runs a notebook from top to bottom in this process and puts the outputs into it, as Jupyter would.</summary>
internal static class NotebookRunner
{
    /// <summary>Runs a notebook. Stops at the first cell that fails, except those tagged <c>raises-exception</c>; cells tagged <c>skip-execution</c> are left out.</summary>
    /// <param name="notebook">The notebook; its outputs are replaced.</param>
    /// <param name="limit">Most time for one cell.</param>
    /// <param name="allowErrors">Whether to go on behind cells that fail.</param>
    /// <param name="started">Told before each code cell: the cell, its count and how many there are.</param>
    /// <param name="cancellation">Interrupts the running cell and stops.</param>
    public static NotebookOutcome Run(NotebookFile notebook, TimeSpan limit, bool allowErrors, Action<NotebookCell, int, int> started, CancellationToken cancellation)
    {
        Notebooks.Charts.PlotlyLoader.Reset();
        using var session = new CellSession(notebook.Language, Path.GetDirectoryName(Path.GetFullPath(notebook.Path))!);
        using var run = new RecordedRun();
        var cells = notebook.Cells.Where(cell => cell.IsCode && !cell.Tags.Contains("skip-execution") && !string.IsNullOrWhiteSpace(cell.Source)).ToList();
        notebook.Strip();
        notebook.MarkRun();
        NotebookOutcome? failure = null;
        for (var i = 0; i < cells.Count; i++)
        {
            var (cell, count) = (cells[i], i + 1);
            started(cell, count, cells.Count);
            var recorder = new OutputRecorder(run);
            var report = RunCell(session, new CellRequest(cell.Source, cell.Language, cell.Name, count), recorder, limit, cancellation);
            cell.Outputs = recorder.Finish(report, count);
            cell.ExecutionCount = count;
            cancellation.ThrowIfCancellationRequested();
            if (report.Error is null || cell.Tags.Contains("raises-exception")) continue;
            failure ??= new NotebookOutcome(count, cell.Number, report.Error);
            if (!allowErrors) return failure;
        }

        return failure ?? new NotebookOutcome(cells.Count, null, null);
    }

    private static CellReport RunCell(CellSession session, CellRequest request, OutputRecorder recorder, TimeSpan limit, CancellationToken cancellation)
    {
        var isOverTime = false;                                          // a cell that watches `cancellation` ends by itself, and not as interrupted
        using var registration = cancellation.Register(session.Interrupt);
        using var timer = new Timer(_ =>
        {
            Volatile.Write(ref isOverTime, true);
            session.Interrupt();
        }, null, limit, Timeout.InfiniteTimeSpan);
        var report = session.Run(request, recorder);
        return Volatile.Read(ref isOverTime)
            ? report with { Error = CellError.OfMessage("TimeLimit", $"The cell ran longer than {limit.TotalSeconds:0} s and was stopped; --timeout SECONDS allows more.") }
            : report;
    }
}
