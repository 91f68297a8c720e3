using ResearchKit.Core;
using ResearchKit.Core.Configuration;
using ResearchKit.Core.Tokenization;
using ResearchKit.Experiments.Configuration;

namespace ResearchKit.Experiments.Tests;

/// <summary>A person's mistakes: the message names the thing and says what to do.</summary>
public sealed class BadExperimentTests : IDisposable
{
    private readonly TinyComparison _tiny = new();

    public void Dispose() => _tiny.Dispose();

    [Fact]
    public void AllProblemsOfAFileAreReportedTogether()
    {
        const string File = """{"kind":"comparison","name":"a b","models":[],"tasks":[],"confidence":95,"in_context":{"shots":[0,-1]},"fine_tuning":{"examples":[0],"recipes":{"x":{"epochs":0}}}}""";
        var error = Assert.Throws<ConfigException>(() => ConfigJson.Parse<ExperimentConfig>(File, "file.json", problems: config => config.Problems()));
        string[] named = ["`name` (\"a b\")", "`models` is empty", "`tasks` is empty", "`confidence` (95)", "`in_context.shots` ([0, -1])", "`fine_tuning.examples` ([0])", "`fine_tuning.recipes.x.epochs` (0)"];
        Assert.All(named, words => Assert.Single(error.Problems, problem => problem.Contains(words, StringComparison.Ordinal)));
        Assert.Equal(named.Length, error.Problems.Count);
    }

    [Fact]
    public void AnUnknownKeyIsNamedWithTheOneThatWasMeant()
    {
        var error = Assert.Throws<ConfigException>(() => ConfigJson.Parse<ExperimentConfig>("""{"kind":"comparison","name":"a","models":["m"],"tasks":[{"name":"t"}],"in_context":{"shot":[0]}}""", "file.json"));
        Assert.Contains("`in_context.shot`", error.Message, StringComparison.Ordinal);
        Assert.Contains("Did you mean `shots`?", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void AMissingModelFolderIsNamed() => Fails("models/absent", _tiny.Config with { Models = ["models/absent"] });

    [Fact]
    public void AFolderThatIsNoModelIsNamed()
    {
        Directory.CreateDirectory(Path.Combine(_tiny.Base, "models", "empty"));
        Fails("models/empty", _tiny.Config with { Models = ["models/empty"] });
    }

    [Fact]
    public void AModelWithoutATokenizerIsNamed()
    {
        TinyModelFolder.Make(Path.Combine(_tiny.Base, "models", "mute"), withTokenizer: false);
        Fails("models/mute has no tokenizer files", _tiny.Config with { Models = ["models/mute"] });
    }

    [Fact]
    public void ATokenizerLargerThanTheModelIsNamedWithBothSizes()
    {
        TokenizerFolder.Save(BytePairTrainer.Train(TinyModelFolder.Texts(0, 150), 310, "larger"), Path.Combine(_tiny.Base, "models", "tiny"));
        var error = Fails("models/tiny", _tiny.Config);
        Assert.Contains("310", error, StringComparison.Ordinal);
        Assert.Contains("300", error, StringComparison.Ordinal);
    }

    [Fact]
    public void ATaskFileInThePlaceOfANameIsToldWhereItBelongs() =>
        Assert.Contains((_tiny.Config with { Tasks = [new() { Name = "own/weather.json" }] }).Problems(), problem => problem.Contains("\"file\": \"own/weather.json\"", StringComparison.Ordinal));

    [Fact]
    public void TwoModelsOfOneNameAreRefused()
    {
        TinyModelFolder.Make(Path.Combine(_tiny.Base, "elsewhere", "tiny"), seed: 2);
        Fails("\"tiny\"", _tiny.Config with { Models = ["models/tiny", "elsewhere/tiny"] });
    }

    [Fact]
    public void AnUnknownTaskOfTheSuiteIsNamedWithThoseThereAre()
    {
        var error = Fails("suite/label-inductoin", _tiny.Config with { Tasks = [new() { Name = "suite/label-inductoin" }] });
        Assert.Contains("suite/label-induction,", error, StringComparison.Ordinal);
    }

    [Fact]
    public void AMisspeltTaskIsToldApartFromMissingData() => Fails("'sst3'", _tiny.Config with { Tasks = [new() { Name = "sst3" }] });

    [Fact]
    public void NothingIsWrittenForAnExperimentThatCannotRun()
    {
        Fails("models/absent", _tiny.Config with { Models = ["models/absent"] });
        Assert.False(Directory.Exists(_tiny.Run));
    }

    private string Fails(string named, ComparisonConfig config)
    {
        var error = Assert.Throws<ConfigException>(() => _tiny.Execute(config));
        Assert.Contains(named, error.Message, StringComparison.Ordinal);
        return error.Message;
    }
}
