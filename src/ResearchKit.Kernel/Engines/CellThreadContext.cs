using System.Collections.Concurrent;

namespace ResearchKit.Kernel.Engines;

/// <summary>Runs the continuations of a C# cell's awaits on the thread of the cell, since libtorch keeps settings such as the gradient mode for each thread.</summary>
/// <remarks>Not for F# cells: with a context on the calling thread, F# Interactive waits for itself.</remarks>
internal sealed class CellThreadContext : SynchronizationContext
{
    private readonly BlockingCollection<(SendOrPostCallback Callback, object? State)> _queue = [];

    /// <summary>Runs an asynchronous function to its end on the calling thread.</summary>
    /// <param name="function">The function.</param>
    /// <param name="cancellation">Gives up waiting; what the function awaits may go on.</param>
    /// <exception cref="OperationCanceledException"><paramref name="cancellation"/> was cancelled while the function awaited something.</exception>
    public static T Run<T>(Func<Task<T>> function, CancellationToken cancellation)
    {
        var before = Current;
        var context = new CellThreadContext();
        SetSynchronizationContext(context);
        try
        {
            var task = function();
            _ = task.ContinueWith(_ => context._queue.CompleteAdding(), CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
            foreach (var (callback, state) in context._queue.GetConsumingEnumerable(cancellation)) callback(state);
            return task.GetAwaiter().GetResult();
        }
        finally
        {
            SetSynchronizationContext(before);
        }
    }

    public override void Post(SendOrPostCallback d, object? state)
    {
        try
        {
            _queue.Add((d, state));
        }
        catch (InvalidOperationException)
        {
            // The cell has ended; what it started without waiting goes on elsewhere.
            ThreadPool.QueueUserWorkItem(_ => d(state));
        }
    }

    public override void Send(SendOrPostCallback d, object? state) => d(state);
}
