namespace ResearchKit.FSharp

open System.Collections.Generic
open FSharp.Reflection
open ResearchKit.Core.Tasks
open ResearchKit.Core.Tokenization
open ResearchKit.Evaluation
open ResearchKit.Evaluation.Contamination
open ResearchKit.Evaluation.Datasets
open ResearchKit.Evaluation.Protocols
open ResearchKit.Evaluation.Suite
open ResearchKit.Evaluation.Tasks
open ResearchKit.Experiments

/// The right answer of an item.
[<RequireQualifiedAccess>]
type Answer =
    /// One of several choices, by index.
    | OneOf of choices: string list * gold: int
    /// Any of the accepted texts.
    | AnyOf of accepted: string list
    /// None: the text itself is scored.
    | NoAnswer

/// Tasks: found, read from files, or defined here.
[<RequireQualifiedAccess>]
module Task =

    /// Names of all tasks, the generated suite first.
    let names: string list = List.ofSeq GeneratedSuite.Names @ List.ofSeq DatasetTasks.Names

    /// A task by name, such as suite/label-induction or rte; benchmarks need the data folder (RESEARCHKIT_DATA).
    let get (name: string) : Result<EvaluationTask, string list> = Problems.catch (fun () -> TaskCatalog.Get name)

    /// A task of the generated suite, its items drawn by a seed.
    let suite (seed: int64) (name: string) : Result<EvaluationTask, string list> = Problems.catch (fun () -> GeneratedSuite.Get(name, seed))

    /// A benchmark in a data folder.
    let dataset (dataFolder: string) (name: string) : Result<EvaluationTask, string list> =
        Problems.catch (fun () -> DatasetTasks.Get(name, DataFolder.Resolve dataFolder))

    /// Prompt and scoring of a benchmark whose data are not at hand; its items can't be read.
    let describe (name: string) : Result<EvaluationTask, string list> = Problems.catch (fun () -> DatasetTasks.Describe name)

    /// Your own task's declarative file.
    let load (path: string) : Result<EvaluationTask, string list> = Problems.catch (fun () -> TaskFile.Load path)

    /// The items.
    let items (task: EvaluationTask) : Result<TaskSplits, string list> = Problems.catch task.Load.Invoke

    /// The same items in other words.
    let withPrompt (prompt: PromptTemplate) (task: EvaluationTask) : EvaluationTask = task.WithPrompt prompt

    /// The same prompts, scored in another way.
    let withScoring (rule: ScoringRule) (task: EvaluationTask) : EvaluationTask = task.WithScoring(ScoringRule.toScoring rule)

    /// The same task on a draw of its test items, the same ones for every model and every k.
    let sample (seed: int64) (count: int) (task: EvaluationTask) : EvaluationTask =
        task.WithSplits(fun splits -> splits.WithTest(Evaluator.SelectItems(task, splits, EvaluationOptions(Seed = seed, Limit = System.Nullable count))))

    /// The protocols that define a task: how each paper, and lm-evaluation-harness, runs it.
    let protocols (task: EvaluationTask) : Protocol list = List.ofSeq (TaskProtocols.Of task)

    /// The task's own words as a protocol, for tasks that no source defines.
    let ownProtocol (task: EvaluationTask) : Protocol = TaskProtocols.Own task

    /// A protocol in words, behind k demonstrations: prompt, split, scored span, normalization, truncation, metric, and every point that its source leaves open.
    let facts (shots: int) (protocol: Protocol) (task: EvaluationTask) : ProtocolFacts = ProtocolFacts.Of(protocol, task, shots)

    /// Items of a benchmark's splits, without reading its files.
    let sizes (name: string) : Result<TaskSizes, string list> = Problems.catch (fun () -> DatasetTasks.SizesOf name)

    /// A test item behind k demonstrations drawn by a seed, as a model with that tokenizer meets it: text, tokens, and what of them is scored.
    let shown (tokenizer: ITokenizer) (shots: int) (seed: int64) (index: int) (task: EvaluationTask) : Result<ItemView, string list> =
        Problems.catchArguments (fun () ->
            let splits = task.Load.Invoke()
            ItemView.Of(task, splits, EvaluationOptions(Shots = shots, Seed = seed), splits.Test[index], tokenizer))

    /// The task as a protocol runs it, by name, such as "gpt3-paper" or "lm-eval".
    let underProtocol (name: string) (task: EvaluationTask) : Result<EvaluationTask, string list> =
        Problems.catch (fun () -> TaskProtocols.Apply(task, name))

    /// The task over the whole published set: where no training set is at hand, the items held back for training are scored too. Not for fine-tuning.
    let overPublishedSet (task: EvaluationTask) : EvaluationTask = task.OverPublishedSet()

    let private fieldsOf (record: 'R) =
        let fields = Dictionary<string, string>()

        for property in FSharpType.GetRecordFields typeof<'R> do
            match FSharpValue.GetRecordField(record, property) with
            | :? string as text -> fields[property.Name] <- text
            | _ -> ()

        fields

    let private item (split: string) (answer: 'R -> Answer) (index: int) (record: 'R) =
        let id, fields = $"{split}/{index}", fieldsOf record

        match answer record with
        | Answer.OneOf(choices, gold) -> TaskItem(Id = id, Fields = fields, Choices = Array.ofList choices, Gold = gold)
        | Answer.AnyOf accepted -> TaskItem(Id = id, Fields = fields, Answers = Array.ofList accepted)
        | Answer.NoAnswer -> TaskItem(Id = id, Fields = fields)

    /// A task from records: the template names their text fields as {field}, and every item's answer is a function of its record.
    /// Training records are the demonstrations; test records are scored.
    let define (name: string) (prompt: PromptTemplate) (rule: ScoringRule) (answer: 'R -> Answer) (train: 'R list) (test: 'R list) : EvaluationTask =
        let split name records : IReadOnlyList<TaskItem> = records |> List.mapi (item name answer) |> Array.ofList :> _
        let load () = TaskSplits(split "train" train, [||], split "test" test)
        EvaluationTask(Name = name, Description = $"{name}, defined in F#.", Load = load, Prompt = prompt, Scoring = ScoringRule.toScoring rule)

    /// Makes a task of choices fit for fine-tuning: says which of GPT-1's four inputs an item is (Radford et al. 2018 §3.3).
    let withInput (input: TaskItem -> StructuredInput) (task: EvaluationTask) : EvaluationTask =
        task.WithSplits(fun splits -> splits.WithItems(fun item -> item.WithStructured(input item)))

    /// Training documents for overlap: a folder or file of texts, JSON Lines, a model folder of this kit, or generated:N.
    let trainingText (source: string) : Result<(string * string) seq, string list> =
        Problems.catch (fun () -> TrainingText.Open source |> Seq.map (fun document -> document.Name, document.Text))

    /// Which test items of a task stand, in part, in training texts (names and texts), by GPT-3's rule (Brown et al. 2020 appendix C).
    let overlap (corpus: (string * string) seq) (task: EvaluationTask) : Result<ContaminationReport, string list> =
        Problems.catch (fun () ->
            let examples = ContaminationExamples.Of(task, task.Load.Invoke().Test)
            ContaminationAnalysis.Run(examples, Seq.map CorpusText corpus, ContaminationOptions.For task.Name))

    let private builder shots seed (task: EvaluationTask) =
        let splits = task.Load.Invoke()
        PromptBuilder(task, splits, EvaluationOptions(Shots = shots, Seed = seed)), splits

    /// The demonstrations of a test item, as drawn by a seed.
    let demonstrations (shots: int) (seed: int64) (index: int) (task: EvaluationTask) : Result<TaskItem list, string list> =
        Problems.catchArguments (fun () ->
            let prompts, splits = builder shots seed task
            List.ofSeq (prompts.Demonstrations(splits.Test[index], shots)))

    /// The exact prompt of a test item behind k demonstrations drawn by a seed.
    let prompt (shots: int) (seed: int64) (index: int) (task: EvaluationTask) : Result<string, string list> =
        Problems.catchArguments (fun () ->
            let prompts, splits = builder shots seed task
            prompts.Build(splits.Test[index], shots).Contexts[0])
