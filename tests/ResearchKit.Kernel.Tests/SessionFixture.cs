using ResearchKit.Kernel.Cells;

namespace ResearchKit.Kernel.Tests;

/// <summary>One session for all tests of a class, since starting the F# compiler takes seconds.</summary>
public sealed class SessionFixture : IDisposable
{
    private int _count;

    internal CellSession Cells { get; } = new("fsharp", Environment.CurrentDirectory);

    internal (CellReport Report, RecordingSink Sink) Run(string code, string answer = "", Action? printed = null)
    {
        var sink = new RecordingSink { Answer = answer, Printed = printed };
        var number = ++_count;
        return (Cells.Run(new CellRequest(code, null, "cell" + number, number), sink), sink);
    }

    internal string Value(string code)
    {
        var (report, _) = Run(code);
        Assert.True(report.Error is null, report.Error is null ? "" : string.Join('\n', report.Error.Traceback));
        return report.Result?.PlainText ?? "";
    }

    internal CellError Failure(string code)
    {
        var (report, _) = Run(code);
        Assert.NotNull(report.Error);
        return report.Error;
    }

    public void Dispose() => Cells.Dispose();
}
