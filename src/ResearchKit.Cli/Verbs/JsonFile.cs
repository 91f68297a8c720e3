using System.Text.Json;
using ResearchKit.Core;
using ResearchKit.Core.Configuration;
using ResearchKit.Core.Files;

namespace ResearchKit.Cli.Verbs;

/// <summary>JSON and JSON Lines files of the plumbing verbs, with errors that name file and line.</summary>
internal static class JsonFile
{
    /// <summary>Reads one value.</summary>
    /// <param name="path">File.</param>
    /// <param name="expected">Its form, for messages.</param>
    public static T Read<T>(string path, string expected) => Parse<T>(Text(path), path, expected);

    /// <summary>Reads one value a line; empty lines are skipped.</summary>
    public static IEnumerable<T> ReadLines<T>(string path, string expected)
    {
        var number = 0;
        foreach (var line in Text(path).Split('\n'))
        {
            number++;
            if (!string.IsNullOrWhiteSpace(line)) yield return Parse<T>(line, $"{path}, line {number}", expected);
        }
    }

    /// <summary>Writes one value a line, atomically.</summary>
    public static void WriteLines<T>(string path, IEnumerable<T> values) => AtomicFile.Write(path, stream =>
    {
        foreach (var value in values)
        {
            JsonSerializer.Serialize(stream, value, ConfigJson.Compact);
            stream.WriteByte((byte)'\n');
        }
    });

    private static string Text(string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new ConfigException($"Cannot read {path}: {error.Message}", error);
        }
    }

    private static T Parse<T>(string json, string where, string expected)
    {
        try
        {
            return JsonSerializer.Deserialize<T>(json, ConfigJson.Compact) ?? throw new ConfigException($"{where}: null; expected {expected}.");
        }
        catch (JsonException error)
        {
            throw new ConfigException($"{where}: expected {expected}. {error.Message}", error);
        }
    }
}
