using System.Runtime.InteropServices;
using ResearchKit.Core;
using TorchSharp;
using static TorchSharp.torch;

namespace ResearchKit.Models.Checkpoints;

/// <summary>Writes a <see cref="Gpt"/>'s parameters under the names and in the layout of a published family.</summary>
internal static class WeightExport
{
    private const int ChunkLength = 1 << 20;

    /// <summary>The tensors of a file, each produced when its turn comes.</summary>
    /// <param name="model">Any device and dtype.</param>
    /// <param name="family">Names and orientation.</param>
    /// <param name="storage">F32, F16 or BF16.</param>
    /// <exception cref="ConfigException">While writing: a weight is too large for F16.</exception>
    public static IEnumerable<TensorToWrite> Tensors(Gpt model, CheckpointFamily family, TensorType storage)
    {
        var prefix = family == CheckpointFamily.GptNeo ? CheckpointLayout.Prefix : "";
        var parameters = model.named_parameters().ToDictionary(entry => entry.name, entry => (Tensor)entry.parameter, StringComparer.Ordinal);
        foreach (var stored in CheckpointLayout.Of(model.Config, family))
        {
            var name = prefix + stored.FileName;
            var parameter = stored.Parameter is null ? null : parameters[stored.Parameter];
            yield return new(name, new TensorInfo(storage, stored.Shape), stream => Write(name, stored, parameter, storage, stream));
        }
    }

    private static void Write(string name, StoredParameter stored, Tensor? parameter, TensorType storage, Stream stream)
    {
        if (parameter is null)
        {
            stream.Write(new byte[stored.Shape[0] * storage.ElementSize()]);
            return;
        }

        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        var rows = stored.Transposed ? parameter.size(0) : stored.Shape[0];
        var values = parameter.detach().narrow(0, stored.FirstRow, rows).cpu().to(ScalarType.Float32);          // [out, in] or [out]
        // One matrix at a time is turned; vectors and [out, in] matrices are written as they lie.
        var floats = TensorMemory.Floats((stored.Transposed ? values.t() : values).contiguous());
        var bytes = new byte[Math.Min(ChunkLength, floats.Length) * storage.ElementSize()];
        for (var start = 0; start < floats.Length; start += ChunkLength)
        {
            var part = floats.Slice(start, Math.Min(ChunkLength, floats.Length - start));
            var target = bytes.AsSpan(0, part.Length * storage.ElementSize());
            ElementConversion.FromFloat32(storage, part, target);
            if (storage == TensorType.F16) RequireFinite(name, part, MemoryMarshal.Cast<byte, Half>(target));
            stream.Write(target);
        }
    }

    private static void RequireFinite(string name, ReadOnlySpan<float> values, ReadOnlySpan<Half> halves)
    {
        for (var i = 0; i < values.Length; i++)
        {
            if (Half.IsInfinity(halves[i]) && float.IsFinite(values[i]))
            {
                throw new ConfigException(FormattableString.Invariant($"`{name}` holds {values[i]}, which F16 (up to 65504) cannot store. Store the model as BF16 or F32."));
            }
        }
    }
}
