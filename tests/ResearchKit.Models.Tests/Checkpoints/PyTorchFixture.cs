using System.Buffers.Binary;
using System.IO.Compression;
using System.Runtime.InteropServices;
using System.Text;

namespace ResearchKit.Models.Tests.Checkpoints;

/// <summary>Writes small PyTorch files opcode by opcode, good and hostile ones.</summary>
internal static class PyTorchFixture
{
    public static byte[] Pickle(params byte[][] parts) => [0x80, 2, .. parts.SelectMany(part => part), (byte)'.'];

    public static byte[] Global(string module, string name) => Encoding.ASCII.GetBytes($"c{module}\n{name}\n");

    public static byte[] Text(string text) => [(byte)'X', .. Int(Encoding.UTF8.GetByteCount(text)), .. Encoding.UTF8.GetBytes(text)];

    public static byte[] Number(int value) => [(byte)'J', .. Int(value)];

    public static byte[] Tuple(params byte[][] items) => [(byte)'(', .. items.SelectMany(item => item), (byte)'t'];

    public static byte[] Call(byte[] callable, params byte[][] arguments) => [.. callable, .. Tuple(arguments), (byte)'R'];

    public static byte[] Dictionary(params (string Key, byte[] Value)[] items) => [(byte)'}', (byte)'(', .. items.SelectMany(item => Text(item.Key).Concat(item.Value)), (byte)'u'];

    public static byte[] Storage(string key, int count, string type = "FloatStorage") => [.. Tuple(Text("storage"), Global("torch", type), Text(key), Text("cpu"), Number(count)), (byte)'Q'];

    public static byte[] Tensor(string key, int count, int offset, int[] size, int[] stride, string type = "FloatStorage") => Call(
        Global("torch._utils", "_rebuild_tensor_v2"),
        Storage(key, count, type), Number(offset), Tuple([.. size.Select(Number)]), Tuple([.. stride.Select(Number)]), [0x89], Call(Global("collections", "OrderedDict")));

    /// <summary>A zip file as <c>torch.save</c> lays it out.</summary>
    public static byte[] Zip(byte[] pickle, CompressionLevel level, params (string Key, byte[] Data)[] storages)
    {
        using var stream = new MemoryStream();
        using (var zip = new ZipArchive(stream, ZipArchiveMode.Create, leaveOpen: true))
        {
            foreach (var (name, data) in storages.Select(storage => ($"archive/data/{storage.Key}", storage.Data)).Prepend(("archive/data.pkl", pickle)))
            {
                using var entry = zip.CreateEntry(name, level).Open();
                entry.Write(data);
            }
        }

        return stream.ToArray();
    }

    /// <summary>The same with 64-bit sizes everywhere, as in files of 4 GiB and more.</summary>
    public static byte[] Zip64(byte[] pickle, params (string Key, byte[] Data)[] storages)
    {
        List<byte> file = [], directory = [];
        var entries = storages.Select(storage => ($"archive/data/{storage.Key}", storage.Data)).Prepend(("archive/data.pkl", pickle)).ToArray();
        foreach (var (name, data) in entries)
        {
            var nameBytes = Encoding.ASCII.GetBytes(name);
            byte[] common = [45, 0, 0, 0, 0, 0, 0, 0, 0, 0, .. Int(0), 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, (byte)nameBytes.Length, 0];
            directory.AddRange([.. "PK\x01\x02"u8, 45, 0, .. common, 28, 0, .. new byte[10], 0xFF, 0xFF, 0xFF, 0xFF, .. nameBytes]);
            directory.AddRange([1, 0, 24, 0, .. Long(data.Length), .. Long(data.Length), .. Long(file.Count)]);
            file.AddRange([.. "PK\x03\x04"u8, .. common, 0, 0, .. nameBytes, .. data]);
        }

        var (start, end) = (file.Count, file.Count + directory.Count);
        byte[] end64 = [.. "PK\x06\x06"u8, .. Long(44), 45, 0, 45, 0, .. Int(0), .. Int(0), .. Long(entries.Length), .. Long(entries.Length), .. Long(directory.Count), .. Long(start)];
        byte[] locator = [.. "PK\x06\x07"u8, .. Int(0), .. Long(end), .. Int(1)];
        return [.. file, .. directory, .. end64, .. locator, .. "PK\x05\x06"u8, .. Int(0), 0xFF, 0xFF, 0xFF, 0xFF, .. Int(-1), .. Int(-1), 0, 0];
    }

    /// <summary>A file of the format before PyTorch 1.6.</summary>
    public static byte[] Legacy(byte[] pickle, params (string Key, int Count, byte[] Data)[] storages)
    {
        byte[] magic = [0x80, 2, 0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, (byte)'.'];
        byte[] keys = Pickle([[(byte)']', (byte)'(', .. storages.SelectMany(storage => Text(storage.Key)), (byte)'e']]);
        return
        [
            .. magic, .. Pickle(Number(1001)), .. Pickle(Dictionary(("little_endian", [0x88]))), .. pickle, .. keys,
            .. storages.SelectMany(storage => Long(storage.Count).Concat(storage.Data)),
        ];
    }

    public static byte[] Floats(params float[] values) => MemoryMarshal.AsBytes(values.AsSpan()).ToArray();

    private static byte[] Int(int value)
    {
        var bytes = new byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(bytes, value);
        return bytes;
    }

    private static byte[] Long(long value)
    {
        var bytes = new byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, value);
        return bytes;
    }
}
