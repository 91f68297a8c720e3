using System.Diagnostics;

namespace ResearchKit.Models;

/// <summary>Threads that share short pieces of work and wait for the next piece by spinning for a moment before they sleep.</summary>
/// <remarks>
/// Decoding one text hands out four pieces a layer, each of a fraction of a millisecond. Workers of <see cref="Parallel"/> fall asleep in between, and waking them
/// took longer than some pieces. One caller at a time has the crew; a second one does its work alone.
/// </remarks>
internal static class ThreadCrew
{
    // Longer than what lies between two pieces of one token, and than the choice of the next token; short enough that an idle crew costs nothing.
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(2);

    private static readonly Lock Caller = new();
    private static readonly object Bed = new();
    private static Piece? _piece;
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
            if (threads > 1 && count > chunkLength && Caller.TryEnter())
            {
                Share(count, chunkLength, threads, body);
                Caller.Exit();
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
        var piece = new Piece(count, chunkLength, threads - 1, body);
        Interlocked.Exchange(ref _piece, piece);
        if (Volatile.Read(ref _sleepers) > 0)
        {
            lock (Bed) Monitor.PulseAll(Bed);
        }

        piece.TakeChunks();
        piece.WaitForOthers();
    }

    private static void Work()
    {
        for (Piece? done = null; ;)
        {
            done = After(done);
            if (done.HasSeat()) done.TakeChunks();
        }
    }

    /// <summary>Waits for a piece other than the last one.</summary>
    private static Piece After(Piece? last)
    {
        var since = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(since) < Patience)
        {
            if (Volatile.Read(ref _piece) is { } piece && piece != last) return piece;
            Thread.SpinWait(16);
        }

        lock (Bed)
        {
            Interlocked.Increment(ref _sleepers);                        // before the look at the piece: its giver looks at the sleepers after giving it
            Piece? piece;
            while ((piece = Volatile.Read(ref _piece)) is null || piece == last) Monitor.Wait(Bed);
            Interlocked.Decrement(ref _sleepers);
            return piece;
        }
    }

    private sealed class Piece(int count, int chunkLength, int seats, Action<int, int> body)
    {
        private int _next;
        private int _seats = seats;
        private int _unfinished = (count + chunkLength - 1) / chunkLength;

        /// <summary>Whether one more worker may take part.</summary>
        public bool HasSeat() => Interlocked.Decrement(ref _seats) >= 0;

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
