using System.Globalization;
using System.Runtime.InteropServices;
using ResearchKit.Experiments;
using ResearchKit.Models;

namespace ResearchKit.Benchmarking;

/// <summary>Where and when a run of the suite took place.</summary>
public sealed record BenchmarkEnvironment
{
    /// <summary>Name of the processor.</summary>
    public required string Processor { get; init; }

    /// <summary>Cores that the process may use.</summary>
    public required int Cores { get; init; }

    /// <summary>Threads of tensor operations.</summary>
    public required int Threads { get; init; }

    /// <summary>Memory that the process may use, bytes.</summary>
    public required long MemoryBytes { get; init; }

    /// <summary>Operating system.</summary>
    public required string System { get; init; }

    /// <summary>Version of .NET.</summary>
    public required string DotNet { get; init; }

    /// <summary>Version of TorchSharp.</summary>
    public required string TorchSharp { get; init; }

    /// <summary>Version of the kit, with its commit where known.</summary>
    public required string Kit { get; init; }

    /// <summary>When the run started, UTC.</summary>
    public required string Started { get; init; }

    /// <summary>Runnable tasks over the last minute before the run; null where the system does not say.</summary>
    public double? LoadAverageBefore { get; init; }

    /// <summary>The same after the run.</summary>
    public double? LoadAverageAfter { get; init; }

    internal static BenchmarkEnvironment Read(int threads) => new()
    {
        Processor = RunEnvironment.Processor,
        Cores = global::System.Environment.ProcessorCount,
        Threads = threads,
        MemoryBytes = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes,
        System = RuntimeInformation.OSDescription,
        DotNet = global::System.Environment.Version.ToString(),
        TorchSharp = ComputeDevice.TorchVersion,
        Kit = RunEnvironment.KitVersion,
        Started = DateTime.UtcNow.ToString("yyyy-MM-dd HH:mm 'UTC'", CultureInfo.InvariantCulture),
        LoadAverageBefore = MachineState.LoadAverage(),
    };
}
