using System.Diagnostics;
using System.Reflection;
using System.Runtime.InteropServices;

namespace ResearchKit.Cli.Tests;

/// <summary>What a call left behind.</summary>
internal sealed record Outcome(int ExitCode, string Output, string Error);

/// <summary>Calls the command line: its entry point in this process where a test asks much, the built program as a child where the process itself matters.</summary>
internal static class Rk
{
    private static readonly string Program = Path.Combine(AppContext.BaseDirectory, "rk.dll");
    private static readonly MethodInfo EntryPoint = Assembly.LoadFrom(Program).EntryPoint!;

    /// <summary>Runs the entry point here, with the console caught.</summary>
    public static Outcome Call(params string[] arguments)
    {
        var (output, error) = (Console.Out, Console.Error);
        using StringWriter caughtOutput = new(), caughtError = new();
        try
        {
            Console.SetOut(caughtOutput);
            Console.SetError(caughtError);
            var code = EntryPoint.Invoke(null, [arguments]);
            return new Outcome((int)code!, caughtOutput.ToString(), caughtError.ToString());
        }
        finally
        {
            Console.SetOut(output);
            Console.SetError(error);
        }
    }

    /// <summary>Starts the built program on one thread.</summary>
    public static Process Start(params string[] arguments) => Start(new Dictionary<string, string?>(), arguments);

    /// <summary>Starts the built program with some environment variables set, or without them where they are null.</summary>
    public static Process Start(IReadOnlyDictionary<string, string?> variables, string[] arguments)
    {
        var runtime = RuntimeEnvironment.GetRuntimeDirectory();                      // …/shared/Microsoft.NETCore.App/version/
        var host = Path.GetFullPath(Path.Combine(runtime, "..", "..", "..", OperatingSystem.IsWindows() ? "dotnet.exe" : "dotnet"));
        var start = new ProcessStartInfo(host, [Program, .. arguments]) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["OMP_NUM_THREADS"] = "1";
        foreach (var (name, value) in variables) start.Environment[name] = value;
        return Process.Start(start)!;
    }

    /// <summary>Runs the built program to its end.</summary>
    public static Outcome Finish(Process process)
    {
        using (process)
        {
            var error = process.StandardError.ReadToEndAsync();
            var output = process.StandardOutput.ReadToEnd();
            Assert.True(process.WaitForExit(TimeSpan.FromMinutes(3)), "rk did not end within 3 minutes");
            return new Outcome(process.ExitCode, output, error.GetAwaiter().GetResult());
        }
    }
}
