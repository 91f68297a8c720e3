// Lower case because cells call these like the functions of the language; the names are those of .NET Interactive where it has them.
namespace ResearchKit.Notebooks;

/// <summary>The functions every cell has without opening anything, in C# and in F#.</summary>
public static class CellFunctions
{
    /// <summary>Cancelled when the running cell is interrupted.</summary>
    public static CancellationToken cancellation => Notebook.Cancellation;

    /// <summary>Shows a value now, not only at the end of the cell.</summary>
    /// <returns>A handle: <c>.Update(value)</c> replaces what is shown.</returns>
    public static DisplayHandle display(object? value) => Notebook.Display(value);

    /// <summary>Shows text that is already in a MIME type.</summary>
    /// <returns>A handle: <c>.Update(value)</c> replaces what is shown.</returns>
    public static DisplayHandle displayAs(string mimeType, string content) => Notebook.Display(content, mimeType);

    /// <summary>Markup as a value: <c>HTML("&lt;b&gt;bold&lt;/b&gt;")</c>.</summary>
    public static Markup HTML(string content) => new(content);

    /// <summary>Empties the output of the running cell when the next output comes.</summary>
    public static void clear() => Notebook.Clear();

    /// <summary>Asks for a line of text.</summary>
    public static string input(string prompt) => Notebook.Host.ReadLine(prompt, hidden: false);

    /// <summary>Asks for a line of text that is not shown.</summary>
    public static string password(string prompt) => Notebook.Host.ReadLine(prompt, hidden: true);

    /// <summary>A bar that fills: <c>var bar = progress("training", 500)</c>, then <c>bar.Report(step)</c> or <c>bar.Report(step, "loss 3.2")</c>.</summary>
    /// <param name="name">What is progressing.</param>
    /// <param name="total">Steps in all, at least 1.</param>
    public static ProgressBar progress(string name, long total) => new(name, total);
}
