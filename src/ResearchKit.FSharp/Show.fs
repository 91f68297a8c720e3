namespace ResearchKit.FSharp

open System.Collections.Generic
open ResearchKit.Experiments.Reporting
open ResearchKit.Notebooks
open ResearchKit.Notebooks.Charts
open ResearchKit.Notebooks.Display

/// Pictures of the kit's values, in notebooks; text elsewhere. Values of the kit's own types show themselves when they end a cell.
[<RequireQualifiedAccess>]
module Show =

    /// Shows a value now.
    let now (value: 'T) : unit = Notebook.Display value |> ignore

    /// Rows as a table with columns in this order, such as "model, k, accuracy": F# sorts the fields of anonymous records by name.
    let table (columns: string) (rows: 'Row seq) : MimeBundle =
        RowsDisplay.Of(rows, columns.Split(',', System.StringSplitOptions.TrimEntries))

    /// Tokens coloured by their surprisal, as Model.surprisal gives them.
    let surprisal (tokens: (string * float) list) : SurprisalText =
        SurprisalText [| for piece, nats in tokens -> struct (piece, nats) |]

    /// Token sequences as FineTune.sequences gives them, special tokens coloured.
    let sequences (sequences: string list list) : Markup =
        let chip (word: string) =
            let colour = if word.StartsWith '[' && word.EndsWith ']' then "rgba(43,108,176,.35)" else "rgba(128,128,128,.15)"
            let shown = System.Net.WebUtility.HtmlEncode(word.Replace("\n", "↵"))
            $"<span style=\"background:{colour};border-radius:3px;padding:1px 4px;margin:1px;white-space:pre;display:inline-block\">{shown}</span>"

        let row (words: string list) =
            $"<div style=\"margin:4px 0;font-family:ui-monospace,monospace\">{System.String.Concat(List.map chip words)}</div>"

        Markup(System.String.Concat(List.map row sequences))

    /// The mask of a pattern over a text of this length.
    let pattern (length: int) (pattern: Pattern) : MimeBundle = PatternDisplay.Of(Pattern.toAttention pattern, length)

    /// A chart of a training that grows while it trains: Train.runWith (Show.training "my model") …
    let training (title: string) : ResearchKit.Training.TrainingProgress -> unit =
        let chart = TrainingChart title
        chart.Report

    /// The same for fine-tuning: FineTune.runWith (Show.fineTuning "on 64 examples") …
    let fineTuning (title: string) : ResearchKit.Training.FineTuning.FineTuneProgress -> unit =
        let chart = TrainingChart title
        chart.Report

    /// A progress bar for the cells of an experiment: Experiment.runOn device (Show.progress ()) …
    let progress () : Progress -> unit =
        let bars = Dictionary<string, ProgressBar>()

        fun value ->
            match value with
            | Progress.Training training ->
                if not (bars.ContainsKey "training") then bars["training"] <- ProgressBar("training", training.TotalSteps)
                bars["training"].Report(training.Step, $"loss {training.Loss:F3}")
            | Progress.Cells cells ->
                if cells.Total > 0 then
                    if not (bars.ContainsKey "cells") then bars["cells"] <- ProgressBar("cells", int64 cells.Total)
                    bars["cells"].Report(int64 cells.Done, cells.Doing)

    /// Scores of a task of a report against the number of examples; None where there are none.
    let scores (report: ReportModel) (task: TaskEntry) : PlotlyFigure option = Option.ofObj (ReportDisplay.Scores(report, task))

/// How the F# layer's own types look.
[<Sealed>]
type FSharpDisplays() =
    let violations (found: Violation list) =
        let line (violation: Violation) =
            let smallest =
                match violation.Counterexample with
                | Some variant ->
                    $"smallest counter-example: {variant.Layers} layers, {variant.Heads} heads of {variant.HeadSize}, context {variant.Context}, vocabulary {variant.Vocabulary}, seed {variant.Seed}"
                | None -> "the configuration itself is impossible"

            $"✗ {violation.Law}\n   {violation.Found}\n   {smallest}\n   {violation.Source}"

        System.String.Join('\n', List.map line found)

    interface IDisplaySource with
        member _.Register displays =
            let shown (value: obj) = Notebook.Displays.Format value

            displays.Add<Model>(fun model ->
                match model.Weights with
                | Some gpt -> shown gpt
                | None -> MimeBundle.OfText model.Language.Name)

            displays.Add<Pattern>(fun pattern -> shown (Pattern.toAttention pattern))

            displays.Add<Experiment>(fun experiment ->
                match Experiment.config experiment with
                | Ok config -> shown config
                | Error problems -> MimeBundle.OfText(System.String.Join('\n', problems)))

            displays.Add<Outcome>(fun outcome ->
                match outcome with
                | Outcome.Compared run -> shown run
                | Outcome.Pretrained run -> shown run)

            displays.Add<Result<unit, Violation list>>(fun checkedLaws ->
                match checkedLaws with
                | Ok() -> MimeBundle.OfText(System.String.Join('\n', [ for law, source in Laws.all -> $"✓ {law}\n   {source}" ]))
                | Error found -> MimeBundle.OfText(violations found))

[<assembly: DisplaySource(typeof<FSharpDisplays>)>]
do ()
