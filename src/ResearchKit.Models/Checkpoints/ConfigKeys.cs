using System.Text.Json;
using ResearchKit.Core;

namespace ResearchKit.Models.Checkpoints;

/// <summary>Typed access to a published <c>config.json</c>, gathering every problem. Keys that do not change what the model computes are left alone.</summary>
internal sealed class ConfigKeys
{
    /// <summary>Above every published model; keeps a hostile file from describing a model that takes minutes to refuse.</summary>
    public const int MaxSize = 1 << 24;

    private const int MaxLayerCount = 10_000;
    private readonly JsonElement _root;
    private readonly List<string> _problems = [];

    public ConfigKeys(string source, JsonElement root)
    {
        (Source, _root) = (source, root);
        if (root.ValueKind != JsonValueKind.Object) throw new ConfigException($"{source}: expected a JSON object, got {root.ValueKind}.");
    }

    public string Source { get; }

    public void Problem(string problem)
    {
        if (!_problems.Contains(problem)) _problems.Add(problem);
    }

    public void ThrowIfProblems()
    {
        if (_problems.Count > 0) throw new ConfigException(Source, _problems);
    }

    public bool Has(string key) => Find(key) is not null;

    public string? Text(string key, string? absent) => Find(key) is not { } value ? absent : value.ValueKind == JsonValueKind.String ? value.GetString() : Wrong(key, value, "a string", absent);

    /// <summary>An object as JSON text.</summary>
    public string? Object(string key) => Find(key) is not { } value ? null : value.ValueKind == JsonValueKind.Object ? value.GetRawText() : Wrong<string?>(key, value, "an object", null);

    /// <summary>The first string of a list.</summary>
    public string? FirstOf(string key) => Find(key) is { ValueKind: JsonValueKind.Array } list && list.GetArrayLength() > 0 && list[0].ValueKind == JsonValueKind.String ? list[0].GetString() : null;

    public int Size(string key, int absent) => OptionalSize(key) ?? absent;

    public int? OptionalSize(string key)
    {
        if (Find(key) is not { } value) return null;
        var max = key is "n_layer" or "num_layers" ? MaxLayerCount : MaxSize;
        return value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var size) && size >= 1 && size <= max ? size : Wrong<int?>(key, value, $"a whole number from 1 to {max}", 1);
    }

    public double Number(string key, double absent) => Find(key) is not { } value ? absent
        : value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out var number) && double.IsFinite(number) ? number : Wrong(key, value, "a number", absent);

    public bool Flag(string key, bool absent) => Find(key) is not { } value ? absent
        : value.ValueKind is JsonValueKind.True or JsonValueKind.False ? value.GetBoolean() : Wrong(key, value, "true or false", absent);

    public T Choice<T>(string key, string absent, params (string Name, T Value)[] choices)
    {
        var name = Text(key, absent);
        foreach (var choice in choices)
        {
            if (choice.Name == name) return choice.Value;
        }

        Problem($"`{key}` ({SafetensorsHeader.Shown(name ?? "")}) is not one of {string.Join(", ", choices.Select(choice => choice.Name))}.");
        return choices[0].Value;
    }

    /// <summary>One name per layer, from <c>attention_types</c> ([[[names], repeats], …], GPT-Neo's own form) or <c>attention_layers</c>; both must agree.</summary>
    public IReadOnlyList<string> AttentionLayers(int layers)
    {
        var listed = Find("attention_layers") is { } list ? Names("attention_layers", list) : null;
        List<string>? expanded = null;
        if (Find("attention_types") is { } types)
        {
            expanded = [];
            foreach (var entry in Elements("attention_types", types))
            {
                var pair = Elements("attention_types", entry);
                if (pair.Count != 2 || pair[1].ValueKind != JsonValueKind.Number || !pair[1].TryGetInt32(out var repeats) || repeats < 0 || repeats > MaxLayerCount)
                {
                    Problem("`attention_types` must be a list of [[names], repeats].");
                    continue;
                }

                var names = Names("attention_types", pair[0]);
                // One name too many is enough to be refused below.
                for (var i = 0; i < repeats && expanded.Count <= layers; i++) expanded.AddRange(names);
            }
        }

        var result = expanded ?? listed ?? Enumerable.Range(0, layers).Select(layer => layer % 2 == 0 ? "global" : "local").ToList();
        if (listed is not null && expanded is not null && !listed.SequenceEqual(expanded)) Problem("`attention_layers` and `attention_types` disagree.");
        if (result.Count != layers) Problem($"the attention of {result.Count} layers is given, but the model has {layers}.");
        return result.Count == layers ? result : [.. Enumerable.Repeat("global", layers)];
    }

    private List<string> Names(string key, JsonElement list)
    {
        var names = new List<string>();
        foreach (var entry in Elements(key, list))
        {
            var name = entry.ValueKind == JsonValueKind.String ? entry.GetString() : null;
            if (name is not ("global" or "local")) Problem($"`{key}` must hold only \"global\" and \"local\".");
            names.Add(name ?? "global");
        }

        return names;
    }

    private List<JsonElement> Elements(string key, JsonElement list)
    {
        if (list.ValueKind == JsonValueKind.Array) return [.. list.EnumerateArray()];
        Problem($"`{key}` must be a list.");
        return [];
    }

    /// <summary>Null counts as absent, as in Hugging Face's classes.</summary>
    private JsonElement? Find(string key) => _root.TryGetProperty(key, out var value) && value.ValueKind != JsonValueKind.Null ? value : null;

    private T Wrong<T>(string key, JsonElement value, string expected, T instead)
    {
        var raw = value.GetRawText();
        Problem($"`{key}` ({SafetensorsHeader.Shown(raw)}) must be {expected}.");
        return instead;
    }
}
