using System.Text.Json.Serialization;

namespace ResearchKit.Core.Configuration;

/// <summary>How a pre-trained model is fine-tuned on labelled examples. Defaults are GPT-1's (Radford et al. 2018 §4.1 and the released <c>train.py</c>).</summary>
public sealed record FineTuneRecipe
{
    /// <summary>Passes over the training examples, at least 1. Default 3.</summary>
    public int Epochs { get; init; } = 3;

    /// <summary>Examples of one update, at least 1. Default 32. The last partial batch of an epoch is dropped, as in the released code; fewer examples than this make one batch of all.</summary>
    public int BatchSize { get; init; } = 32;

    /// <summary>Peak learning rate, above 0. Default 6.25e-5.</summary>
    public double LearningRate { get; init; } = 6.25e-5;

    /// <summary>Weight λ of the language-modelling loss in L3 = L2 + λ·L1, at least 0; 0 leaves it out. Default 0.5.</summary>
    public double Lambda { get; init; } = 0.5;

    /// <summary>Share of the updates that warm up, [0, 1]; then linear decay to 0. Default 0.002. The first update has rate 0, as in the released code.</summary>
    public double Warmup { get; init; } = 0.002;

    /// <summary>Largest global norm of the gradient; 0 switches clipping off. Default 1.</summary>
    public double GradientClip { get; init; } = 1;

    /// <summary>Decoupled weight decay of tensors of rank above 1, at least 0. Default 0.01.</summary>
    public double WeightDecay { get; init; } = 0.01;

    /// <summary>Decay of Adam's first moment, [0, 1). Default 0.9.</summary>
    public double Beta1 { get; init; } = 0.9;

    /// <summary>Decay of Adam's second moment, [0, 1). Default 0.999.</summary>
    public double Beta2 { get; init; } = 0.999;

    /// <summary>ε of Adam, above 0. Default 1e-8.</summary>
    public double Epsilon { get; init; } = 1e-8;

    /// <summary>Dropout probability on the classifier's input, [0, 1). Default 0.1.</summary>
    public double ClassifierDropout { get; init; } = 0.1;

    /// <summary>Dropout probability inside the model while fine-tuning (embeddings, attention, residual branches), [0, 1). Null (default) keeps the model's own, which is 0.1 for GPT-1.</summary>
    public double? ModelDropout { get; init; }

    /// <summary>Blocks whose pre-trained weights are used, from the first; the others start at random, and so does the final LayerNorm. Null (default) means all (Radford et al. 2018, Figure 2).</summary>
    public int? LayersTransferred { get; init; }

    /// <summary>False starts from random weights: the ablation without pre-training (Table 5). Default true.</summary>
    public bool Pretrained { get; init; } = true;

    /// <summary>Predicts with the epoch that is best on the validation split (the earliest of equals): by accuracy, or by loss where the targets are scores (STS-B). Default true. Without validation examples, and when false, the last epoch's weights predict.</summary>
    public bool SelectBest { get; init; } = true;

    /// <summary>What the language-modelling softmax runs over. Default the vocabulary with the three special tokens.</summary>
    public LmSoftmax LmSoftmax { get; init; } = LmSoftmax.Vocabulary;

    /// <summary>How texts that exceed n_ctx are cut. Default GPT-1's rule.</summary>
    public FieldTruncation Truncation { get; init; } = FieldTruncation.Gpt1;

    /// <summary>The optimizer that the recipe describes.</summary>
    [JsonIgnore] public OptimizerConfig Optimizer => OptimizerConfig.Gpt1FineTuning with
    {
        LearningRate = LearningRate, Beta1 = Beta1, Beta2 = Beta2, Epsilon = Epsilon, WeightDecay = WeightDecay, GradientClip = GradientClip,
    };

    /// <summary>Every problem as a sentence that names the key, the value and what is allowed; empty when valid.</summary>
    /// <param name="path">Prefix of the keys, such as <c>recipe.</c>.</param>
    public IReadOnlyList<string> Problems(string path = "")
    {
        var problems = new List<string>();
        if (Epochs < 1) problems.Add($"`{path}epochs` ({Epochs}) must be at least 1.");
        if (BatchSize < 1) problems.Add($"`{path}batch_size` ({BatchSize}) must be at least 1.");
        if (!(Lambda >= 0 && double.IsFinite(Lambda))) problems.Add($"`{path}lambda` ({Lambda}) must be at least 0; 0 leaves the language-modelling loss out.");
        if (!(Warmup is >= 0 and <= 1)) problems.Add($"`{path}warmup` ({Warmup}) must lie in [0, 1]; it is a share of the run.");
        if (!(ClassifierDropout is >= 0 and < 1)) problems.Add($"`{path}classifier_dropout` ({ClassifierDropout}) must lie in [0, 1).");
        if (ModelDropout is not (null or (>= 0 and < 1))) problems.Add($"`{path}model_dropout` ({ModelDropout}) must lie in [0, 1), or be absent for the model's own.");
        if (LayersTransferred is < 0) problems.Add($"`{path}layers_transferred` ({LayersTransferred}) must be at least 0, or absent for all layers.");
        problems.AddRange(Optimizer.Problems(path));
        return problems;
    }
}

/// <summary>What the auxiliary language-modelling softmax runs over.</summary>
public enum LmSoftmax
{
    /// <summary>Vocabulary and the three special tokens.</summary>
    Vocabulary,

    /// <summary>Also the rows of the position embedding, which share one matrix with the tokens in GPT-1's released code.</summary>
    VocabularyAndPositions,
}

/// <summary>How the fields of a structured input are cut so that it fits the context. The first tokens of a field are kept.</summary>
public enum FieldTruncation
{
    /// <summary>Inputs of two fields: each to ⌊n_ctx / 2⌋ - 2 tokens, however short the other is (released <c>train.py</c>). Inputs of one field: to n_ctx - 2.</summary>
    Gpt1,

    /// <summary>Only inputs that do not fit: the longer field until they do.</summary>
    LongestFirst,
}
