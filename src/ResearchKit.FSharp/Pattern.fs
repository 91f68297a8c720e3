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
    /// One of your own; Pattern.define makes it.
    | Custom of CustomAttention

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
        | Pattern.Custom own -> own

    /// The case of a pattern of the kit.
    let ofAttention (pattern: AttentionPattern) : Pattern =
        match pattern with
        | :? DenseAttention -> Pattern.Dense
        | :? LocalAttention as local -> Pattern.Local local.Window
        | :? StridedAttention as strided -> Pattern.Strided(strided.Stride, strided.Heads)
        | :? FixedAttention as block -> Pattern.Fixed(block.Stride, block.Summary, block.Heads, block.SubBlocks)
        | :? CustomAttention as own -> Pattern.Custom own
        | other -> invalidArg (nameof pattern) $"{other.GetType().Name} has no case here."

    /// A pattern of your own, by a rule that says whether the query at one position sees the key at another, earlier one (0-based).
    /// A position always sees itself and never a later one. Files hold the name: define it again, under the same name, before they are read.
    let define (name: string) (sees: int -> int -> bool) : Pattern =
        Pattern.Custom(CustomAttention.Define(name, sees))

    /// Name and parameters in a few words, such as "band 64".
    let name (pattern: Pattern) : string = (toAttention pattern).Label

    /// Whether the query at i sees the key at j (0-based), for one head.
    let allows (head: int) (i: int) (j: int) (pattern: Pattern) : bool =
        (toAttention pattern).Allows(head, i, j)

    /// The mask of the first head over a text: entry [i, j] says whether query i sees key j.
    let mask (length: int) (pattern: Pattern) : bool[,] =
        let attention = toAttention pattern
        Array2D.init length length (fun i j -> attention.Allows(0, i, j))

    /// Mean number of keys that a query of a text of this length sees, over positions.
    let keysPerQuery (length: int) (pattern: Pattern) : float = ModelSize.KeysPerQuery(toAttention pattern, length, 1)

    /// Positions that the last position of a text can draw on after so many layers of these patterns, in turn: paths, not weights.
    let receptiveField (layers: int) (length: int) (patterns: Pattern list) : Set<int> =
        let attention = patterns |> List.map toAttention |> Array.ofList
        let back layer query = seq { 0..query } |> Seq.filter (fun key -> attention[layer % attention.Length].Allows(0, query, key))

        (Set.singleton (length - 1), seq { layers - 1 .. -1 .. 0 })
        ||> Seq.fold (fun reached layer -> reached |> Seq.collect (back layer) |> Set.ofSeq)

    /// Problems of the parameters, as sentences; empty when valid.
    let problems (pattern: Pattern) : string list = List.ofSeq ((toAttention pattern).Problems())
