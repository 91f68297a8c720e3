namespace ResearchKit.FSharp

open System
open ResearchKit.Core
open ResearchKit.Core.Configuration
open ResearchKit.Core.Tasks
open ResearchKit.Evaluation.Tasks
open ResearchKit.Experiments
open ResearchKit.Models
open ResearchKit.Training.FineTuning
open ResearchKit.Notebooks

/// Fine-tunes models by GPT-1's method.
[<RequireQualifiedAccess>]
module FineTune =

    /// The paper's recipe (Radford et al. 2018 §4.1).
    let paper: FineTuneRecipe = FineTuneRecipe()

    /// Changes one key of a recipe, such as "epochs", and checks it.
    let set (key: string) (value: 'V) (recipe: FineTuneRecipe) : Result<FineTuneRecipe, string list> =
        Config.changed "recipe" [ Config.assignment key value ] (fun changed -> changed.Problems()) recipe

    /// What fine-tuning needs of a model and a task, or why it can't be had.
    let private prepared examples seed (task: EvaluationTask) (model: Model) (work: Gpt -> ReadyTask -> LabelledExample seq -> 'T) =
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
                    Problems.catchArguments (fun () -> work gpt ready (ready.TrainingExamples(examples, seed))))

    /// Fine-tunes a copy of the model, telling how far it is, and predicts the task's test items.
    let runWith report (recipe: FineTuneRecipe) (examples: int) (seed: int64) (task: EvaluationTask) (model: Model) : Result<FineTuneResult, string list> =
        prepared examples seed task model (fun gpt ready train ->
            FineTuner.Run(gpt, model.Tokenizer, recipe, ready.ClassCount, Array.ofSeq train, ready.Labelled ready.Splits.Validation, ready.Labelled ready.Splits.Test, seed, InlineProgress<FineTuneProgress> report, Notebook.Cancellation))

    /// Fine-tunes a copy of the model on labelled examples drawn by the seed, and predicts the task's test items.
    let run (recipe: FineTuneRecipe) (examples: int) (seed: int64) (task: EvaluationTask) (model: Model) : Result<FineTuneResult, string list> =
        runWith ignore recipe examples seed task model

    /// Fine-tunes a copy of the model and hands it out, to predict with. Dispose it when done.
    let train (recipe: FineTuneRecipe) (examples: int) (seed: int64) (task: EvaluationTask) (model: Model) : Result<FineTunedModel, string list> =
        prepared examples seed task model (fun gpt ready train ->
            FineTuner.Train(gpt, model.Tokenizer, recipe, ready.ClassCount, Array.ofSeq train, ready.Labelled ready.Splits.Validation, seed, cancellation = Notebook.Cancellation))

    /// Probabilities of the classes for inputs that the model has not seen.
    let predict (inputs: StructuredInput list) (model: FineTunedModel) : Result<float list list, string list> =
        Problems.catchArguments (fun () ->
            let examples = [| for i, input in List.indexed inputs -> LabelledExample(string i, input, 0) |]
            [ for prediction in model.Predict examples -> prediction.LogProbabilities |> Array.map exp |> List.ofArray ])

    /// Which test items were predicted rightly, by id.
    let correct (task: EvaluationTask) (result: FineTuneResult) : Result<Map<string, bool>, string list> =
        Task.items task
        |> Result.map (fun splits ->
            let gold = dict [ for item in splits.Test -> item.Id, item.Gold ]
            Map [ for prediction in result.Test -> prediction.Id, gold[prediction.Id] = Nullable prediction.Predicted ])

    /// The task's own metrics of the predictions, headline first: the numbers that score its prompts.
    let metrics (task: EvaluationTask) (result: FineTuneResult) : Result<(string * float) list, string list> =
        Task.items task
        |> Result.map (fun splits -> [ for KeyValue(name, value) in FineTunedScores.Of(ReadyTask(task, splits, "", true), result) -> name, value ])

    /// The token sequences that an item becomes, in words: one for classification and entailment, two for similarity, one for every answer of a
    /// multiple choice (Radford et al. 2018 §3.3, Figure 1).
    let sequences (input: StructuredInput) (model: Model) : string list list =
        let context = model.Language.ContextLength
        let transformation = InputTransformation(model.Tokenizer, model.Language.VocabularySize, context)

        let word id =
            if id = transformation.StartId then "[start]"
            elif id = transformation.DelimiterId then "[delim]"
            elif id = transformation.ExtractId then "[extract]"
            else Tokenizer.decode [| id |] model.Tokenizer

        [ for ids in transformation.Encode(LabelledExample("", input, 0)).Sequences -> [ for id in ids -> word id ] ]
