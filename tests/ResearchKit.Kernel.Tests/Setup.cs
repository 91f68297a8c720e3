using System.Runtime.CompilerServices;
using TorchSharp;

// One session takes over the console and the displays of the process, so tests run one after another.
[assembly: Xunit.v3.Parallelization(Mode = Xunit.Sdk.ParallelMode.None)]

namespace ResearchKit.Kernel.Tests;

internal static class Setup
{
    [ModuleInitializer]
    internal static void OneThread() => torch.set_num_threads(1);
}
