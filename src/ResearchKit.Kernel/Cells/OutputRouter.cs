using System.Text;
using ResearchKit.Core;
using ResearchKit.Notebooks;

namespace ResearchKit.Kernel.Cells;

/// <summary>Sends what is printed and displayed to the cell it comes from, also from threads and tasks that the cell started. Output of native code is not seen.</summary>
internal sealed class OutputRouter : INotebookHost
{
    private static readonly AsyncLocal<CellOutput?> s_current = new();
    private static CellOutput? s_latest;

    private OutputRouter()
    {
    }

    /// <summary>The one router of the process.</summary>
    public static OutputRouter Instance { get; } = new();

    public CancellationToken Cancellation => Current?.Cancellation ?? CancellationToken.None;

    public string Cell => Current?.Cell ?? "";

    public long Execution => Current?.Execution ?? 0;

    // A thread that was started outside any cell belongs to the latest one.
    private static CellOutput? Current => s_current.Value ?? Volatile.Read(ref s_latest);

    /// <summary>Takes over the console and the displays of the process.</summary>
    public static void Install()
    {
        Notebook.Host = Instance;
        Console.SetOut(new Writer("stdout"));
        Console.SetError(new Writer("stderr"));
        Console.SetIn(new Reader());
    }

    /// <summary>Makes a cell the owner of what the calling thread, and what it starts, puts out.</summary>
    public static void Enter(CellOutput output)
    {
        s_current.Value = output;
        Volatile.Write(ref s_latest, output);
    }

    public void Show(MimeBundle bundle, string? displayId, bool update) => Current?.Show(bundle, displayId, update);

    public void Clear(bool wait) => Current?.Clear(wait);

    public string ReadLine(string prompt, bool hidden) => Current is { } output ? output.ReadLine(prompt, hidden) : throw new ConfigException("Input can be asked for only while a cell runs.");

    private sealed class Writer(string stream) : TextWriter(System.Globalization.CultureInfo.InvariantCulture)
    {
        public override Encoding Encoding => Encoding.UTF8;

        public override void Write(char value) => Current?.Write(stream, [value]);

        public override void Write(string? value) => Current?.Write(stream, value);

        public override void Write(char[] buffer, int index, int count) => Current?.Write(stream, buffer.AsSpan(index, count));

        public override void Write(ReadOnlySpan<char> buffer) => Current?.Write(stream, buffer);

        public override void WriteLine(string? value) => Current?.Write(stream, value + "\n");

        public override void Flush() => Current?.Flush();
    }

    private sealed class Reader : TextReader
    {
        public override string? ReadLine() => Instance.ReadLine("", hidden: false);
    }
}
