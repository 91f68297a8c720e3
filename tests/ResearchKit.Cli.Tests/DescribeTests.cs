using System.Text.Json;
using ResearchKit.Testing;

namespace ResearchKit.Cli.Tests;

public class DescribeTests
{
    public static TheoryData<string> Presets
    {
        get
        {
            using var list = JsonDocument.Parse(Rk.Call("describe", "list", "--json").Output);
            return [.. list.RootElement.EnumerateArray().Select(preset => preset.GetProperty("name").GetString()!)];
        }
    }

    [Theory]
    [MemberData(nameof(Presets))]
    public void EveryPresetIsDescribedInWordsAndInJson(string name)
    {
        var words = Rk.Call("describe", name);
        var json = Rk.Call("describe", name, "--json");
        Assert.Equal((0, "", 0, ""), (words.ExitCode, words.Error, json.ExitCode, json.Error));
        using var document = JsonDocument.Parse(json.Output);
        var facts = document.RootElement;
        var parameters = facts.GetProperty("parameters").GetInt64();
        Assert.Equal(facts.GetProperty("parts").EnumerateObject().Sum(part => part.Value.GetInt64()), parameters);
        Assert.True(facts.GetProperty("layers").GetInt32() > 0);
        Assert.Contains(parameters.ToString("N0", System.Globalization.CultureInfo.InvariantCulture) + " parameters", words.Output, StringComparison.Ordinal);
        Assert.All(["weights", "gradients", "optimizer", "activations", "key_value_cache"], key => Assert.True(facts.GetProperty("bytes").GetProperty(key).GetInt64() > 0));
        var flops = facts.GetProperty("flops_per_token");
        Assert.Equal(3 * flops.GetProperty("forward").GetDouble(), flops.GetProperty("training").GetDouble(), flops.GetProperty("forward").GetDouble() * 1e-9);
    }

    [Theory]
    [InlineData("gpt3-xl", "3072")]
    [InlineData("gpt3-13b", "5140")]
    public void RowsThatCannotBeRightSayWhy(string name, string number)
    {
        var taken = Rk.Call("describe", name).Output;
        Assert.Contains("Table 2.1 prints", taken, StringComparison.Ordinal);
        Assert.Contains(number, taken, StringComparison.Ordinal);
        Assert.DoesNotContain("impossible", taken, StringComparison.Ordinal);
        var printed = Rk.Call("describe", name + "-as-printed").Output;
        Assert.Contains("cannot be right", printed, StringComparison.Ordinal);
        Assert.Contains("impossible    `n_head`", printed, StringComparison.Ordinal);
    }

    public static TheoryData<string> ModelFolders => GoldenCases.With("config.json");

    [Theory]
    [MemberData(nameof(ModelFolders))]
    public void AModelFolderIsDescribedWithoutItsWeights(string folder)
    {
        using var copy = new TemporaryFolder();
        File.Copy(Path.Combine(SharedData.Golden, folder, "config.json"), copy.File("config.json"));
        var (code, output, error) = Rk.Call("describe", copy.Path, "--json");
        Assert.Equal((0, ""), (code, error));
        using var facts = JsonDocument.Parse(output);
        using var config = JsonDocument.Parse(File.ReadAllText(copy.File("config.json")));
        var layers = config.RootElement.TryGetProperty("n_layer", out var count) ? count : config.RootElement.GetProperty("num_layers");
        Assert.Equal(layers.GetInt32(), facts.RootElement.GetProperty("layers").GetInt32());
    }
}
