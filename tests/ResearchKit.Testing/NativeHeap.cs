using System.Runtime.InteropServices;
using Xunit;

namespace ResearchKit.Testing;

/// <summary>Bytes that native code (libtorch) holds, as glibc counts them: exact, and independent of what the process keeps after it was freed.</summary>
public static partial class NativeHeap
{
    /// <summary>Bytes in use now; skips the test where the C library does not say.</summary>
    public static long LiveBytes()
    {
        try
        {
            var info = mallinfo2();
            return (long)(info.InUse + info.Mapped);
        }
        catch (Exception error) when (error is DllNotFoundException or EntryPointNotFoundException)
        {
            Assert.Skip("needs glibc 2.33 or newer");
            throw;
        }
    }

    /// <summary>Most bytes in use at a time while <paramref name="body"/> ran, above those before.</summary>
    public static long PeakOf(Action body)
    {
        var before = LiveBytes();
        long peak = 0;
        using var done = new CancellationTokenSource();
        var sampler = new Thread(() =>
        {
            while (!done.IsCancellationRequested)
            {
                peak = Math.Max(peak, LiveBytes() - before);
                Thread.Sleep(1);
            }
        });
        sampler.Start();
        try
        {
            body();
        }
        finally
        {
            done.Cancel();
            sampler.Join();
        }

        return peak;
    }

    [LibraryImport("libc.so.6")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial Information mallinfo2();

    /// <summary>struct mallinfo2 of malloc.h.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private readonly struct Information
    {
        private readonly nuint _arena, _freeChunks, _fastFree, _mappedCount;
        public readonly nuint Mapped;
        private readonly nuint _unused, _fastFreeBytes;
        public readonly nuint InUse;
        private readonly nuint _free, _releasable;
    }
}
