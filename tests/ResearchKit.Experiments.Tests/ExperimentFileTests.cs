using NJsonSchema;
using ResearchKit.Experiments.Configuration;

namespace ResearchKit.Experiments.Tests;

/// <summary>The experiment files that ship, and the schema that editors check them with.</summary>
public sealed class ExperimentFileTests
{
    private static readonly string Root = FindRoot();
    private static readonly Lazy<JsonSchema> Schema = new(() => JsonSchema.FromJsonAsync(ExperimentSchema.Generate()).GetAwaiter().GetResult());

    public static TheoryData<string> Files => [.. Directory.EnumerateFiles(Root, "*.json", SearchOption.AllDirectories)
        .Where(path => Path.GetFileName(path) != "schema.json").Select(path => Path.GetRelativePath(Root, path)).Order(StringComparer.Ordinal)];

    [Theory]
    [MemberData(nameof(Files))]
    public void EveryShippedExperimentParsesAndFollowsTheSchema(string file)
    {
        var path = Path.Combine(Root, file);
        Assert.Empty(ExperimentConfig.Load(path).Problems());
        Assert.Empty(Schema.Value.Validate(File.ReadAllText(path)));
    }

    [Fact]
    public void ThePublishedSchemaIsWhatTheProgramAccepts() =>
        Assert.Equal(ExperimentSchema.Generate(), File.ReadAllText(Path.Combine(Root, "schema.json")));

    [Theory]
    [InlineData("""{"kind":"comparison","name":"a","models":["m"],"tasks":[{"name":"t","limits":3}]}""")]
    [InlineData("""{"kind":"comparison","name":"a","models":["m"]}""")]
    [InlineData("""{"kind":"comparison","name":"a","models":"m","tasks":[]}""")]
    [InlineData("""{"kind":"comparison","name":"a","models":["m"],"tasks":[],"in_context":{"overflow":"wrap"}}""")]
    public void TheSchemaRefusesWhatTheProgramRefuses(string json)
    {
        Assert.NotEmpty(Schema.Value.Validate(json));
        Assert.Throws<Core.ConfigException>(() => Core.Configuration.ConfigJson.Parse<ExperimentConfig>(json, "test"));
    }

    [Fact]
    public void EveryKeyOfTheSchemaIsExplained()
    {
        var unexplained = new List<string>();
        using var document = System.Text.Json.JsonDocument.Parse(ExperimentSchema.Generate());
        Visit(document.RootElement, "");
        Assert.Empty(unexplained);

        void Visit(System.Text.Json.JsonElement node, string path)
        {
            if (node.ValueKind == System.Text.Json.JsonValueKind.Array) foreach (var item in node.EnumerateArray()) Visit(item, path);
            if (node.ValueKind != System.Text.Json.JsonValueKind.Object) return;
            foreach (var member in node.EnumerateObject())
            {
                if (member.Name == "properties")
                {
                    unexplained.AddRange(member.Value.EnumerateObject()
                        .Where(key => key.Name is not ("kind" or "$schema") && !key.Value.TryGetProperty("description", out _)).Select(key => $"{path}.{key.Name}"));
                }

                Visit(member.Value, member.Name is "properties" or "anyOf" or "items" ? path : path + "." + member.Name);
            }
        }
    }

    private static string FindRoot()
    {
        for (var folder = AppContext.BaseDirectory; folder is not null; folder = Path.GetDirectoryName(folder))
        {
            if (File.Exists(Path.Combine(folder, "experiments", "schema.json"))) return Path.Combine(folder, "experiments");
        }

        throw new DirectoryNotFoundException($"no experiments folder above {AppContext.BaseDirectory}");
    }
}
