using System.IO.Compression;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using ResearchKit.Testing;

namespace ResearchKit.Kernel.Tests;

/// <summary>NuGet packages in cells: one made here, and one that nobody has.</summary>
public sealed class PackageTests : IDisposable
{
    private const string Name = "ResearchKit.TestPackage";

    private readonly TemporaryFolder _folder = new();

    // One for each test: a package source stays for a whole _session.
    private readonly SessionFixture _session = new();

    public void Dispose()
    {
        _session.Dispose();
        _folder.Dispose();
        // What the restore has put into the user's cache.
        var cache = Environment.GetEnvironmentVariable("NUGET_PACKAGES") ?? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget", "packages");
        var cached = Path.Combine(cache, Name.ToLowerInvariant());
        if (!OperatingSystem.IsWindows() && Directory.Exists(cached)) Directory.Delete(cached, recursive: true);
    }

    [Fact]
    public void APackageIsTheSameInBothLanguages()
    {
        WritePackage();
        var references = $"#i \"nuget: {_folder.Path}\"\n#r \"nuget: {Name}, 1.2.3\"\n";
        var (report, _) = _session.Run($"#!csharp\n{references}var greeting = new TestPackage.Greeting(\"from the package\");\ngreeting.Text");
        if (report.Error?.Message.Contains("NU1301", StringComparison.Ordinal) == true) Assert.Skip("The restore reaches no package source: " + report.Error.Message);
        Assert.True(report.Error is null, report.Error?.Message);
        Assert.Equal("from the package", report.Result!.PlainText);
        Assert.Equal("true", _session.Value($"{references}#!share greeting --from csharp\n#!fsharp\ngreeting.GetType() = typeof<TestPackage.Greeting>"));
    }

    [Fact]
    public void APackageThatDoesNotExistIsNamedAndTheVariablesAreKept()
    {
        _session.Value("#!csharp\nvar keeps = 7;");
        var error = _session.Failure("#!csharp\n#r \"nuget: ResearchKit.NobodyHasMadeThis, 1.0.0\"\nkeeps = 8;");
        Assert.Contains("\"ResearchKit.NobodyHasMadeThis, 1.0.0\" could not be had. Check its name and version, and the network.", error.Message, StringComparison.Ordinal);
        Assert.Contains("NuGet said: error NU", error.Message, StringComparison.Ordinal);
        Assert.Equal("7", _session.Value("#!csharp\nkeeps"));
    }

    private void WritePackage()
    {
        var code = CSharpSyntaxTree.ParseText("namespace TestPackage; public sealed class Greeting(string text) { public string Text => text; }");
        var runtime = Path.GetDirectoryName(typeof(object).Assembly.Location)!;
        var compilation = CSharpCompilation.Create(Name, [code], [MetadataReference.CreateFromFile(Path.Combine(runtime, "System.Runtime.dll")), MetadataReference.CreateFromFile(typeof(object).Assembly.Location)],
            new CSharpCompilationOptions(OutputKind.DynamicallyLinkedLibrary));
        using var package = ZipFile.Open(_folder.File($"{Name}.1.2.3.nupkg"), ZipArchiveMode.Create);
        using (var assembly = package.CreateEntry($"lib/net10.0/{Name}.dll").Open())
        {
            var built = compilation.Emit(assembly);
            Assert.True(built.Success, string.Join('\n', built.Diagnostics));
        }

        using var specification = new StreamWriter(package.CreateEntry($"{Name}.nuspec").Open());
        specification.Write($"""
            <package><metadata><id>{Name}</id><version>1.2.3</version><authors>tests</authors><description>Made by a test.</description>
            <dependencies><group targetFramework="net10.0" /></dependencies></metadata></package>
            """);
    }
}
