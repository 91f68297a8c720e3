namespace ResearchKit.FSharp.Tests

open FsCheck.FSharp
open FsCheck.Xunit
open ResearchKit.Core
open ResearchKit.Core.Configuration
open ResearchKit.FSharp
open Xunit

/// Patterns with rules of one's own among them.
type Patterns =
    static member Pattern() =
        let own =
            Gen.choose (1, 9)
            |> Gen.map (fun n -> Pattern.define $"every {n}" (fun query key -> (query - key) % n = 0))

        let named =
            gen {
                let! length, part = Gen.zip (Gen.choose (1, 99)) (Gen.choose (1, 9))
                let! factors = Gen.elements [ FactorUse.Merged; FactorUse.First; FactorUse.Second ]
                return! Gen.elements [ Pattern.Dense; Pattern.Local length; Pattern.Strided(length, factors); Pattern.Fixed(length, part, factors, 1) ]
            }

        Arb.fromGen (Gen.oneof [ named; own ])

type PatternTests() =

    [<Property(Arbitrary = [| typeof<Patterns> |])>]
    member _.``patterns survive the way to the kit and back``(pattern: Pattern) =
        Pattern.ofAttention (Pattern.toAttention pattern) = pattern

    [<Fact>]
    member _.``a band looks back as far as its window``() =
        let mask = Pattern.mask 4 (Pattern.Local 2)
        Assert.Equal<bool list>([ false; false; true; true ], [ for j in 0..3 -> mask[3, j] ])

    [<Fact>]
    member _.``withPatterns changes the attention alone``() =
        let config = ModelConfig.preset "gpt2-mini" |> Problems.orFail
        let patterns = [ Pattern.Dense; Pattern.Fixed(64, 8, FactorUse.Second, 2) ]
        let changed = ModelConfig.withPatterns patterns config
        Assert.Equal<Pattern list>(patterns, ModelConfig.patterns changed)
        Assert.Equal(config, ModelConfig.withPattern Pattern.Dense changed)

    [<Fact>]
    member _.``set checks the whole configuration again``() =
        let config = ModelConfig.preset "gpt2-mini" |> Problems.orFail
        Assert.Equal(Ok 6, ModelConfig.set "n_layer" 6 config |> Result.map _.LayerCount)

        match ModelConfig.set "n_head" 7 config with
        | Error [ problem ] -> Assert.Contains("must divide", problem)
        | other -> Assert.Fail $"{other}"

        Assert.True((ModelConfig.preset "gpt5" |> Result.isError))

    [<Fact>]
    member _.``operations carry their units``() =
        let config = ModelConfig.preset "gpt2-small" |> Problems.orFail
        let estimate: float<flop> = ModelConfig.trainingFlopsEstimate 1e9<token> config
        Assert.Equal(6.0 * float (ModelConfig.parameters config) * 1e9, float estimate)
        Assert.Equal(3.0, ModelConfig.trainingFlops 1024<token> config / ModelConfig.forwardFlops 1024<token> config, 1e-12)

    [<Fact>]
    member _.``a pattern of one's own sees itself and nothing later, whatever its rule says``() =
        let mask = Pattern.mask 4 (Pattern.define "eager" (fun query key -> key > query || key = 0))
        let seen = [ for i in 0..3 -> [ for j in 0..3 -> mask[i, j] ] ]
        let t, f = true, false
        Assert.Equal<bool list list>([ [ t; f; f; f ]; [ t; t; f; f ]; [ t; f; t; f ]; [ t; f; f; t ] ], seen)

    [<Fact>]
    member _.``a file names a pattern of one's own, and says where it is not defined``() =
        let config = ModelConfig.preset "gpt2-mini" |> Problems.orFail
        let own = Pattern.define "evens" (fun _ key -> key % 2 = 0)
        let changed = ModelConfig.withPatterns [ Pattern.Dense; own ] config
        Assert.Equal<Pattern list>([ Pattern.Dense; own ], ModelConfig.patterns changed)

        match ModelConfig.set "attention" [ {| kind = "custom"; name = "odds" |} ] config with
        | Error [ problem ] ->
            Assert.Contains("`odds` is not defined in this program", problem)
            Assert.Contains("Pattern.define", problem)
        | other -> Assert.Fail $"{other}"

    [<Fact>]
    member _.``a receptive field grows by the window with every layer``() =
        Assert.Equal<Set<int>>(set [ 7..9 ], Pattern.receptiveField 1 10 [ Pattern.Local 3 ])
        Assert.Equal<Set<int>>(set [ 3..9 ], Pattern.receptiveField 3 10 [ Pattern.Local 3 ])
        Assert.Equal<Set<int>>(set [ 0..9 ], Pattern.receptiveField 2 10 [ Pattern.Local 3; Pattern.Dense ])
        Assert.Equal(2.0, Pattern.keysPerQuery 3 Pattern.Dense)

    [<Fact>]
    member _.``a rounded copy answers nearly as the model does, which stays as it was``() =
        let config = ModelConfig.preset "gpt2-mini" |> Result.bind (ModelConfig.set "n_ctx" 32) |> Result.bind (ModelConfig.set "n_vocab" Fakes.letters.VocabularySize) |> Problems.orFail
        use model = Model.create "own" 1L Fakes.letters config |> Problems.orFail
        let before = Model.logLikelihood "abcd" "efgh" model |> Problems.orFail
        use rounded = Model.rounded "own (int8)" model |> Problems.orFail
        let after = Model.logLikelihood "abcd" "efgh" rounded |> Problems.orFail
        Assert.Equal(before, Model.logLikelihood "abcd" "efgh" model |> Problems.orFail)
        Assert.NotEqual(before, after)
        Assert.Equal(before, after, 0.1)
        Assert.NotEqual<string>(model.Language.WeightsHash, rounded.Language.WeightsHash)

    [<Fact>]
    member _.``a model of one's own pattern is scored, cached and written alike``() =
        let own = Pattern.define "self and start" (fun _ key -> key = 0)
        let config = ModelConfig.preset "gpt2-mini" |> Result.bind (ModelConfig.set "n_ctx" 32) |> Result.bind (ModelConfig.set "n_vocab" Fakes.letters.VocabularySize) |> Problems.orFail |> ModelConfig.withPattern own
        use model = Model.create "own" 1L Fakes.letters config |> Problems.orFail
        let text = "abcdefgh"
        let whole = Model.surprisal text model |> Problems.orFail |> List.sumBy snd
        let folder = System.IO.Path.Combine(System.IO.Path.GetTempPath(), $"own-{System.Guid.NewGuid():N}")

        try
            Model.save folder model |> Problems.orFail
            use read = Model.load folder |> Problems.orFail
            Assert.Equal(whole, Model.surprisal text read |> Problems.orFail |> List.sumBy snd, 1e-4)
            Assert.Equal(Model.logLikelihood "abcd" "efgh" model |> Problems.orFail, Model.logLikelihood "abcd" "efgh" read |> Problems.orFail, 1e-4)
            let written = Model.generate (GenerationOptions(MaxNewTokenCount = 4)) "abc" model |> Problems.orFail
            Assert.Equal(written, Model.generate (GenerationOptions(MaxNewTokenCount = 4)) "abc" read |> Problems.orFail)
        finally
            System.IO.Directory.Delete(folder, true)
