// What a cell, or a library called from one, asks of whatever runs it. The short names that cells use are in CellFunctions.

using static System.FormattableString;

namespace ResearchKit.Notebooks;

/// <summary>The running notebook: displays, cancellation, input. Works outside notebooks too, where displays are printed as text.</summary>
public static class Notebook
{
    private static long s_displayCount;

    /// <summary>What runs the cells. The kernel sets it once at start.</summary>
    public static INotebookHost Host { get; set; } = new ConsoleHost();

    /// <summary>How values look: register a type's form here, or by <see cref="DisplaySourceAttribute"/> in a library.</summary>
    public static DisplayRegistry Displays { get; } = new();

    /// <summary>Cancelled when the person interrupts the running cell; hand it to anything that takes long.</summary>
    public static CancellationToken Cancellation => Host.Cancellation;

    /// <summary>Shows a value in the output of the running cell.</summary>
    /// <returns>A handle with which the output can be changed later.</returns>
    public static DisplayHandle Display(object? value) => Show(Displays.Format(value));

    /// <summary>Shows text that is already in a MIME type, such as <c>image/svg+xml</c>.</summary>
    /// <returns>A handle with which the output can be changed later.</returns>
    public static DisplayHandle Display(string content, string mimeType) =>
        Show(mimeType == MimeBundle.PlainTextType ? MimeBundle.OfText(content) : MimeBundle.OfText($"[{mimeType}]").With(mimeType, content));

    /// <summary>Empties the output of the running cell.</summary>
    /// <param name="wait">Whether to keep the old output until the next one arrives (no flicker).</param>
    public static void Clear(bool wait = true)
    {
        Charts.PlotlyLoader.Cleared();
        Host.Clear(wait);
    }

    private static DisplayHandle Show(MimeBundle bundle)
    {
        var host = Host;
        var handle = new DisplayHandle(host, Invariant($"rk-{Environment.ProcessId}-{Interlocked.Increment(ref s_displayCount)}"));
        host.Show(bundle, handle.Id, update: false);
        return handle;
    }
}
