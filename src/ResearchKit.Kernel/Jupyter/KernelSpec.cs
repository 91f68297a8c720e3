using System.Text.Json;
using System.Text.Json.Nodes;
using ResearchKit.Core.Files;

namespace ResearchKit.Kernel.Jupyter;

/// <summary>The files by which Jupyter, JupyterLab and VS Code find the kernel.</summary>
internal static class KernelSpec
{
    private static readonly JsonSerializerOptions Form = new() { WriteIndented = true, Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Registers both kernels; earlier registrations are replaced.</summary>
    /// <param name="kernel">Full path of rk-kernel.dll.</param>
    /// <param name="prefix">Prefix under which <c>share/jupyter/kernels</c> is; null for the user's own folder.</param>
    /// <returns>The folders written.</returns>
    public static IReadOnlyList<string> Install(string kernel, string? prefix)
    {
        var root = prefix is null ? UserFolder() : Path.Combine(prefix, "share", "jupyter", "kernels");
        return [.. new[] { "fsharp", "csharp" }.Select(language =>
        {
            var folder = Path.Combine(root, "researchkit-" + language);
            AtomicFile.WriteText(Path.Combine(folder, "kernel.json"), Content(kernel, language).ToJsonString(Form) + "\n");
            return folder;
        })];
    }

    /// <summary>Content of kernel.json.</summary>
    public static JsonObject Content(string kernel, string language) => new()
    {
        ["argv"] = new JsonArray("dotnet", "exec", kernel, "kernel", "{connection_file}", "--language", language),
        ["display_name"] = "ResearchKit " + KernelInfo.DisplayName(language),
        ["language"] = KernelInfo.DisplayName(language),
        // A signal would end .NET's process or be lost; a message is always heard.
        ["interrupt_mode"] = "message",
        ["metadata"] = new JsonObject { ["debugger"] = false },
    };

    // Jupyter's own rule for the user's data folder.
    private static string UserFolder()
    {
        if (Environment.GetEnvironmentVariable("JUPYTER_DATA_DIR") is { Length: > 0 } given) return Path.Combine(given, "kernels");
        var home = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
        if (OperatingSystem.IsWindows()) return Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.ApplicationData), "jupyter", "kernels");
        if (OperatingSystem.IsMacOS()) return Path.Combine(home, "Library", "Jupyter", "kernels");
        return Path.Combine(Environment.GetEnvironmentVariable("XDG_DATA_HOME") is { Length: > 0 } data ? data : Path.Combine(home, ".local", "share"), "jupyter", "kernels");
    }
}
