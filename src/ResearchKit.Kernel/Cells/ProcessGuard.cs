using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;
using ResearchKit.Core;

namespace ResearchKit.Kernel.Cells;

/// <summary>Keeps the process alive when a cell, or a library it calls, would end it: <c>Environment.Exit</c> and exceptions on other threads. A crash of native code or an overflowing stack can't be kept off.</summary>
internal static class ProcessGuard
{
    private static CellSession? s_session;
    private static int s_isInstalled;
    private static volatile bool s_isLeaving;
    private static volatile bool s_isHolding;

    /// <summary>Guards a session.</summary>
    public static void Install(CellSession session)
    {
        Volatile.Write(ref s_session, session);
        if (Interlocked.Exchange(ref s_isInstalled, 1) != 0) return;
        AppDomain.CurrentDomain.ProcessExit += (_, _) => HoldExit();
        ExceptionHandling.SetUnhandledExceptionHandler(Report);
    }

    /// <summary>Ends the guard of a session.</summary>
    public static void Remove(CellSession session) => Interlocked.CompareExchange(ref s_session, null, session);

    /// <summary>Ends the process. The only way out while a session is guarded.</summary>
    public static void Leave(int code)
    {
        s_isLeaving = true;
        // The runtime lets one thread exit at a time, and the one that is held would keep it for ever.
        if (!s_isHolding) Environment.Exit(code);
        else if (OperatingSystem.IsWindows()) TerminateProcess(-1, (uint)code);
        else ExitAtOnce(code);
    }

    [DllImport("libc", EntryPoint = "_exit")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern void ExitAtOnce(int code);

    [DllImport("kernel32")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    private static extern bool TerminateProcess(nint process, uint code);

    // Environment.Exit calls this on the thread that exits. Kept here for ever, the thread never ends the process; the cell is ended without it.
    private static void HoldExit()
    {
        if (s_isLeaving || Volatile.Read(ref s_session) is not { } session) return;
        var refusal = new ConfigException("The cell called exit. A cell can't end the kernel; its variables are kept. Use the notebook's Restart or Shutdown.");
        if (!session.GiveUp(refusal)) return;
        s_isHolding = true;
        Thread.Sleep(Timeout.Infinite);
    }

    private static bool Report(Exception error)
    {
        if (s_isLeaving || Volatile.Read(ref s_session) is null) return false;
        Console.Error.WriteLine($"A thread that a cell started has failed: {error.GetType().Name}: {error.Message}");
        return true;
    }
}
