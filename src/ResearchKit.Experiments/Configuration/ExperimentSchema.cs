using System.ComponentModel.DataAnnotations;
using System.Reflection;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Schema;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using ResearchKit.Core.Configuration;

namespace ResearchKit.Experiments.Configuration;

/// <summary>The JSON schema of experiment files, made from the same types that read them, so that editors complete and check what the program accepts.</summary>
public static partial class ExperimentSchema
{
    /// <summary>The schema as indented JSON. Descriptions are the types' own documentation.</summary>
    public static string Generate()
    {
        var documentation = new Dictionary<Assembly, XDocument?>();
        var exporter = new JsonSchemaExporterOptions
        {
            TreatNullObliviousAsNonNullable = true,
            TransformSchemaNode = (context, node) =>
            {
                if (node is not JsonObject schema) return node;
                if (context.PropertyInfo is { AttributeProvider: MemberInfo member } && Summary(member, documentation) is { } text) schema.Insert(0, "description", text);
                if (context.PropertyInfo?.AttributeProvider is MemberInfo limited && limited.GetCustomAttribute<AllowedValuesAttribute>() is { } allowed)
                    schema["enum"] = new JsonArray([.. allowed.Values.Select(value => JsonSerializer.SerializeToNode(value, ConfigJson.Options))]);
                if (schema["properties"] is JsonObject && !schema.ContainsKey("additionalProperties")) schema["additionalProperties"] = false;
                return schema;
            },
        };
        var root = (JsonObject)ConfigJson.Options.GetJsonSchemaAsNode(typeof(ExperimentConfig), exporter);
        root.Insert(0, "$schema", "https://json-schema.org/draft/2020-12/schema");
        root.Insert(1, "title", "ResearchKit experiment");
        AllowSchemaReference(root);
        return root.ToJsonString(ConfigJson.Options) + "\n";
    }

    /// <summary>Files may name their schema; the top-level objects then have one more key.</summary>
    private static void AllowSchemaReference(JsonObject root)
    {
        foreach (var choice in root["anyOf"] as JsonArray ?? [root])
        {
            if (choice?["properties"] is JsonObject properties) properties.Insert(0, "$schema", new JsonObject { ["type"] = "string" });
        }
    }

    private static string? Summary(MemberInfo member, Dictionary<Assembly, XDocument?> documentation)
    {
        var assembly = member.Module.Assembly;
        if (!documentation.TryGetValue(assembly, out var xml))
        {
            var path = Path.ChangeExtension(assembly.Location, ".xml");
            documentation[assembly] = xml = File.Exists(path) ? XDocument.Load(path) : null;
        }

        var kind = member.MemberType == MemberTypes.Property ? "P:" : "F:";
        var id = kind + member.DeclaringType!.FullName!.Replace('+', '.') + "." + member.Name;
        var entry = xml?.Descendants("member").FirstOrDefault(element => (string?)element.Attribute("name") == id);
        var summary = entry?.Element("summary");
        if (summary is null && member.DeclaringType is { } type)                    // positional records document their parameters
        {
            summary = xml?.Descendants("member").FirstOrDefault(element => (string?)element.Attribute("name") == "T:" + type.FullName!.Replace('+', '.'))
                ?.Elements("param").FirstOrDefault(parameter => (string?)parameter.Attribute("name") == member.Name);
        }

        return summary is null ? null : Plain(summary);
    }

    private static string Plain(XElement element)
    {
        var text = string.Concat(element.Nodes().Select(node => node switch
        {
            XText words => words.Value,
            XElement { Name.LocalName: "see" } reference => ((string?)reference.Attribute("cref"))?.Split('.')[^1] ?? "",
            XElement inner => inner.Value,
            _ => "",
        }));
        return WhiteSpace().Replace(text, " ").Trim();
    }

    [GeneratedRegex(@"\s+")]
    private static partial Regex WhiteSpace();
}
