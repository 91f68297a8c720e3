using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using ResearchKit.Core;

namespace ResearchKit.Experiments.Reporting;

/// <summary>The JSON form of <see cref="ReportModel"/>: snake_case keys, unknown keys rejected, the same bytes for the same model.</summary>
public static class ReportModelJson
{
    private static readonly JsonSerializerOptions Options = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        AllowOutOfOrderMetadataProperties = true,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        // A diverged loss is a result too; the page shows it as missing.
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower, allowIntegerValues: false) },
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>Writes a model as compact JSON.</summary>
    public static string Serialize(ReportModel model) => JsonSerializer.Serialize(model, Options);

    /// <summary>Reads a model.</summary>
    /// <param name="json">Text written by <see cref="Serialize"/>.</param>
    /// <param name="source">File name for messages.</param>
    /// <exception cref="ConfigException">Not JSON, unknown or missing keys, or another schema version.</exception>
    public static ReportModel Deserialize(string json, string source = "report model")
    {
        ReportModel? model;
        try
        {
            model = JsonSerializer.Deserialize<ReportModel>(json, Options);
        }
        catch (JsonException e)
        {
            throw new ConfigException($"{source}: {e.Message} Write the report model again with the run that made it.", e);
        }

        return model switch
        {
            null => throw new ConfigException($"{source}: holds null where a report model is expected. Write it again with the run that made it."),
            { SchemaVersion: not 1 } => throw new ConfigException($"{source}: schema_version is {model.SchemaVersion}; this version reads 1. Write the report model again with the run that made it."),
            _ => model,
        };
    }
}
