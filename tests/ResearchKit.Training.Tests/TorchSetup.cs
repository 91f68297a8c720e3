using System.Runtime.CompilerServices;
using TorchSharp;

// Dropout and module construction draw from libtorch's one generator: tests that compare bits must not run beside others.
[assembly: Xunit.v3.Parallelization(Mode = Xunit.Sdk.ParallelMode.None)]

namespace ResearchKit.Training.Tests;

internal static class TorchSetup
{
    /// <summary>One thread: equal bits on every machine, and no idle threads that spin.</summary>
    [ModuleInitializer]
    internal static void Run() => torch.set_num_threads(1);
}
