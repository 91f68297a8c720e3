namespace ResearchKit.FSharp.Tests

open System.IO
open ResearchKit.Experiments.Reporting
open ResearchKit.FSharp
open ResearchKit.Notebooks
open ResearchKit.Notebooks.Display
open ResearchKit.Training
open Xunit

/// Keeps what was shown instead of printing it.
type RecordingHost() =
    let shown = ResizeArray<MimeBundle * bool>()
    member _.Shown = shown

    interface INotebookHost with
        member _.Show(bundle, _, update) = shown.Add((bundle, update))
        member _.Clear _ = ()
        member _.ReadLine(_, _) = ""
        member _.Cancellation = System.Threading.CancellationToken.None
        member _.Cell = "cell"
        member _.Execution = 1L

type DisplayTests() =
    let format (value: obj) = Notebook.Displays.Format value
    let html (value: obj) = string (format value).Html
    let text (value: obj) = (format value).PlainText

    [<Fact>]
    member _.``two protocols of one task are two rows of a report, each under its name``() =
        let cell protocol =
            InContextCell(Id = "m/t/k2" + protocol, Model = "m", Task = "t", K = 2, Seed = 1L, Score = 0.5, ItemCount = 4, Protocol = (if protocol = "" then null else protocol))

        let report = ReportModel(Title = "t", Question = "?", Tasks = [| TaskEntry(Name = "t", Metric = "accuracy", ItemCount = 4) |], InContext = [| cell ""; cell "lm-eval" |])
        Assert.Contains("m, 2-shot (lm-eval)", text report)
        Assert.Contains("m, 2-shot ", (text report).Replace("m, 2-shot (lm-eval)", ""))

    [<Theory>]
    [<InlineData "gpt1-mini">]
    [<InlineData "gpt2-small">]
    [<InlineData "gpt3-mini">]
    [<InlineData "gpt-neo-125m">]
    member _.``a configuration is shown as layers whose parameters add up``(name: string) =
        let config = ModelConfig.preset name |> orFail
        let shown = text config
        let count (cell: string) = int64 (cell.Replace(",", ""))

        let rows =
            [ for line in shown.Split '\n' do
                  let last = (line.Split ' ' |> Array.last)
                  if line.Contains '[' && line.StartsWith "attention:" |> not && last <> "tied" then count last ]

        Assert.Equal(ModelConfig.parameters config, List.sum rows)
        Assert.Contains(config.ParameterCount.ToString("N0", System.Globalization.CultureInfo.InvariantCulture), html config)
        Assert.Contains("<svg", html config)

    [<Fact>]
    member _.``a model is shown with every weight``() =
        let config = ModelConfig.preset "gpt2-mini" |> Result.bind (ModelConfig.set "n_vocab" Fakes.letters.VocabularySize) |> orFail
        use model = Model.create "mini" 1L Fakes.letters config |> orFail
        Assert.Contains("h.3.mlp.c_proj.weight", html model)
        Assert.Equal("fake", text (Fakes.model (fun _ -> true)))

    [<Fact>]
    member _.``tokens carry their surprisal and are quoted``() =
        let shown = Show.surprisal [ "a<b", 0.0; "\n", 12.0 ]
        Assert.Contains("a&lt;b", html shown)
        Assert.Contains("rgba(221,107,32,0.85)", html shown)
        Assert.Contains("2 tokens, mean 6.00 nats, perplexity 403.4", text shown)

    [<Fact>]
    member _.``a pattern is shown as its mask``() =
        let own = Pattern.define "first only" (fun _ key -> key = 0)
        Assert.EndsWith("█\n██\n█·█", (Show.pattern 3 own).PlainText)
        Assert.StartsWith("first only, over 3 positions", (Show.pattern 3 own).PlainText)
        Assert.Contains("<svg", html (Pattern.Local 4))

    [<Fact>]
    member _.``a result is shown with its interval and its first items``() =
        let cities = [ "Paris"; "Rome" ]
        let places = [ {| country = "Gaul"; city = 0 |}; {| country = "Latium"; city = 1 |} ]
        let task = Task.define "capitals" (PromptTemplate "capital of {country}:") (ScoringRule.Choice Ranking.Sum) (fun (place: {| country: string; city: int |}) -> Answer.OneOf(cities, place.city)) [] places
        use model = Fakes.model (fun text -> text.Contains "Rome")
        let result = Evaluate.run 0 task model |> orFail
        Assert.Contains("accuracy 0.5 [", text result)
        Assert.Contains("capital of Gaul:", html result)
        use other = Fakes.model (fun _ -> false)
        let comparison = Statistics.compare result (Evaluate.run 0 task other |> orFail) |> orFail
        Assert.Contains("No difference is shown", text comparison)

    [<Fact>]
    member _.``rows keep the order of the columns asked for``() =
        let rows = [ {| model = "a<b"; accuracy = 0.25; items = 1200; claim = true; p = None |> Option.toNullable |}; {| model = "c"; accuracy = 1.0 / 3.0; items = 3; claim = false; p = System.Nullable 1e-9 |} ]
        let shown = Show.table "model, accuracy, items, claim, p" rows
        Assert.Equal("model  accuracy  items  claim        p\na<b        0.25  1,200  yes          –\nc        0.3333      3  no     1.00e-9", shown.PlainText)
        Assert.Contains("a&lt;b", string shown.Html)
        let mistake = Assert.Throws<ResearchKit.Core.ConfigException>(fun () -> Show.table "modell" rows |> ignore)
        Assert.Contains("they have accuracy, claim, items, model, p", mistake.Message)

    [<Fact>]
    member _.``laws are shown kept or broken``() =
        let broken: Result<unit, Violation list> = Error [ { Law = "causality: …"; Source = "§3.1"; Counterexample = None; Found = "looked ahead" } ]
        Assert.Contains("✗ causality", text broken)
        let kept: Result<unit, Violation list> = Ok()
        Assert.Contains("✓ causality", text kept)

    [<Fact>]
    member _.``a chart of a training grows and ends with its last point``() =
        let before = Notebook.Host
        let host = RecordingHost()

        try
            Notebook.Host <- host
            let report = Show.training "tiny"
            for step in 1L .. 50L do report (TrainingProgress(step, 50L, step * 8L, 10.0 / float step, 0.1, 1.0, 100.0, System.TimeSpan.Zero))
            let last, updated = host.Shown[host.Shown.Count - 1]
            Assert.True updated
            Assert.Contains("training loss 0.2 at 50", last.PlainText)
            Assert.Contains("<polyline", string last.Html)
            Assert.True(host.Shown.Count < 20, "it is drawn a few times a second, not at every update")
        finally
            Notebook.Host <- before

    [<Fact>]
    member _.``a shipped report is shown with its answer, figures and scores``() =
        let rec above (folder: string) =
            if File.Exists(Path.Combine(folder, "ResearchKit.sln")) then folder else above (nonNull (Path.GetDirectoryName folder))

        let before = Notebook.Host

        try
            Notebook.Host <- RecordingHost()
            let report = Report.load (Path.Combine(above System.AppContext.BaseDirectory, "results", "quickstart")) |> orFail
            Assert.Contains(report.Question, text report)
            Assert.Equal(report.Tasks.Count, (html report).Split("newPlot").Length - 1)
            Assert.True((Show.scores report report.Tasks[0]).IsSome)
        finally
            Notebook.Host <- before
