using Xunit;

namespace ResearchKit.Testing;

/// <summary>Finds golden values and, where present, the data that is not part of the repository.</summary>
public static class SharedData
{
    /// <summary>Folder of golden values: <c>RESEARCHKIT_GOLDEN</c>, else <c>tests/golden</c> above the test program.</summary>
    public static string Golden { get; } = Environment.GetEnvironmentVariable("RESEARCHKIT_GOLDEN") is { Length: > 0 } folder ? folder : FindGolden();

    /// <summary>A folder beside or inside the data folder <c>RESEARCHKIT_DATA</c>; skips the test where there is none.</summary>
    /// <param name="relative">Such as <c>vocab/gpt1</c> or <c>corpora</c>.</param>
    public static string FolderOrSkip(string relative)
    {
        var data = Environment.GetEnvironmentVariable("RESEARCHKIT_DATA");
        string[] candidates = string.IsNullOrEmpty(data) ? [] : [Path.Combine(data, relative), Path.Combine(data, "..", relative)];
        var found = candidates.FirstOrDefault(Directory.Exists);
        Assert.SkipWhen(found is null, $"needs the folder {relative} in or beside RESEARCHKIT_DATA ({(string.IsNullOrEmpty(data) ? "not set" : data)})");
        return found!;
    }

    private static string FindGolden()
    {
        for (var folder = AppContext.BaseDirectory; folder is not null; folder = Path.GetDirectoryName(folder))
        {
            var golden = Path.Combine(folder, "tests", "golden");
            if (Directory.Exists(golden)) return golden;
        }

        throw new DirectoryNotFoundException($"no tests/golden above {AppContext.BaseDirectory}; set RESEARCHKIT_GOLDEN");
    }
}
