using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using ResearchKit.Core.Configuration;
using ResearchKit.Core.Files;

namespace ResearchKit.Experiments.Cells;

/// <summary>Finished pieces of a run on disk, each addressed by the hash of everything that determines it.</summary>
/// <remarks>
/// A cell file is gzip over one JSON object {"key", "sha256", "payload", "processor"}. It is written to a temporary name and renamed, so a killed run leaves whole cells only.
/// A file whose checksum or key does not fit is reported and computed again, never used. Two processes may share a store: they write the same bytes under the same name.
/// </remarks>
public sealed class CellStore
{
    private readonly string _folder;
    private readonly Action<string> _warn;

    /// <summary>Opens the store; the folder is made with the first cell, so looking leaves no trace.</summary>
    /// <param name="folder">Folder of the cell files.</param>
    /// <param name="warn">Receives a sentence for every file that could not be used.</param>
    public CellStore(string folder, Action<string> warn) => (_folder, _warn) = (folder, warn);

    /// <summary>Address of a key: the first 24 hexadecimal digits of SHA-256 over its compact JSON.</summary>
    public static string Address<TKey>(TKey key) => Hash(JsonSerializer.Serialize(key, ConfigJson.Compact))[..24];

    /// <summary>Reads a cell.</summary>
    /// <returns>The payload, or default where the cell is missing or unusable.</returns>
    public TPayload? TryRead<TKey, TPayload>(TKey key)
        where TPayload : class =>
        Find<TKey, TPayload>(key)?.Payload;

    /// <summary>Reads a cell with what is known of it.</summary>
    /// <returns>The cell, or null where it is missing or unusable.</returns>
    public FoundCell<TPayload>? Find<TKey, TPayload>(TKey key)
        where TPayload : class
    {
        var path = PathOf(key);
        if (!File.Exists(path)) return null;
        try
        {
            using var file = File.OpenRead(path);
            using var gzip = new GZipStream(file, CompressionMode.Decompress);
            var cell = JsonSerializer.Deserialize<CellFile>(gzip, ConfigJson.Compact)!;
            var keyJson = JsonSerializer.Serialize(key, ConfigJson.Compact);
            if (cell.Key != keyJson) throw new InvalidDataException("it was made for another key");
            if (cell.Sha256 != Hash(cell.Payload)) throw new InvalidDataException("its checksum does not match its content");
            return new FoundCell<TPayload>(JsonSerializer.Deserialize<TPayload>(cell.Payload, ConfigJson.Compact)!, cell.Sha256, cell.Processor);
        }
        catch (Exception error) when (error is InvalidDataException or JsonException or EndOfStreamException)
        {
            _warn($"Cell {path} is damaged ({error.Message.TrimEnd('.')}); it is computed again.");
            return null;
        }
    }

    /// <summary>Stores a cell atomically.</summary>
    public void Write<TKey, TPayload>(TKey key, TPayload payload)
    {
        var payloadJson = JsonSerializer.Serialize(payload, ConfigJson.Compact);
        var cell = new CellFile(JsonSerializer.Serialize(key, ConfigJson.Compact), Hash(payloadJson), payloadJson, RunEnvironment.Processor);
        AtomicFile.Write(PathOf(key), stream =>
        {
            using var gzip = new GZipStream(stream, CompressionLevel.Fastest, leaveOpen: true);
            JsonSerializer.Serialize(gzip, cell, ConfigJson.Compact);
        });
    }

    /// <summary>The checksum that a payload has or would have in a store.</summary>
    public static string Checksum<TPayload>(TPayload payload) => Hash(JsonSerializer.Serialize(payload, ConfigJson.Compact));

    private string PathOf<TKey>(TKey key) => Path.Combine(_folder, Address(key) + ".json.gz");

    private static string Hash(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));

    private sealed record CellFile(string Key, string Sha256, string Payload, string? Processor);
}

/// <summary>A cell as it was found.</summary>
/// <param name="Payload">What was computed.</param>
/// <param name="Checksum">SHA-256 over the payload's JSON: equal checksums mean equal bits.</param>
/// <param name="Processor">Processor that computed it. Not part of the address, so that a run carries on elsewhere; null in cells that were made before it was kept.</param>
public sealed record FoundCell<TPayload>(TPayload Payload, string Checksum, string? Processor);
