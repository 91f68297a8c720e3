using System.Text.Json;
using ResearchKit.Testing;

namespace ResearchKit.Core.Tests.Tokenization;

/// <summary>Reference tokenizations, found by listing the golden folder.</summary>
internal static class GoldenTokenizations
{
    public sealed record Encoded(string Text, int[] Ids, string? Decoded, string? FixedAndStandardized, string[]? Words);

    public sealed record Decoded(int[] Ids, string Text);

    private sealed record File(Encoded[]? Encode, Decoded[]? Decode);

    private static readonly JsonSerializerOptions Options = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    /// <summary>All cases of the files whose name begins with <paramref name="kind"/>; at least one file must exist.</summary>
    public static (Encoded[] Encode, Decoded[] Decode) Read(string kind)
    {
        var files = Directory.GetFiles(Path.Combine(SharedData.Golden, "tokenizer"), $"{kind}*.json")
            .Order(StringComparer.Ordinal)
            .Select(path => JsonSerializer.Deserialize<File>(System.IO.File.ReadAllText(path), Options)!)
            .ToList();
        Assert.NotEmpty(files);
        return (files.SelectMany(f => f.Encode ?? []).ToArray(), files.SelectMany(f => f.Decode ?? []).ToArray());
    }
}
