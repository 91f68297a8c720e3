using static System.FormattableString;

namespace ResearchKit.Core;

/// <summary>Refuses work that this machine cannot hold before it begins; later the system would end the process without a word.</summary>
public static class MachineMemory
{
    /// <summary>Bytes that this process may use: the machine's memory, or the limit of its container.</summary>
    public static long AvailableBytes => GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;

    /// <summary>Throws where work needs more than there is.</summary>
    /// <param name="bytes">What it needs at least.</param>
    /// <param name="what">The work, with its size: "training gpt2-xl (1,557,611,200 parameters)".</param>
    /// <param name="advice">What to do about it, a sentence.</param>
    /// <exception cref="ConfigException">It does not fit.</exception>
    public static void Require(long bytes, string what, string advice)
    {
        if (bytes > AvailableBytes) throw new ConfigException($"{what} needs at least {Gibibytes(bytes)} of memory; this machine has {Gibibytes(AvailableBytes)}. {advice}");
    }

    private static string Gibibytes(long bytes) => Invariant($"{bytes / (double)(1L << 30):0.0} GiB");
}
