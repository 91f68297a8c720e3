using System.Text.RegularExpressions;
using ResearchKit.Core.Configuration;

namespace ResearchKit.Models.Checkpoints;

/// <summary>The three ways in which published files name and store the parameters of <see cref="Gpt"/>.</summary>
internal enum CheckpointFamily
{
    /// <summary>Hugging Face <c>openai-gpt</c>: GPT-2's block names, <c>tokens_embed</c> and <c>positions_embed</c>, matrices [in, out].</summary>
    OpenAIGpt,

    /// <summary>Hugging Face <c>gpt2</c>: matrices [in, out] (Conv1D).</summary>
    Gpt2,

    /// <summary>Hugging Face <c>gpt_neo</c>: query, key and value apart, matrices [out, in], names under <c>transformer.</c>.</summary>
    GptNeo,
}

/// <summary>One stored tensor and the rows of the parameter that it holds.</summary>
/// <param name="FileName">Name in the file, without the prefix <c>transformer.</c>.</param>
/// <param name="Shape">Shape in the file.</param>
/// <param name="Parameter">Name in <see cref="Gpt"/>; null where the file must hold zeros (a bias that the model does not have).</param>
/// <param name="FirstRow">First row of the parameter, 0 but for the parts of a fused matrix.</param>
/// <param name="Transposed">Whether the file holds [in, out] and the parameter [out, in].</param>
internal sealed record StoredParameter(string FileName, long[] Shape, string? Parameter, long FirstRow = 0, bool Transposed = false);

/// <summary>Which tensors a file of a family has for a configuration; import and export both follow this one list.</summary>
internal static partial class CheckpointLayout
{
    /// <summary>Prefix that files of whole language models carry.</summary>
    public const string Prefix = "transformer.";

    /// <summary>The tied output matrix: equal to the token embedding where present.</summary>
    public const string OutputMatrix = "lm_head.weight";

    public static IEnumerable<StoredParameter> Of(ModelConfig config, CheckpointFamily family)
    {
        long c = config.EmbeddingSize, f = config.FeedForwardSize;
        var transposed = family != CheckpointFamily.GptNeo;
        var (tokens, positions) = family == CheckpointFamily.OpenAIGpt ? ("tokens_embed.weight", "positions_embed.weight") : ("wte.weight", "wpe.weight");
        yield return new(tokens, [config.VocabularySize, c], "wte.weight");
        yield return new(positions, [config.ContextLength, c], "wpe.weight");
        for (var layer = 0; layer < config.LayerCount; layer++)
        {
            var h = $"h.{layer}.";
            foreach (var norm in new[] { "ln_1", "ln_2" })
            {
                yield return new($"{h}{norm}.weight", [c], $"{h}{norm}.weight");
                yield return new($"{h}{norm}.bias", [c], $"{h}{norm}.bias");
            }

            if (family == CheckpointFamily.GptNeo)
            {
                var row = 0L;
                foreach (var part in new[] { "q_proj", "k_proj", "v_proj" })
                {
                    yield return new($"{h}attn.attention.{part}.weight", [c, c], $"{h}attn.c_attn.weight", row);
                    row += c;
                }

                yield return new($"{h}attn.attention.out_proj.weight", [c, c], $"{h}attn.c_proj.weight");
                yield return new($"{h}attn.attention.out_proj.bias", [c], $"{h}attn.c_proj.bias");
            }
            else
            {
                yield return new($"{h}attn.c_attn.weight", [c, 3 * c], $"{h}attn.c_attn.weight", Transposed: true);
                yield return new($"{h}attn.c_attn.bias", [3 * c], config.QueryKeyValueBias ? $"{h}attn.c_attn.bias" : null);
                yield return new($"{h}attn.c_proj.weight", [c, c], $"{h}attn.c_proj.weight", Transposed: true);
                yield return new($"{h}attn.c_proj.bias", [c], $"{h}attn.c_proj.bias");
            }

            yield return new($"{h}mlp.c_fc.weight", transposed ? [c, f] : [f, c], $"{h}mlp.c_fc.weight", Transposed: transposed);
            yield return new($"{h}mlp.c_fc.bias", [f], $"{h}mlp.c_fc.bias");
            yield return new($"{h}mlp.c_proj.weight", transposed ? [f, c] : [c, f], $"{h}mlp.c_proj.weight", Transposed: transposed);
            yield return new($"{h}mlp.c_proj.bias", [c], $"{h}mlp.c_proj.bias");
        }

        if (config.Norm != NormPlacement.Pre) yield break;
        yield return new("ln_f.weight", [c], "ln_f.weight");
        yield return new("ln_f.bias", [c], "ln_f.bias");
    }

    /// <summary>Whether a name (without prefix) is a buffer that published files carry and no model needs: causal masks, the masked score, position numbers.</summary>
    public static bool IsBuffer(string name) => BufferName().IsMatch(name);

    /// <summary>Whether a name belongs to a head beside the language model (GPT-1's multiple choice, classification); such tensors are left out, and said to be.</summary>
    public static bool IsTaskHead(string name) => TaskHeadName().IsMatch(name);

    [GeneratedRegex(@"^(h\.\d+\.attn\.(attention\.)?(bias|masked_bias)|position_ids)$", RegexOptions.CultureInvariant)]
    private static partial Regex BufferName();

    [GeneratedRegex(@"^(multiple_choice_head\.summary\.(weight|bias)|(score|classifier|summary)\.(weight|bias))$", RegexOptions.CultureInvariant)]
    private static partial Regex TaskHeadName();
}
