namespace ResearchKit.FSharp.Tests

open ResearchKit.Core.Configuration
open ResearchKit.FSharp
open ResearchKit.Models
open TorchSharp
open Xunit

/// A network whose logits are those of the whole text's end: it looks ahead.
type Foresight(config: ModelConfig, seed: int64) =
    inherit torch.nn.Module<torch.Tensor, torch.Tensor>("Foresight")
    let inner = new Gpt(config, seed)
    do base.RegisterComponents()

    override _.forward(tokens: torch.Tensor) =
        use scope = torch.NewDisposeScope()
        let logits = inner.call tokens // [B, T, V]
        logits.flip(1L).MoveToOuterDisposeScope()

type LawsTests() =
    do torch.set_num_threads 1

    let preset name = ModelConfig.preset name |> Problems.orFail

    [<Theory>]
    [<InlineData "gpt1-mini">]
    [<InlineData "gpt2-mini">]
    [<InlineData "gpt3-mini">]
    [<InlineData "gpt-neo-125m">]
    member _.``the presets obey every law``(name: string) =
        match Laws.check (preset name) with
        | Ok() -> ()
        | Error violations -> Assert.Fail $"%A{violations}"

    [<Fact>]
    member _.``sparse patterns obey every law``() =
        let sparse = [ Pattern.Strided(32, FactorUse.Merged); Pattern.Fixed(64, 16, FactorUse.Second, 2) ]

        match Laws.check (ModelConfig.withPatterns sparse (preset "gpt2-mini")) with
        | Ok() -> ()
        | Error violations -> Assert.Fail $"%A{violations}"

    [<Fact>]
    member _.``a pattern of one's own obeys every law``() =
        let own = Pattern.define "powers" (fun query key -> System.Numerics.BitOperations.IsPow2(query - key))

        match Laws.check (ModelConfig.withPatterns [ own; Pattern.Local 64 ] (preset "gpt2-mini")) with
        | Ok() -> ()
        | Error violations -> Assert.Fail $"%A{violations}"

    [<Fact>]
    member _.``a network that looks ahead breaks causality, shown on the smallest text``() =
        match Laws.checkNetwork 12 (fun config seed -> new Foresight(config, seed)) (preset "gpt2-mini") with
        | Ok() -> Assert.Fail "looking ahead passed"
        | Error violations ->
            let causality = violations |> List.find (fun violation -> violation.Law.StartsWith "causality")
            Assert.Contains("Radford et al. 2018 §3.1", causality.Source)
            Assert.Equal(Some 2, causality.Counterexample |> Option.map _.Context)

    [<Fact>]
    member _.``an impossible configuration is named``() =
        match Laws.check (preset "gpt3-xl-as-printed") with
        | Error [ violation ] -> Assert.Contains("n_head", violation.Found)
        | other -> Assert.Fail $"{other}"
