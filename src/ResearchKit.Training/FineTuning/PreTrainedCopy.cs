using ResearchKit.Core.Configuration;
using ResearchKit.Core.Random;
using ResearchKit.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace ResearchKit.Training.FineTuning;

/// <summary>The model that fine-tuning starts from.</summary>
internal static class PreTrainedCopy
{
    /// <summary>A new model with three more tokens, and the pre-trained weights that the recipe transfers. Everything else keeps fresh random weights.</summary>
    public static Gpt Make(Gpt pretrained, FineTuneRecipe recipe, long seed)
    {
        var source = pretrained.Config;
        var config = source with { VocabularySize = source.VocabularySize + InputTransformation.SpecialTokenCount };
        if (recipe.ModelDropout is { } dropout)
        {
            config = config with { EmbeddingDropoutProbability = dropout, AttentionDropoutProbability = dropout, ResidualDropoutProbability = dropout };
        }

        var model = new Gpt(config, (long)(new CounterRandom(seed, "fine-tuning weights").NextUInt64() >> 1));
        if (recipe.Pretrained)
        {
            using var noGradient = no_grad();
            using var scope = NewDisposeScope();
            var weights = pretrained.named_parameters().ToDictionary(pair => pair.name, pair => (Tensor)pair.parameter, StringComparer.Ordinal);
            foreach (var (name, parameter) in model.named_parameters())
            {
                if (!IsTransferred(name, source, recipe.LayersTransferred)) continue;
                if (name == "wte.weight") parameter.narrow(0, 0, source.VocabularySize).copy_(weights[name]);
                else parameter.copy_(weights[name]);
            }
        }

        model.to(pretrained.Device);
        return model;
    }

    /// <summary>Embeddings always; a block when it is among the first n; the final LayerNorm, which belongs to the last block, only with all of them.</summary>
    private static bool IsTransferred(string name, ModelConfig config, int? layers)
    {
        if (name.StartsWith("h.", StringComparison.Ordinal)) return int.Parse(name.Split('.')[1], System.Globalization.CultureInfo.InvariantCulture) < (layers ?? config.LayerCount);
        return !name.StartsWith("ln_f.", StringComparison.Ordinal) || (layers ?? config.LayerCount) == config.LayerCount;
    }
}
