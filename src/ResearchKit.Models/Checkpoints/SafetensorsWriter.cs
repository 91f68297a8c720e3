using System.Buffers.Binary;
using System.Text.Json;
using ResearchKit.Core;
using ResearchKit.Core.Files;
using TorchSharp;
using static TorchSharp.torch;

namespace ResearchKit.Models.Checkpoints;

/// <summary>Writes safetensors files that every reader of the format takes, atomically and with equal bytes for equal input.</summary>
public static class SafetensorsWriter
{
    /// <summary>Writes tensors as they are (any device, one at a time through CPU memory).</summary>
    /// <param name="path">Target; an existing file is replaced only once the new one is complete.</param>
    /// <param name="tensors">Names and values; the order does not matter. Names must differ.</param>
    /// <param name="metadata">Free strings for the file's <c>__metadata__</c>; none by default.</param>
    /// <exception cref="ArgumentException">A name occurs twice or is <c>__metadata__</c>.</exception>
    /// <exception cref="ConfigException">The file cannot be written (no permission, disk full).</exception>
    public static void Write(string path, IEnumerable<KeyValuePair<string, Tensor>> tensors, IReadOnlyDictionary<string, string>? metadata = null)
    {
        Write(path, tensors.Select(pair => new TensorToWrite(pair.Key, new TensorInfo(pair.Value.dtype.ToTensorType(), pair.Value.shape), stream => WriteBytes(pair.Value, stream))), metadata);
    }

    /// <summary>Writes tensors whose bytes are produced one at a time, so that no more than one need be in memory.</summary>
    /// <inheritdoc cref="Write(string, IEnumerable{KeyValuePair{string, Tensor}}, IReadOnlyDictionary{string, string}?)"/>
    public static void Write(string path, IEnumerable<TensorToWrite> tensors, IReadOnlyDictionary<string, string>? metadata = null)
    {
        // The reference writer's order, wide types first, keeps every tensor aligned to its element size.
        var ordered = tensors.OrderByDescending(tensor => tensor.Info.Type.ElementSize()).ThenBy(tensor => tensor.Name, StringComparer.Ordinal).ToArray();
        var header = Header(ordered, metadata);
        try
        {
            AtomicFile.Write(path, stream => WriteContent(stream, header, ordered));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            throw new ConfigException($"{path}: cannot be written ({e.Message}). Check that the folder may be written to and that the disk has room; an existing file is unchanged.", e);
        }
    }

    private static void WriteContent(Stream stream, byte[] header, TensorToWrite[] tensors)
    {
        Span<byte> length = stackalloc byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(length, header.Length);
        stream.Write(length);
        stream.Write(header);
        foreach (var tensor in tensors)
        {
            var begin = stream.Position;
            tensor.Write(stream);
            if (stream.Position - begin != tensor.Info.ByteCount)
            {
                throw new InvalidOperationException($"`{tensor.Name}` ({tensor.Info}) wrote {stream.Position - begin} bytes instead of {tensor.Info.ByteCount}.");
            }
        }
    }

    private static byte[] Header(TensorToWrite[] tensors, IReadOnlyDictionary<string, string>? metadata)
    {
        var names = new HashSet<string>(StringComparer.Ordinal) { "__metadata__" };
        using var json = new MemoryStream();
        using (var writer = new Utf8JsonWriter(json))
        {
            writer.WriteStartObject();
            if (metadata is { Count: > 0 })
            {
                writer.WriteStartObject("__metadata__");
                foreach (var (key, value) in metadata.OrderBy(pair => pair.Key, StringComparer.Ordinal)) writer.WriteString(key, value);
                writer.WriteEndObject();
            }

            var position = 0L;
            foreach (var tensor in tensors)
            {
                if (!names.Add(tensor.Name)) throw new ArgumentException($"The tensor name `{tensor.Name}` is taken; names must differ and `__metadata__` is reserved.", nameof(tensors));
                writer.WriteStartObject(tensor.Name);
                writer.WriteString("dtype", tensor.Info.Type.SafetensorsName());
                writer.WriteStartArray("shape");
                foreach (var size in tensor.Info.Shape) writer.WriteNumberValue(size);
                writer.WriteEndArray();
                writer.WriteStartArray("data_offsets");
                writer.WriteNumberValue(position);
                writer.WriteNumberValue(position += tensor.Info.ByteCount);
                writer.WriteEndArray();
                writer.WriteEndObject();
            }

            writer.WriteEndObject();
        }

        while (json.Length % 8 != 0) json.WriteByte((byte)' ');
        return json.ToArray();
    }

    private static void WriteBytes(Tensor tensor, Stream stream)
    {
        if (tensor.numel() == 0) return;
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        var flat = tensor.detach().cpu().contiguous().view(-1);
        var step = MappedFile.WindowLength;
        for (var done = 0L; done < flat.numel(); done += step)
        {
            using var part = flat.narrow(0, done, Math.Min(step, flat.numel() - done));
            stream.Write(part.bytes);
        }
    }
}

/// <summary>One tensor for <see cref="SafetensorsWriter"/>.</summary>
/// <param name="Name">Key in the file.</param>
/// <param name="Info">Type and shape.</param>
/// <param name="Write">Writes exactly <see cref="TensorInfo.ByteCount"/> bytes, row-major and little-endian.</param>
public sealed record TensorToWrite(string Name, TensorInfo Info, Action<Stream> Write);
