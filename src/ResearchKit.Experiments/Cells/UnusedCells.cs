using System.Globalization;
using System.IO.Compression;
using System.Text.Json;
using static System.FormattableString;

namespace ResearchKit.Experiments.Cells;

/// <summary>Says why cells that lie in a store are not used: another version of the code, another device, thread count or TorchSharp.</summary>
/// <remarks>Cells of an edited experiment are not spoken of: they wait for the edit to be taken back.</remarks>
internal static class UnusedCells
{
    private const int HeadBytes = 1 << 14;                                // the key stands first and is far shorter

    /// <summary>A sentence for every reason, with the number of cells.</summary>
    /// <param name="folder">Folder of the cells.</param>
    /// <param name="planned">Addresses of the plan.</param>
    /// <param name="environment">What the plan's cells are made on.</param>
    public static IEnumerable<string> Reasons(string folder, IReadOnlySet<string> planned, CellEnvironment environment)
    {
        if (!Directory.Exists(folder)) return [];
        return Directory.GetFiles(folder, "*.json.gz").Where(path => !planned.Contains(Path.GetFileName(path).Split('.')[0]))
            .Select(path => Reason(path, environment)).OfType<string>().GroupBy(reason => reason, StringComparer.Ordinal).OrderBy(group => group.Key, StringComparer.Ordinal)
            .Select(group => Invariant($"{group.Count():N0} finished {(group.Count() == 1 ? "cell" : "cells")} in {folder} not used: {group.Key}"));
    }

    private static string? Reason(string path, CellEnvironment environment)
    {
        if (KeyOf(path) is not { } key) return null;
        using (key)
        {
            var root = key.RootElement;
            if (Version(root, "scoring_version", InContextKey.CurrentVersion) is { } scoring) return $"scored by another version of this program (scoring {scoring}, now {InContextKey.CurrentVersion.ToString(CultureInfo.InvariantCulture)}); they stay where they are.";
            if (Version(root, "training_version", FineTuningKey.CurrentVersion) is { } training) return $"fine-tuned by another version of this program (training {training}, now {FineTuningKey.CurrentVersion.ToString(CultureInfo.InvariantCulture)}); they stay where they are.";
            if (!root.TryGetProperty("environment", out var made)) return null;
            var (device, threads, torch) = (made.GetProperty("device").GetString(), made.GetProperty("threads").GetInt32(), made.GetProperty("torch").GetString());
            if (torch != environment.Torch) return $"made with TorchSharp {torch}; this run has {environment.Torch}, where bits may differ.";
            return device == environment.Device && threads == environment.Threads ? null
                : $"made on {device} with {threads.ToString(CultureInfo.InvariantCulture)} threads; this run takes {environment.Device} with {environment.Threads.ToString(CultureInfo.InvariantCulture)}, where bits may differ. --device {device} --threads {threads.ToString(CultureInfo.InvariantCulture)} would use them.";
        }
    }

    private static string? Version(JsonElement key, string name, int current) =>
        key.TryGetProperty(name, out var version) && version.GetInt32() != current ? version.GetInt32().ToString(CultureInfo.InvariantCulture) : null;

    // Only the beginning is unpacked. A damaged file is no reason here: it is spoken of where it is wanted.
    private static JsonDocument? KeyOf(string path)
    {
        try
        {
            using var file = File.OpenRead(path);
            using var gzip = new GZipStream(file, CompressionMode.Decompress);
            var head = new byte[HeadBytes];
            var length = gzip.ReadAtLeast(head, HeadBytes, throwOnEndOfStream: false);
            var reader = new Utf8JsonReader(head.AsSpan(0, length), isFinalBlock: false, default);
            while (reader.Read())
            {
                if (reader.TokenType == JsonTokenType.String) return JsonDocument.Parse(reader.GetString()!);
            }
        }
        catch (Exception error) when (error is InvalidDataException or JsonException or IOException)
        {
            return null;
        }

        return null;
    }
}
