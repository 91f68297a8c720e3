using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;

namespace ResearchKit.Kernel.Jupyter;

/// <summary>Notices that the process that started the kernel is gone, so that no kernel is left behind.</summary>
internal static class ParentWatch
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    /// <summary>Watches on a thread of its own.</summary>
    /// <param name="gone">Called once, when the parent is gone.</param>
    public static void Start(Action gone) => new Thread(() =>
    {
        var isGone = Watch();
        while (!isGone()) Thread.Sleep(Interval);
        gone();
    }) { IsBackground = true, Name = "parent" }.Start();

    private static Func<bool> Watch()
    {
        if (!OperatingSystem.IsWindows())
        {
            // An orphan gets another parent, whoever had started it.
            var parent = ParentId();
            return () => ParentId() != parent;
        }

        if (int.TryParse(Environment.GetEnvironmentVariable("JPY_PARENT_PID"), CultureInfo.InvariantCulture, out var id))
        {
            try
            {
                var process = Process.GetProcessById(id);
                return () => process.HasExited;
            }
            catch (ArgumentException)
            {
                return () => true;
            }
        }

        return () => false;
    }

    [DllImport("libc", EntryPoint = "getppid")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int ParentId();
}
