using System.Text.RegularExpressions;
using ResearchKit.Core;

namespace ResearchKit.Models.Checkpoints;

/// <summary>OpenAI's release of GPT-2: a TensorFlow checkpoint, read under Hugging Face's names (matrices [in, out], as both have them).</summary>
internal sealed partial class Gpt2Release : ITensorSource
{
    private readonly TensorFlowCheckpoint _checkpoint;
    private readonly SortedDictionary<string, TensorInfo> _tensors = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _variables = new(StringComparer.Ordinal);

    private Gpt2Release(TensorFlowCheckpoint checkpoint) => _checkpoint = checkpoint;

    public IReadOnlyDictionary<string, TensorInfo> Tensors => _tensors;

    /// <exception cref="ConfigException">The checkpoint is damaged.</exception>
    public static Gpt2Release Open(string indexPath)
    {
        var release = new Gpt2Release(TensorFlowCheckpoint.Open(indexPath));
        try
        {
            foreach (var (variable, info) in release._checkpoint.Tensors)
            {
                var name = PublishedName(variable);
                if (!release._variables.TryAdd(name, variable)) throw new ConfigException($"{indexPath}: two variables have the name `{SafetensorsHeader.Shown(name)}`.");
                // The convolutions of width 1 have a first dimension of 1.
                release._tensors.Add(name, info.Shape is [1, var input, var output] ? new TensorInfo(info.Type, [input, output]) : info);
            }

            return release;
        }
        catch
        {
            release.Dispose();
            throw;
        }
    }

    public void CopyRangeTo(string name, long start, Span<float> destination)
    {
        if (!_variables.TryGetValue(name, out var variable)) throw new ArgumentException($"There is no tensor `{name}`.", nameof(name));
        _checkpoint.CopyRangeTo(variable, start, destination);
    }

    public void Dispose() => _checkpoint.Dispose();

    /// <summary><c>model/h0/attn/c_attn/w</c> to <c>h.0.attn.c_attn.weight</c>; what does not fit the pattern keeps its name and is reported as unexpected.</summary>
    internal static string PublishedName(string variable)
    {
        if (variable is "model/wte" or "model/wpe") return variable[6..] + ".weight";
        var match = VariableName().Match(variable);
        if (!match.Success) return variable;
        var block = match.Groups["layer"].Success ? $"h.{match.Groups["layer"].Value}." : "";
        var part = match.Groups["part"].Value.Replace('/', '.');
        return $"{block}{part}.{(match.Groups["leaf"].Value == "b" ? "bias" : "weight")}";
    }

    [GeneratedRegex(@"^model/(h(?<layer>[0-9]+)/)?(?<part>(attn|mlp)/c_[a-z]+|ln_[12f])/(?<leaf>[wgb])$", RegexOptions.CultureInvariant)]
    private static partial Regex VariableName();
}
