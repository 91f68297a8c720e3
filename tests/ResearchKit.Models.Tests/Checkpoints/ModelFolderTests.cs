using System.Text.Json.Nodes;
using ResearchKit.Core;
using ResearchKit.Core.Configuration;
using ResearchKit.Core.Tokenization;
using ResearchKit.Models.Checkpoints;
using ResearchKit.Models.Tests.Reference;
using ResearchKit.Testing;
using static TorchSharp.torch;

namespace ResearchKit.Models.Tests.Checkpoints;

public class ModelFolderTests
{
    private static readonly AttentionPattern Dense = new DenseAttention();

    private static readonly ModelConfig Small = new()
    {
        LayerCount = 3, HeadCount = 2, EmbeddingSize = 12, ContextLength = 10, VocabularySize = 17,
    };

    public static TheoryData<string> Cases => Golden.CasesWith("model.safetensors");

    /// <summary>Configurations of every family, and ones that no published class computes; the model_type that each is written as.</summary>
    public static TheoryData<string, string> Configurations { get; } = new()
    {
        { "dense", "gpt2" }, { "banded", "gpt2" }, { "unscaled", "gpt2" }, { "erf", "gpt2" }, { "inner", "gpt2" }, { "no-qkv-bias", "gpt2" }, { "dropout", "gpt2" },
        { "initialization", "gpt2" }, { "neo", "gpt_neo" }, { "neo-dense", "gpt_neo" }, { "post", "openai-gpt" }, { "post-no-bias", "openai-gpt" },
        { "two-windows", "researchkit" }, { "strided", "researchkit" }, { "post-banded", "researchkit" }, { "post-erf", "researchkit" }, { "post-inner", "researchkit" },
    };

    [Theory]
    [MemberData(nameof(Cases))]
    public void AGoldenFolderGivesTheWeightsThatAnIndependentReaderGives(string name)
    {
        using var loaded = ModelFolder.Load(Path.Combine(Golden.Root, name));
        using var expected = GoldenModel.Load(name);
        AssertEqualWeights(expected, loaded.Model);
        Assert.Equal(WeightsHash.Of(expected), loaded.WeightsHash);
        Assert.Equal(Path.GetFileName(name), loaded.Name);
        Assert.Null(loaded.Tokenizer);
        Assert.False(loaded.Model.training);
        Assert.Equal(loaded.Model.Config, ModelFolder.ReadConfig(Path.Combine(Golden.Root, name)));
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void EveryWeightsFileOfACaseHoldsTheSameWeights(string name)
    {
        var folder = Path.Combine(Golden.Root, name);
        using var expected = ModelFolder.Load(folder);
        foreach (var variant in Variants(folder))
        {
            var narrow = StoredType(variant);
            using var loaded = ModelFolder.Load(variant);
            AssertEqualWeights(expected.Model, loaded.Model, narrow);
            if (narrow == ScalarType.Float32) Assert.Equal(expected.WeightsHash, loaded.WeightsHash);
            else Assert.NotEqual(expected.WeightsHash, loaded.WeightsHash);
        }
    }

    [Fact]
    public void TheGoldenCasesCoverEveryFormat()
    {
        var variants = Cases.Select(row => Path.Combine(Golden.Root, row.Data)).SelectMany(Variants).ToArray();
        foreach (var ending in new[] { "model.safetensors", ".prefixed.safetensors", ".f16.safetensors", ".bf16.safetensors", "pytorch_model.bin", ".legacy.bin", "pytorch_model.prefixed.bin", "openai" })
        {
            Assert.Contains(variants, variant => variant.EndsWith(ending, StringComparison.Ordinal));
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void NarrowFilesGiveTheReferenceLogits(string name)
    {
        foreach (var file in Variants(Path.Combine(Golden.Root, name)).Where(file => StoredType(file) != ScalarType.Float32))
        {
            using var scope = NewDisposeScope();
            using var noGradient = no_grad();
            using var loaded = ModelFolder.Load(file);
            var expected = new TensorFile(name, "expected.safetensors");
            var key = (StoredType(file) == ScalarType.Float16 ? "f16" : "bf16") + "_weights_upcast_to_f32/logits";
            Tolerance.Close(expected[key], loaded.Model.call(expected["lm/input_ids"]), Tolerance.Logits, key);
        }
    }

    [Fact]
    public void TensorFlowVariablesEqualTheirStoredCopies()
    {
        var copies = Directory.GetFiles(Golden.Root, "tf_variables.safetensors", SearchOption.AllDirectories);
        Assert.NotEmpty(copies);
        foreach (var path in copies)
        {
            using var expected = SafetensorsFile.Open(path);
            using var checkpoint = TensorFlowCheckpoint.Open(Directory.GetFiles(Path.Combine(Path.GetDirectoryName(path)!, "openai"), "*.index").Single());
            Assert.Equal(expected.Tensors.Select(pair => $"{pair.Key} {pair.Value}"), checkpoint.Tensors.Select(pair => $"{pair.Key} {pair.Value}"));
            foreach (var (name, info) in expected.Tensors)
            {
                var (a, b) = (new float[info.ElementCount], new float[info.ElementCount]);
                expected.CopyTo(name, a);
                ((ITensorSource)checkpoint).CopyTo(name, b);
                Assert.Equal(a, b);
            }
        }
    }

    [Fact]
    public void TheMultipleChoiceHeadIsLeftOutAndNamed()
    {
        var file = Directory.GetFiles(Golden.Root, "model.prefixed.safetensors", SearchOption.AllDirectories).First(path => File.ReadAllText(path).Contains("multiple_choice_head", StringComparison.Ordinal));
        using var loaded = ModelFolder.Load(file);
        Assert.Equal(["multiple_choice_head.summary.bias", "multiple_choice_head.summary.weight"], loaded.LeftOutTensors);
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void ImportExportImportIsIdentity(string name)
    {
        using var temporary = new TemporaryFolder();
        using var first = ModelFolder.Load(Path.Combine(Golden.Root, name));
        ModelFolder.Save(temporary.File("copy"), first.Model, tokenizer: null);
        using var second = ModelFolder.Load(temporary.File("copy"));
        Assert.Equal(first.Model.Config, second.Model.Config);
        Assert.Equal(first.WeightsHash, second.WeightsHash);
        AssertEqualWeights(first.Model, second.Model);

        // The exported tensors are those of the published file, bit for bit, but for buffers.
        using var published = SafetensorsFile.Open(Path.Combine(Golden.Root, name, "model.safetensors"));
        using var exported = SafetensorsFile.Open(temporary.File("copy/model.safetensors"));
        Assert.Equal("pt", exported.Metadata["format"]);
        foreach (var (tensor, info) in exported.Tensors)
        {
            Assert.Equal(published.Tensors[tensor].ToString(), info.ToString());
            var (a, b) = (new float[info.ElementCount], new float[info.ElementCount]);
            published.CopyTo(tensor, a);
            exported.CopyTo(tensor, b);
            Assert.Equal(a, b);
        }

        Assert.All(published.Tensors.Keys.Except(exported.Tensors.Keys), left => Assert.Matches(@"(attn\.(attention\.)?(bias|masked_bias)|lm_head\.weight)$", left));
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void TheExportedConfigurationSaysWhatThePublishedOneSays(string name)
    {
        using var temporary = new TemporaryFolder();
        using (var loaded = ModelFolder.Load(Path.Combine(Golden.Root, name))) ModelFolder.Save(temporary.File("copy"), loaded.Model, tokenizer: null);
        var exported = JsonNode.Parse(File.ReadAllText(temporary.File("copy/config.json")))!.AsObject();
        // What decides the model's numbers; attention_types may be grouped in another way and attention_layers is its expansion. The rest is the tokenizer's, a head's or the tool's.
        string[] decisive =
        [
            "model_type", "architectures", "n_layer", "num_layers", "n_head", "num_heads", "n_embd", "hidden_size", "n_inner", "intermediate_size", "n_positions", "n_ctx", "max_position_embeddings", "vocab_size",
            "activation_function", "afn", "layer_norm_epsilon", "attention_layers", "window_size", "scale_attn_weights", "initializer_range",
        ];
        var published = JsonNode.Parse(File.ReadAllText(Path.Combine(Golden.Root, name, "config.json")))!.AsObject();
        foreach (var key in decisive.Where(key => published[key] is not null)) Assert.True(JsonNode.DeepEquals(published[key], exported[key]), $"{key}: {published[key]} and {exported[key]}");
    }

    [Theory]
    [MemberData(nameof(Configurations))]
    public void EveryConfigurationSurvivesSaving(string which, string expectedType)
    {
        using var temporary = new TemporaryFolder();
        using var model = new Gpt(Configuration(which), seed: 3);
        ModelFolder.Save(temporary.File("m"), model, tokenizer: null, new Dictionary<string, string> { ["note"] = which });
        Assert.Equal(model.Config, ModelFolder.ReadConfig(temporary.File("m")));
        Assert.Equal(expectedType, (string?)JsonNode.Parse(File.ReadAllText(temporary.File("m/config.json")))!["model_type"]);
        Assert.Equal(which, (string?)JsonNode.Parse(File.ReadAllText(temporary.File("m/" + ModelFolder.CardFileName)))!["note"]);
        using var loaded = ModelFolder.Load(temporary.File("m"));
        AssertEqualWeights(model, loaded.Model);
        Assert.Equal(WeightsHash.Of(model), loaded.WeightsHash);
    }

    [Theory]
    [InlineData(TensorType.F16, ScalarType.Float16)]
    [InlineData(TensorType.BF16, ScalarType.BFloat16)]
    public void NarrowStorageRoundsOnce(TensorType storage, ScalarType narrow)
    {
        using var temporary = new TemporaryFolder();
        using var model = new Gpt(Configuration("banded"), seed: 4);
        ModelFolder.Save(temporary.File("m"), model, null, storage: storage);
        using var loaded = ModelFolder.Load(temporary.File("m"));
        AssertEqualWeights(model, loaded.Model, narrow);
    }

    [Fact]
    public void AWeightThatF16CannotHoldIsRefused()
    {
        using var temporary = new TemporaryFolder();
        using var model = new Gpt(Small);
        using (no_grad()) model.parameters().First().fill_(1e6);
        Assert.Contains("65504", Assert.Throws<ConfigException>(() => ModelFolder.Save(temporary.File("m"), model, null, storage: TensorType.F16)).Message);
        Assert.Empty(Directory.GetFileSystemEntries(temporary.Path));
    }

    [Fact]
    public void MissingUnexpectedAndMisshapenTensorsAreAllListed()
    {
        using var temporary = new TemporaryFolder();
        using var model = new Gpt(Small);
        ModelFolder.Save(temporary.File("m"), model, null);
        var tensors = ReadAll(temporary.File("m/model.safetensors"));
        tensors.Remove("h.1.mlp.c_fc.bias");
        tensors.Remove("ln_f.weight");
        tensors["h.0.attn.c_attn.weight"] = zeros(12, 35);
        tensors["h.7.ln_1.weight"] = zeros(12);
        tensors["surprise"] = zeros(2, 3);
        SafetensorsWriter.Write(temporary.File("m/model.safetensors"), tensors);

        var error = Assert.Throws<ConfigException>(() => ModelFolder.Load(temporary.File("m")));
        Assert.Equal(5, error.Problems.Count);
        foreach (var part in new[] { "`h.1.mlp.c_fc.bias` [48] is missing", "`ln_f.weight` [12] is missing", "`h.7.ln_1.weight` [12] is unexpected", "`surprise` [2, 3] is unexpected", "`h.0.attn.c_attn.weight` has the shape [12, 35], the configuration needs [12, 36]" })
        {
            Assert.Contains(part, error.Message);
        }

        Assert.Equal(3, Assert.Throws<ConfigException>(() => ModelFolder.Load(temporary.File("m"), strict: false)).Problems.Count);
    }

    [Fact]
    public void UnusedTensorsPassWhereNotStrictAndAreNamed()
    {
        using var temporary = new TemporaryFolder();
        using var model = new Gpt(Small);
        ModelFolder.Save(temporary.File("m"), model, null);
        var tensors = ReadAll(temporary.File("m/model.safetensors"));
        tensors["surprise"] = zeros(2, 3);
        SafetensorsWriter.Write(temporary.File("m/model.safetensors"), tensors);
        using var loaded = ModelFolder.Load(temporary.File("m"), strict: false);
        Assert.Equal(["surprise"], loaded.LeftOutTensors);
        AssertEqualWeights(model, loaded.Model);
    }

    [Fact]
    public void AnOutputMatrixOfItsOwnIsRefused()
    {
        using var temporary = new TemporaryFolder();
        using var model = new Gpt(Small);
        ModelFolder.Save(temporary.File("m"), model, null);
        var tensors = ReadAll(temporary.File("m/model.safetensors"));
        tensors["lm_head.weight"] = tensors["wte.weight"].clone();
        SafetensorsWriter.Write(temporary.File("m/model.safetensors"), tensors);
        ModelFolder.Load(temporary.File("m")).Dispose();

        tensors["lm_head.weight"][16, 11] += 1;
        SafetensorsWriter.Write(temporary.File("m/model.safetensors"), tensors);
        Assert.Contains("element 203", Assert.Throws<ConfigException>(() => ModelFolder.Load(temporary.File("m"))).Message);
    }

    [Fact]
    public void ShardsWithAnIndexReadAsOneFile()
    {
        using var temporary = new TemporaryFolder();
        using var model = new Gpt(Configuration("neo"), seed: 5);
        ModelFolder.Save(temporary.File("m"), model, null);
        var tensors = ReadAll(temporary.File("m/model.safetensors"));
        File.Delete(temporary.File("m/model.safetensors"));
        var map = new JsonObject();
        foreach (var (part, i) in tensors.Chunk(7).Select((part, i) => (part, i)))
        {
            SafetensorsWriter.Write(temporary.File($"m/model-{i}.safetensors"), part);
            foreach (var (name, _) in part) map[name] = $"model-{i}.safetensors";
        }

        var index = temporary.File("m/model.safetensors.index.json");
        File.WriteAllText(index, new JsonObject { ["metadata"] = new JsonObject(), ["weight_map"] = map }.ToJsonString());
        using (var loaded = ModelFolder.Load(temporary.File("m"))) AssertEqualWeights(model, loaded.Model);

        map["transformer.wte.weight"] = "model-1.safetensors";
        File.WriteAllText(index, new JsonObject { ["weight_map"] = map.DeepClone() }.ToJsonString());
        Assert.Contains("is not in its shard", Assert.Throws<ConfigException>(() => ModelFolder.Load(temporary.File("m"))).Message);
        map["transformer.wte.weight"] = "../m/model-1.safetensors";
        File.WriteAllText(index, new JsonObject { ["weight_map"] = map.DeepClone() }.ToJsonString());
        Assert.Contains("plain file names", Assert.Throws<ConfigException>(() => ModelFolder.Load(temporary.File("m"))).Message);
    }

    [Fact]
    public void SavingOverAModelReplacesItAndSavingOverAnythingElseIsRefused()
    {
        using var temporary = new TemporaryFolder();
        using var first = new Gpt(Small, seed: 1);
        using var second = new Gpt(Small, seed: 2);
        ModelFolder.Save(temporary.File("m"), first, null, new Dictionary<string, string> { ["a"] = "b" });
        ModelFolder.Save(temporary.File("m"), second, null);
        using (var loaded = ModelFolder.Load(temporary.File("m"))) AssertEqualWeights(second, loaded.Model);
        Assert.Equal(["config.json", "model.safetensors"], Directory.GetFiles(temporary.File("m")).Select(Path.GetFileName).Order());
        Assert.Equal([temporary.File("m")], Directory.GetFileSystemEntries(temporary.Path));

        File.WriteAllText(temporary.File("m/thesis.tex"), "years of work");
        Assert.Contains("thesis.tex", Assert.Throws<ConfigException>(() => ModelFolder.Save(temporary.File("m"), first, null)).Message);
        using (var loaded = ModelFolder.Load(temporary.File("m"))) AssertEqualWeights(second, loaded.Model);
    }

    [Fact]
    public void WhatAKilledProcessLeftIsRemoved()
    {
        using var temporary = new TemporaryFolder();
        using var model = new Gpt(Small);
        Directory.CreateDirectory(temporary.File($".m.tmp-{int.MaxValue}"));
        ModelFolder.Save(temporary.File("m"), model, null);
        Assert.Equal([temporary.File("m")], Directory.GetFileSystemEntries(temporary.Path));
    }

    [Fact]
    public void AReplacementCutOffBetweenItsRenamesIsUndone()
    {
        using var temporary = new TemporaryFolder();
        using var model = new Gpt(Small);
        ModelFolder.Save(temporary.File("m"), model, null);
        Directory.Move(temporary.File("m"), temporary.File(".m.previous"));
        using var loaded = ModelFolder.Load(temporary.File("m"));
        AssertEqualWeights(model, loaded.Model);
    }

    [Fact]
    public void TheTokenizerTravelsWithTheModel()
    {
        using var temporary = new TemporaryFolder();
        using var model = new Gpt(Small);
        File.WriteAllText(temporary.File("vocab.json"), """{"<unk>": 0, "a": 1, "b": 2, "a</w>": 3, "b</w>": 4, "ab</w>": 5}""");
        File.WriteAllText(temporary.File("merges.txt"), "#version: 0.2\na b</w>\n");
        var tokenizer = new CharacterTokenizer("a small text");
        foreach (var each in new[] { tokenizer, TokenizerFolder.Load(temporary.Path), tokenizer })
        {
            ModelFolder.Save(temporary.File("m"), model, each);
            using var loaded = ModelFolder.Load(temporary.File("m"));
            Assert.Equal(each.Fingerprint, loaded.Tokenizer!.Fingerprint);
            Assert.Equal(each.EndOfTextId, (int?)JsonNode.Parse(File.ReadAllText(temporary.File("m/config.json")))!["eos_token_id"]);
        }

        using var narrow = new Gpt(Small with { VocabularySize = 3 });
        ModelFolder.Save(temporary.File("n"), narrow, null);
        TokenizerFolder.Save(tokenizer, temporary.File("n"));
        Assert.Contains("do not belong together", Assert.Throws<ConfigException>(() => ModelFolder.Load(temporary.File("n"))).Message);
    }

    [Fact]
    public void WeightsAreCopiedStraightIntoTheParameters()
    {
        using var temporary = new TemporaryFolder();
        var config = Small with { EmbeddingSize = 384, HeadCount = 6, VocabularySize = 12_500, LayerCount = 2 };
        using (var model = new Gpt(config)) ModelFolder.Save(temporary.File("m"), model, null);
        ModelFolder.Load(temporary.File("m")).Dispose();

        var before = GC.GetAllocatedBytesForCurrentThread();
        ModelFolder.Load(temporary.File("m")).Dispose();
        var managed = GC.GetAllocatedBytesForCurrentThread() - before;
        // One buffer of 4 MiB for transposing; the weights themselves take 31 MiB.
        Assert.InRange(managed, 0, 6 << 20);
        Assert.True(config.ParameterCount * sizeof(float) > 31 << 20);
    }

    [Fact]
    public void LoadingAndSavingLeaveNoTensorBehind()
    {
        using var temporary = new TemporaryFolder();
        using var model = new Gpt(Configuration("neo"));
        TensorLeak.None(() =>
        {
            ModelFolder.Save(temporary.File("m"), model, null);
            ModelFolder.Load(temporary.File("m")).Dispose();
        });
    }

    /// <summary>Weights files of a case, and the folders of OpenAI's releases in it.</summary>
    private static IEnumerable<string> Variants(string folder) =>
        Directory.EnumerateFiles(folder).Where(file => Path.GetFileName(file) is var name && (name.StartsWith("model.", StringComparison.Ordinal) || name.StartsWith("pytorch_model.", StringComparison.Ordinal)))
            .Concat(Directory.EnumerateDirectories(folder)).Order(StringComparer.Ordinal);

    private static ScalarType StoredType(string file) =>
        file.EndsWith(".f16.safetensors", StringComparison.Ordinal) ? ScalarType.Float16 : file.EndsWith(".bf16.safetensors", StringComparison.Ordinal) ? ScalarType.BFloat16 : ScalarType.Float32;

    private static ModelConfig Configuration(string which) => which switch
    {
        "dense" => Small,
        "banded" => Small with { Attention = [Dense, new LocalAttention(4)] },
        "unscaled" => Small with { ScaleAttention = false },
        "erf" => Small with { Activation = Activation.GeluErf },
        "inner" => Small with { InnerSize = 20 },
        "no-qkv-bias" => Small with { QueryKeyValueBias = false },
        "dropout" => Small with { EmbeddingDropoutProbability = 0.1, AttentionDropoutProbability = 0.2, ResidualDropoutProbability = 0.3 },
        "initialization" => Small with { Initialization = Initialization.SparseTransformer },
        "neo" => Small with { ScaleAttention = false, QueryKeyValueBias = false, Attention = [Dense, new LocalAttention(4)], ResidualDropoutProbability = 0.1 },
        "neo-dense" => Small with { ScaleAttention = false, QueryKeyValueBias = false, InnerSize = 7 },
        "post" => Small with { Norm = NormPlacement.Post, Initialization = Initialization.Gpt1, EmbeddingDropoutProbability = 0.1 },
        "post-no-bias" => Small with { Norm = NormPlacement.Post, QueryKeyValueBias = false },
        "two-windows" => Small with { Attention = [new LocalAttention(2), new LocalAttention(4)] },
        "strided" => Small with { Attention = [new StridedAttention(3), new FixedAttention(4, 1, FactorUse.Second)] },
        "post-banded" => Small with { Norm = NormPlacement.Post, Attention = [new LocalAttention(4)] },
        "post-erf" => Small with { Norm = NormPlacement.Post, Activation = Activation.GeluErf },
        "post-inner" => Small with { Norm = NormPlacement.Post, InnerSize = 13 },
        _ => throw new ArgumentOutOfRangeException(nameof(which)),
    };

    private static Dictionary<string, Tensor> ReadAll(string path)
    {
        using var file = SafetensorsFile.Open(path);
        return file.Tensors.Keys.ToDictionary(name => name, file.ReadTensor);
    }

    internal static void AssertEqualWeights(Gpt expected, Gpt actual, ScalarType through = ScalarType.Float32)
    {
        using var scope = NewDisposeScope();
        var (a, b) = (expected.named_parameters().ToArray(), actual.named_parameters().ToArray());
        Assert.Equal(a.Select(entry => entry.name), b.Select(entry => entry.name));
        foreach (var ((name, left), (_, right)) in a.Zip(b)) Assert.True(left.to(through).to(ScalarType.Float32).equal(right).all().item<bool>(), name);
    }
}
