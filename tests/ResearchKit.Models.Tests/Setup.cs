using System.Runtime.CompilerServices;
using TorchSharp;

// libtorch has one random generator for the process: a test that seeds it must run alone.
[assembly: Xunit.v3.Parallelization(Mode = Xunit.Sdk.ParallelMode.None)]

namespace ResearchKit.Models.Tests;

internal static class Setup
{
    [ModuleInitializer]
    internal static void OneThread() => torch.set_num_threads(1);
}
