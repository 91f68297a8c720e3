namespace ResearchKit.Notebooks;

/// <summary>What runs a cell: takes its displays, answers its questions, tells it to stop. The kernel implements it; outside a notebook the console does.</summary>
public interface INotebookHost
{
    /// <summary>Shows a value in the output of the running cell.</summary>
    /// <param name="bundle">The value in one or more MIME types.</param>
    /// <param name="displayId">Name under which the output can be changed later; null for one that never changes.</param>
    /// <param name="update">Whether an output shown before under <paramref name="displayId"/> is replaced instead.</param>
    void Show(MimeBundle bundle, string? displayId, bool update);

    /// <summary>Empties the output of the running cell.</summary>
    /// <param name="wait">Whether to keep the old output until the next one arrives (no flicker).</param>
    void Clear(bool wait);

    /// <summary>Asks the person for a line of text.</summary>
    /// <param name="prompt">The question.</param>
    /// <param name="hidden">Whether what is typed is kept off the screen, as for passwords.</param>
    /// <returns>The line without its end.</returns>
    /// <exception cref="ResearchKit.Core.ConfigException">Nobody can answer, as when a notebook runs unattended.</exception>
    string ReadLine(string prompt, bool hidden);

    /// <summary>Cancelled when the person interrupts the running cell. Long computations pass it on and stop at once, keeping what is done.</summary>
    CancellationToken Cancellation { get; }

    /// <summary>Name of the running cell, the same when the cell is run again; empty outside cells.</summary>
    string Cell { get; }

    /// <summary>Number of the running execution, different each time a cell is run; 0 outside cells.</summary>
    long Execution { get; }
}
