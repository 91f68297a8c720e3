using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using static TorchSharp.torch;

namespace ResearchKit.Models;

/// <summary>Fingerprint of a model: equal hashes mean equal scores.</summary>
public static class WeightsHash
{
    private const long ChunkElements = 1L << 24;

    /// <summary>SHA-256 over the configuration (as JSON) and every parameter in name order: name, dtype, shape, bytes.</summary>
    /// <returns>64 lower-case hexadecimal digits.</returns>
    public static string Of(Gpt model)
    {
        using var noGradient = no_grad();
        using var sha = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        sha.AppendData(JsonSerializer.SerializeToUtf8Bytes(model.Config));
        foreach (var (name, parameter) in model.named_parameters().OrderBy(entry => entry.name, StringComparer.Ordinal))
        {
            using var scope = NewDisposeScope();
            var shape = string.Join(',', parameter.shape.Select(size => size.ToString(CultureInfo.InvariantCulture)));
            sha.AppendData(Encoding.UTF8.GetBytes($"\n{name} {parameter.dtype} [{shape}]\n"));
            var flat = parameter.detach().contiguous().view(-1);
            for (long start = 0; start < flat.numel(); start += ChunkElements)     // a span holds at most 2 GiB
            {
                using var chunk = NewDisposeScope();
                sha.AppendData(flat.narrow(0, start, Math.Min(ChunkElements, flat.numel() - start)).cpu().bytes);
            }
        }

        return Convert.ToHexStringLower(sha.GetHashAndReset());
    }
}
