using System.Runtime.CompilerServices;
using TorchSharp;

namespace ResearchKit.Models.Tests;

internal static class Setup
{
    [ModuleInitializer]
    internal static void OneThread() => torch.set_num_threads(1);
}
