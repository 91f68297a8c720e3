using System.Text.Json;
using System.Text.Json.Nodes;

namespace ResearchKit.Core.Configuration;

/// <summary>The one way to change a configuration from outside its file: a dotted key and a value, the same for the command line, C#, F# and notebooks.</summary>
public static class Override
{
    /// <summary>Applies <c>key=value</c>. Objects on the way are made where missing; list entries are named by index (<c>models.0</c>).</summary>
    /// <param name="root">Changed in place.</param>
    /// <param name="assignment">Such as <c>training.steps=100</c>, <c>model.attention=[{"kind":"dense"}]</c>, <c>name=trial</c>. A value that is not JSON is a string.</param>
    /// <exception cref="ConfigException">No <c>=</c>, a value that begins with <c>{</c> or <c>[</c> and is no JSON, or the path runs through something that is neither object nor list.</exception>
    public static void Apply(JsonNode root, string assignment)
    {
        var equals = assignment.IndexOf('=', StringComparison.Ordinal);
        if (equals <= 0) throw new ConfigException($"Override `{assignment}` must have the form key=value, such as training.steps=100.");
        var keys = assignment[..equals].Split('.');
        var node = root;
        for (var depth = 0; depth < keys.Length - 1; depth++)
        {
            if (node is JsonObject parent && parent[keys[depth]] is null) parent[keys[depth]] = new JsonObject();
            node = Child(node, keys[depth], assignment);
        }

        var value = ParseValue(assignment[(equals + 1)..], assignment);
        switch (node)
        {
            case JsonObject parent:
                parent[keys[^1]] = value;
                break;
            case JsonArray list when int.TryParse(keys[^1], out var index) && index >= 0 && index < list.Count:
                list[index] = value;
                break;
            default:
                throw Unreachable(keys[^1], assignment);
        }
    }

    private static JsonNode Child(JsonNode node, string key, string assignment) => node switch
    {
        JsonObject parent when parent[key] is { } child => child,
        JsonArray list when int.TryParse(key, out var index) && index >= 0 && index < list.Count && list[index] is { } child => child,
        _ => throw Unreachable(key, assignment),
    };

    private static ConfigException Unreachable(string key, string assignment) =>
        new($"Override `{assignment}`: `{key}` is neither a key of an object nor an index of a list there.");

    private static JsonNode? ParseValue(string text, string assignment)
    {
        try
        {
            return JsonNode.Parse(text, documentOptions: new JsonDocumentOptions { AllowDuplicateProperties = false });
        }
        catch (JsonException error)
        {
            return text.TrimStart() is ['{' or '[', ..]
                ? throw new ConfigException($"Override `{assignment}`: the value begins as JSON but is none: {error.Message}", error)
                : JsonValue.Create(text);
        }
    }
}
