namespace ResearchKit.FSharp

open System
open System.IO
open ResearchKit.Core
open ResearchKit.Core.Configuration
open ResearchKit.Core.Files
open ResearchKit.Experiments
open ResearchKit.Experiments.Configuration
open ResearchKit.Models
open ResearchKit.Training
open ResearchKit.Notebooks

/// An experiment file with the changes made to it. Its problems are listed when it is asked for them or run, all at once.
type Experiment =
    private
        { Source: string
          Folder: string
          Text: Result<string, string list>
          Changes: string list }

/// Where a run is.
[<RequireQualifiedAccess>]
type Progress =
    /// A comparison.
    | Cells of RunProgress
    /// A pre-training.
    | Training of TrainingProgress

/// What a run left behind.
[<RequireQualifiedAccess>]
type Outcome =
    /// A comparison's report.
    | Compared of RunOutcome
    /// A pre-trained model.
    | Pretrained of PretrainingOutcome

/// Experiments: Experiment.load path |> Experiment.set "seed" 2 |> Experiment.run.
[<RequireQualifiedAccess>]
module Experiment =

    /// An experiment from JSON text; relative paths start from the folder.
    let parse (folder: string) (json: string) : Experiment =
        { Source = "experiment"; Folder = folder; Text = Ok json; Changes = [] }

    /// Reads an experiment file.
    let load (path: string) : Experiment =
        let text = Problems.catch (fun () -> InputFile.Text path)

        let folder =
            match Path.GetDirectoryName(Path.GetFullPath path) with
            | null -> "."
            | folder -> folder

        { Source = path; Folder = folder; Text = text; Changes = [] }

    /// An experiment from a configuration made in code; relative paths start from the folder.
    let ofConfig (folder: string) (config: ExperimentConfig) : Experiment = parse folder (Config.json<ExperimentConfig> config)

    /// Changes one key by its dotted path, such as "in_context.shots".
    let set (key: string) (value: 'V) (experiment: Experiment) : Experiment =
        { experiment with Changes = experiment.Changes @ [ Config.assignment key value ] }

    /// Folder that relative paths start from.
    let inFolder (folder: string) (experiment: Experiment) : Experiment = { experiment with Folder = folder }

    /// The configuration, or all its problems.
    let config (experiment: Experiment) : Result<ExperimentConfig, string list> =
        experiment.Text
        |> Result.bind (Config.parse<ExperimentConfig> experiment.Source experiment.Changes (fun config -> config.Problems()))

    /// All problems; empty when it can run.
    let problems (experiment: Experiment) : string list =
        match config experiment with
        | Ok _ -> []
        | Error problems -> problems

    /// The declarative file, complete with defaults; parse reads it back to the same experiment.
    let json (experiment: Experiment) : Result<string, string list> =
        config experiment |> Result.map (fun config -> Config.json<ExperimentConfig> config + "\n")

    /// Writes the declarative file.
    let save (path: string) (experiment: Experiment) : Result<unit, string list> =
        json experiment |> Result.map (fun text -> AtomicFile.WriteText(path, text))

    /// The JSON schema of experiment files, for editors.
    let schema () : string = ExperimentSchema.Generate()

    let private planned (experiment: Experiment) (work: ComparisonConfig -> ComputeDevice -> ComparisonPlan -> 'T) : Result<'T, string list> =
        config experiment
        |> Result.bind (function
            | :? ComparisonConfig as comparison ->
                Compute.start "auto" comparison.Threads
                |> Result.bind (fun device ->
                    Problems.catch (fun () -> work comparison device (ComparisonRunner(comparison, experiment.Folder, device).Plan())))
            | other -> Error [ $"{other.Name} is no comparison: there are no cells to plan." ])

    /// What a comparison will do, cell by cell, without doing it.
    let plan (experiment: Experiment) : Result<ComparisonPlan, string list> = planned experiment (fun _ _ plan -> plan)

    /// What the missing cells will take: time and memory.
    let estimate (experiment: Experiment) : Result<RunEstimate, string list> =
        planned experiment (fun config device plan -> RunEstimate.Of(config, plan, device))

    /// The smallest difference that the design finds with 80% power, for each task.
    let power (experiment: Experiment) : Result<DesignPower list, string list> =
        planned experiment (fun config _ plan -> List.ofSeq (DesignPower.Of(config, plan)))

    /// Runs on a device, telling how far it is. What an earlier run finished is reused.
    let runOn (device: ComputeDevice) (report: Progress -> unit) (experiment: Experiment) : Result<Outcome, string list> =
        config experiment
        |> Result.bind (fun config ->
            try
                Problems.catch (fun () ->
                    match config with
                    | :? ComparisonConfig as comparison ->
                        Outcome.Compared(ComparisonRunner(comparison, experiment.Folder, device).Run(InlineProgress(Progress.Cells >> report), Notebook.Cancellation))
                    | :? PretrainingConfig as pretraining ->
                        Outcome.Pretrained(PretrainingRunner(pretraining, experiment.Folder, device).Run(progress = InlineProgress(Progress.Training >> report), cancellation = Notebook.Cancellation))
                    | other -> invalidOp $"{other.GetType().Name} has no runner here.")
            with :? TrainingDivergedException as error ->
                Error [ error.Message ])

    /// Runs on the best device at hand with the file's threads.
    let run (experiment: Experiment) : Result<Outcome, string list> =
        config experiment
        |> Result.bind (fun config -> Compute.start "auto" config.Threads)
        |> Result.bind (fun device -> runOn device ignore experiment)
