using System.Text.Json.Nodes;
using ResearchKit.Core.Configuration;
using ResearchKit.Models;
using ResearchKit.Models.Checkpoints;
using TorchSharp;
using static TorchSharp.torch;

namespace ResearchKit.Training.Tests;

/// <summary>Reference values of public implementations; tests/golden/README.md describes them. Cases are found by listing folders.</summary>
internal static class Golden
{
    public static string Root { get; } = Environment.GetEnvironmentVariable("RESEARCHKIT_GOLDEN") ?? Find();

    /// <summary>Folders, at any depth, of models of a type that hold a file (with a tensor of that name, where one is given).</summary>
    public static IEnumerable<string> Cases(string modelType, string file, string? tensor = null) => Directory.EnumerateFiles(Root, file, SearchOption.AllDirectories)
        .Where(path => tensor is null || Holds(path, tensor)).Select(path => Path.GetRelativePath(Root, Path.GetDirectoryName(path)!))
        .Where(name => File.Exists(Path.Combine(Root, name, "config.json")) && (string?)Json(name, "config.json")["model_type"] == modelType).Order(StringComparer.Ordinal);

    public static JsonNode Json(string name, string file) => JsonNode.Parse(File.ReadAllText(Path.Combine(Root, name, file)))!;

    /// <summary>A model with a case's weights, outside any scope.</summary>
    public static Gpt Model(string name, string weights = "model.safetensors", Activation? activation = null)
    {
        var config = Json(name, "config.json");
        var post = (string?)config["model_type"] == "openai-gpt";
        var model = new Gpt(new ModelConfig
        {
            LayerCount = (int)config["n_layer"]!, HeadCount = (int)config["n_head"]!, EmbeddingSize = (int)config["n_embd"]!,
            ContextLength = (int)config["n_positions"]!, VocabularySize = (int)config["vocab_size"]!, Norm = post ? NormPlacement.Post : NormPlacement.Pre,
            Activation = activation ?? Activation.GeluTanh, LayerNormEpsilon = (double)config["layer_norm_epsilon"]!,
        });
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        using var file = SafetensorsFile.Open(Path.Combine(Root, name, weights));
        foreach (var (own, parameter) in model.named_parameters()) parameter.copy_(Read(file, "", own));
        return model;
    }

    /// <summary>A reference tensor under our parameter name: [out, in], tied matrix as wte.</summary>
    public static Tensor Read(SafetensorsFile file, string prefix, string parameter, bool transposed = true)
    {
        var name = prefix + parameter;
        if (!file.Tensors.ContainsKey(name)) name = prefix + parameter.Replace("wte.", "tokens_embed.", StringComparison.Ordinal).Replace("wpe.", "positions_embed.", StringComparison.Ordinal);
        var value = file.ReadTensor(name);
        return transposed && value.dim() == 2 && parameter.StartsWith("h.", StringComparison.Ordinal) ? value.t().contiguous() : value;
    }

    /// <summary>Parameters after a golden run: 3e-4 everywhere and 1e-5 for 99.9 % of the entries, without the key part of c_attn.bias, whose exact gradient is 0.</summary>
    public static void AssertTrained(string name, Tensor expected, Tensor actual, List<double> differences)
    {
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        var difference = (expected - actual).abs();
        if (name.EndsWith("c_attn.bias", StringComparison.Ordinal))
        {
            var width = difference.size(0) / 3;
            difference = cat([difference.narrow(0, 0, width), difference.narrow(0, 2 * width, width)]);
        }

        Assert.True(difference.max().ToSingle() <= 3e-4, $"{name}: largest difference {difference.max().ToSingle()}");
        differences.AddRange(difference.reshape(-1).to(float64).data<double>().ToArray());
    }

    public static void AssertMostlyWithin(List<double> differences, double tolerance) =>
        Assert.True(differences.Count(d => d <= tolerance) >= 0.999 * differences.Count, $"only {differences.Count(d => d <= tolerance)} of {differences.Count} entries within {tolerance}");

    private static bool Holds(string path, string tensor)
    {
        using var file = SafetensorsFile.Open(path);
        return file.Tensors.ContainsKey(tensor);
    }

    private static string Find()
    {
        for (var folder = AppContext.BaseDirectory; folder is not null; folder = Path.GetDirectoryName(folder))
        {
            if (Directory.Exists(Path.Combine(folder, "tests", "golden"))) return Path.Combine(folder, "tests", "golden");
        }

        throw new DirectoryNotFoundException("No folder tests/golden above the tests; set RESEARCHKIT_GOLDEN.");
    }
}
