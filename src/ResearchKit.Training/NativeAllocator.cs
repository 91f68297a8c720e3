using System.Runtime.InteropServices;

namespace ResearchKit.Training;

/// <summary>Keeps freed tensor memory in the process.</summary>
/// <remarks>By default glibc gives large blocks back to the system as soon as they are freed, and every training step pays for the same pages again:
/// one update of a 124M model's AdamW took 1.3 s with the default and 0.35 s without.</remarks>
public static partial class NativeAllocator
{
    private const int TrimThreshold = -1, TopPad = -2, MmapMax = -4, ArenaMax = -8;
    private static readonly Lazy<bool> Tuned = new(TuneOnce);

    /// <summary>Tunes the C library's allocator for the rest of the process; call it before the first tensor. Further calls do nothing.</summary>
    /// <returns>Whether anything was changed: false on systems other than Linux with glibc, where nothing is needed or known.</returns>
    public static bool Tune() => Tuned.Value;

    /// <summary>Gives free memory back to the system, where training should be small rather than fast: pages in use have then to be fetched again.</summary>
    /// <returns>Whether the system's C library can do it (glibc).</returns>
    public static bool ReturnFreeMemory()
    {
        if (!OperatingSystem.IsLinux()) return false;
        try
        {
            malloc_trim(0);
            return true;
        }
        catch (Exception error) when (error is DllNotFoundException or EntryPointNotFoundException)
        {
            return false;
        }
    }

    private static bool TuneOnce()
    {
        if (!OperatingSystem.IsLinux()) return false;
        try
        {
            // No block comes from mmap and the top of the heap is never returned. One arena, because only the main one can grow past 64 MB.
            // Raising the mmap threshold instead would not do everywhere: it is an int here, and older versions of glibc cap it at 32 MB.
            var done = mallopt(MmapMax, 0) == 1;
            done &= mallopt(TrimThreshold, -1) == 1;
            done &= mallopt(TopPad, 64 << 20) == 1;
            mallopt(ArenaMax, 1);
            return done;
        }
        catch (Exception error) when (error is DllNotFoundException or EntryPointNotFoundException)
        {
            return false;                                                // musl and others have no mallopt
        }
    }

    [LibraryImport("libc.so.6")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int mallopt(int parameter, int value);

    [LibraryImport("libc.so.6")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int malloc_trim(nuint pad);
}
