using System.Reflection;
using System.Runtime.InteropServices;
using ResearchKit.Core;
using TorchSharp;

namespace ResearchKit.Models;

/// <summary>Where tensors live and how many threads work on them. The only place that asks libtorch what it can do.</summary>
/// <param name="Name">cpu or cuda.</param>
/// <param name="Threads">CPU threads, at least 1.</param>
public sealed record ComputeDevice(string Name, int Threads)
{
    /// <summary>Largest number of threads that can be asked for; libtorch starts as many as it is told, and takes the machine down with a mistyped number.</summary>
    public const int MostThreads = 1024;

    /// <summary>Version of libtorch's managed binding.</summary>
    public static string TorchVersion { get; } = typeof(torch).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0] ?? "unknown";

    /// <summary>The libtorch device.</summary>
    public torch.Device Device => Name == "cuda" ? torch.CUDA : torch.CPU;

    /// <summary>Loads libtorch, settles device and threads.</summary>
    /// <param name="name">auto, cpu or cuda.</param>
    /// <param name="threads">0 for all cores, at most <see cref="MostThreads"/>.</param>
    /// <exception cref="ConfigException">Unknown device, too many threads, no native library, or CUDA asked for where there is none.</exception>
    public static ComputeDevice Start(string name, int threads)
    {
        if (threads is < 0 or > MostThreads) throw new ConfigException($"--threads ({threads}) must be 0 (all cores) to {MostThreads}.");
        if (name is not ("auto" or "cpu" or "cuda")) throw new ConfigException($"--device ({name}) must be auto, cpu or cuda.");
        var count = threads == 0 ? Environment.ProcessorCount : threads;
        bool cuda;
        try
        {
            torch.set_num_threads(count);
            cuda = name != "cpu" && torch.cuda.is_available();
        }
        catch (Exception error) when (error is DllNotFoundException or TypeInitializationException or NotSupportedException)
        {
            throw new ConfigException(
                $"libtorch could not be loaded on {RuntimeInformation.RuntimeIdentifier}. It comes with the build on Linux x64, macOS arm64 and Windows x64 (-p:TorchDevice=cpu or cuda); "
                + $"a Debian without libgomp1 needs `apt-get install libgomp1`. Cause: {error.GetBaseException().Message}", error);
        }

        if (name == "cuda" && !cuda)
        {
            throw new ConfigException("--device cuda: no CUDA card is usable. Build with -p:TorchDevice=cuda (this build may hold the CPU package), check the driver with nvidia-smi, or take --device cpu.");
        }

        if (!cuda) return new ComputeDevice("cpu", count);
        torch.InitializeDeviceType(DeviceType.CUDA);
        return new ComputeDevice("cuda", count);
    }

    /// <summary>Moves a model here. Build optimizers after this, never before: moving replaces parameters.</summary>
    public void MoveHere(Gpt model) => model.to(Device);
}
