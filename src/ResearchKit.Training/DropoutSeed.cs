using TorchSharp;
using static TorchSharp.torch;

namespace ResearchKit.Training;

/// <summary>Seeds what dropout draws from: libtorch has one generator for the CPU and one for every card.</summary>
internal static class DropoutSeed
{
    /// <summary>Seeds the generators of the CPU and, where the model is on a card, of all cards.</summary>
    /// <param name="device">Device of the model.</param>
    /// <param name="seed">Any number.</param>
    public static void Set(Device device, long seed)
    {
        random.manual_seed(seed);                                        // of the CPU alone
        if (device.type == DeviceType.CUDA) cuda.manual_seed_all(seed);
    }
}
