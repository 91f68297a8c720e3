using ResearchKit.Evaluation.Datasets;
using ResearchKit.Experiments.Tests;
using ResearchKit.Testing;

namespace ResearchKit.Cli.Tests;

/// <summary>A person's mistakes end in one clear message, exit code 2 (1 where the disk is to blame), and no stack trace.</summary>
public sealed class BadInputTests : IDisposable
{
    private readonly TinyWorkspace _workspace = new();

    public void Dispose() => _workspace.Dispose();

    [Fact]
    public void AnUnknownKeyIsNamedByTheProgramItself()
    {
        _workspace.Write(new { in_context = new { shot = new[] { 0 } } });
        Refused(Rk.Finish(Rk.Start("run", _workspace.Experiment)), 2, _workspace.Experiment, "`in_context.shot`", "Did you mean `shots`?");
    }

    [Fact]
    public void AMissingExperimentFileIsNamed() => Refuses(["run", _workspace.File("absent.json")], 2, _workspace.File("absent.json"));

    [Fact]
    public void AFileThatIsNoJsonIsNamedWithItsLine()
    {
        File.WriteAllText(_workspace.Experiment, "{\n  \"kind\": \"comparison\",\n  \"name\" \"a\"\n}");
        Refuses(["run", _workspace.Experiment], 2, "line 3");
    }

    [Fact]
    public void AnOverrideOfAnUnknownKeyIsNamed() => Refuses(["run", _workspace.Experiment, "--set", "in_context.limits=3"], 2, "in_context.limits");

    [Fact]
    public void AnImpossibleValueIsNamedWithWhatIsAllowed() => Refuses(["run", _workspace.Experiment, "--set", "in_context.shots=[0,-1]"], 2, "`in_context.shots` ([0, -1])");

    [Fact]
    public void AComparisonCannotBeTrained() => Refuses(["train", _workspace.Experiment], 2, _workspace.Experiment, "pretraining");

    [Fact]
    public void AMissingDataSetSaysHowToGetIt()
    {
        var before = Environment.GetEnvironmentVariable(DataFolder.Variable);
        try
        {
            Environment.SetEnvironmentVariable(DataFolder.Variable, null);
            Refuses(["eval", "--model", _workspace.Model, "--task", "rte"], 2, DataFolder.Variable, "rk data pull");
            Refuses(["eval", "--model", _workspace.Model, "--task", "rtee"], 2, "'rtee'");
            using var empty = new TemporaryFolder();
            Environment.SetEnvironmentVariable(DataFolder.Variable, empty.Path);
            Refuses(["eval", "--model", _workspace.Model, "--task", "rte"], 2, "rk data pull rte");
        }
        finally
        {
            Environment.SetEnvironmentVariable(DataFolder.Variable, before);
        }
    }

    [Fact]
    public void AnUnknownDeviceIsNamedWithThoseThereAre() => Refuses(["run", _workspace.Experiment, "--device", "tpu"], 2, "tpu", "auto, cpu or cuda");

    [Fact]
    public void ACardThatIsNotThereIsSaidToBeMissing()
    {
        Assert.SkipWhen(TorchSharp.torch.cuda.is_available(), "this machine has a card");
        Refuses(["run", _workspace.Experiment, "--device", "cuda"], 2, "--device cuda", "TorchDevice=cuda");
    }

    [Fact]
    public void ARunFolderThatCannotBeMadeIsTheDisksFault()
    {
        File.WriteAllText(_workspace.File("occupied"), "a file where the folder should be");
        _workspace.Write(new { output = _workspace.File("occupied/run") });
        Refuses(["run", _workspace.Experiment, "--device", "cpu"], 1, _workspace.File("occupied"));
        Refuses(["schema", "--out", _workspace.File("occupied/schema.json")], 1, _workspace.File("occupied"));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(7)]
    [InlineData(100)]
    [InlineData(-1)]
    public void TruncatedWeightsAreRefused(int length)
    {
        var path = Path.Combine(_workspace.Model, "model.safetensors");
        var whole = File.ReadAllBytes(path);
        File.WriteAllBytes(path, length < 0 ? whole[..^-length] : whole[..length]);
        Refuses(["generate", "--model", _workspace.Model, "--tokens", "1,2"], 2, path);
        Refuses(["run", _workspace.Experiment], 2, path);
    }

    [Theory]
    [InlineData("model.safetensors")]
    [InlineData("config.json")]
    [InlineData("vocab.json")]
    [InlineData("merges.txt")]
    public void AForeignFileIsNamed(string file)
    {
        var path = Path.Combine(_workspace.Model, file);
        File.WriteAllBytes(path, [0x89, (byte)'P', (byte)'N', (byte)'G', 13, 10, 26, 10, .. Enumerable.Range(0, 200).Select(i => (byte)(i * 37))]);
        Refuses(["eval", "--model", _workspace.Model, "--task", "suite/label-induction"], 2, path);
    }

    [Fact]
    public void AModelWithoutItsTokenizerReadsIdsOnly()
    {
        TinyModelFolder.Make(_workspace.File("mute"), withTokenizer: false);
        Refuses(["generate", "--model", _workspace.File("mute"), "--prompt", "hello"], 2, "--tokens");
        Refuses(["eval", "--model", _workspace.File("mute"), "--task", "suite/label-induction"], 2, "vocab.json");
        Assert.Equal(0, Rk.Call("generate", "--model", _workspace.File("mute"), "--tokens", "1,2", "--max-new-tokens", "2", "--threads", "1").ExitCode);
    }

    [Fact]
    public void IdsThatTheModelDoesNotHaveAreNamed()
    {
        Refuses(["generate", "--model", _workspace.Model, "--tokens", "1,x"], 2, "1,x");
        Refuses(["generate", "--model", _workspace.Model, "--tokens", "1,300"], 2, "300");
        Refuses(["generate", "--model", _workspace.Model, "--tokens", "-1"], 2, "-1");
        Refuses(["generate", "--model", _workspace.Model], 2, "--prompt", "--tokens");
        Refuses(["generate", "--model", _workspace.Model, "--tokens", "1", "--prompt", "a"], 2, "exactly one");
        Refuses(["generate", "--model", _workspace.Model, "--tokens", "1", "--top-p", "1.5"], 2, "1.5");
        Refuses(["generate", "--model", _workspace.Model, "--tokens", "1", "--max-new-tokens", "-3"], 2, "-3");
    }

    [Theory]
    [InlineData("[[1,2],[3]]", "tokens[1]")]
    [InlineData("[[1,300]]", "300")]
    [InlineData("[]", "no ids")]
    [InlineData("[null]", "[[ids…],…]")]
    [InlineData("{\"ids\":[1]}", "[[ids…],…]")]
    [InlineData("[[1,2]", "[[ids…],…]")]
    public void BrokenTokenFilesAreRefused(string json, string named)
    {
        File.WriteAllText(_workspace.File("ids.json"), json);
        Refuses(["logits", "--model", _workspace.Model, "--tokens", _workspace.File("ids.json"), "--out", _workspace.File("out.safetensors")], 2, named);
        Assert.False(File.Exists(_workspace.File("out.safetensors")));
    }

    [Theory]
    [InlineData("{\"context\":[1],\"continuation\":[2]}\n{\"context\":[1]}", "line 2")]
    [InlineData("{\"context\":[1],\"continuation\":null}", "line 1")]
    [InlineData("{\"context\":[1],\"continuation\":[2],\"weight\":1}", "weight")]
    [InlineData("{\"context\":[1],\"continuation\":[300]}", "300")]
    [InlineData("{\"context\":[1],\"continuation\":[]}", "continuation")]
    [InlineData("not json", "line 1")]
    public void BrokenRequestsAreRefusedWithTheirLine(string lines, string named)
    {
        File.WriteAllText(_workspace.File("in.jsonl"), lines);
        Refuses(["loglikelihood", "--model", _workspace.Model, "--requests", _workspace.File("in.jsonl"), "--out", _workspace.File("out.jsonl")], 2, _workspace.File("in.jsonl"), named);
        Assert.False(File.Exists(_workspace.File("out.jsonl")));
    }

    [Fact]
    public void BrokenTextsAndIdsAreRefused()
    {
        var (input, output) = (_workspace.File("in.jsonl"), _workspace.File("out.jsonl"));
        File.WriteAllText(input, "\"a text\"\n17\n");
        Refuses(["tokenize", "--tokenizer", "gpt2", "--in", input, "--out", output], 2, input, "17");
        Refuses(["tokenize", "--tokenizer", "gpt5", "--in", input, "--out", output], 2, "gpt5");
        Refuses(["tokenize", "--tokenizer", "gpt2", "--in", _workspace.File("absent"), "--out", output], 2, _workspace.File("absent"));
        File.WriteAllText(input, "[1,50257]\n");
        Refuses(["detokenize", "--tokenizer", "gpt2", "--in", input, "--out", output], 2, input, "50257");
        Assert.False(File.Exists(output));
    }

    [Fact]
    public void NamesThatDoNotExistAreNamed()
    {
        Refuses(["describe", "gpt5"], 2, "gpt5", "gpt2-small");
        Refuses(["report", _workspace.File("absent")], 2, _workspace.File("absent"), "rk run");
        Refuses(["eval", "--model", _workspace.File("absent"), "--task", "suite/label-induction"], 2, _workspace.File("absent"));
        Refuses(["eval", "--model", _workspace.Model, "--task", "suite/nothing"], 2, "suite/nothing");
        Refuses(["task", "show", "suite/nothing"], 2, "suite/nothing");
        Refuses(["task", "show", "suite/label-induction", "--item", "4000"], 2, "4000");
        Refuses(["data", "pull", "nothing", "--data", _workspace.File("data")], 2, "nothing");
    }

    [Fact]
    public void NumbersOutOfRangeAreNamed()
    {
        Refuses(["eval", "--model", _workspace.Model, "--task", "suite/label-induction", "--shots", "-1"], 2, "--shots (-1)");
        Refuses(["eval", "--model", _workspace.Model, "--task", "suite/label-induction", "--limit", "0"], 2, "--limit (0)");
        Refuses(["finetune", "--model", _workspace.Model, "--task", "suite/label-induction", "--limit", "0"], 2, "--limit (0)");
        Refuses(["finetune", "--model", _workspace.Model, "--task", "suite/label-induction", "--examples", "0"], 2, "--examples (0)");
        Refuses(["finetune", "--model", _workspace.Model, "--task", "suite/label-induction", "--set", "epochs=0"], 2, "`epochs` (0)");
        Refuses(["finetune", "--model", _workspace.Model, "--task", "suite/label-induction", "--set", "epoch=1"], 2, "Did you mean `epochs`?");
        Refuses(["finetune", "--model", _workspace.Model, "--task", "suite/function-copy-generated"], 2, "suite/function-copy-generated");
        Refuses(["run", _workspace.Experiment, "--threads", "-1"], 2, "--threads (-1)");
    }

    private static void Refuses(string[] arguments, int code, params string[] named) => Refused(Rk.Call(arguments), code, named);

    private static void Refused(Outcome outcome, int code, params string[] named)
    {
        Assert.Equal("", outcome.Output);
        Assert.StartsWith("error: ", outcome.Error, StringComparison.Ordinal);
        Assert.Single(outcome.Error.Split('\n'), line => line.StartsWith("error: ", StringComparison.Ordinal));
        Assert.DoesNotContain("   at ", outcome.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("a bug in ResearchKit", outcome.Error, StringComparison.Ordinal);
        Assert.All(named, words => Assert.Contains(words, outcome.Error, StringComparison.Ordinal));
        Assert.Equal(code, outcome.ExitCode);
    }
}
