using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;

namespace ResearchKit.Cli.Tests;

/// <summary>Programs here run without ICU, where .NET's own Unicode normalization returns its argument unchanged and says nothing.</summary>
public class InvariantTextTests
{
    public static TheoryData<string> Libraries => [.. Directory.GetFiles(AppContext.BaseDirectory, "ResearchKit.*.dll").Select(path => Path.GetFileName(path)!).Where(name => !name.Contains("Test", StringComparison.Ordinal)), "rk.dll"];

    [Fact]
    public void NormalizationIsSilentlyNothingHere() => Assert.Equal("e\u0301", "e\u0301".Normalize(System.Text.NormalizationForm.FormC));

    [Theory]
    [MemberData(nameof(Libraries))]
    public void NoLibraryReliesOnIt(string library) => Assert.DoesNotContain(Calls(Path.Combine(AppContext.BaseDirectory, library)), IsNormalization);

    [Fact]
    public void ACallWouldBeSeen() => Assert.Contains(Calls(typeof(InvariantTextTests).Assembly.Location), IsNormalization);

    private static bool IsNormalization((string Owner, string Name) call) =>
        call.Owner is "String" or "StringNormalizationExtensions" && call.Name is "Normalize" or "IsNormalized" or "TryNormalize" or "GetNormalizedLength";

    private static List<(string Owner, string Name)> Calls(string path)
    {
        using var file = File.OpenRead(path);
        using var image = new PEReader(file);
        var metadata = image.GetMetadataReader();
        return [.. metadata.MemberReferences.Select(metadata.GetMemberReference).Where(member => member.Parent.Kind == HandleKind.TypeReference)
            .Select(member => (metadata.GetString(metadata.GetTypeReference((TypeReferenceHandle)member.Parent).Name), metadata.GetString(member.Name)))];
    }
}
