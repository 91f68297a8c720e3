using System.Diagnostics;

namespace ResearchKit.Models;

/// <summary>Threads that share short loops and wait for the next one by spinning for a moment before they sleep.</summary>
/// <remarks>
/// Decoding one text hands out four loops a layer, each of a fraction of a millisecond. Workers of <see cref="Parallel"/> fall asleep in between, and waking them
/// took longer than some loops. One caller at a time has the crew; a second one does its work alone.
/// </remarks>
internal static class ThreadCrew
{
    // Longer than what lies between two loops of one token, and than the choice of the next token; short enough that an idle crew costs nothing.
    private static readonly TimeSpan SpinTime = TimeSpan.FromMilliseconds(2);

    private static readonly Lock OneCaller = new();
    private static readonly object WakeUp = new();
    private static SharedLoop? _loop;
    private static int _sleepers;
    private static int _workers;

    /// <summary>Runs a body over [0, count) in chunks, the same ones for any number of threads, and returns when all are done.</summary>
    /// <param name="count">Elements, at least 1.</param>
    /// <param name="chunkLength">Elements of a chunk, at least 1; the last may have fewer.</param>
    /// <param name="threads">Threads that may take part, the calling one among them.</param>
    /// <param name="body">Given the start and the end of a chunk. Must not throw, and must not depend on which thread runs it.</param>
    public static void For(int count, int chunkLength, int threads, Action<int, int> body)
    {
        // In a finally block no abort of a notebook's cell comes between: a worker would go on writing to memory that is freed by then.
        try
        {
        }
        finally
        {
            if (threads > 1 && count > chunkLength && OneCaller.TryEnter())
            {
                Share(count, chunkLength, threads, body);
                OneCaller.Exit();
            }
            else
            {
                for (var start = 0; start < count; start += chunkLength) body(start, Math.Min(count, start + chunkLength));
            }
        }
    }

    private static void Share(int count, int chunkLength, int threads, Action<int, int> body)
    {
        for (; _workers < threads - 1; _workers++) new Thread(Work) { IsBackground = true, Name = nameof(ThreadCrew) }.Start();
        var loop = new SharedLoop(count, chunkLength, threads - 1, body);
        Interlocked.Exchange(ref _loop, loop);
        if (Volatile.Read(ref _sleepers) > 0)
        {
            lock (WakeUp) Monitor.PulseAll(WakeUp);
        }

        loop.TakeChunks();
        loop.WaitForOthers();
    }

    private static void Work()
    {
        for (SharedLoop? done = null; ;)
        {
            done = After(done);
            if (done.TryJoin()) done.TakeChunks();
        }
    }

    /// <summary>Waits for a loop other than the last one.</summary>
    private static SharedLoop After(SharedLoop? last)
    {
        var since = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(since) < SpinTime)
        {
            if (Volatile.Read(ref _loop) is { } loop && loop != last) return loop;
            Thread.SpinWait(16);
        }

        lock (WakeUp)
        {
            Interlocked.Increment(ref _sleepers);                        // before the look at the loop: its giver looks at the sleepers after giving it
            SharedLoop? loop;
            while ((loop = Volatile.Read(ref _loop)) is null || loop == last) Monitor.Wait(WakeUp);
            Interlocked.Decrement(ref _sleepers);
            return loop;
        }
    }

    private sealed class SharedLoop(int count, int chunkLength, int places, Action<int, int> body)
    {
        private int _next;
        private int _places = places;
        private int _unfinished = (count + chunkLength - 1) / chunkLength;

        /// <summary>Whether one more worker may take part.</summary>
        public bool TryJoin() => Interlocked.Decrement(ref _places) >= 0;

        public void TakeChunks()
        {
            while (Interlocked.Add(ref _next, chunkLength) - chunkLength is var start && start < count)
            {
                body(start, Math.Min(count, start + chunkLength));
                Interlocked.Decrement(ref _unfinished);
            }
        }

        public void WaitForOthers()
        {
            var wait = default(SpinWait);
            while (Volatile.Read(ref _unfinished) > 0) wait.SpinOnce(sleep1Threshold: -1);
        }
    }
}
