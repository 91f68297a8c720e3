namespace ResearchKit.FSharp

open ResearchKit.Core.Configuration

/// Which earlier positions a query sees; the cases of the kit's attention patterns. All are causal and contain the position itself.
[<RequireQualifiedAccess>]
type Pattern =
    /// Every earlier position.
    | Dense
    /// The last positions, the query's own included (Brown et al. 2020 §2.1; the paper's width is not published).
    | Local of window: int
    /// Own band and every stride-th position before (Child et al. 2019 §4.3).
    | Strided of stride: int * factors: FactorUse
    /// Own block and the last columns of every block (Child et al. 2019 §4.3).
    | Fixed of stride: int * summary: int * factors: FactorUse * subBlocks: int

/// Attention patterns.
[<RequireQualifiedAccess>]
module Pattern =

    /// The kit's pattern.
    let toAttention (pattern: Pattern) : AttentionPattern =
        match pattern with
        | Pattern.Dense -> DenseAttention()
        | Pattern.Local window -> LocalAttention window
        | Pattern.Strided(stride, factors) -> StridedAttention(stride, factors)
        | Pattern.Fixed(stride, summary, factors, subBlocks) -> FixedAttention(stride, summary, factors, subBlocks)

    /// The case of a pattern of the kit.
    let ofAttention (pattern: AttentionPattern) : Pattern =
        match pattern with
        | :? DenseAttention -> Pattern.Dense
        | :? LocalAttention as local -> Pattern.Local local.Window
        | :? StridedAttention as strided -> Pattern.Strided(strided.Stride, strided.Heads)
        | :? FixedAttention as block -> Pattern.Fixed(block.Stride, block.Summary, block.Heads, block.SubBlocks)
        | other -> invalidArg (nameof pattern) $"{other.GetType().Name} has no case here."

    /// Whether the query at i sees the key at j (0-based), for one head.
    let allows (head: int) (i: int) (j: int) (pattern: Pattern) : bool =
        (toAttention pattern).Allows(head, i, j)

    /// The mask of the first head over a text: entry [i, j] says whether query i sees key j.
    let mask (length: int) (pattern: Pattern) : bool[,] =
        let attention = toAttention pattern
        Array2D.init length length (fun i j -> attention.Allows(0, i, j))

    /// Problems of the parameters, as sentences; empty when valid.
    let problems (pattern: Pattern) : string list = List.ofSeq ((toAttention pattern).Problems())
