namespace ResearchKit.FSharp

open ResearchKit.Core.Configuration
open ResearchKit.Evaluation
open ResearchKit.Evaluation.Tasks

/// How a model learns a task.
[<RequireQualifiedAccess>]
type Regime =
    /// From the instruction alone.
    | ZeroShot
    /// From demonstrations in the prompt.
    | FewShot of shots: int
    /// From labelled examples, by updating the weights.
    | FineTuned of recipe: FineTuneRecipe * examples: int

/// Regimes on the same items.
[<RequireQualifiedAccess>]
module Regime =

    /// Whether each test item was answered rightly, by its id, so that regimes can be paired.
    let correct (seed: int64) (task: EvaluationTask) (model: Model) (regime: Regime) : Result<Map<string, bool>, string list> =
        let inContext shots =
            Evaluate.runWith ignore (EvaluationOptions(Shots = shots, Seed = seed)) task model
            |> Result.map (fun result -> Map [ for item in result.Items -> item.Id, item.Score = 1.0 ])

        match regime with
        | Regime.ZeroShot -> inContext 0
        | Regime.FewShot shots -> inContext shots
        | Regime.FineTuned(recipe, examples) ->
            FineTune.run recipe examples seed task model
            |> Result.bind (FineTune.correct task)
