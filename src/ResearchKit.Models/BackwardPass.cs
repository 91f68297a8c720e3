using System.Runtime.ExceptionServices;
using static TorchSharp.torch;

namespace ResearchKit.Models;

/// <summary>The backward pass of a loss. Use it instead of <see cref="Tensor.backward(IList{Tensor}, bool, bool, IList{Tensor})"/> for losses of a <see cref="Gpt"/>.</summary>
/// <remarks>
/// libtorch calls the gradients of <see cref="OutputLoss"/>, <see cref="TiedEmbedding"/> and <see cref="BlockRecomputation"/> from native code, through which no exception passes:
/// one that is thrown there, such as for want of memory, would end the process, and so would the abort of a notebook's cell.
/// </remarks>
public static class BackwardPass
{
    private static int _running;
    private static ExceptionDispatchInfo? _failure;

    /// <summary>Computes the gradients of everything that the loss depends on.</summary>
    /// <param name="loss">Scalar.</param>
    /// <exception cref="Exception">What a gradient threw; the gradients are incomplete then.</exception>
    public static void Run(Tensor loss)
    {
        // A finally block is not aborted.
        try
        {
        }
        finally
        {
            if (Interlocked.Increment(ref _running) == 1) Volatile.Write(ref _failure, null);
            try
            {
                loss.backward();
            }
            finally
            {
                Interlocked.Decrement(ref _running);
            }
        }

        Interlocked.Exchange(ref _failure, null)?.Throw();
    }

    /// <summary>A gradient that keeps what it throws for <see cref="Run"/>; after that, and for every gradient that follows, there is none. On a card the engine calls it on a thread of its own.</summary>
    /// <param name="inputCount">Inputs of the function.</param>
    /// <param name="gradients">Computes their gradients.</param>
    internal static List<Tensor> Guarded(int inputCount, Func<List<Tensor>> gradients)
    {
        // Who calls backward himself would never hear of a failure.
        if (Volatile.Read(ref _running) == 0) return gradients();
        if (Volatile.Read(ref _failure) is null)
        {
            try
            {
                return gradients();
            }
            catch (Exception error)
            {
                Interlocked.CompareExchange(ref _failure, ExceptionDispatchInfo.Capture(error), null);
            }
        }

        return [.. Enumerable.Repeat<Tensor>(null!, inputCount)];
    }
}
