using System.Globalization;
using ResearchKit.Training;

namespace ResearchKit.Benchmarking;

/// <summary>Load and memory of this machine, where Linux tells them.</summary>
internal static class MachineState
{
    /// <summary>Runnable tasks over the last minute.</summary>
    public static double? LoadAverage() =>
        File.Exists("/proc/loadavg") ? double.Parse(File.ReadAllText("/proc/loadavg").Split(' ')[0], CultureInfo.InvariantCulture) : null;

    /// <summary>Processor time of ended child processes, seconds; NaN where the system does not say.</summary>
    public static double ChildCpuSeconds()
    {
        const string Path = "/proc/self/stat";
        const double TicksPerSecond = 100;                               // USER_HZ, the same on all common architectures
        if (!File.Exists(Path)) return double.NaN;
        var text = File.ReadAllText(Path);
        var fields = text[(text.LastIndexOf(')') + 2)..].Split(' ');      // field 3 of proc(5) and on: the name before may hold spaces
        return (long.Parse(fields[13], CultureInfo.InvariantCulture) + long.Parse(fields[14], CultureInfo.InvariantCulture)) / TicksPerSecond;
    }

    /// <summary>Most memory that the process held at a time while an action ran, above what it held before, bytes; null where the system does not say.</summary>
    public static long? PeakOf(Action action)
    {
        if (!GiveBackFreeMemory())
        {
            action();
            return null;
        }

        var before = Status("VmRSS:");
        File.WriteAllText("/proc/self/clear_refs", "5");                 // sets the high-water mark back to the present
        action();
        return Status("VmHWM:") - before;
    }

    private static bool GiveBackFreeMemory()
    {
        if (!File.Exists("/proc/self/clear_refs")) return false;
        GC.Collect();
        GC.WaitForPendingFinalizers();
        return NativeAllocator.ReturnFreeMemory();
    }

    private static long Status(string name)
    {
        var line = File.ReadLines("/proc/self/status").First(line => line.StartsWith(name, StringComparison.Ordinal));
        return long.Parse(line[name.Length..].Replace("kB", "", StringComparison.Ordinal).Trim(), CultureInfo.InvariantCulture) * 1024;
    }
}
