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
        if (recipe.ModelDropout is { } dropout) config = config.WithDropout(dropout);
        var model = new Gpt(config, (long)(new CounterRandom(seed, "fine-tuning weights").NextUInt64() >> 1));
        if (recipe.Pretrained) model.CopyFirstLayersFrom(pretrained, recipe.LayersTransferred ?? source.LayerCount);
        model.to(pretrained.Device);
        return model;
    }
}
