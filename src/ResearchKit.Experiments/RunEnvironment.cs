using System.Reflection;
using ResearchKit.Models;
using ResearchKit.Training;

namespace ResearchKit.Experiments;

/// <summary>Where a run takes place, and the version of the kit that makes it.</summary>
public static class RunEnvironment
{
    /// <summary>Version of the kit, with its commit where it was built from a repository.</summary>
    public static string KitVersion { get; } = typeof(RunEnvironment).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "unknown";

    /// <summary>Tunes the allocator, then settles device and threads; see <see cref="ComputeDevice.Start"/>.</summary>
    public static ComputeDevice Start(string device, int threads)
    {
        NativeAllocator.Tune();
        return ComputeDevice.Start(device, threads);
    }
}
