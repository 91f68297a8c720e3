// A first look at the kit from an F# script. From the repository's root:
//   dotnet build -c Release src/ResearchKit.FSharp
//   dotnet fsi notebooks/first-steps.fsx
#load "../src/ResearchKit.FSharp/bin/Release/net10.0/ResearchKit.fsx"

open ResearchKit.FSharp

// A published configuration, and a variant with GPT-3's alternation of dense and banded layers.
let small = ModelConfig.preset "gpt2-small" |> orFail
printfn "%s\n" (ModelConfig.describe small)
printfn "%s\n" (small |> ModelConfig.withPatterns [ Pattern.Dense; Pattern.Local 256 ] |> ModelConfig.describe)
printfn "Training it on 10 billion tokens takes about %.1e FLOPs.\n" (float (ModelConfig.trainingFlopsEstimate 10e9<token> small))

// A tokenizer and an untrained model; with a trained one: Model.load "results/models/gpt2-mini".
let tokenizer = Tokenizer.load "gpt2" |> orFail
printfn "%A\n" (Tokenizer.pieces "Attention is all you need." tokenizer)

let tiny =
    ModelConfig.preset "gpt2-mini" |> Result.bind (ModelConfig.set "n_vocab" tokenizer.VocabularySize) |> orFail

Compute.start "cpu" 1 |> orFail |> ignore
let model = Model.create "untrained" 1L tokenizer tiny |> orFail
printfn "%A\n" (Model.nextTokens 3 "The cat sat on the" model)
printfn "%A\n" (Model.surprisal "The cat sat." model)

// A task in a few lines: records, words, scoring.
let cities = [ "Paris"; "Rome" ]
let train = [ {| country = "France"; city = 0 |}; {| country = "Italy"; city = 1 |} ]
let test = [ {| country = "Gaul"; city = 0 |}; {| country = "Latium"; city = 1 |} ]

let capitals =
    Task.define "capitals" (PromptTemplate("The capital of {country} is", Separator = "\n")) (ScoringRule.Choice(Ranking.Unconditional "Answer:"))
        (fun (place: {| country: string; city: int |}) -> Answer.OneOf(cities, place.city)) train test

match Evaluate.run 2 capitals model with
| Ok result -> printfn "%s: %s %.2f on %d items\n" result.Task result.Metric result.Score result.Items.Count
| Error problems -> printfn "%A" problems

// The laws of the papers on small variants of the configuration.
printfn "Laws: %A\n" (Laws.check tiny)

// An experiment is the same thing as its declarative file.
let comparison =
    experiment {
        name "two-ways"
        question "From the prompt or by fine-tuning?"
        model "results/models/gpt2-mini"
        task "suite/label-induction" 100
        shots [ 0; 4 ]
        examples [ 16; 64 ]
    }

printfn "%s" (Experiment.json comparison |> orFail)
// Experiment.run comparison    // writes runs/two-ways/report.html
