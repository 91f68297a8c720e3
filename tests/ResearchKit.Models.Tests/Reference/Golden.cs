using System.Text.Json;

namespace ResearchKit.Models.Tests.Reference;

/// <summary>The folder of stored reference values; cases are what its sub-folders hold, never names known here.</summary>
internal static class Golden
{
    public static string Root { get; } = Find();

    /// <summary>Case folders that hold <paramref name="file"/> (with a tensor of that name, where one is given), as test data relative to the root.</summary>
    public static TheoryData<string> CasesWith(string file, string? tensor = null)
    {
        var data = new TheoryData<string>();
        foreach (var path in Directory.EnumerateFiles(Root, file, SearchOption.AllDirectories).Order(StringComparer.Ordinal))
        {
            var folder = Path.GetDirectoryName(path)!;
            if (!File.Exists(Path.Combine(folder, "config.json"))) continue;
            if (tensor is null || new TensorFile(path).Has(tensor)) data.Add(Path.GetRelativePath(Root, folder));
        }

        return data;
    }

    public static JsonElement Json(params string[] path) => JsonDocument.Parse(File.ReadAllBytes(Path.Combine([Root, .. path]))).RootElement;

    public static int[] Ids(JsonElement array) => [.. array.EnumerateArray().Select(id => id.GetInt32())];

    private static string Find()
    {
        if (Environment.GetEnvironmentVariable("RESEARCHKIT_GOLDEN") is { Length: > 0 } named) return named;
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            var candidate = Path.Combine(folder.FullName, "tests", "golden");
            if (Directory.Exists(candidate)) return candidate;
        }

        throw new DirectoryNotFoundException("tests/golden was not found above the test's folder; set RESEARCHKIT_GOLDEN.");
    }
}
