using ResearchKit.Core;
using ResearchKit.Core.Tokenization;
using ResearchKit.Experiments.Configuration;
using ResearchKit.Models.Checkpoints;
using ResearchKit.Testing;
using ResearchKit.Training;

namespace ResearchKit.Experiments.Tests;

public sealed class PretrainingRunnerTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public PretrainingRunnerTests()
    {
        Directory.CreateDirectory(Corpus);
        File.WriteAllText(Path.Combine(Corpus, "one.txt"), string.Join("\n", TinyModelFolder.Texts(7, 40)));
        File.WriteAllText(Path.Combine(Corpus, "two.txt"), string.Join("\n", TinyModelFolder.Texts(8, 40)));
        File.WriteAllText(Path.Combine(Corpus, "held-out.txt"), string.Join("\n", TinyModelFolder.Texts(9, 40)));
        File.WriteAllText(Path.Combine(Corpus, "MANIFEST.tsv"), "file\tsplit\none.txt\ttrain\ntwo.txt\ttrain\nheld-out.txt\tvalid\n");
    }

    public void Dispose() => _folder.Dispose();

    private string Corpus => _folder.File("texts");

    private string Run => _folder.File("run");

    private PretrainingConfig Config => new()
    {
        Name = "tiny",
        Model = new() { Config = TinyModelFolder.Config with { ContextLength = 32, ResidualDropoutProbability = 0.1 } },
        Tokenizer = new TrainedTokenizer(300, 20_000),
        Data = [new CorpusSource(Corpus), new GeneratedSource(60) { Weight = 0.5 }],
        Training = new() { Steps = 12, BatchSize = 4, CheckpointEvery = 5, EvaluateEvery = 6, Optimizer = new() { LearningRate = 0.01 } },
        Output = Run,
    };

    [Fact]
    public void ItEndsInAModelFolderThatKnowsHowItWasMade()
    {
        var outcome = Execute(Config);

        Assert.Equal((12, 12 * 4 * 32, 0), (outcome.Steps, outcome.Tokens, outcome.ResumedFrom));
        Assert.Equal(["validation_loss/generated-1", "validation_loss/texts"], outcome.Validation.Keys.Order(StringComparer.Ordinal));
        Assert.All(outcome.Validation.Values, loss => Assert.InRange(loss, 1, Math.Log(300) + 1));
        using var loaded = ModelFolder.Load(outcome.ModelFolder);
        Assert.Equal(300, loaded.Tokenizer!.VocabularySize);
        var card = ModelCard.TryRead(outcome.ModelFolder)!;
        Assert.Equal(outcome.Tokens, card.Tokens);
        Assert.Contains(card.Curve, point => point.ValidationLoss is not null);
        Assert.Equal(loaded.Tokenizer.Fingerprint, card.Hashes["tokenizer"]);
        var header = ModelHeader.Read(outcome.ModelFolder);
        Assert.Equal(("tiny", loaded.WeightsHash), (header.Name, header.WeightsHash));
    }

    [Theory]
    [InlineData(3)]
    [InlineData(7)]
    [InlineData(12)]
    public void AnInterruptedPretrainingEndsInTheBytesOfAnUninterruptedOne(int lastStep)
    {
        var whole = Files(Execute(Config).ModelFolder);
        Directory.Delete(Run, recursive: true);

        using var interrupt = new CancellationTokenSource();
        var interrupted = () => Execute(Config, step =>
        {
            if (step.Step == lastStep) interrupt.Cancel();
        }, interrupt.Token);
        if (lastStep < 12) Assert.ThrowsAny<OperationCanceledException>(interrupted);
        else interrupted();

        var resumed = Execute(Config);
        Assert.Equal((lastStep, 12), (resumed.ResumedFrom, resumed.Steps));
        Assert.Equal(whole, Files(resumed.ModelFolder));
    }

    [Fact]
    public void AHalfWrittenTokenizerIsLearnedAgain()
    {
        var whole = Files(Execute(Config).ModelFolder);
        var tokenizer = Assert.Single(Directory.GetDirectories(Path.Combine(Run, "data")));
        Directory.Delete(Path.Combine(Run, "checkpoint"), recursive: true);
        Directory.Delete(Path.Combine(Run, "model"), recursive: true);
        File.Delete(Path.Combine(Run, "metrics.jsonl"));
        File.Delete(Path.Combine(tokenizer, "merges.txt"));               // as a kill between the two files leaves it

        Assert.Equal(whole, Files(Execute(Config).ModelFolder));
    }

    [Fact]
    public void AnEditedFileNeverMeasuresOnTheOldValidationText()
    {
        var tokenizer = _folder.File("tokenizer");
        TokenizerFolder.Save(TinyModelFolder.Tokenizer, tokenizer);
        var other = _folder.File(Path.Combine("elsewhere", "texts"));
        Directory.CreateDirectory(other);
        foreach (var file in Directory.GetFiles(Corpus)) File.Copy(file, Path.Combine(other, Path.GetFileName(file)));
        File.WriteAllText(Path.Combine(other, "held-out.txt"), string.Join("\n", Enumerable.Repeat("zebra quartz", 400)));
        var config = Config with { Tokenizer = new NamedTokenizer(tokenizer), Data = [new CorpusSource(Corpus)] };

        var first = Execute(config).Validation["validation_loss/texts"];
        Directory.Delete(Path.Combine(Run, "checkpoint"), recursive: true);
        var second = Execute(config with { Data = [new CorpusSource(other)] }).Validation["validation_loss/texts"];

        Assert.NotEqual(first, second);
    }

    [Fact]
    public void ATextEditedInPlaceIsNoticed()
    {
        var first = Execute(Config).ModelFolder;
        var (weights, tokenizer) = (ModelHeader.Read(first).WeightsHash, ModelHeader.Read(first).TokenizerFingerprint);
        File.WriteAllText(Path.Combine(Corpus, "one.txt"), string.Join("\n", TinyModelFolder.Texts(11, 40)));

        // A checkpoint of other tokens is refused; without it the new text is learned from the start.
        Assert.Contains("data", Assert.Throws<ConfigException>(() => Execute(Config)).Message, StringComparison.Ordinal);
        Directory.Delete(Path.Combine(Run, "checkpoint"), recursive: true);
        var second = ModelHeader.Read(Execute(Config).ModelFolder);
        Assert.NotEqual((weights, tokenizer), (second.WeightsHash, second.TokenizerFingerprint));

        // The same text under a new time is the same text.
        File.SetLastWriteTimeUtc(Path.Combine(Corpus, "one.txt"), DateTime.UtcNow.AddHours(-1));
        var third = Execute(Config);
        Assert.Equal((12, second.WeightsHash), (third.ResumedFrom, ModelHeader.Read(third.ModelFolder).WeightsHash));
    }

    [Fact]
    public void AVocabularyThatTheModelCannotHoldIsRefusedWithBothSizes()
    {
        var error = Assert.Throws<ConfigException>(() => Execute(Config with { Model = new() { Config = TinyModelFolder.Config with { VocabularySize = 280 } } }));
        Assert.Contains("300", error.Message, StringComparison.Ordinal);
        Assert.Contains("`n_vocab` (280)", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void FoldersWhoseNamesMeetAreToldApart()
    {
        foreach (var folder in new[] { "tokenizer", "tokenizer-1" })
        {
            Directory.CreateDirectory(_folder.File(folder));
            File.Copy(Path.Combine(Corpus, "one.txt"), Path.Combine(_folder.File(folder), "one.txt"));
        }

        var outcome = Execute(Config with { Data = [new CorpusSource(_folder.File("tokenizer-1")), new CorpusSource(_folder.File("tokenizer"))] });
        Assert.Equal(["tokenizer", "tokenizer-1", "tokenizer-1-text"], ModelCard.TryRead(outcome.ModelFolder)!.Hashes.Keys.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void AMissingCorpusIsNamed()
    {
        var missing = _folder.File("nowhere");
        var error = Assert.Throws<ConfigException>(() => Execute(Config with { Data = [new CorpusSource(missing)] }));
        Assert.Contains(missing, error.Message, StringComparison.Ordinal);
    }

    private PretrainingOutcome Execute(PretrainingConfig config, Action<TrainingProgress>? progress = null, CancellationToken cancellation = default) =>
        new PretrainingRunner(config, _folder.Path, TinyComparison.Device).Run(progress: progress is null ? null : new InlineProgress<TrainingProgress>(progress), cancellation: cancellation);

    private static SortedDictionary<string, string> Files(string folder) =>
        new(Directory.GetFiles(folder).ToDictionary(path => Path.GetFileName(path), path => Convert.ToBase64String(File.ReadAllBytes(path))), StringComparer.Ordinal);
}
