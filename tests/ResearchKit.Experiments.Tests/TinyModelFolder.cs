using ResearchKit.Core.Configuration;
using ResearchKit.Core.Tokenization;
using ResearchKit.Evaluation.Suite;
using ResearchKit.Models;
using ResearchKit.Models.Checkpoints;

namespace ResearchKit.Experiments.Tests;

/// <summary>A model folder small enough to run whole experiments in a second: 2 layers × 16, 300 byte pairs, random weights.</summary>
internal static class TinyModelFolder
{
    /// <summary>Learned once for all tests, from generated documents.</summary>
    public static BytePairTokenizer Tokenizer { get; } = BytePairTrainer.Train(Texts(0, 150), 300, "tiny");

    public static ModelConfig Config { get; } = new()
    {
        LayerCount = 2,
        HeadCount = 2,
        EmbeddingSize = 16,
        ContextLength = 96,
        VocabularySize = 300,
        InitializerRange = 0.3,                                           // far from even, so that answers differ between items
    };

    public static IEnumerable<string> Texts(long seed, int count) => Enumerable.Range(0, count).Select(i => PretrainingDocuments.Generate(seed, i).Text);

    /// <summary>Makes the folder.</summary>
    /// <param name="folder">Target.</param>
    /// <param name="seed">Seed of the weights.</param>
    /// <param name="withTokenizer">False leaves the tokenizer's files out.</param>
    public static void Make(string folder, int seed = 1, bool withTokenizer = true)
    {
        using var model = new Gpt(Config, seed);
        ModelFolder.Save(folder, model, withTokenizer ? Tokenizer : null);
    }
}
