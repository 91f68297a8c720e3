namespace ResearchKit.FSharp.Tests

open FsCheck.Xunit
open ResearchKit.Core.Configuration
open ResearchKit.FSharp
open Xunit

type PatternTests() =

    [<Property>]
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

        match ModelConfig.set "n_head" 5 config with
        | Error [ problem ] -> Assert.Contains("must divide", problem)
        | other -> Assert.Fail $"{other}"

        Assert.True((ModelConfig.preset "gpt5" |> Result.isError))

    [<Fact>]
    member _.``operations carry their units``() =
        let config = ModelConfig.preset "gpt2-small" |> Problems.orFail
        let estimate: float<flop> = ModelConfig.trainingFlopsEstimate 1e9<token> config
        Assert.Equal(6.0 * float (ModelConfig.parameters config) * 1e9, float estimate)
        Assert.Equal(3.0, ModelConfig.trainingFlops 1024<token> config / ModelConfig.forwardFlops 1024<token> config, 1e-12)
