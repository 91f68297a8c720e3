using System.Text.Json.Nodes;

namespace ResearchKit.Kernel.Jupyter;

/// <summary>What the kernel says of itself.</summary>
internal static class KernelInfo
{
    /// <summary>Content of <c>kernel_info_reply</c>.</summary>
    /// <param name="language">Language of cells that name none.</param>
    public static JsonObject Content(string language)
    {
        var version = typeof(KernelInfo).Assembly.GetName().Version!.ToString(3);
        return new JsonObject
        {
            ["status"] = "ok", ["protocol_version"] = Wire.ProtocolVersion, ["implementation"] = "ResearchKit", ["implementation_version"] = version, ["language_info"] = Language(language),
            ["banner"] = $"ResearchKit {version}: F# and C# in one notebook (#!fsharp, #!csharp, #!share; #!lsmagic for all)", ["help_links"] = new JsonArray(), ["debugger"] = false,
        };
    }

    /// <summary>Name of a language for people.</summary>
    public static string DisplayName(string language) => language == "csharp" ? "C#" : "F#";

    private static JsonObject Language(string language) => language == "csharp"
        ? new JsonObject { ["name"] = "C#", ["version"] = "14", ["mimetype"] = "text/x-csharp", ["file_extension"] = ".cs", ["pygments_lexer"] = "csharp", ["codemirror_mode"] = "text/x-csharp" }
        : new JsonObject { ["name"] = "F#", ["version"] = "10", ["mimetype"] = "text/x-fsharp", ["file_extension"] = ".fsx", ["pygments_lexer"] = "fsharp", ["codemirror_mode"] = "text/x-fsharp" };
}
