using System.Globalization;
using System.Text.Json;
using ResearchKit.Core;

namespace ResearchKit.Evaluation.Protocols;

/// <summary>A row of a data set in the shape that lm-evaluation-harness sees, with errors that name the task and the field.</summary>
internal readonly struct HarnessRow(string task, JsonElement row)
{
    public string this[string field] => Of(field, JsonValueKind.String).GetString()!;

    public int Number(string field)
    {
        var value = Of(field);
        return value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var whole) ? whole
            : value.ValueKind == JsonValueKind.String && int.TryParse(value.GetString(), NumberStyles.Integer, CultureInfo.InvariantCulture, out var number) ? number
            : throw Wrong(field, "a whole number", value);
    }

    public string[] Texts(string field)
    {
        var list = Of(field, JsonValueKind.Array).EnumerateArray().ToList();
        if (list.FindIndex(text => text.ValueKind != JsonValueKind.String) is >= 0 and var i) throw Wrong(field, "a list of texts", list[i]);
        return [.. list.Select(text => text.GetString()!)];
    }

    public HarnessRow Child(string field) => new(task, Of(field, JsonValueKind.Object));

    /// <summary>The values of an object that a row may lack.</summary>
    public HarnessRow[] Children(string field)
    {
        if (row.ValueKind != JsonValueKind.Object || !row.TryGetProperty(field, out _)) return [];
        var name = task;
        return [.. Of(field, JsonValueKind.Object).EnumerateObject().Select(child => new HarnessRow(name, child.Value))];
    }

    private JsonElement Of(string field, JsonValueKind kind)
    {
        var value = Of(field);
        return value.ValueKind == kind ? value : throw Wrong(field, kind.ToString().ToLowerInvariant(), value);
    }

    private JsonElement Of(string field) => row.ValueKind != JsonValueKind.Object ? throw new ConfigException($"Task {task}: a row must be an object, not {row.ValueKind.ToString().ToLowerInvariant()}.")
        : row.TryGetProperty(field, out var value) ? value
        : throw new ConfigException($"Task {task}: a row has no field `{field}`; it has {string.Join(", ", row.EnumerateObject().Select(p => p.Name))}.");

    private ConfigException Wrong(string field, string expected, JsonElement value) =>
        new($"Task {task}: field `{field}` must be {expected}, not {value.ValueKind.ToString().ToLowerInvariant()}.");
}
