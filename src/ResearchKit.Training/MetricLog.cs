using System.Text.Json;
using System.Text.Json.Nodes;
using ResearchKit.Core;
using ResearchKit.Core.Configuration;
using ResearchKit.Core.Files;

namespace ResearchKit.Training;

/// <summary>The metrics of a run as JSON Lines, one flushed line per record, so that a killed run keeps what it measured.</summary>
/// <remarks>Everything in a line is a function of the run but <c>timing</c>, which comes last.</remarks>
internal sealed class MetricLog : IDisposable
{
    private readonly FileStream _file;

    private MetricLog(FileStream file) => _file = file;

    /// <summary>Opens the file for appending, without lines later than a step: those belong to updates that are made again.</summary>
    /// <param name="path">The file; made where missing.</param>
    /// <param name="step">Last step whose lines stay.</param>
    public static MetricLog Open(string path, long step)
    {
        try
        {
            if (File.Exists(path))
            {
                var kept = File.ReadLines(path).TakeWhile(line => StepOf(line) is { } own && own <= step).ToArray();
                AtomicFile.WriteText(path, string.Concat(kept.Select(line => line + "\n")));
            }

            return new MetricLog(new FileStream(path, FileMode.Append, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete, 1));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new ConfigException($"Cannot write the metrics file {path}: {error.Message} Choose another output folder.", error);
        }
    }

    /// <summary>Appends a line.</summary>
    /// <exception cref="ConfigException">The disk is full.</exception>
    public void Write(JsonObject record)
    {
        try
        {
            _file.Write(System.Text.Encoding.UTF8.GetBytes(record.ToJsonString(ConfigJson.Compact) + "\n"));
        }
        catch (IOException error)
        {
            throw new ConfigException($"Cannot write the metrics file {_file.Name}: {error.Message.TrimEnd('.')}. Make room; the same command carries on from the last checkpoint.", error);
        }
    }

    public void Dispose() => _file.Dispose();

    /// <summary>Step of a line; null for a line that a crash left unfinished.</summary>
    private static long? StepOf(string line)
    {
        try
        {
            return (long?)JsonNode.Parse(line)?["step"];
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
