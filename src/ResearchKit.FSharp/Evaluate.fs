namespace ResearchKit.FSharp

open ResearchKit.Core
open ResearchKit.Evaluation
open ResearchKit.Evaluation.Tasks
open ResearchKit.Evaluation.Protocols
open ResearchKit.Notebooks

/// Scores models on tasks from the prompt alone.
[<RequireQualifiedAccess>]
module Evaluate =

    /// Runs a task with all its options, telling how far it is.
    let runWith (report: EvaluationProgress -> unit) (options: EvaluationOptions) (task: EvaluationTask) (model: Model) : Result<TaskResult, string list> =
        Problems.catch (fun () -> Evaluator.Run(model.Language, model.Tokenizer, task, task.Load.Invoke(), options, InlineProgress report, Notebook.Cancellation))

    /// Runs a task under several protocols, asks for each different request once, and says how far apart the protocols alone put the scores.
    let underProtocols (options: EvaluationOptions) (protocols: Protocol list) (task: EvaluationTask) (model: Model) : Result<ProtocolComparisonResult, string list> =
        Problems.catch (fun () -> ProtocolComparison.Run(model.Language, model.Tokenizer, task, Array.ofList protocols, options, cancellation = Notebook.Cancellation))

    /// Runs a task behind k demonstrations; k = 0 is zero-shot.
    let run (shots: int) (task: EvaluationTask) (model: Model) : Result<TaskResult, string list> =
        runWith ignore (EvaluationOptions(Shots = shots)) task model

    /// Ids of test items with an answer that alone is longer than the model's context: they can't be scored.
    let itemsThatDoNotFit (task: EvaluationTask) (model: Model) : Result<string list, string list> =
        Problems.catch (fun () -> List.ofSeq (Evaluator.ItemsThatDoNotFit(task, task.Load.Invoke(), model.Tokenizer, model.Language.ContextLength)))
