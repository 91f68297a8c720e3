namespace ResearchKit.Core.Configuration;

/// <summary>Hyperparameters of the optimizer. Defaults are GPT-3's (Brown et al. 2020, Appendix B and Table 2.1).</summary>
public sealed record OptimizerConfig
{
    /// <summary>Which reading of Adam with decoupled decay. Default <see cref="OptimizerForm.Adamw"/>.</summary>
    public OptimizerForm Form { get; init; } = OptimizerForm.Adamw;

    /// <summary>Peak learning rate, which the schedule's factor multiplies; above 0. Default 6e-4 (GPT-3 Small).</summary>
    public double LearningRate { get; init; } = 6e-4;

    /// <summary>Decay of the first moment, [0, 1). Default 0.9.</summary>
    public double Beta1 { get; init; } = 0.9;

    /// <summary>Decay of the second moment, [0, 1). Default 0.95.</summary>
    public double Beta2 { get; init; } = 0.95;

    /// <summary>ε of the denominator, above 0. Default 1e-8.</summary>
    public double Epsilon { get; init; } = 1e-8;

    /// <summary>Decoupled weight decay, at least 0. Default 0.1.</summary>
    public double WeightDecay { get; init; } = 0.1;

    /// <summary>Which parameters decay. Default <see cref="DecayRule.Gpt2"/>; GPT-3 does not say.</summary>
    public DecayRule DecayRule { get; init; } = DecayRule.Gpt2;

    /// <summary>Largest global norm of the gradient; larger gradients are scaled down to it. 0 switches clipping off. Default 1.</summary>
    public double GradientClip { get; init; } = 1.0;

    /// <summary>GPT-1 pre-training: rate 2.5e-4, decay 0.01 on everything but biases and gains (Radford et al. 2018 §4.1). The betas are not stated there; these are its fine-tuning code's.</summary>
    public static OptimizerConfig Gpt1PreTraining { get; } = new()
    {
        Form = OptimizerForm.Gpt1, LearningRate = 2.5e-4, Beta1 = 0.9, Beta2 = 0.999, WeightDecay = 0.01, DecayRule = DecayRule.Gpt1,
    };

    /// <summary>GPT-1 fine-tuning: rate 6.25e-5, decay 0.01 (Radford et al. 2018 §4.1 and the released <c>train.py</c>).</summary>
    public static OptimizerConfig Gpt1FineTuning { get; } = Gpt1PreTraining with { LearningRate = 6.25e-5 };

    /// <summary>Every problem as a sentence that names the key, the value and what is allowed; empty when valid.</summary>
    /// <param name="path">Prefix of the keys, such as <c>optimizer.</c>.</param>
    public IReadOnlyList<string> Problems(string path = "")
    {
        var problems = new List<string>();
        if (!(LearningRate > 0 && double.IsFinite(LearningRate))) problems.Add($"`{path}learning_rate` ({LearningRate}) must be above 0; the papers use 6e-5 to 6e-4.");
        if (!(Beta1 is >= 0 and < 1)) problems.Add($"`{path}beta1` ({Beta1}) must lie in [0, 1).");
        if (!(Beta2 is >= 0 and < 1)) problems.Add($"`{path}beta2` ({Beta2}) must lie in [0, 1).");
        if (!(Epsilon > 0 && double.IsFinite(Epsilon))) problems.Add($"`{path}epsilon` ({Epsilon}) must be above 0; the papers use 1e-8.");
        if (!(WeightDecay >= 0 && double.IsFinite(WeightDecay))) problems.Add($"`{path}weight_decay` ({WeightDecay}) must be at least 0.");
        if (!(GradientClip >= 0 && double.IsFinite(GradientClip))) problems.Add($"`{path}gradient_clip` ({GradientClip}) must be at least 0; 0 switches clipping off.");
        return problems;
    }
}

/// <summary>Two published readings of Adam with decoupled weight decay.</summary>
public enum OptimizerForm
{
    /// <summary><c>p -= lr·wd·p; p -= lr/(1-β₁ᵗ) · m / (√(v/(1-β₂ᵗ)) + ε)</c> (Loshchilov and Hutter 2019, as in PyTorch).</summary>
    Adamw,

    /// <summary><c>r = lr·√(1-β₂ᵗ)/(1-β₁ᵗ); p -= r·(m/(√v + ε) + wd·p)</c>: ε beside the uncorrected √v, decay times the corrected rate (GPT-1's released <c>opt.py</c>).</summary>
    Gpt1,
}

/// <summary>Which parameters weight decay applies to.</summary>
public enum DecayRule
{
    /// <summary>Tensors of rank above 1, embeddings included: "all non bias or gain weights" (Radford et al. 2018 §4.1, <c>opt.py</c>).</summary>
    Gpt1,

    /// <summary>Tensors of rank 2 and above, embeddings included: the common reading for GPT-2 and GPT-3, whose papers do not say. The same set as <see cref="Gpt1"/>.</summary>
    Gpt2,

    /// <summary>Every parameter (<c>vector_l2</c> of <c>opt.py</c>).</summary>
    All,

    /// <summary>No parameter.</summary>
    None,
}
