namespace ResearchKit.FSharp

open System.Text.Json
open System.Text.Json.Nodes
open ResearchKit.Core.Configuration
open ResearchKit.Evaluation
open ResearchKit.Experiments.Configuration
open ResearchKit.Models.Checkpoints

/// The lines of an experiment written so far.
type ExperimentLines =
    private
        { Edits: (JsonObject -> unit) list }

module internal ExperimentLines =

    let private node (value: 'V) = JsonSerializer.SerializeToNode<'V>(value, ConfigJson.Options)

    let private child (make: unit -> JsonNode) (key: string) (parent: JsonObject) =
        match parent[key] with
        | null ->
            let added = make ()
            parent[key] <- added
            added
        | existing -> existing

    let private objectAt (path: string list) (root: JsonObject) =
        (root, path) ||> List.fold (fun parent key -> child (fun () -> JsonObject()) key parent |> _.AsObject())

    let private edit (change: JsonObject -> unit) (lines: ExperimentLines) = { Edits = change :: lines.Edits }

    let empty = { Edits = [] }

    /// Sets a key of the object at a path.
    let set (path: string list) (key: string) (value: 'V) =
        edit (fun root -> (objectAt path root)[key] <- node value)

    let remove (path: string list) (key: string) =
        edit (fun root -> (objectAt path root).Remove key |> ignore)

    /// Adds an entry to a list at the top.
    let append (key: string) (value: 'V) =
        edit (fun root -> (child (fun () -> JsonArray()) key root).AsArray().Add(node value))

    let finish (kind: string) (lines: ExperimentLines) =
        let root = JsonObject()
        root["kind"] <- JsonValue.Create kind
        for change in List.rev lines.Edits do change root
        Experiment.parse "." (root.ToJsonString ConfigJson.Options)

/// Lines that every experiment may have.
type ExperimentBuilder internal (kind: string) =
    member _.Yield(()) : ExperimentLines = ExperimentLines.empty
    member _.Run(lines: ExperimentLines) : Experiment = ExperimentLines.finish kind lines

    /// Short name, also of the run folder.
    [<CustomOperation "name">]
    member _.Name(lines, name: string) = ExperimentLines.set [] "name" name lines

    /// What the experiment asks, in one sentence.
    [<CustomOperation "question">]
    member _.Question(lines, question: string) = ExperimentLines.set [] "question" question lines

    /// Root of every random choice.
    [<CustomOperation "seed">]
    member _.Seed(lines, seed: int64) = ExperimentLines.set [] "seed" seed lines

    /// CPU threads; 0 takes all cores.
    [<CustomOperation "threads">]
    member _.Threads(lines, threads: int) = ExperimentLines.set [] "threads" threads lines

    /// Folder of the run.
    [<CustomOperation "output">]
    member _.Output(lines, folder: string) = ExperimentLines.set [] "output" folder lines

/// Lines of a comparison: the same models on the same items, fine-tuned and from the prompt.
[<Sealed>]
type ComparisonBuilder internal () =
    inherit ExperimentBuilder("comparison")

    /// A model folder, relative to the current folder.
    [<CustomOperation "model">]
    member _.Model(lines, folder: string) = ExperimentLines.append "models" folder lines

    /// A task by name.
    [<CustomOperation "task">]
    member _.Task(lines, name: string) = ExperimentLines.append "tasks" {| name = name |} lines

    /// A task by name, on so many test items.
    [<CustomOperation "task">]
    member _.Task(lines, name: string, limit: int) = ExperimentLines.append "tasks" {| name = name; limit = limit |} lines

    /// A task with a file, a limit or a prompt of its own.
    [<CustomOperation "task">]
    member _.Task(lines, reference: TaskReference) = ExperimentLines.append "tasks" reference lines

    /// Numbers of demonstrations k of the evaluation from the prompt.
    [<CustomOperation "shots">]
    member _.Shots(lines, shots: int list) = ExperimentLines.set [ "in_context" ] "shots" shots lines

    /// Seeds of the draws of demonstrations.
    [<CustomOperation "draws">]
    member _.Draws(lines, seeds: int64 list) = ExperimentLines.set [ "in_context" ] "seeds" seeds lines

    /// What to do with a prompt longer than the context.
    [<CustomOperation "overflow">]
    member _.Overflow(lines, policy: OverflowPolicy) = ExperimentLines.set [ "in_context" ] "overflow" policy lines

    /// Half the width of the interval that the report says how many draws would reach.
    [<CustomOperation "halfWidth">]
    member _.HalfWidth(lines, width: float) = ExperimentLines.set [ "in_context" ] "half_width" width lines

    /// At these k, the same demonstrations in so many orders: what order and wording are worth.
    [<CustomOperation "variation">]
    member _.Variation(lines, shots: int list, orders: int) = ExperimentLines.set [ "in_context" ] "variation" {| shots = shots; orders = orders |} lines

    /// Numbers of labelled examples of fine-tuning.
    [<CustomOperation "examples">]
    member _.Examples(lines, examples: int list) = ExperimentLines.set [ "fine_tuning" ] "examples" examples lines

    /// Seeds of fine-tuning: examples, new parameters, order.
    [<CustomOperation "trainings">]
    member _.Trainings(lines, seeds: int64 list) = ExperimentLines.set [ "fine_tuning" ] "seeds" seeds lines

    /// Most validation items by which an epoch is chosen.
    [<CustomOperation "validationLimit">]
    member _.ValidationLimit(lines, most: int) = ExperimentLines.set [ "fine_tuning" ] "validation_limit" most lines

    /// A named recipe of fine-tuning.
    [<CustomOperation "recipe">]
    member _.Recipe(lines, name: string, recipe: FineTuneRecipe) = ExperimentLines.set [ "fine_tuning"; "recipes" ] name recipe lines

    /// Confidence level of all intervals.
    [<CustomOperation "confidence">]
    member _.Confidence(lines, level: float) = ExperimentLines.set [] "confidence" level lines

/// How long a pre-training lasts: tokens or updates, never both.
[<RequireQualifiedAccess>]
type RunLength =
    /// Ends with the update that reaches them.
    | Tokens of int64<token>
    /// Optimizer updates.
    | Steps of int64<step>

/// Lines of a pre-training.
[<Sealed>]
type PretrainingBuilder internal () =
    inherit ExperimentBuilder("pretraining")

    /// The model, by preset.
    [<CustomOperation "model">]
    member _.Model(lines, preset: string) = ExperimentLines.set [] "model" {| preset = preset |} lines

    /// The model, in full.
    [<CustomOperation "model">]
    member _.Model(lines, config: ModelConfig) = ExperimentLines.set [] "model" {| config = config |} lines

    /// Where the tokenizer comes from.
    [<CustomOperation "tokenizer">]
    member _.Tokenizer(lines, source: TokenizerSource) = ExperimentLines.set [] "tokenizer" source lines

    /// A source of training text.
    [<CustomOperation "data">]
    member _.Data(lines, source: TextSource) = ExperimentLines.append "data" source lines

    /// Number format of the stored weights.
    [<CustomOperation "storage">]
    member _.Storage(lines, format: TensorType) = ExperimentLines.set [] "storage" format lines

    /// Length of the run.
    [<CustomOperation "length">]
    member _.Length(lines, length: RunLength) =
        let key, other, count =
            match length with
            | RunLength.Tokens tokens -> "tokens", "steps", int64 tokens
            | RunLength.Steps steps -> "steps", "tokens", int64 steps

        lines |> ExperimentLines.remove [ "training" ] other |> ExperimentLines.set [ "training" ] key count

    /// Sequences of one update.
    [<CustomOperation "batch">]
    member _.Batch(lines, size: int) = ExperimentLines.set [ "training" ] "batch_size" size lines

    /// Optimizer.
    [<CustomOperation "optimizer">]
    member _.Optimizer(lines, optimizer: OptimizerConfig) = ExperimentLines.set [ "training" ] "optimizer" optimizer lines

    /// Learning-rate schedule.
    [<CustomOperation "schedule">]
    member _.Schedule(lines, schedule: LearningRateSchedule) = ExperimentLines.set [ "training" ] "schedule" schedule lines

    /// Any other key of the training, such as training "length_warmup" (LengthWarmup(64, 700_000L)).
    [<CustomOperation "training">]
    member _.Training(lines, key: string, value: 'V) = ExperimentLines.set [ "training" ] key value lines

/// Experiments written in F#.
[<AutoOpen>]
module ExperimentBuilders =

    /// experiment { name "…"; model "…"; task "…"; shots [ 0; 4 ] }: a comparison, one line each.
    let experiment = ComparisonBuilder()

    /// pretraining { name "…"; model "gpt2-mini"; … }: a pre-training, one line each.
    let pretraining = PretrainingBuilder()
