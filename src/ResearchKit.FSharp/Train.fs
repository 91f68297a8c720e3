namespace ResearchKit.FSharp

open System.Collections.Generic
open ResearchKit.Core
open ResearchKit.Core.Configuration
open ResearchKit.Core.Data
open ResearchKit.Training
open ResearchKit.Notebooks

/// Trains models in place. A whole pre-training, data included, is pretraining { }.
[<RequireQualifiedAccess>]
module Train =

    let private ofModel (model: Model) (work: ResearchKit.Models.Gpt -> 'T) : Result<'T, string list> =
        match model.Weights with
        | None -> Error [ $"{model.Language.Name} can't be trained: it is not a model of this kit." ]
        | Some gpt ->
            try
                Problems.catchArguments (fun () -> work gpt)
            with :? TrainingDivergedException as error ->
                Error [ error.Message ]

    /// A training of so many updates of so many sequences, with the kit's defaults; Train.set changes them.
    let config (steps: int64<step>) (batchSize: int) : TrainingConfig = TrainingConfig(Steps = int64 steps, BatchSize = batchSize)

    /// Changes one key of a training, such as "optimizer.learning_rate", and checks it.
    let set (key: string) (value: 'V) (config: TrainingConfig) : Result<TrainingConfig, string list> =
        Config.changed "training" [ Config.assignment key value ] (fun changed -> changed.Problems()) config

    /// Share of the peak learning rate at an update that so many tokens came before, of a run of so many updates.
    let rateFactor (step: int64<step>) (tokens: int64<token>) (totalSteps: int64<step>) (schedule: LearningRateSchedule) : float =
        schedule.FactorAt(int64 step, int64 tokens, int64 totalSteps)

    /// Trains with all there is to say: told after every update, evaluated when the configuration says so, its files in a folder of its own.
    let runWith
        (report: TrainingProgress -> unit)
        (evaluate: Model -> (string * float) list)
        (folder: string)
        (config: TrainingConfig)
        (batches: IBatchSource)
        (model: Model)
        : Result<TrainingResult, string list> =
        ofModel model (fun gpt ->
            let values _ : IReadOnlyDictionary<string, float> = dict (evaluate model) |> Dictionary :> _
            Trainer(gpt, batches, config, folder, Progress = InlineProgress report, Evaluate = values).Run(Notebook.Cancellation))

    /// Trains; metrics and checkpoints go to the folder, where a run that was stopped is continued.
    let run (folder: string) (config: TrainingConfig) (batches: IBatchSource) (model: Model) : Result<TrainingResult, string list> =
        runWith ignore (fun _ -> []) folder config batches model

    /// Mean loss over fixed batches, nats per token.
    let loss (batches: TokenBatch list) (model: Model) : Result<float, string list> =
        ofModel model (fun gpt -> LossEvaluation.Mean(gpt, Array.ofList batches))
