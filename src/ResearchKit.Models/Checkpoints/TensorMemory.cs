using static TorchSharp.torch;

namespace ResearchKit.Models.Checkpoints;

/// <summary>Spans over the memory of CPU tensors, so that files are copied straight into parameters.</summary>
internal static class TensorMemory
{
    /// <summary>The elements of a contiguous float32 CPU tensor; valid while the tensor lives.</summary>
    /// <exception cref="ArgumentException">Another type, device or layout.</exception>
    public static unsafe Span<float> Floats(Tensor tensor)
    {
        if (tensor.dtype != ScalarType.Float32 || tensor.device_type != TorchSharp.DeviceType.CPU || !tensor.is_contiguous())
        {
            throw new ArgumentException($"A contiguous float32 CPU tensor is needed, got {tensor.dtype} on {tensor.device_type}.", nameof(tensor));
        }

        if (tensor.numel() == 0) return [];
        // `bytes` of a whole tensor ends at 2 GiB; the address of the first element has no such limit.
        using var flat = tensor.view(-1);
        using var first = flat.narrow(0, 0, 1);
        fixed (byte* start = first.bytes) return new Span<float>(start, checked((int)tensor.numel()));
    }
}
