using ResearchKit.Core.Configuration;

namespace ResearchKit.Core.Tests.Configuration;

public sealed class ConfigJsonTests
{
    private const string Tiny = """{ "n_layer": 2, "n_head": 2, "n_embd": 8, "n_ctx": 16, "n_vocab": 50 }""";

    [Fact]
    public void EveryProblemOfAFileIsListedAtOnceWithItsPath()
    {
        var error = Assert.Throws<ConfigException>(() => ConfigJson.Parse<ModelConfig>(
            """{ "n_layer": "two", "n_heads": 2, "n_embd": 8, "n_ctx": 16, "attention": [{ "kind": "banded" }], "norm": "mid" }""", "trial.json"));
        Assert.Contains(error.Problems, problem => problem.Contains("`n_layer` (\"two\") must be a whole number", StringComparison.Ordinal));
        Assert.Contains(error.Problems, problem => problem.Contains("`n_heads` is not a known key. Did you mean `n_head`?", StringComparison.Ordinal));
        Assert.Contains(error.Problems, problem => problem.Contains("`n_vocab` is missing", StringComparison.Ordinal));
        Assert.Contains(error.Problems, problem => problem.Contains("`attention[0].kind` (`banded`) is not known; allowed: dense, local, strided, fixed", StringComparison.Ordinal));
        Assert.Contains(error.Problems, problem => problem.Contains("`norm` (\"mid\") must be one of pre, post", StringComparison.Ordinal));
        Assert.StartsWith("trial.json: ", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ValuesAreCheckedBesideUnknownKeysAndWrongTypes()
    {
        // What has a default can be left out, so the other values can be judged in the same message.
        var json = """{ "n_layer": 0, "n_head": 3, "n_embd": 8, "n_ctx": 16, "n_vocab": 50, "embd_pdrop": "much", "colour": "red" }""";
        var problems = Assert.Throws<ConfigException>(() => ConfigJson.Parse<ModelConfig>(json, "trial.json", null, config => config.Problems())).Problems;
        Assert.Contains(problems, problem => problem.Contains("`embd_pdrop` (\"much\") must be a number", StringComparison.Ordinal));
        Assert.Contains(problems, problem => problem.Contains("`colour` is not a known key", StringComparison.Ordinal));
        Assert.Contains(problems, problem => problem.Contains("`n_layer` (0)", StringComparison.Ordinal));
        Assert.Contains(problems, problem => problem.Contains("`n_embd` (8)", StringComparison.Ordinal));
    }

    [Fact]
    public void ADuplicateKeyIsNamedWithoutAPlaceThatNobodyKnows()
    {
        var error = Assert.Throws<ConfigException>(() => ConfigJson.Parse<ModelConfig>("""{ "n_layer": 2, "n_layer": 3 }""", "trial.json"));
        Assert.StartsWith("trial.json: not valid JSON.", error.Message, StringComparison.Ordinal);
        Assert.Contains("n_layer", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("..", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ATagOfTheWrongTypeIsShown()
    {
        var error = Assert.Throws<ConfigException>(() => ConfigJson.Parse<ModelConfig>(Tiny.Replace("{ ", "{ \"attention\": [{ \"kind\": 5 }], ", StringComparison.Ordinal), "tiny"));
        Assert.Contains("`attention[0].kind` (`5`) is not known", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void APatternThatIsNullIsNamedWithItsPlace()
    {
        var json = Tiny.Replace("{ ", "{ \"attention\": [{ \"kind\": \"dense\" }, null], ", StringComparison.Ordinal);
        var error = Assert.Throws<ConfigException>(() => ConfigJson.Parse<ModelConfig>(json, "tiny", null, config => config.Problems("model.")));
        Assert.Contains("`attention[1]` must not be null", Assert.Single(error.Problems), StringComparison.Ordinal);
    }

    [Fact]
    public void SyntaxErrorsNameFileLineAndColumn()
    {
        var error = Assert.Throws<ConfigException>(() => ConfigJson.Parse<ModelConfig>("{\n  \"n_layer\": 2,\n  oops\n}", "trial.json"));
        Assert.StartsWith("trial.json, line 3", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void OverridesReachNestedValuesAndAreChecked()
    {
        var config = ConfigJson.Parse<ModelConfig>(Tiny, "tiny", ["n_layer=5", "attention=[{\"window\":4,\"kind\":\"local\"}]", "attention.0.window=7"]);
        Assert.Equal(5, config.LayerCount);
        Assert.Equal(new LocalAttention(7), config.Attention[0]);
        Assert.Throws<ConfigException>(() => ConfigJson.Parse<ModelConfig>(Tiny, "tiny", ["n_layer"]));
        Assert.Throws<ConfigException>(() => ConfigJson.Parse<ModelConfig>(Tiny, "tiny", ["n_layers=5"]));
        Assert.Contains("`attention[0]` must not be null", Assert.Throws<ConfigException>(() => ConfigJson.Parse<ModelConfig>(Tiny, "tiny", ["attention=[null]"])).Message, StringComparison.Ordinal);
        Assert.Contains("norm", Assert.Throws<ConfigException>(() => ConfigJson.Parse<ModelConfig>(Tiny, "tiny", ["norm=1"])).Message, StringComparison.Ordinal);
        Assert.Contains("begins as JSON but is none", Assert.Throws<ConfigException>(() => ConfigJson.Parse<ModelConfig>(Tiny, "tiny", ["attention=[{\"kind\":\"dense\",\"kind\":\"local\"}]"])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ASchemaReferenceAndCommentsAreAllowed()
    {
        var config = ConfigJson.Parse<ModelConfig>("// for editors\n" + Tiny.Replace("{ ", "{ \"$schema\": \"x.json\", ", StringComparison.Ordinal), "tiny");
        Assert.Equal(2, config.LayerCount);
    }

    [Fact]
    public void AValueThatMayBeNullMayBeAbsentAndOthersMayNot()
    {
        Assert.Equal(new Point(3, null, null), ConfigJson.Parse<Point>("""{ "x": 3 }""", "point"));
        Assert.Throws<ConfigException>(() => ConfigJson.Parse<Point>("""{ "y": 3 }""", "point"));
    }

    private sealed record Point(int X, double? Y, string? Name);

    [Fact]
    public void AConfigurationSurvivesItsJsonForm()
    {
        foreach (var name in Presets.Names)
        {
            var config = Presets.Get(name).Config;
            var json = System.Text.Json.JsonSerializer.Serialize(config, ConfigJson.Options);
            Assert.Equal(config, ConfigJson.Parse<ModelConfig>(json, name));
        }
    }
}
