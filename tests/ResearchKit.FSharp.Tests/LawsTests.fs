namespace ResearchKit.FSharp.Tests

open ResearchKit.Core.Configuration
open ResearchKit.FSharp
open ResearchKit.Models
open TorchSharp
open Xunit

/// A model of the kit whose logits [B, T, V] are spoilt in some way.
type Spoilt(config: ModelConfig, seed: int64, spoil: torch.Tensor -> torch.Tensor) =
    inherit torch.nn.Module<torch.Tensor, torch.Tensor>("Spoilt")
    let inner = new Gpt(config, seed)
    do base.RegisterComponents()

    override _.forward(tokens: torch.Tensor) =
        use scope = torch.NewDisposeScope()
        (spoil (inner.call tokens)).MoveToOuterDisposeScope()

type LawsTests() =
    do torch.set_num_threads 1

    let preset name = ModelConfig.preset name |> Problems.orFail

    /// The violation of the law that begins so, found on a network of this kind.
    let broken (law: string) build config =
        match Laws.checkNetwork 12 build config with
        | Ok() -> failwith $"no law was found broken, {law} among them"
        | Error violations ->
            Assert.Equal(violations.Length, violations |> List.distinctBy _.Law |> List.length)
            violations |> List.find (fun violation -> violation.Law.StartsWith law)

    let smallest (violation: Violation) = violation.Counterexample |> Option.get

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
    member _.``a network that looks ahead breaks causality, shown on the smallest model and text``() =
        let causality = preset "gpt2-mini" |> broken "causality" (fun config seed -> new Spoilt(config, seed, fun logits -> logits.flip 1L))
        Assert.Contains("Radford et al. 2018 §3.1", causality.Source)
        Assert.Contains("changing token 1 changes the logits at position 0", causality.Found)
        // Width 1 would show nothing: a layer norm over one number is constant.
        let variant = smallest causality
        Assert.Equal((1, 1, 2, 2), (variant.Layers, variant.Heads, variant.HeadSize, variant.Context))

    [<Fact>]
    member _.``a dense network under a banded configuration breaks the receptive field``() =
        let banded = ModelConfig.withPattern (Pattern.Local 16) (preset "gpt2-mini")
        let reach = banded |> broken "receptive field" (fun config seed -> new Gpt(ModelConfig.withPattern Pattern.Dense config, seed))
        Assert.Contains("Child et al. 2019 §4.3", reach.Source)
        Assert.Contains("which no path of the patterns connects", reach.Found)
        let variant = smallest reach
        Assert.Equal(1, variant.Layers)
        Assert.InRange(variant.Context, 2, 4)

    [<Fact>]
    member _.``a network whose rows see each other breaks the permutation of a batch``() =
        // What row 0 says leaks into all rows, so it matters which row is first.
        let leak (logits: torch.Tensor) = logits + logits.narrow (0L, 0L, 1L)
        let rows = preset "gpt2-mini" |> broken "batch permutation" (fun config seed -> new Spoilt(config, seed, leak))
        Assert.Contains("of the batch has other logits", rows.Found)
        Assert.Equal((1, 1), (let variant = smallest rows in variant.Layers, variant.Heads))

    [<Fact>]
    member _.``a network with a layer too many breaks the parameter count``() =
        let one (config: ModelConfig) = ModelConfig.set "n_layer" (config.LayerCount + 1) config |> Problems.orFail
        let count = preset "gpt2-mini" |> broken "parameter count" (fun config seed -> new Gpt(one config, seed))
        Assert.Contains("Brown et al. 2020 Table D.1", count.Source)
        Assert.Matches(@"the network has \d+ parameters, the formula says \d+", count.Found)

    [<Fact>]
    member _.``a network whose band is one key short breaks band ⊆ dense``() =
        let short pattern = match pattern with Pattern.Local window when window > 1 -> Pattern.Local(window - 1) | other -> other
        let band = preset "gpt2-mini" |> broken "band ⊆ dense" (fun config seed -> new Gpt(ModelConfig.withPatterns (List.map short (ModelConfig.patterns config)) config, seed))
        Assert.Contains("Brown et al. 2020 §2.1", band.Source)
        Assert.Matches("a band of [2-4] differs from dense attention at position [1-3]", band.Found)
        Assert.Equal(1, (smallest band).Layers)

    [<Fact>]
    member _.``a rule that changes its mind breaks the cache, shown by the cached reading``() =
        // Asked once for a whole text and again for its parts, the rule gives other answers.
        let mutable asked = 0
        let fickle = Pattern.define "fickle" (fun _ _ -> asked <- asked + 1; asked % 3 = 0)
        let cached = ModelConfig.withPattern fickle (preset "gpt2-mini") |> broken "cached = recomputed" (fun config seed -> new Gpt(config, seed))
        Assert.Contains("Vaswani et al. 2017 §3.2.3", cached.Source)
        Assert.Contains("the logits differ at position", cached.Found)

    [<Fact>]
    member _.``every law names a paper and a place in it``() =
        for law, source in Laws.all do
            Assert.True(System.Text.RegularExpressions.Regex.IsMatch(source, @"^[A-Z][a-z]+ et al\. 20\d\d (§\d|Table [A-Z]?[.\d])"), $"{law}: {source}")

    [<Fact>]
    member _.``an impossible configuration is named``() =
        match Laws.check (preset "gpt3-xl-as-printed") with
        | Error [ violation ] -> Assert.Contains("n_head", violation.Found)
        | other -> Assert.Fail $"{other}"
