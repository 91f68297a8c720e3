using System.Text.Json.Nodes;

namespace ResearchKit.Kernel.Tests;

/// <summary>Notebook files as Jupyter writes them.</summary>
internal static class TestNotebook
{
    /// <summary>A notebook of code cells; a text that begins with a number sign and a blank is a cell of prose.</summary>
    public static string Of(params string[] cells) => new JsonObject
    {
        ["cells"] = new JsonArray([.. cells.Select((text, index) => (JsonNode)(text.StartsWith("# ", StringComparison.Ordinal)
            ? new JsonObject { ["cell_type"] = "markdown", ["id"] = $"c{index}", ["metadata"] = new JsonObject(), ["source"] = text }
            : new JsonObject { ["cell_type"] = "code", ["execution_count"] = null, ["id"] = $"c{index}", ["metadata"] = new JsonObject(), ["outputs"] = new JsonArray(), ["source"] = text }))]),
        ["metadata"] = new JsonObject { ["kernelspec"] = new JsonObject { ["display_name"] = "ResearchKit F#", ["language"] = "F#", ["name"] = "researchkit-fsharp" } },
        ["nbformat"] = 4,
        ["nbformat_minor"] = 5,
    }.ToJsonString();
}
