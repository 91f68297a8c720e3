namespace ResearchKit.Notebooks;

/// <summary>The host outside notebooks (scripts, tests): displays are written to the console as text.</summary>
internal sealed class ConsoleHost : INotebookHost
{
    public CancellationToken Cancellation => CancellationToken.None;

    public string Cell => "";

    public long Execution => 0;

    public void Show(MimeBundle bundle, string? displayId, bool update) => Console.Out.WriteLine(bundle.PlainText);

    public void Clear(bool wait)
    {
    }

    public string ReadLine(string prompt, bool hidden)
    {
        Console.Out.Write(prompt);
        return Console.In.ReadLine() ?? throw new ResearchKit.Core.ConfigException($"\"{prompt}\" was asked, but the input has ended.");
    }
}
