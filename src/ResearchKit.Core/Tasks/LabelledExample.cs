using System.Text.Json.Serialization;

namespace ResearchKit.Core.Tasks;

/// <summary>The four shapes of labelled text that GPT-1 fine-tunes on (Radford et al. 2018 §3.3, Figure 1).</summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "kind")]
[JsonDerivedType(typeof(ClassificationInput), "classification")]
[JsonDerivedType(typeof(EntailmentInput), "entailment")]
[JsonDerivedType(typeof(SimilarityInput), "similarity")]
[JsonDerivedType(typeof(MultipleChoiceInput), "multiple_choice")]
public abstract record StructuredInput
{
    private protected StructuredInput()
    {
    }
}

/// <summary><c>[start] text [extract]</c>.</summary>
public sealed record ClassificationInput(string Text) : StructuredInput;

/// <summary><c>[start] premise [delimiter] hypothesis [extract]</c>.</summary>
public sealed record EntailmentInput(string Premise, string Hypothesis) : StructuredInput;

/// <summary>Both orders of two texts; the two extracted states are added.</summary>
public sealed record SimilarityInput(string First, string Second) : StructuredInput;

/// <summary><c>[start] context [delimiter] answer [extract]</c> for every answer; softmax over the answers.</summary>
public sealed record MultipleChoiceInput(string Context, IReadOnlyList<string> Answers) : StructuredInput;

/// <summary>A labelled item for fine-tuning.</summary>
/// <param name="Id">Stable id, the same as the in-context item's, so that regimes are paired.</param>
/// <param name="Input">Texts.</param>
/// <param name="Label">Class index, or index of the right answer.</param>
public sealed record LabelledExample(string Id, StructuredInput Input, int Label)
{
    /// <summary>A number between the classes, of which <see cref="Label"/> is the nearest, such as STS-B's similarity in [0, 5] between the classes 0 to 5; null (default) where the label is all there is.
    /// With it, the training target is a distribution over the two neighbouring classes.</summary>
    public double? Score { get; init; }
}
