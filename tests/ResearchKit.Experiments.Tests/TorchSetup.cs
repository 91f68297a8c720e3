using System.Runtime.CompilerServices;
using TorchSharp;

// Fine-tuning draws from libtorch's one generator, and threads would only take the cores from one another.
[assembly: Xunit.v3.Parallelization(Mode = Xunit.Sdk.ParallelMode.None)]

namespace ResearchKit.Experiments.Tests;

internal static class TorchSetup
{
    /// <summary>One thread: equal bits on every machine.</summary>
    [ModuleInitializer]
    internal static void Run() => torch.set_num_threads(1);
}
