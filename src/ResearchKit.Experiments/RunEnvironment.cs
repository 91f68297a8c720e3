using System.Reflection;
using System.Runtime.InteropServices;
using ResearchKit.Models;
using ResearchKit.Training;

namespace ResearchKit.Experiments;

/// <summary>Where a run takes place, and the version of the kit that makes it.</summary>
public static class RunEnvironment
{
    /// <summary>Version of the kit, with its commit where it was built from a repository.</summary>
    public static string KitVersion { get; } = typeof(RunEnvironment).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "unknown";

    /// <summary>Name of the manifest's row that holds <see cref="Processor"/>.</summary>
    public const string ProcessorRow = "Processor";

    /// <summary>Name of the processor: results of the CPU repeat bit for bit on the same one with the same number of threads.</summary>
    public static string Processor { get; } = ReadProcessor();

    /// <summary>Tunes the allocator, then settles device and threads; see <see cref="ComputeDevice.Start"/>.</summary>
    public static ComputeDevice Start(string device, int threads)
    {
        NativeAllocator.Tune();
        return ComputeDevice.Start(device, threads);
    }

    private static string ReadProcessor()
    {
        const string Linux = "/proc/cpuinfo";
        var name = File.Exists(Linux)
            ? File.ReadLines(Linux).FirstOrDefault(line => line.StartsWith("model name", StringComparison.Ordinal))?.Split(':', 2)[1].Trim()
            : Environment.GetEnvironmentVariable("PROCESSOR_IDENTIFIER");
        return string.IsNullOrEmpty(name) ? RuntimeInformation.ProcessArchitecture.ToString() : name;
    }
}
