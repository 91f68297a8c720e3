using System.Diagnostics;
using System.Runtime.InteropServices;

namespace ResearchKit.Kernel.Tests;

/// <summary>The built kernel as a child process.</summary>
internal static class KernelProcess
{
    public static string Program { get; } = Path.Combine(AppContext.BaseDirectory, "rk-kernel.dll");

    public static string Host { get; } = Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", "..", OperatingSystem.IsWindows() ? "dotnet.exe" : "dotnet"));

    public static Process Start(params string[] arguments)
    {
        var start = new ProcessStartInfo(Host, ["exec", Program, .. arguments]) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["OMP_NUM_THREADS"] = "1";
        return Process.Start(start)!;
    }

    public static (int Code, string Output, string Error) Finish(Process process, int minutes = 3)
    {
        using (process)
        {
            var error = process.StandardError.ReadToEndAsync();
            var output = process.StandardOutput.ReadToEnd();
            Assert.True(process.WaitForExit(TimeSpan.FromMinutes(minutes)), $"rk-kernel did not end within {minutes} minutes");
            return (process.ExitCode, output, error.GetAwaiter().GetResult());
        }
    }
}
