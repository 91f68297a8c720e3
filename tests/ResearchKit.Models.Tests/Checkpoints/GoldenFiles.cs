namespace ResearchKit.Models.Tests.Checkpoints;

/// <summary>Golden cases, discovered by listing; nothing here knows a case's name.</summary>
internal static class GoldenFiles
{
    public static string Root { get; } = Find();

    /// <summary>Folders with a <c>config.json</c>.</summary>
    public static IEnumerable<string> Cases() =>
        Directory.EnumerateFiles(Root, "config.json", SearchOption.AllDirectories).Select(file => Path.GetDirectoryName(file)!).Order(StringComparer.Ordinal);

    /// <summary>Paths relative to the root, for readable test names.</summary>
    public static TheoryData<string> CaseNames() => new(Cases().Select(folder => Path.GetRelativePath(Root, folder)));

    private static string Find()
    {
        if (Environment.GetEnvironmentVariable("RESEARCHKIT_GOLDEN") is { Length: > 0 } given) return given;
        for (var folder = AppContext.BaseDirectory; folder is not null; folder = Path.GetDirectoryName(folder))
        {
            var golden = Path.Combine(folder, "tests", "golden");
            if (Directory.Exists(golden)) return golden;
        }

        throw new DirectoryNotFoundException("tests/golden was not found above the test's folder; set RESEARCHKIT_GOLDEN.");
    }
}
