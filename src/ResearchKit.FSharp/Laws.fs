namespace ResearchKit.FSharp

open System
open FsCheck
open FsCheck.FSharp
open ResearchKit.Core.Configuration
open ResearchKit.Core.Random
open ResearchKit.Models
open TorchSharp

/// A small variant of a configuration that a law is tried on.
type Variant =
    { /// Layers.
      Layers: int
      /// Heads.
      Heads: int
      /// Width of a head.
      HeadSize: int
      /// Context length.
      Context: int
      /// Vocabulary size.
      Vocabulary: int
      /// Seed of weights and tokens.
      Seed: int }

/// A law that does not hold.
type Violation =
    { /// Name of the law.
      Law: string
      /// Paper and section that it comes from.
      Source: string
      /// Smallest variant found; None where the configuration itself is impossible.
      Counterexample: Variant option
      /// What was seen.
      Found: string }

/// What every language model of the three papers obeys, tried on small variants of your configuration or on a network of your own.
[<RequireQualifiedAccess>]
module Laws =

    type private Network = torch.nn.Module<torch.Tensor, torch.Tensor>
    type private Build = ModelConfig -> int64 -> Network

    type private Law =
        { Name: string
          From: string
          /// None where it holds, else what was seen.
          Fails: Build -> ModelConfig -> int -> string option }

    /// Float32 at widths up to 32: rounding stays below, a wrong mask is far above.
    let private tolerance = 1e-4f

    let private draws (seed: int) (purpose: string) = CounterRandom(int64 seed, purpose, ReadOnlySpan.Empty)

    let private tokens (random: CounterRandom) (config: ModelConfig) (count: int) =
        Array.init count (fun _ -> int64 (random.Next config.VocabularySize))

    let private tensor (rows: int64[][]) =
        torch.tensor(Array.concat rows).reshape (int64 rows.Length, int64 rows[0].Length) // [B, T] Int64

    /// Logits by row and position.
    let private logits (network: Network) (rows: int64[][]) : float32[][][] =
        use _ = torch.NewDisposeScope()
        use _ = torch.inference_mode ()
        let values = network.call(tensor rows).data<float32>().ToArray() // [B, T, V]
        values |> Array.chunkBySize (values.Length / rows.Length / rows[0].Length) |> Array.chunkBySize rows[0].Length

    let private distance (a: float32[]) (b: float32[]) = Array.fold2 (fun most x y -> max most (abs (x - y))) 0f a b

    let private firstDifference (a: float32[][]) (b: float32[][]) =
        Seq.map2 distance a b |> Seq.tryFindIndex (fun difference -> not (difference <= tolerance))

    let private built (build: Build) config (seed: int) (check: Network -> string option) =
        use network = build config (int64 seed)
        network.eval ()
        check network

    /// Row t, column p: whether layers of these patterns carry anything from position p to position t.
    let private reach (config: ModelConfig) =
        let n = config.ContextLength

        let mask layer =
            let pattern = config.PatternAt layer
            Array2D.init n n (fun i j -> Seq.exists (fun head -> pattern.Allows(head, i, j)) (seq { 0 .. config.HeadCount - 1 }))

        let after (later: bool[,]) (earlier: bool[,]) =
            Array2D.init n n (fun i j -> Seq.exists (fun k -> later[i, k] && earlier[k, j]) (seq { 0 .. n - 1 }))

        Seq.init config.LayerCount mask |> Seq.reduce (fun so layer -> after layer so)

    let private changedAt (place: int) (config: ModelConfig) (text: int64[]) =
        Array.mapi (fun i id -> if i = place then (id + 1L) % int64 config.VocabularySize else id) text

    let private causality =
        { Name = "causality: a later token changes no earlier prediction"
          From = "Radford et al. 2018 §3.1, equation 1"
          Fails =
            fun build config seed ->
                built build config seed (fun network ->
                    let random = draws seed "causality"
                    let text = tokens random config config.ContextLength
                    let place = random.Next(1, text.Length)
                    let before, after = (logits network [| text |])[0], (logits network [| changedAt place config text |])[0]

                    firstDifference before[.. place - 1] after[.. place - 1]
                    |> Option.map (fun t -> $"changing token {place} changes the logits at position {t}")) }

    let private receptiveField =
        { Name = "receptive field: a token reaches only the positions that the layers' patterns connect"
          From = "Child et al. 2019 §4.3; Brown et al. 2020 §2.1"
          Fails =
            fun build config seed ->
                built build config seed (fun network ->
                    let random = draws seed "reach"
                    let text = tokens random config config.ContextLength
                    let place = random.Next text.Length
                    let before, after = (logits network [| text |])[0], (logits network [| changedAt place config text |])[0]
                    let reaches = reach config

                    Seq.init text.Length id
                    |> Seq.tryFind (fun t -> not reaches[t, place] && not (distance before[t] after[t] <= tolerance))
                    |> Option.map (fun t -> $"changing token {place} changes the logits at position {t}, which no path of the patterns connects")) }

    let private permutation =
        { Name = "batch permutation: rows of a batch do not see each other"
          From = "Radford et al. 2018 §3.1: the likelihood is of each text alone"
          Fails =
            fun build config seed ->
                built build config seed (fun network ->
                    let random = draws seed "rows"
                    let rows = Array.init 4 (fun _ -> tokens random config config.ContextLength)
                    let order = random.Sample(4, 4)
                    let straight, permuted = logits network rows, logits network (order |> Array.map (fun row -> rows[row]))

                    Seq.indexed order
                    |> Seq.tryPick (fun (place, row) ->
                        firstDifference straight[row] permuted[place]
                        |> Option.map (fun t -> $"row {row} at place {place} of the batch has other logits at position {t}"))) }

    let private parameterCount =
        { Name = "parameter count: the network has as many parameters as the formula says"
          From = "Brown et al. 2020 Table D.1, whose counts the formula meets; Radford et al. 2019 Table 2, whose counts its authors corrected with the release"
          Fails =
            fun build config seed ->
                built build config seed (fun network ->
                    let count = network.parameters () |> Seq.sumBy (fun parameter -> parameter.numel ())

                    if count = config.ParameterCount then None
                    else Some $"the network has {count} parameters, the formula says {config.ParameterCount}") }

    let private bandInDense =
        { Name = "band ⊆ dense: patterns look back and at themselves, and a band as wide as the text is dense attention"
          From = "Child et al. 2019 §4.3; Brown et al. 2020 §2.1"
          Fails =
            fun build config seed ->
                let n = config.ContextLength

                let wrong =
                    Seq.tryPick id (seq {
                        for pattern in config.Attention do
                            for head in 0 .. config.HeadCount - 1 do
                                for i in 0 .. n - 1 do
                                    for j in 0 .. n - 1 do
                                        let allowed = pattern.Allows(head, i, j)
                                        if allowed && j > i then Some $"{Pattern.name (Pattern.ofAttention pattern)} lets query {i} see the later key {j}"
                                        elif i = j && not allowed then Some $"{Pattern.name (Pattern.ofAttention pattern)} hides position {i} from itself"
                                        else None
                    })

                let text = tokens (draws seed "band") config n
                let answers pattern =
                    use network = build (ModelConfig.withPattern pattern config) (int64 seed)
                    network.eval ()
                    (logits network [| text |])[0]

                wrong
                |> Option.orElseWith (fun () ->
                    firstDifference (answers Pattern.Dense) (answers (Pattern.Local n))
                    |> Option.map (fun t -> $"a band of {n} differs from dense attention at position {t}")) }

    let private cache =
        { Name = "cached = recomputed: reading token by token gives the logits of reading at once"
          From = "Vaswani et al. 2017 §3.2.3: a position depends on earlier ones alone, so they can be kept, as the released GPT-2 does (openai/gpt-2 src/model.py)"
          Fails =
            fun build config seed ->
                built build config seed (fun network ->
                    match network with
                    | :? Gpt as gpt ->
                        let random = draws seed "cache"
                        let text = tokens random config config.ContextLength
                        let whole = (logits network [| text |])[0]
                        use cache = new KeyValueCache(gpt, 1)

                        let read (ids: int64[]) =
                            use _ = torch.NewDisposeScope()
                            use _ = torch.inference_mode ()
                            let values = gpt.Logits(gpt.Hidden(tensor [| ids |], cache)).data<float32>().ToArray() // [1, T, V]
                            Array.chunkBySize config.VocabularySize values

                        let start = random.Next(1, text.Length)
                        let parts = Array.append [| read text[.. start - 1] |] (text[start..] |> Array.map (fun id -> read [| id |]))

                        firstDifference whole (Array.concat parts)
                        |> Option.map (fun t -> $"behind a cache of {start} tokens and on, the logits differ at position {t}")
                    | _ -> None) }

    let private laws = [ parameterCount; causality; receptiveField; permutation; bandInDense; cache ]

    /// Names of the laws with the paper sections that they come from.
    let all: (string * string) list = laws |> List.map (fun law -> law.Name, law.From)

    // Windows keep their share of the context, so that a band stays a band.
    let private scaled (variant: Variant) (config: ModelConfig) (pattern: Pattern) =
        let share length = max 1 (int (int64 length * int64 variant.Context / int64 config.ContextLength))

        match pattern with
        | Pattern.Dense -> Pattern.Dense
        | Pattern.Local window -> Pattern.Local(share window)
        | Pattern.Strided(stride, factors) -> Pattern.Strided(share stride, factors)
        | Pattern.Fixed(stride, summary, factors, subBlocks) ->
            let stride, summary = share stride, min (share summary) (share stride)
            Pattern.Fixed(stride, summary, factors, max 1 (min subBlocks (stride / summary)))
        // A rule of your own speaks of positions, which nobody can shrink for you.
        | Pattern.Custom own -> Pattern.Custom own

    /// The configuration at the size of a variant, with weights large enough that every term matters.
    let shrink (variant: Variant) (config: ModelConfig) : ModelConfig =
        let width = variant.Heads * variant.HeadSize

        [ Config.assignment "n_layer" variant.Layers
          Config.assignment "n_head" variant.Heads
          Config.assignment "n_embd" width
          Config.assignment "n_ctx" variant.Context
          Config.assignment "n_vocab" variant.Vocabulary
          Config.assignment "initializer_range" 0.25
          if config.InnerSize.HasValue then
              Config.assignment "n_inner" (max 1 (int (int64 config.InnerSize.Value * int64 width / int64 config.EmbeddingSize))) ]
        |> fun values -> ModelConfig.withValues values config
        |> ModelConfig.withPatterns (ModelConfig.patterns config |> List.map (scaled variant config))

    let private variants =
        let generator =
            gen {
                let! layers = Gen.choose (1, 3)
                let! heads = Gen.choose (1, 4)
                let! headSize = Gen.choose (1, 8)
                let! context = Gen.choose (2, 16)
                let! vocabulary = Gen.choose (2, 40)
                let! seed = Gen.choose (0, 1_000_000)
                return { Layers = layers; Heads = heads; HeadSize = headSize; Context = context; Vocabulary = vocabulary; Seed = seed }
            }

        let smaller least value = if value > least then Seq.distinct [ least; (least + value) / 2; value - 1 ] else Seq.empty

        let shrinker variant =
            seq {
                for layers in smaller 1 variant.Layers -> { variant with Layers = layers }
                for heads in smaller 1 variant.Heads -> { variant with Heads = heads }
                for size in smaller 1 variant.HeadSize -> { variant with HeadSize = size }
                for context in smaller 2 variant.Context -> { variant with Context = context }
                for vocabulary in smaller 2 variant.Vocabulary -> { variant with Vocabulary = vocabulary }
            }

        Arb.fromGenShrink (generator, shrinker)

    let private violation (count: int) (build: Build) (config: ModelConfig) (law: Law) : Violation option =
        let found (variant: Variant) =
            try
                law.Fails build (shrink variant config) variant.Seed
            with error ->
                Some $"{error.GetType().Name}: {error.Message}"

        let counterexample = ref None

        let runner =
            { new IRunner with
                member _.OnStartFixture _ = ()
                member _.OnArguments(_, _, _) = ()
                member _.OnShrink(_, _) = ()

                member _.OnFinished(_, result) =
                    match result with
                    | TestResult.Failed(_, _, smallest, _, _, _, _) -> counterexample.Value <- Some(smallest.Head :?> Variant)
                    | _ -> () }

        // A fixed seed: the same configuration gives the same answer.
        let settings = Config.Quick.WithRunner(runner).WithMaxTest(count).WithReplay(Some { Rnd = Rnd 20201UL; Size = None })
        Check.One(settings, Prop.forAll variants (fun variant -> (found variant).IsNone))

        counterexample.Value
        |> Option.map (fun variant ->
            { Law = law.Name; Source = law.From; Counterexample = Some variant; Found = Option.defaultValue "it failed once only" (found variant) })

    /// Tries every law on a network of your own, a module from [B, T] ids to [B, T, V] float32 logits, so many variants each.
    /// The law of the cache is tried where the network is a Gpt: others have no cache to compare with.
    let checkNetwork (count: int) (build: ModelConfig -> int64 -> torch.nn.Module<torch.Tensor, torch.Tensor>) (config: ModelConfig) : Result<unit, Violation list> =
        match ModelConfig.validate config with
        | Error problems ->
            Error [ for problem in problems -> { Law = "possible configuration"; Source = "the model's keys"; Counterexample = None; Found = problem } ]
        | Ok config ->
            Compute.ready ()

            match List.choose (violation count build config) laws with
            | [] -> Ok()
            | violations -> Error violations

    /// Tries every law on small variants of a configuration, 12 each; a fixed seed makes the answer repeatable.
    let check (config: ModelConfig) : Result<unit, Violation list> =
        checkNetwork 12 (fun config seed -> new Gpt(config, seed)) config
