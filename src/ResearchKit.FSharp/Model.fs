namespace ResearchKit.FSharp

open System
open ResearchKit.Core
open ResearchKit.Core.Configuration
open ResearchKit.Core.Tokenization
open ResearchKit.Evaluation
open ResearchKit.Experiments
open ResearchKit.Models
open ResearchKit.Models.Checkpoints
open ResearchKit.Models.Hub

/// A language model with its tokenizer. Dispose it when done: weights are outside the garbage collector's sight.
[<Sealed>]
type Model internal (language: ILanguageModel, tokenizer: ITokenizer, weights: Gpt option) =
    /// Name for tables, such as its folder's.
    member _.Name = language.Name

    /// What answers requests on token ids.
    member _.Language = language

    /// Text to ids.
    member _.Tokenizer = tokenizer

    /// The network; None where the model answers requests but is not the kit's own.
    member _.Weights = weights

    interface IDisposable with
        member _.Dispose() = language.Dispose()

/// Loads, makes and asks models.
[<RequireQualifiedAccess>]
module Model =

    /// Any language model, such as a five-line fake.
    let ofLanguageModel (tokenizer: ITokenizer) (language: ILanguageModel) : Model = new Model(language, tokenizer, None)

    /// The same model with a memory: a request that was answered before is not computed again.
    let remembering (model: Model) : Model = new Model(new RememberingLanguageModel(model.Language), model.Tokenizer, model.Weights)

    let private ofGpt name hash tokenizer (gpt: Gpt) =
        new Model(new GptLanguageModel(gpt, name, hash), tokenizer, Some gpt)

    /// A model folder with its tokenizer, or a published model by name where it was fetched before.
    let load (folder: string) : Result<Model, string list> =
        Problems.catch (fun () ->
            Compute.ready ()
            let loaded = ModelFolder.Load folder

            try
                ofGpt loaded.Name loaded.WeightsHash (loaded.RequireTokenizer "add those that the model was trained with, or give one to Model.loadWith") loaded.Model
            with _ ->
                loaded.Dispose()
                reraise ())

    /// The folder of a pulled model by name, such as gpt2, in the cache that the ecosystem's tools share; None where it was not pulled.
    let cached (name: string) : string option = Option.ofObj (HubCache().Find name)

    /// Fetches a model from a hub-style server (HF_ENDPOINT, with the access token of HF_TOKEN where there is one) into that cache, checked file by file; gives its folder.
    let pull (name: string) : Result<string, string list> =
        Problems.catch (fun () ->
            use client = new System.Net.Http.HttpClient(new HubAccess(HubPull.EndpointOf null, HubAccess.FindToken()))
            HubPull(client, HubCache()).PullAsync(name).GetAwaiter().GetResult().Folder)

    /// A model folder without tokenizer files, with a tokenizer of yours. Published files of GPT-1, GPT-2 and GPT-Neo load as they are.
    let loadWith (tokenizer: ITokenizer) (folder: string) : Result<Model, string list> =
        Problems.catch (fun () ->
            Compute.ready ()
            let loaded = ModelFolder.Load folder

            if tokenizer.VocabularySize > loaded.Model.Config.VocabularySize then
                let vocabulary = loaded.Model.Config.VocabularySize
                loaded.Dispose()
                raise (ConfigException($"Tokenizer {tokenizer.Name} has {tokenizer.VocabularySize} entries, but {folder} only {vocabulary}; use the tokenizer that the model was trained with."))

            ofGpt loaded.Name loaded.WeightsHash tokenizer loaded.Model)

    /// A new model with random weights drawn by the seed.
    let create (name: string) (seed: int64) (tokenizer: ITokenizer) (config: ModelConfig) : Result<Model, string list> =
        Problems.catch (fun () ->
            if tokenizer.VocabularySize > config.VocabularySize then
                raise (ConfigException($"`n_vocab` ({config.VocabularySize}) must be at least {tokenizer.VocabularySize}, the entries of tokenizer {tokenizer.Name}."))

            let config = config.Validated()
            Compute.ready ()
            let gpt = new Gpt(config, seed)
            ofGpt name (WeightsHash.Of gpt) tokenizer gpt)

    /// Writes a model folder that this kit and public code can load.
    let save (folder: string) (model: Model) : Result<unit, string list> =
        match model.Weights with
        | Some gpt -> Problems.catch (fun () -> ModelFolder.Save(folder, gpt, model.Tokenizer))
        | None -> Error [ $"{model.Language.Name} has no weights to save: it is not a model of this kit." ]

    /// What is told of a model folder beside its weights: how it was made and how it learned; None where nothing is told.
    let card (folder: string) : Result<ModelCard option, string list> =
        Problems.catch (fun () -> Option.ofObj (ModelCard.TryRead folder))

    /// A copy of its own, to train or to change.
    let copy (name: string) (model: Model) : Result<Model, string list> =
        match model.Weights with
        | Some gpt ->
            let copied = gpt.Clone()
            Ok(ofGpt name (WeightsHash.Of copied) model.Tokenizer copied)
        | None -> Error [ $"{model.Language.Name} can't be copied: it is not a model of this kit." ]

    /// A copy whose matrices are rounded to 8 bits in groups of 64: a CPU continues one text about twice as fast. Score both to learn what it costs in accuracy.
    let rounded (name: string) (model: Model) : Result<Model, string list> =
        copy name model
        |> Result.bind (fun copied ->
            Problems.catch (fun () ->
                let gpt = copied.Weights.Value

                try
                    gpt.RoundToInt8()
                with _ ->
                    gpt.Dispose()
                    reraise ()

                ofGpt name (WeightsHash.Of gpt) model.Tokenizer gpt))

    /// Moves the weights to a device.
    let toDevice (device: ComputeDevice) (model: Model) : unit = Option.iter device.MoveHere model.Weights

    /// Configuration of a model of the kit.
    let config (model: Model) : ModelConfig option = model.Weights |> Option.map (fun gpt -> gpt.Config)

    let private prefix (model: Model) = ContinuationEncoder(model.Tokenizer).PrefixTokenId

    let private promptIds (prompt: string) (model: Model) =
        match model.Tokenizer.Encode prompt with
        | [||] -> [| prefix model |]
        | ids -> ids

    /// log P(continuation | context), nats.
    let logLikelihood (context: string) (continuation: string) (model: Model) : Result<float, string list> =
        Problems.catchArguments (fun () ->
            let struct (before, after) = ContinuationEncoder(model.Tokenizer).Encode(context, continuation)
            let scores = model.Language.LogLikelihood([| LikelihoodRequest(before, after) |])
            scores[0].LogProbability)

    /// The most likely next tokens with their probabilities.
    let nextTokens (count: int) (prompt: string) (model: Model) : Result<(string * float) list, string list> =
        Problems.catchArguments (fun () ->
            let context = promptIds prompt model

            let requests = [| for id in 0 .. model.Tokenizer.VocabularySize - 1 -> LikelihoodRequest(context, [| id |]) |]

            model.Language.LogLikelihood(requests)
            |> Seq.mapi (fun id score -> Tokenizer.decode [| id |] model.Tokenizer, exp score.LogProbability)
            |> Seq.sortByDescending snd
            |> Seq.truncate count
            |> List.ofSeq)

    /// Every token of a text with its surprisal -log P(token | tokens before), nats.
    let surprisal (text: string) (model: Model) : Result<(string * float) list, string list> =
        Problems.catchArguments (fun () ->
            let pieces = Tokenizer.pieces text model.Tokenizer
            let ids = pieces |> List.map fst |> Array.ofList
            let logProbabilities = model.Language.RollingLogLikelihood([| ids |], prefix model)[0]
            List.map2 (fun (_, piece) logProbability -> piece, -logProbability) pieces (List.ofArray logProbabilities))

    /// Continues a prompt; the result is the new text alone.
    let generate (options: GenerationOptions) (prompt: string) (model: Model) : Result<string, string list> =
        Problems.catchArguments (fun () ->
            let generated = model.Language.Generate([| GenerationRequest(promptIds prompt model, options) |])[0]
            Tokenizer.decode generated.Tokens model.Tokenizer)

    let private study (text: string) (model: Model) (work: Gpt -> TorchSharp.torch.Tensor -> 'T) =
        match model.Weights with
        | Some gpt ->
            Problems.catchArguments (fun () ->
                let ids = promptIds text model |> Array.map int64
                Tensor.scoped (fun () -> work gpt (TorchSharp.torch.tensor(ids).reshape(1L, int64 ids.Length).``to``(gpt.Device)))) // [1, T]
        | None -> Error [ $"{model.Language.Name} can't be looked into: it is not a model of this kit." ]

    let private matrix (values: TorchSharp.torch.Tensor) =
        let rows, columns = int (values.size 0), int (values.size 1)
        let flat = Tensor.values values
        Array2D.init rows columns (fun i j -> float flat[i * columns + j])

    /// Logits of the token after every position of a text: [position, id].
    let logits (text: string) (model: Model) : Result<float[,], string list> =
        study text model (fun gpt ids -> matrix ((gpt.call ids).select (0, 0L))) // [1, T, V]

    /// Where every token of a text looks: weights [layer][head][query, key], rows summing to 1.
    let attention (text: string) (model: Model) : Result<float[,] list list, string list> =
        study text model (fun gpt ids ->
            [ for layer in gpt.Attentions ids -> // [1, H, T, T]
                [ for head in 0L .. layer.size 1 - 1L -> matrix (layer.select(0, 0L).select (0, head)) ] ])

    /// The state of every token of a text at the embedding and after every layer: [layer][token, component].
    let states (text: string) (model: Model) : Result<float[,] list, string list> =
        study text model (fun gpt ids -> [ for states in gpt.HiddenStates ids -> matrix (states.select (0, 0L)) ]) // [1, T, C]
