using System.Text.Json;
using ResearchKit.Core;
using ResearchKit.Core.Configuration;
using ResearchKit.Core.Files;

namespace ResearchKit.Cli.Verbs;

/// <summary>JSON and JSON Lines files of the plumbing verbs, with errors that name file and line.</summary>
internal static class JsonFile
{
    private const int MostProblems = 20;

    /// <summary>Reads one value.</summary>
    /// <param name="path">File.</param>
    /// <param name="expected">Its form, for messages.</param>
    public static T Read<T>(string path, string expected) => Parse<T>(InputFile.Text(path), path, expected);

    /// <summary>Reads one value a line and makes something of it; empty lines are skipped.</summary>
    /// <param name="path">File.</param>
    /// <param name="expected">Form of a line, for messages.</param>
    /// <param name="make">Result of a line's value; what it refuses, it refuses by an exception.</param>
    /// <exception cref="ConfigException">Names every bad line (the first twenty of many).</exception>
    public static List<TResult> ReadLines<T, TResult>(string path, string expected, Func<T, TResult> make)
    {
        var results = new List<TResult>();
        var problems = new List<string>();
        var number = 0;
        foreach (var line in InputFile.Text(path).Split('\n'))
        {
            number++;
            if (string.IsNullOrWhiteSpace(line)) continue;
            try
            {
                results.Add(make(Parse<T>(line, $"line {number}", expected)));
            }
            catch (ConfigException error)
            {
                problems.Add(error.Message);
            }
            catch (ArgumentException error)
            {
                problems.Add($"line {number}: {Verb.Sentence(error)}");
            }
        }

        if (problems.Count > MostProblems) problems = [.. problems.Take(MostProblems), $"… and {problems.Count - MostProblems} more lines"];
        return problems.Count == 0 ? results : throw new ConfigException(path, problems);
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
