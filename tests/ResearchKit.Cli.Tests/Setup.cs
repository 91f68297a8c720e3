using System.Runtime.CompilerServices;
using TorchSharp;

// Verbs run inside this process write to the one console and draw from libtorch's one generator.
[assembly: Xunit.v3.Parallelization(Mode = Xunit.Sdk.ParallelMode.None)]

namespace ResearchKit.Cli.Tests;

internal static class Setup
{
    [ModuleInitializer]
    internal static void Run() => torch.set_num_threads(1);
}
