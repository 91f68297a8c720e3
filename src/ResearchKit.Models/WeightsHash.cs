using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using ResearchKit.Core.Configuration;
using ResearchKit.Models.Checkpoints;
using static TorchSharp.torch;

namespace ResearchKit.Models;

/// <summary>Fingerprint of a model: equal hashes mean equal scores.</summary>
public static class WeightsHash
{
    private const long ChunkElements = 1L << 24;

    /// <summary>SHA-256 over what the model computes: the configuration as JSON, and every parameter in name order with name, shape and float32 values.</summary>
    /// <remarks>The same for every file format that holds the same numbers: dropout and the rule of initialisation, which do not change what a trained model computes, are left out, and an attention list is shortened to its period.
    /// <c>initializer_range</c> and <c>position_initialization</c> stay in: models that differ in these alone cost at most a result computed twice.</remarks>
    /// <returns>64 lower-case hexadecimal digits.</returns>
    public static string Of(Gpt model)
    {
        using var noGradient = no_grad();
        using var sha = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        sha.AppendData(JsonSerializer.SerializeToUtf8Bytes(Canonical(model.Config), ConfigJson.Compact));
        foreach (var (name, parameter) in model.named_parameters().OrderBy(entry => entry.name, StringComparer.Ordinal))
        {
            using var scope = NewDisposeScope();
            var shape = string.Join(',', parameter.shape.Select(size => size.ToString(CultureInfo.InvariantCulture)));
            sha.AppendData(Encoding.UTF8.GetBytes($"\n{name} [{shape}]\n"));
            var flat = parameter.detach().contiguous().view(-1);
            for (long start = 0; start < flat.numel(); start += ChunkElements)     // a span holds at most 2 GiB
            {
                using var chunk = NewDisposeScope();
                sha.AppendData(flat.narrow(0, start, Math.Min(ChunkElements, flat.numel() - start)).cpu().to(ScalarType.Float32).bytes);
            }
        }

        return Convert.ToHexStringLower(sha.GetHashAndReset());
    }

    private static ModelConfig Canonical(ModelConfig config) => config.WithDropout(0) with
    {
        InnerSize = config.FeedForwardSize,
        Attention = AttentionPeriod.Shortest([.. Enumerable.Range(0, config.LayerCount).Select(config.PatternAt)]),
        Initialization = Initialization.Gpt2,
    };
}
