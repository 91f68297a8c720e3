namespace ResearchKit.FSharp.Tests

open ResearchKit.Core
open ResearchKit.FSharp

module Fakes =

    let letters = Tokenizer.characters [ " \n:?abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ" ]

    /// Prefers continuations by a rule on their text, -1 or -2 nats per token.
    let model (likes: string -> bool) : Model =
        let score (ids: int[]) =
            let value = if likes (Tokenizer.decode ids letters) then -1.0 else -2.0
            LikelihoodScore(Array.map (fun _ -> value) ids, false, 0)

        Model.ofLanguageModel
            letters
            { new ILanguageModel with
                member _.Name = "fake"
                member _.WeightsHash = "fake"
                member _.VocabularySize = letters.VocabularySize
                member _.ContextLength = 1000
                member _.LogLikelihood(requests, _) = requests |> Seq.map (fun request -> score request.Continuation) |> Array.ofSeq :> _
                member _.RollingLogLikelihood(texts, _, _) = texts |> Seq.map (Array.map (fun id -> -float id)) |> Array.ofSeq :> _
                member _.Generate(requests, _) = requests |> Seq.map (fun _ -> GeneratedText(Tokenizer.encode " Rome" letters, -1.0, 0)) |> Array.ofSeq :> _
                member _.Dispose() = () }
