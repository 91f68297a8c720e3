using System.Collections.Concurrent;
using System.Runtime;

namespace ResearchKit.Kernel.Cells;

/// <summary>The thread on which cells run, and how they are stopped: first by the token that cells can watch, then by an abort, then by waking a wait.</summary>
/// <remarks>One thread as long as nothing was aborted, since libtorch keeps the gradient mode for each thread. After an abort a new one:
/// a second abort of a tight loop on the same thread does not return, and a garbage collection then freezes the process (measured on .NET 10).</remarks>
internal sealed class CellThread : IDisposable
{
    /// <summary>How long each way of stopping gets before the next, stronger one.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(300);

    // The F# compiler recurses deeply.
    private const int StackSize = 16 << 20;

    private readonly Lock _gate = new();
    private BlockingCollection<Job>? _jobs;
    private Job? _current;

    /// <summary>Whether the last run ended on a thread that is given up, so that per-thread settings of libraries are the defaults again.</summary>
    public bool WasRetired { get; private set; }

    /// <summary>Runs a function on the cell thread and waits for its end.</summary>
    /// <exception cref="OperationCanceledException">It was interrupted.</exception>
    public void Run(Action<CancellationToken> body)
    {
        var job = new Job(body);
        BlockingCollection<Job> jobs;
        lock (_gate)
        {
            WasRetired = false;
            _current = job;
            jobs = _jobs ??= Start();
        }

        jobs.Add(job);
        job.Done.Wait();
        lock (_gate)
        {
            _current = null;
            if (job.Retires || job.IsGivenUp)
            {
                jobs.CompleteAdding();
                (_jobs, WasRetired) = (null, true);
            }
        }

        if (job.Error is { } error) System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(error);
    }

    /// <summary>Stops what runs, if anything does. Returns at once; <see cref="Run"/> throws when it has stopped.</summary>
    public void Interrupt()
    {
        Job? job;
        lock (_gate) job = _current;
        if (job is null || !job.TryBeginStopping()) return;
        // A thread of its own: cancelling runs callbacks, and aborting waits until the thread can be aborted.
        new Thread(() => Stop(job)) { IsBackground = true, Name = "interrupt" }.Start();
    }

    /// <summary>Leaves the running function where it is, for ever, and ends <see cref="Run"/> with an error. For a thread that must not go on, as one within <c>Environment.Exit</c>.</summary>
    /// <param name="error">What <see cref="Run"/> throws.</param>
    /// <param name="before">Called, where something ran, before <see cref="Run"/> ends.</param>
    /// <returns>Whether something ran.</returns>
    public bool GiveUp(Exception error, Action before)
    {
        lock (_gate)
        {
            if (_current is not { } job || job.Done.IsSet) return false;
            before();
            job.IsGivenUp = true;
            job.Error = error;
            job.Done.Set();
            return true;
        }
    }

    public void Dispose()
    {
        lock (_gate) _jobs?.CompleteAdding();
    }

    private static void Stop(Job job)
    {
        job.Soft.Cancel();
        if (job.Done.Wait(Patience)) return;
        job.IsHard = true;
        // Not awaited: the call returns only when the thread has reached a place where it can be aborted.
        new Thread(job.Hard.Cancel) { IsBackground = true, Name = "abort" }.Start();
        while (!job.Done.Wait(Patience))
        {
            if (job.Thread is { } thread && thread.ThreadState.HasFlag(ThreadState.WaitSleepJoin)) thread.Interrupt();
        }
    }

    private static BlockingCollection<Job> Start()
    {
        var jobs = new BlockingCollection<Job>();
        new Thread(() => Work(jobs), StackSize) { IsBackground = true, Name = "cells" }.Start();
        return jobs;
    }

    private static void Work(BlockingCollection<Job> jobs)
    {
        foreach (var job in jobs.GetConsumingEnumerable())
        {
            job.Thread = Thread.CurrentThread;
            try
            {
                if (job.Soft.IsCancellationRequested) throw new OperationCanceledException(job.Soft.Token);
#pragma warning disable SYSLIB0046 // The one supported way to stop a thread that does not cooperate; meant for exactly this, notebooks and REPLs.
                ControlledExecution.Run(() => job.Body(job.Soft.Token), job.Hard.Token);
#pragma warning restore SYSLIB0046
            }
            catch (Exception error) when (job.Soft.IsCancellationRequested && error is OperationCanceledException or ThreadInterruptedException or ThreadAbortException)
            {
                job.Error = new OperationCanceledException("The cell was interrupted.", error, job.Soft.Token);
            }
            catch (Exception error)
            {
                job.Error = error;
            }

            job.Retires = job.IsHard;                                     // decided once: an interrupt may arrive too late
            job.Done.Set();
            if (job.Retires || job.IsGivenUp) return;
        }
    }

    private sealed class Job(Action<CancellationToken> body)
    {
        private int _isStopping;

        public Action<CancellationToken> Body { get; } = body;

        public CancellationTokenSource Soft { get; } = new();

        public CancellationTokenSource Hard { get; } = new();

        public ManualResetEventSlim Done { get; } = new();

        public Exception? Error { get; set; }

        public volatile bool IsHard;

        public volatile bool Retires;

        public volatile bool IsGivenUp;

        public volatile Thread? Thread;

        public bool TryBeginStopping() => Interlocked.Exchange(ref _isStopping, 1) == 0;
    }
}
