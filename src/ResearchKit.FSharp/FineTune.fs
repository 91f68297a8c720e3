namespace ResearchKit.FSharp

open ResearchKit.Core.Configuration
open ResearchKit.Evaluation.Tasks
open ResearchKit.Experiments
open ResearchKit.Training.FineTuning

/// Fine-tunes models by GPT-1's method.
[<RequireQualifiedAccess>]
module FineTune =

    /// The paper's recipe (Radford et al. 2018 §4.1).
    let paper: FineTuneRecipe = FineTuneRecipe()

    /// Changes one key of a recipe, such as "epochs", and checks it.
    let set (key: string) (value: 'V) (recipe: FineTuneRecipe) : Result<FineTuneRecipe, string list> =
        Config.changed "recipe" [ Config.assignment key value ] (fun changed -> changed.Problems()) recipe

    /// Fine-tunes a copy of the model on labelled examples drawn by the seed, and predicts the task's test items.
    let run (recipe: FineTuneRecipe) (examples: int) (seed: int64) (task: EvaluationTask) (model: Model) : Result<FineTuneResult, string list> =
        match model.Weights with
        | None -> Error [ $"{model.Language.Name} can't be fine-tuned: it is not a model of this kit." ]
        | Some gpt ->
            Task.items task
            |> Result.bind (fun splits ->
                let ready = ReadyTask(task, splits, "", true)

                if splits.Test |> Seq.exists (fun item -> isNull item.Structured || not item.Gold.HasValue) then
                    Error [ $"{task.Name} can't be fine-tuned on: its items are no choices with structured inputs. Task.withInput gives them." ]
                elif examples < 1 || examples > splits.Train.Count then
                    Error [ $"examples ({examples}) must lie between 1 and {splits.Train.Count}, the training items of {task.Name}." ]
                else
                    Problems.catchArguments (fun () ->
                        let train = ready.TrainingExamples(examples, seed)
                        FineTuner.Run(gpt, model.Tokenizer, recipe, ready.ClassCount, train, ReadyTask.Labelled splits.Validation, ReadyTask.Labelled splits.Test, seed)))
