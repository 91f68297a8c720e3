using System.Text;
using ResearchKit.Kernel.Cells;
using ResearchKit.Notebooks;

namespace ResearchKit.Kernel.Tests;

/// <summary>Keeps what a cell puts out.</summary>
internal sealed class RecordingSink : ICellSink
{
    private readonly Lock _gate = new();
    private readonly StringBuilder _out = new();
    private readonly StringBuilder _error = new();

    public string Answer { get; set; } = "";

    public Action? Printed { get; init; }

    public List<(MimeBundle Bundle, string? Id, bool Update)> Displays { get; } = [];

    public int ClearCount { get; private set; }

    public string Out
    {
        get
        {
            lock (_gate) return _out.ToString();
        }
    }

    public string Error
    {
        get
        {
            lock (_gate) return _error.ToString();
        }
    }

    public void Stream(string stream, string text)
    {
        Printed?.Invoke();
        lock (_gate) (stream == "stdout" ? _out : _error).Append(text);
    }

    public void Display(MimeBundle bundle, string? displayId, bool update) => Displays.Add((bundle, displayId, update));

    public void Clear(bool wait) => ClearCount++;

    public string ReadLine(string prompt, bool hidden) => Answer;
}
