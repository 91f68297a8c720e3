using ResearchKit.Notebooks;

namespace ResearchKit.Kernel.Cells;

/// <summary>Where the outputs of one run of a cell go: Jupyter's messages, or a notebook file. Calls come one at a time.</summary>
internal interface ICellSink
{
    /// <summary>Text that was printed.</summary>
    /// <param name="stream"><c>stdout</c> or <c>stderr</c>.</param>
    /// <param name="text">The text.</param>
    void Stream(string stream, string text);

    /// <summary>A value that was displayed.</summary>
    void Display(MimeBundle bundle, string? displayId, bool update);

    /// <summary>The outputs so far are to be removed.</summary>
    void Clear(bool wait);

    /// <summary>A question to the person.</summary>
    string ReadLine(string prompt, bool hidden);
}
