namespace ResearchKit.FSharp

open ResearchKit.Evaluation
open ResearchKit.Evaluation.Tasks

/// Scores models on tasks from the prompt alone.
[<RequireQualifiedAccess>]
module Evaluate =

    /// Runs a task with all its options, telling how far it is.
    let runWith (report: EvaluationProgress -> unit) (options: EvaluationOptions) (task: EvaluationTask) (model: Model) : Result<TaskResult, string list> =
        let progress =
            { new System.IProgress<EvaluationProgress> with
                member _.Report value = report value }

        Problems.catch (fun () -> Evaluator.Run(model.Language, model.Tokenizer, task, task.Load.Invoke(), options, progress))

    /// Runs a task behind k demonstrations; k = 0 is zero-shot.
    let run (shots: int) (task: EvaluationTask) (model: Model) : Result<TaskResult, string list> =
        runWith ignore (EvaluationOptions(Shots = shots)) task model
