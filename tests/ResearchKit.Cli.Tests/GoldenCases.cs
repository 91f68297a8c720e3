using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text.Json;
using ResearchKit.Testing;

namespace ResearchKit.Cli.Tests;

/// <summary>Stored reference values; cases are what the folders hold, never names known here.</summary>
internal static class GoldenCases
{
    /// <summary>Model folders that hold the file, as test data.</summary>
    public static TheoryData<string> With(string file) => [.. Folders(file)];

    /// <summary>Model folders that hold the file.</summary>
    public static IEnumerable<string> Folders(string file) => Directory.EnumerateFiles(SharedData.Golden, file, SearchOption.AllDirectories).Select(path => Path.GetDirectoryName(path)!)
        .Where(folder => File.Exists(Path.Combine(folder, "config.json"))).Select(folder => Path.GetRelativePath(SharedData.Golden, folder)).Order(StringComparer.Ordinal);

    public static string PathOf(params string[] parts) => Path.Combine([SharedData.Golden, .. parts]);

    public static JsonElement Json(params string[] parts) => JsonDocument.Parse(File.ReadAllBytes(PathOf(parts))).RootElement;

    /// <summary>One tensor of a safetensors file, read without the program's own reader.</summary>
    public static (int[] Shape, T[] Values) Tensor<T>(string path, string name, string type)
        where T : unmanaged
    {
        var bytes = File.ReadAllBytes(path);
        var length = (int)BinaryPrimitives.ReadUInt64LittleEndian(bytes);
        using var header = JsonDocument.Parse(bytes.AsMemory(8, length));
        var entry = header.RootElement.GetProperty(name);
        Assert.Equal(type, entry.GetProperty("dtype").GetString());
        var (begin, end) = (entry.GetProperty("data_offsets")[0].GetInt32(), entry.GetProperty("data_offsets")[1].GetInt32());
        return ([.. entry.GetProperty("shape").EnumerateArray().Select(size => size.GetInt32())], MemoryMarshal.Cast<byte, T>(bytes.AsSpan(8 + length + begin, end - begin)).ToArray());
    }
}
