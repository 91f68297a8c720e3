namespace ResearchKit.FSharp

open ResearchKit.Experiments
open ResearchKit.Experiments.Reporting

/// Finished comparisons: read, looked at, written in other forms.
[<RequireQualifiedAccess>]
module Report =

    /// The report of a run folder.
    let load (folder: string) : Result<ReportModel, string list> = Problems.catch (fun () -> RunReport.Read folder)

    /// Every item of every condition of a run folder, as it was scored.
    let items (folder: string) : Result<StoredItems, string list> = Problems.catch (fun () -> StoredItems.Read folder)

    /// Two runs on their common items: every condition of the first against the same of the second, paired, corrected for their number.
    let compare (first: string) (second: string) : Result<RunComparisonResult, string list> =
        Problems.catch (fun () -> RunComparison.Of(first, second, RunSelection()))

    /// Computes so many cells of a stored run again, or all, on the device and threads that it names, and says where they differ.
    let verify (cells: int option) (folder: string) : Result<VerificationResult, string list> =
        Problems.catch (fun () ->
            let run = RunVerification.Open folder
            let device = Compute.start run.Device run.Threads |> Problems.orFail
            run.Run(device, Option.toNullable cells))

    /// The report of what a run left behind; an Error for a pre-training, which has a model instead.
    let ofOutcome (outcome: Outcome) : Result<ReportModel, string list> =
        match outcome with
        | Outcome.Compared run -> load run.Folder
        | Outcome.Pretrained run -> Error [ $"{run.ModelFolder} is a pre-trained model: Model.load and Model.card read it." ]

    /// Scores over seeds with their intervals, one for every condition of every task.
    let summaries (report: ReportModel) : ConditionSummary list = List.ofSeq (ConditionSummaries.All report)

    /// The page as HTML, complete and offline.
    let html (report: ReportModel) : string = HtmlReport.Render report

    /// The page's tables as Markdown.
    let markdown (report: ReportModel) : string = MarkdownReport.Render report

    /// Its tables for LaTeX.
    let latex (report: ReportModel) : string = LatexTables.Render report

    /// Its tables as CSV files: names and texts.
    let csv (report: ReportModel) : (string * string) list = [ for struct (name, text) in CsvTables.Render report -> name, text ]

    /// Its results in lm-evaluation-harness' form: file names and texts.
    let lmEval (report: ReportModel) : (string * string) list = [ for struct (name, text) in LmEvalResults.Render report -> name, text ]

    /// Writes the page and the tables of a run folder again; the path of the page.
    let render (folder: string) : Result<string, string list> = Problems.catch (fun () -> RunReport.Render folder)

    /// Writes all forms into a folder; the path of the page.
    let write (folder: string) (report: ReportModel) : Result<string, string list> =
        Problems.catch (fun () -> RunReport.Write(folder, report))

/// The numbers printed in the papers of GPT-1, GPT-2 and GPT-3.
[<RequireQualifiedAccess>]
module Papers =

    /// All of them, with table or section.
    let all: PaperRecord list = List.ofSeq PaperResults.All

    /// What the papers call one of our tasks; empty where none has it.
    let namesOf (task: string) : string list = List.ofSeq (PaperResults.PaperTasks task)

    /// Those of one of our tasks, such as "rte" or "suite/addition-2d".
    let forTask (task: string) : PaperRecord list = List.ofSeq (PaperResults.For task)

    /// Those of a task of a report beside ours: percentages as fractions, and whether protocol, split and size are the same.
    let beside (report: ReportModel) (task: TaskEntry) : PaperValue list =
        [ for value in report.PaperValues do
              if value.Task = task.Name then value ]
