namespace ResearchKit.Notebooks;

/// <summary>An output already shown, which can be replaced: <c>var shown = display("…"); shown.Update(42);</c></summary>
public sealed class DisplayHandle
{
    private readonly INotebookHost _host;

    internal DisplayHandle(INotebookHost host, string id)
    {
        _host = host;
        Id = id;
    }

    /// <summary>Name of the output in Jupyter's messages (<c>display_id</c>).</summary>
    public string Id { get; }

    /// <summary>Shows another value in the same place, also from a later cell or another thread.</summary>
    public void Update(object? value) => _host.Show(Notebook.Displays.Format(value), Id, update: true);
}
