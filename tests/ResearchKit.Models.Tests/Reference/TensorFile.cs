using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text.Json;
using TorchSharp;
using static TorchSharp.torch;

namespace ResearchKit.Models.Tests.Reference;

/// <summary>Reads stored reference tensors (safetensors). Independent of the product's reader on purpose: one cannot hide the other's mistake.</summary>
internal sealed class TensorFile
{
    private readonly byte[] _bytes;
    private readonly int _start;
    private readonly Dictionary<string, JsonElement> _header;

    public TensorFile(params string[] path)
    {
        _bytes = File.ReadAllBytes(Path.Combine([Golden.Root, .. path]));
        var length = (int)BinaryPrimitives.ReadUInt64LittleEndian(_bytes);
        _start = 8 + length;
        _header = JsonDocument.Parse(_bytes.AsMemory(8, length)).RootElement.EnumerateObject()
            .Where(entry => entry.Name != "__metadata__").ToDictionary(entry => entry.Name, entry => entry.Value);
    }

    public IEnumerable<string> Names => _header.Keys;

    public bool Has(string name) => _header.ContainsKey(name);

    public Tensor this[string name]
    {
        get
        {
            var entry = _header[name];
            var shape = entry.GetProperty("shape").EnumerateArray().Select(size => size.GetInt64()).ToArray();
            var (begin, end) = (entry.GetProperty("data_offsets")[0].GetInt32(), entry.GetProperty("data_offsets")[1].GetInt32());
            var bytes = _bytes.AsSpan(_start + begin, end - begin);
            return entry.GetProperty("dtype").GetString() switch
            {
                "F32" => tensor(MemoryMarshal.Cast<byte, float>(bytes).ToArray(), shape),
                "F64" => tensor(MemoryMarshal.Cast<byte, double>(bytes).ToArray(), shape),
                "I64" => tensor(MemoryMarshal.Cast<byte, long>(bytes).ToArray(), shape),
                var other => throw new NotSupportedException($"{name}: dtype {other}"),
            };
        }
    }
}
