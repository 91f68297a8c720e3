using System.Text.Json;
using ResearchKit.Core;

namespace ResearchKit.Evaluation.Datasets;

/// <summary>Reads a JSON object key by key and collects every problem, so that a person sees them all at once.</summary>
internal sealed class ObjectReader
{
    private readonly JsonElement _element;
    private readonly string _path;
    private readonly List<string> _problems;
    private readonly List<string> _known = [];

    /// <param name="element">The object.</param>
    /// <param name="path">Its path in the file; empty for the root.</param>
    /// <param name="problems">Where problems go.</param>
    public ObjectReader(JsonElement element, string path, List<string> problems)
    {
        (_element, _path, _problems) = (element, path, problems);
        if (element.ValueKind != JsonValueKind.Object) problems.Add($"{(path.Length == 0 ? "the file" : path)} must be a JSON object");
    }

    public string? Text(string key, bool required = false) => Value(key, required) is not { } value ? null
        : value.ValueKind == JsonValueKind.String ? value.GetString() : Wrong<string>(key, value, "a text");

    /// <summary>A text with placeholders whose braces are well formed.</summary>
    public string? Template(string key, bool required = false)
    {
        var text = Text(key, required);
        try
        {
            if (text is not null) TextTemplate.Parse(text);
        }
        catch (ConfigException e)
        {
            _problems.Add($"{At(key)}: {e.Message}");
        }

        return text;
    }

    public IReadOnlyList<string>? Texts(string key)
    {
        if (Value(key, false) is not { } value) return null;
        return value.ValueKind == JsonValueKind.Array && value.EnumerateArray().All(e => e.ValueKind == JsonValueKind.String)
            ? [.. value.EnumerateArray().Select(e => e.GetString()!)]
            : Wrong<IReadOnlyList<string>>(key, value, "a list of texts");
    }

    /// <summary>A number of at least 1.</summary>
    public int? Count(string key)
    {
        if (Value(key, false) is not { } value) return null;
        if (value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var count) && count >= 1) return count;
        Wrong<string>(key, value, "a whole number of at least 1");
        return null;
    }

    /// <summary>A finite number.</summary>
    public double? Number(string key)
    {
        if (Value(key, false) is not { } value) return null;
        if (value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out var number) && double.IsFinite(number)) return number;
        Wrong<string>(key, value, "a number");
        return null;
    }

    public bool? Flag(string key)
    {
        if (Value(key, false) is not { } value) return null;
        if (value.ValueKind is JsonValueKind.True or JsonValueKind.False) return value.GetBoolean();
        Wrong<string>(key, value, "true or false");
        return null;
    }

    /// <summary>One of the given words.</summary>
    public string? Choice(string key, IReadOnlyList<string> allowed, bool required = false)
    {
        if (Value(key, required) is not { } value) return null;
        return value.ValueKind == JsonValueKind.String && allowed.Contains(value.GetString()!) ? value.GetString() : Wrong<string>(key, value, "one of " + string.Join(", ", allowed));
    }

    /// <summary>An enumeration's member by its snake_case name.</summary>
    public T? Named<T>(string key)
        where T : struct, Enum
    {
        var names = Enum.GetValues<T>().ToDictionary(v => JsonNamingPolicy.SnakeCaseLower.ConvertName(v.ToString()));
        return Choice(key, [.. names.Keys]) is { } name ? names[name] : null;
    }

    public ObjectReader? Object(string key, bool required = false) => Value(key, required) is { } value ? new(value, At(key), _problems) : null;

    /// <summary>Reports keys that nobody asked for.</summary>
    public void Finish()
    {
        if (_element.ValueKind != JsonValueKind.Object) return;
        foreach (var property in _element.EnumerateObject().Where(p => !_known.Contains(p.Name)))
            _problems.Add($"{At(property.Name)} is no known key; known here are {string.Join(", ", _known.Distinct())}");
    }

    private JsonElement? Value(string key, bool required)
    {
        _known.Add(key);
        if (_element.ValueKind != JsonValueKind.Object) return null;
        if (_element.TryGetProperty(key, out var value)) return value;
        if (required) _problems.Add($"{At(key)} is missing");
        return null;
    }

    private T? Wrong<T>(string key, JsonElement value, string allowed)
        where T : class
    {
        _problems.Add($"{At(key)} is {value.GetRawText()}; allowed is {allowed}");
        return null;
    }

    private string At(string key) => _path.Length == 0 ? key : $"{_path}.{key}";
}
