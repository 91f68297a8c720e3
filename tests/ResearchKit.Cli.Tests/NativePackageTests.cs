using System.Text.Json;

namespace ResearchKit.Cli.Tests;

/// <summary>A fresh clone downloads native libraries of its own operating system only; libtorch alone is half a gigabyte for each.</summary>
public sealed class NativePackageTests
{
    [Fact]
    public void NoPackageHoldsNativeLibrariesOfAnotherSystem()
    {
        using var dependencies = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "ResearchKit.Cli.Tests.deps.json")));
        var names = dependencies.RootElement.GetProperty("libraries").EnumerateObject().Select(library => library.Name.Split('/')[0].ToLowerInvariant()).ToArray();
        Assert.Contains("torchsharp", names);
        var own = OperatingSystem.IsLinux() ? "linux" : OperatingSystem.IsMacOS() ? "osx" : "win";
        Assert.All(names.Where(name => name.StartsWith("libtorch-", StringComparison.Ordinal)), name => Assert.Contains(own, name, StringComparison.Ordinal));
        Assert.DoesNotContain(names, name => name.Contains("nativeassets", StringComparison.Ordinal));
    }
}
