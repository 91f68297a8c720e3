using System.Text.Json.Serialization;
using static System.FormattableString;

namespace ResearchKit.Core.Configuration;

/// <summary>Which earlier positions a query may attend to. All patterns are causal and contain the position itself.</summary>
/// <remarks>Child et al. 2019 §4.3 and §5.1; Brown et al. 2020 §2.1; see each case for the reading taken.</remarks>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "kind")]
[JsonDerivedType(typeof(DenseAttention), "dense")]
[JsonDerivedType(typeof(LocalAttention), "local")]
[JsonDerivedType(typeof(StridedAttention), "strided")]
[JsonDerivedType(typeof(FixedAttention), "fixed")]
[JsonDerivedType(typeof(CustomAttention), "custom")]
public abstract record AttentionPattern
{
    private protected AttentionPattern()
    {
    }

    /// <summary>Whether the query at position <paramref name="i"/> may see the key at position <paramref name="j"/> (0-based). This is the definition; every fast path is tested against it.</summary>
    public abstract bool Allows(int i, int j);

    /// <summary>As <see cref="Allows(int, int)"/> for one head, where heads differ (<see cref="HeadVariants"/> above 1).</summary>
    public virtual bool Allows(int head, int i, int j) => Allows(i, j);

    /// <summary>Number of different masks among the heads: head h has mask h mod this. Default 1, all heads alike.</summary>
    [JsonIgnore] public virtual int HeadVariants => 1;

    /// <summary>Kind and parameters in a few words, such as <c>band 64</c>.</summary>
    [JsonIgnore] public string Label => this switch
    {
        LocalAttention local => Invariant($"band {local.Window}"),
        StridedAttention strided => Invariant($"strided {strided.Stride}, {strided.Heads.ToString().ToLowerInvariant()}"),
        FixedAttention blocks => Invariant($"fixed {blocks.Stride}, {blocks.Summary}, {blocks.Heads.ToString().ToLowerInvariant()}{(blocks.SubBlocks > 1 ? $", {blocks.SubBlocks} sub-blocks" : "")}"),
        CustomAttention own => own.Name,
        _ => "dense",
    };

    /// <summary>Problems of the parameters, as sentences; empty when valid.</summary>
    public virtual IEnumerable<string> Problems() => [];
}

/// <summary>Every earlier position: lower triangle.</summary>
public sealed record DenseAttention : AttentionPattern
{
    /// <inheritdoc/>
    public override bool Allows(int i, int j) => j <= i;
}

/// <summary>Locally banded: the last <paramref name="Window"/> positions including the query itself, keys i-w+1 … i.</summary>
/// <param name="Window">w ≥ 1. GPT-Neo uses 256; GPT-3's width is not published.</param>
/// <remarks>The count includes self, as in openai/sparse_attention and GPT-Neo. The Sparse Transformer paper's A1 = {i-l … i} is <c>Window = l + 1</c>.</remarks>
public sealed record LocalAttention(int Window) : AttentionPattern
{
    /// <inheritdoc/>
    public override bool Allows(int i, int j) => j <= i && i - j < Window;

    /// <inheritdoc/>
    public override IEnumerable<string> Problems() =>
        Window >= 1 ? [] : [$"window ({Window}) must be at least 1: it counts the query's own position."];
}

/// <summary>Sparse Transformer's strided pattern.</summary>
/// <param name="Stride">l ≥ 1.</param>
/// <param name="Heads">Which of the pattern's two factors the layer uses; <see cref="FactorUse.Merged"/> (default) is their union.</param>
/// <remarks>A1 = {max(0, i-l+1) … i} (l keys, as in openai/sparse_attention; the paper's text has l + 1), A2 = {j : (i-j) mod l = 0}. Child et al. 2019 §4.3.</remarks>
public sealed record StridedAttention(int Stride, FactorUse Heads = FactorUse.Merged) : AttentionPattern
{
    /// <inheritdoc/>
    public override bool Allows(int i, int j) => j <= i && Heads switch
    {
        FactorUse.First => i - j < Stride,
        FactorUse.Second => (i - j) % Stride == 0,
        _ => i - j < Stride || (i - j) % Stride == 0,
    };

    /// <inheritdoc/>
    public override IEnumerable<string> Problems() => Stride >= 1 ? [] : [$"stride ({Stride}) must be at least 1."];
}

/// <summary>Sparse Transformer's fixed pattern: own block, plus the last <paramref name="Summary"/> columns of every block.</summary>
/// <param name="Stride">Block length l ≥ 1.</param>
/// <param name="Summary">Summary columns c of each block, 1 ≤ c ≤ l. The paper recommends 8, 16 or 32 for l of 128 or 256.</param>
/// <param name="Heads">Which of the pattern's two factors the layer uses; <see cref="FactorUse.Merged"/> (default) is their union.</param>
/// <param name="SubBlocks">n ≥ 1 (default 1): head h summarizes columns l-c(g+1) … l-cg-1 of every block, g = h mod n, so that heads differ. n · c ≤ l.
/// <c>num_verts</c> of openai/sparse_attention, whose <c>vertsize</c> times block size is <paramref name="Summary"/>.</param>
/// <remarks>A1 = {j : ⌊j/l⌋ = ⌊i/l⌋}, A2 = {j : j mod l ∈ {l-c … l-1}} with j ≤ i (the paper's set names the value l, which no remainder reaches).
/// With <see cref="FactorUse.Second"/> alone the position itself is added, since a row without keys has no softmax. Child et al. 2019 §4.3.</remarks>
public sealed record FixedAttention(int Stride, int Summary, FactorUse Heads = FactorUse.Merged, int SubBlocks = 1) : AttentionPattern
{
    /// <inheritdoc/>
    [JsonIgnore] public override int HeadVariants => SubBlocks;

    /// <inheritdoc/>
    public override bool Allows(int i, int j) => Allows(0, i, j);

    /// <inheritdoc/>
    public override bool Allows(int head, int i, int j)
    {
        var end = Stride - Summary * (head % SubBlocks);
        var summary = j % Stride >= end - Summary && j % Stride < end;
        return j <= i && Heads switch
        {
            FactorUse.First => j / Stride == i / Stride,
            FactorUse.Second => j == i || summary,
            _ => j / Stride == i / Stride || summary,
        };
    }

    /// <inheritdoc/>
    public override IEnumerable<string> Problems()
    {
        if (Stride < 1) yield return $"stride ({Stride}) must be at least 1.";
        if (Summary < 1 || Summary > Stride) yield return $"summary ({Summary}) must lie between 1 and the stride ({Stride}).";
        if (SubBlocks < 1) yield return $"sub_blocks ({SubBlocks}) must be at least 1.";
        else if ((long)SubBlocks * Summary > Stride) yield return $"sub_blocks ({SubBlocks}) times summary ({Summary}) must not exceed the stride ({Stride}): the heads' columns come from one block.";
    }
}

/// <summary>Which factor of a two-factor sparse pattern a layer uses.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<FactorUse>))]
public enum FactorUse
{
    /// <summary>Union of both, the paper's merged head.</summary>
    [JsonStringEnumMemberName("merged")] Merged,

    /// <summary>A1 alone; with <see cref="Second"/> in the next layer this is the paper's interleaving.</summary>
    [JsonStringEnumMemberName("first")] First,

    /// <summary>A2 alone.</summary>
    [JsonStringEnumMemberName("second")] Second,
}
