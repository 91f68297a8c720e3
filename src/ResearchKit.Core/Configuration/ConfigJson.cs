using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using ResearchKit.Core.Files;

namespace ResearchKit.Core.Configuration;

/// <summary>Reads and writes configuration files. Reading lists every unknown key, missing key and wrong type with its path before anything is built.</summary>
public static class ConfigJson
{
    /// <summary>Options of all configuration files: snake_case keys, nothing unknown, <c>kind</c> anywhere in an object, comments and trailing commas allowed.</summary>
    public static JsonSerializerOptions Options { get; } = MakeOptions(indented: true);

    /// <summary>The same on one line, for hashing and JSON Lines.</summary>
    public static JsonSerializerOptions Compact { get; } = MakeOptions(indented: false);

    /// <summary>Parses a configuration.</summary>
    /// <param name="json">Text of the file.</param>
    /// <param name="source">Name for messages, normally the path.</param>
    /// <param name="overrides">Dotted keys and values, such as <c>model.n_layer=6</c>, applied before checking.</param>
    /// <param name="problems">Asked for the value's own problems once it could be read.</param>
    /// <exception cref="ConfigException">Lists every problem.</exception>
    public static T Parse<T>(string json, string source, IEnumerable<string>? overrides = null, Func<T, IEnumerable<string>>? problems = null)
        where T : notnull
    {
        JsonNode? root;
        try
        {
            root = JsonNode.Parse(json, documentOptions: new JsonDocumentOptions { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true, AllowDuplicateProperties = false });
        }
        catch (JsonException error)
        {
            var place = error.LineNumber is { } line ? $", line {line + 1}, column {error.BytePositionInLine + 1}" : "";
            throw new ConfigException($"{source}{place}: not valid JSON. {Sentence(error)}", error);
        }

        if (root is not JsonObject members) throw new ConfigException($"{source}: expected a JSON object, got {Kind(root)}.");
        members.Remove("$schema");                                       // for editors only; System.Text.Json reserves keys that begin with $
        foreach (var assignment in overrides ?? []) Override.Apply(root, assignment);

        var findings = new Findings();
        Check(root, Options.GetTypeInfo(typeof(T)), "", findings);
        // What can be left out is left out and what is missing is stood in for, so that problems of the other values come in the same message.
        if (findings.Omissions.Count + findings.StandIns.Count < findings.Problems.Count) throw new ConfigException(source, findings.Problems);
        foreach (var (owner, key) in findings.Omissions) owner.Remove(key);
        foreach (var (owner, key, _, value) in findings.StandIns) owner[key] = value;

        T config;
        try
        {
            config = root.Deserialize<T>(Options)!;
        }
        catch (JsonException error)
        {
            if (findings.Problems.Count > 0) throw new ConfigException(source, findings.Problems);
            throw new ConfigException($"{source}: `{error.Path?.TrimStart('$', '.')}` has a value of the wrong kind. {error.Message.Split(" Path:", 2)[0]}", error);
        }

        bool IsOfStandIn(string problem) => findings.StandIns.Any(standIn => problem.StartsWith($"`{standIn.Path}`", StringComparison.Ordinal));
        findings.Problems.AddRange((problems?.Invoke(config) ?? []).Where(problem => !IsOfStandIn(problem)));
        return findings.Problems.Count > 0 ? throw new ConfigException(source, findings.Problems) : config;
    }

    /// <summary>Reads and parses a file; see <see cref="Parse{T}"/>.</summary>
    /// <exception cref="ConfigException">The file is missing, unreadable or has problems.</exception>
    public static T Load<T>(string path, IEnumerable<string>? overrides = null, Func<T, IEnumerable<string>>? problems = null)
        where T : notnull => Parse(InputFile.Text(path), path, overrides, problems);

    private static JsonSerializerOptions MakeOptions(bool indented)
    {
        var options = new JsonSerializerOptions
        {
            PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
            DictionaryKeyPolicy = null,
            UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
            AllowOutOfOrderMetadataProperties = true,
            RespectNullableAnnotations = true,
            // A perplexity can be infinite and a diverged loss not a number; both are results.
            NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
            RespectRequiredConstructorParameters = true,
            ReadCommentHandling = JsonCommentHandling.Skip,
            AllowTrailingCommas = true,
            DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
            Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
            WriteIndented = indented,
            NewLine = "\n",
            TypeInfoResolver = new DefaultJsonTypeInfoResolver { Modifiers = { LetNullsBeAbsent } },
            Converters = { new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower, allowIntegerValues: false) },
        };
        options.MakeReadOnly();
        return options;
    }

    /// <summary>Nulls are not written, so a value that may be null may be absent.</summary>
    private static void LetNullsBeAbsent(JsonTypeInfo type)
    {
        foreach (var property in type.Properties.Where(property => property.IsRequired && property.IsSetNullable && (!property.PropertyType.IsValueType || Nullable.GetUnderlyingType(property.PropertyType) is not null)))
        {
            property.IsRequired = false;
        }
    }

    private static void Check(JsonNode? node, JsonTypeInfo type, string path, Findings found)
    {
        if (node is null) return;
        if (type.PolymorphismOptions is { } polymorphism)
        {
            if (node is not JsonObject tagged)
            {
                found.Problems.Add($"`{path}` must be an object with a `{polymorphism.TypeDiscriminatorPropertyName}`, got {Kind(node)}.");
                return;
            }

            var kinds = polymorphism.DerivedTypes;
            var given = tagged[polymorphism.TypeDiscriminatorPropertyName];
            var kind = given is JsonValue name && name.TryGetValue<string>(out var text) ? text : given?.ToJsonString();
            var chosen = kinds.FirstOrDefault(derived => (derived.TypeDiscriminator as string) == kind);
            if (chosen.DerivedType is null)
            {
                var problem = kind is null ? "is missing" : $"(`{kind}`) is not known";
                found.Problems.Add($"`{Join(path, polymorphism.TypeDiscriminatorPropertyName)}` {problem}; allowed: {string.Join(", ", kinds.Select(derived => derived.TypeDiscriminator))}.");
                return;
            }

            CheckMembers(tagged, Options.GetTypeInfo(chosen.DerivedType), path, found, polymorphism.TypeDiscriminatorPropertyName);
            return;
        }

        switch (type.Kind)
        {
            case JsonTypeInfoKind.Object when node is JsonObject members:
                CheckMembers(members, type, path, found, null);
                break;
            case JsonTypeInfoKind.Enumerable when node is JsonArray items:
                for (var i = 0; i < items.Count; i++) CheckElement(items[i], type.ElementType!, $"{path}[{i}]", found);
                break;
            case JsonTypeInfoKind.Dictionary when node is JsonObject entries:
                foreach (var (key, value) in entries) CheckElement(value, type.ElementType!, Join(path, key), found);
                break;
            case JsonTypeInfoKind.Object or JsonTypeInfoKind.Enumerable or JsonTypeInfoKind.Dictionary:
                found.Problems.Add($"`{path}` must be {(type.Kind == JsonTypeInfoKind.Enumerable ? "a list" : "an object")}, got {Kind(node)}.");
                break;
            default:
                CheckScalar(node, type, path, found);
                break;
        }
    }

    /// <summary>An element of a list or a value of a dictionary. The serializer takes a null for any of them.</summary>
    private static void CheckElement(JsonNode? node, Type type, string path, Findings found)
    {
        if (node is null && Nullable.GetUnderlyingType(type) is null) found.Problems.Add($"`{path}` must not be null.");
        else Check(node, Options.GetTypeInfo(type), path, found);
    }

    private static void CheckMembers(JsonObject members, JsonTypeInfo type, string path, Findings found, string? discriminator)
    {
        var known = type.Properties.Where(property => property.Set is not null || property.AssociatedParameter is not null).ToDictionary(property => property.Name, StringComparer.Ordinal);
        foreach (var (key, value) in members)
        {
            if (key == discriminator) continue;
            var before = found.Problems.Count;
            if (known.TryGetValue(key, out var property)) Check(value, Options.GetTypeInfo(property.PropertyType), Join(path, key), found);
            else found.Problems.Add($"`{Join(path, key)}` is not a known key.{Suggestion(key, known.Keys)} Known here: {string.Join(", ", known.Keys)}.");
            if (found.Problems.Count > before && property is not { IsRequired: true } && (property is null || value is JsonValue)) found.Omissions.Add((members, key));
        }

        foreach (var property in known.Values.Where(property => property.IsRequired && members[property.Name] is null))
        {
            var missing = Join(path, property.Name);
            found.Problems.Add($"`{missing}` is missing.");
            JsonNode? standIn = property.PropertyType == typeof(string) ? missing : Options.GetTypeInfo(property.PropertyType).Kind == JsonTypeInfoKind.Enumerable ? new JsonArray() : null;
            if (standIn is not null) found.StandIns.Add((members, property.Name, missing, standIn));
        }
    }

    private static void CheckScalar(JsonNode node, JsonTypeInfo type, string path, Findings found)
    {
        try
        {
            node.Deserialize(type);
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException or NotSupportedException)
        {
            var scalar = Nullable.GetUnderlyingType(type.Type) ?? type.Type;
            var expected = scalar.IsEnum
                ? "one of " + string.Join(", ", Enum.GetValues(scalar).Cast<object>().Select(value => JsonSerializer.Serialize(value, scalar, Options).Trim('"')))
                : scalar == typeof(string) ? "a string" : scalar == typeof(bool) ? "true or false" : scalar == typeof(double) || scalar == typeof(float) ? "a number" : scalar == typeof(int) || scalar == typeof(long) ? "a whole number" : "a " + scalar.Name;
            found.Problems.Add($"`{path}` ({node.ToJsonString()}) must be {expected}.");
        }
    }

    /// <summary>The parser's own sentence, without the place that it repeats.</summary>
    private static string Sentence(JsonException error) => error.Message.Split([". Path", " LineNumber:"], 2, StringSplitOptions.None)[0].TrimEnd('.', ' ') + ".";

    private static string Join(string path, string key) => path.Length == 0 ? key : path + "." + key;

    private static string Kind(JsonNode? node) => node switch { null => "null", JsonObject => "an object", JsonArray => "a list", _ => node.ToJsonString() };

    /// <summary>The known key nearest in edit distance, where it is near enough to be what was meant.</summary>
    private static string Suggestion(string key, IEnumerable<string> known)
    {
        var nearest = known.Select(candidate => (candidate, distance: EditDistance(key, candidate))).OrderBy(pair => pair.distance).FirstOrDefault();
        return nearest.candidate is not null && nearest.distance <= Math.Max(2, key.Length / 3) ? $" Did you mean `{nearest.candidate}`?" : "";
    }

    private static int EditDistance(string a, string b)
    {
        var row = Enumerable.Range(0, b.Length + 1).ToArray();
        for (var i = 1; i <= a.Length; i++)
        {
            var diagonal = row[0];
            row[0] = i;
            for (var j = 1; j <= b.Length; j++)
            {
                (diagonal, row[j]) = (row[j], Math.Min(Math.Min(row[j], row[j - 1]) + 1, diagonal + (a[i - 1] == b[j - 1] ? 0 : 1)));
            }
        }

        return row[b.Length];
    }

    /// <summary>What is wrong with a file.</summary>
    private sealed class Findings
    {
        /// <summary>Sentences.</summary>
        public List<string> Problems { get; } = [];

        /// <summary>For every problem that is gone without it, the member that causes it: an unknown key, or a value of the wrong type that has a default.</summary>
        public List<(JsonObject Members, string Key)> Omissions { get; } = [];

        /// <summary>For every missing text or list, a value with which the rest can be read.</summary>
        public List<(JsonObject Members, string Key, string Path, JsonNode Value)> StandIns { get; } = [];
    }
}
