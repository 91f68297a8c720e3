namespace ResearchKit.FSharp

open System
open ResearchKit.Core.Configuration
open ResearchKit.Models.Checkpoints

/// Model configurations: presets, changes, arithmetic.
[<RequireQualifiedAccess>]
module ModelConfig =

    let private problemsOf (config: ModelConfig) : string seq = config.Problems()

    /// Names of the presets, in reading order.
    let presets: string list = List.ofSeq Presets.Names

    /// A preset by name. The two rows of GPT-3's Table 2.1 that can't be right as printed come out too; validate lists their problems.
    let preset (name: string) : Result<ModelConfig, string list> = Problems.catch (fun () -> Presets.Get(name).Config)

    /// Paper and table of a preset, with what was assumed.
    let source (name: string) : Result<string, string list> =
        Problems.catch (fun () ->
            let preset = Presets.Get name

            match preset.Note with
            | null -> preset.Source
            | note -> preset.Source + ". " + note)

    /// The configuration of a model folder; no weights are read.
    let ofFolder (path: string) : Result<ModelConfig, string list> = Problems.catch (fun () -> ModelFolder.ReadConfig path)

    /// The configuration, or all its problems.
    let validate (config: ModelConfig) : Result<ModelConfig, string list> = Problems.catch config.Validated

    /// Changes one key, such as "n_layer", and checks everything again.
    let set (key: string) (value: 'V) (config: ModelConfig) : Result<ModelConfig, string list> =
        Config.changed "model configuration" [ Config.assignment key value ] problemsOf config

    /// Changes several keys with values of one type at once, such as [ "n_layer", 2; "n_embd", 64 ], and checks what comes of all together.
    let setAll (values: (string * 'V) list) (config: ModelConfig) : Result<ModelConfig, string list> =
        Config.changed "model configuration" [ for key, value in values -> Config.assignment key value ] problemsOf config

    let internal withValues (assignments: string list) (config: ModelConfig) =
        Config.changed "model configuration" assignments (fun _ -> Seq.empty) config |> Problems.orFail

    /// The attention patterns, repeated over the layers.
    let patterns (config: ModelConfig) : Pattern list = config.Attention |> Seq.map Pattern.ofAttention |> List.ofSeq

    /// Other attention patterns: layer i takes entry i modulo their number.
    let withPatterns (patterns: Pattern list) (config: ModelConfig) : ModelConfig =
        withValues [ Config.assignment "attention" (List.map Pattern.toAttention patterns) ] config

    /// One attention pattern for all layers.
    let withPattern (pattern: Pattern) (config: ModelConfig) : ModelConfig = withPatterns [ pattern ] config

    /// Exact number of parameters.
    let parameters (config: ModelConfig) : int64 = ModelSize.Of(config).Parameters

    /// Operations of one forward pass for each token of a text of this length.
    let forwardFlops (length: int<token>) (config: ModelConfig) : float<flop / token> =
        ModelSize.Of(config).ForwardFlopsPerToken(int length) * 1.0<flop / token>

    /// Operations of training for each token of texts of this length: three forward passes.
    let trainingFlops (length: int<token>) (config: ModelConfig) : float<flop / token> =
        ModelSize.Of(config).TrainingFlopsPerToken(int length) * 1.0<flop / token>

    /// C = 6 N D, the estimate of Brown et al. 2020 Table D.1.
    let trainingFlopsEstimate (tokens: float<token>) (config: ModelConfig) : float<flop> =
        ModelSize.Of(config).TrainingFlopsEstimate(float tokens) * 1.0<flop>

    /// Bytes of the weights in float32.
    let weightBytes (config: ModelConfig) : int64 = ModelSize.Of(config).WeightBytes()

    /// Bytes of keys and values that decoding of texts of this length keeps, for so many texts at once.
    let cacheBytes (texts: int) (length: int<token>) (config: ModelConfig) : int64 = ModelSize.Of(config).CacheBytes(texts, int length)

    /// Bytes that training holds for the backward pass, for so many texts of this length at once: an estimate.
    let activationBytes (texts: int) (length: int<token>) (config: ModelConfig) : int64 = ModelSize.Of(config).ActivationBytes(texts, int length)

    /// Shape, parameters and cost in a few lines.
    let describe (config: ModelConfig) : string =
        let size = ModelSize.Of config
        let patterns = patterns config |> List.map Pattern.name |> String.concat ", "

        [ FormattableString.Invariant $"{size.Parameters:N0} parameters: {config.LayerCount} layers × {config.EmbeddingSize}, {config.HeadCount} heads, feed-forward {config.FeedForwardSize}, context {config.ContextLength}, vocabulary {config.VocabularySize}"
          FormattableString.Invariant $"{config.Norm} norm, attention {patterns}"
          FormattableString.Invariant $"weights {float (size.WeightBytes()) / 1e6:N1} MB, forward {size.ForwardFlopsPerToken config.ContextLength / 1e6:N1} MFLOP per token" ]
        |> String.concat "\n"
