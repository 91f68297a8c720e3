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
    public void WhatIsMissingHidesNoOtherProblem()
    {
        File.WriteAllText(_workspace.Experiment, """{ "kind": "comparison", "tasks": [{ "limit": 3 }, { "limit": 4 }], "in_context": { "shots": [-1] }, "confidence": 2, "colour": "red" }""");
        var (code, _, error) = Rk.Call(["run", _workspace.Experiment]);
        Assert.Equal(2, code);
        string[] problems = ["`name` is missing", "`models` is missing", "`tasks[0].name` is missing", "`tasks[1].name` is missing", "`in_context.shots` ([-1])", "`confidence` (2)", "`colour` is not a known key"];
        Assert.Contains($"{problems.Length} problems", error, StringComparison.Ordinal);
        Assert.All(problems, problem => Assert.Contains(problem, error, StringComparison.Ordinal));
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
        Refuses(["generate", "--model", _workspace.Model, "--tokens", "1", "--beams", "2", "--length-penalty", "NaN"], 2, "NaN");
        Refuses(["generate", "--model", _workspace.Model, "--prompt", "a", "--stop", ""], 2, "--stop");
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
    public void EveryBadLineIsNamedAtOnce()
    {
        var (input, output) = (_workspace.File("in.jsonl"), _workspace.File("out.jsonl"));
        File.WriteAllText(input, "{\"context\":[1],\"continuation\":[2]}\r\n{\"context\":[],\"continuation\":[2]}\r\n\r\nnot json\r\n{\"context\":[1],\"continuation\":[300]}");
        Refuses(["loglikelihood", "--model", _workspace.Model, "--requests", input, "--out", output], 2, "3 problems", "line 2: the context is empty", "line 4", "line 5: id 300");
        File.WriteAllText(input, "[1]\n[50257]\n[-1]\n{}\n");
        Refuses(["detokenize", "--tokenizer", "gpt2", "--in", input, "--out", output], 2, "3 problems", "line 2: id 50257", "line 3: id -1", "line 4");
        File.WriteAllText(input, "17\n\"text\"\n{\"txt\":1}\n");
        Refuses(["tokenize", "--tokenizer", "gpt2", "--in", input, "--out", output], 2, "2 problems", "line 1", "line 3");
        File.WriteAllBytes(input, [(byte)'"', 0xff, 0xfe, (byte)'"', (byte)'\n']);
        Refuses(["tokenize", "--tokenizer", "gpt2", "--in", input, "--out", output], 2, "not UTF-8");
        Refuses(["tokenize", "--tokenizer", "gpt2", "--in", _workspace.Model, "--out", output], 2, "it is a folder");
        Assert.False(File.Exists(output));
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
    public void EverythingThatAnExperimentNamesIsLookedUpBeforeItIsRefused()
    {
        _workspace.Write(new
        {
            models = new[] { "tiny", "absent", "tiny" }, tasks = new object[] { new { name = "suite/nothing" }, new { name = "rtee" } },
            fine_tuning = new { recipes = new Dictionary<string, object> { ["deep"] = new { layers_transferred = 99 } } },
        });
        Refuses(["run", _workspace.Experiment, "--device", "cpu"], 2, "`tasks[0]`", "suite/nothing", "`tasks[1]`", "'rtee'", "`models[1]`", "absent", "2 model folders are named \"tiny\"", "`fine_tuning.recipes.deep.layers_transferred` (99)");
        Assert.False(Directory.Exists(_workspace.Run));
    }

    [Fact]
    public void ADataFolderThatDoesNotExistIsNamed() => Refuses(["data", "list", "--data", _workspace.File("absent")], 2, _workspace.File("absent"));

    [Fact]
    public void AModelTooLargeForTheMachineIsRefusedBeforeAnythingIsComputed()
    {
        File.WriteAllText(_workspace.Experiment, $$"""
            { "kind": "pretraining", "name": "huge", "output": {{System.Text.Json.JsonSerializer.Serialize(_workspace.File("huge"))}}, "model": { "preset": "gpt3-175b" },
              "tokenizer": { "kind": "train_bpe", "vocabulary_size": 300 }, "data": [{ "kind": "generated", "documents": 10 }], "training": { "tokens": 1000, "batch_size": 2 } }
            """);
        Refuses(["train", _workspace.Experiment, "--device", "cpu"], 2, "174,604,259,328 parameters", "GiB", "gradient_checkpointing");
        Assert.False(Directory.Exists(_workspace.File("huge")));
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
        Refuses(["run", _workspace.Experiment, "--threads", "100000"], 2, "--threads (100000)", "1024");
        Refuses(["run", _workspace.Experiment, "--set", "threads=100000"], 2, "`threads` (100000)", "1024");
        Refuses(["run", _workspace.Experiment, "--set", "name=.."], 2, "`name` (\"..\")");
    }

    private static void Refuses(string[] arguments, int code, params string[] named) => Refused(Rk.Call(arguments), code, named);

    private static void Refused(Outcome outcome, int code, params string[] named)
    {
        Assert.Equal("", outcome.Output);
        Assert.StartsWith("error: ", outcome.Error, StringComparison.Ordinal);
        Assert.Single(outcome.Error.Split('\n'), line => line.StartsWith("error: ", StringComparison.Ordinal));
        Assert.DoesNotContain("(Parameter '", outcome.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", outcome.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("a bug in ResearchKit", outcome.Error, StringComparison.Ordinal);
        Assert.All(named, words => Assert.Contains(words, outcome.Error, StringComparison.Ordinal));
        Assert.Equal(code, outcome.ExitCode);
    }
}
