namespace ResearchKit.FSharp.Tests

open System.Collections.Generic
open ResearchKit.Core.Tasks
open ResearchKit.Evaluation.Tasks
open ResearchKit.FSharp
open Xunit

type Capital = { Country: string; City: string }

type TaskTests() =
    let cities = [ "Paris"; "Rome" ]
    let train = [ { Country = "France"; City = "Paris" }; { Country = "Italy"; City = "Rome" } ]
    let test = [ { Country = "Gaul"; City = "Paris" }; { Country = "Latium"; City = "Rome" }; { Country = "Etruria"; City = "Rome" } ]
    let prompt = PromptTemplate("capital of {Country}:", Separator = "\n")
    let gold capital = Answer.OneOf(cities, List.findIndex ((=) capital.City) cities)
    let capitals = Task.define "capitals" prompt (ScoringRule.Choice Ranking.PerToken) gold train test

    [<Fact>]
    member _.``a task of records is rendered from their fields``() =
        Assert.Equal(Ok "capital of Gaul:", Task.prompt 0 0L 0 capitals)
        let shown = Task.prompt 2 0L 0 capitals |> Problems.orFail
        Assert.Contains("capital of Italy: Rome\n", shown)
        Assert.EndsWith("\ncapital of Gaul:", shown)

    [<Fact>]
    member _.``a fake that likes Rome is right wherever Rome is``() =
        use model = Fakes.model (fun text -> text.Contains "Rome")
        let result = Evaluate.run 2 capitals model |> Problems.orFail
        Assert.Equal(2.0 / 3.0, result.Score, 1e-12)
        let correct = Regime.correct 0L capitals model Regime.ZeroShot
        Assert.Equal(Ok(Map [ "test/0", false; "test/1", true; "test/2", true ]), correct)

    [<Fact>]
    member _.``an input for fine-tuning leaves all else of a task as it was``() =
        let sampled = Task.sample 1L 2 capitals
        let tuned = sampled |> Task.withInput (fun item -> ClassificationInput item.Fields["Country"])
        let before, after = Task.items sampled |> Problems.orFail, Task.items tuned |> Problems.orFail
        Assert.Equal<string>([ for item in before.Test -> item.Id ], [ for item in after.Test -> item.Id ])
        // Demonstrations that come from the test split are drawn from the whole of it.
        Assert.Equal(3, (nonNull after.TestPool).Count)
        Assert.All(Seq.concat [ after.Train; after.Test; nonNull after.TestPool ], fun item -> Assert.NotNull item.Structured)

    [<Fact>]
    member _.``items that count only together are one unit of a metric's standard error``() =
        use model = Fakes.model (fun text -> text.Contains "Rome")
        let item i = TaskItem(Id = $"test/{i}", Fields = Dictionary(dict [ "Country", "Gaul" ]), Choices = Array.ofList cities, Gold = 0, Group = $"question {i / 2}")
        let load () = TaskSplits([||], [||], [| for i in 0..3 -> item i |])
        let task = EvaluationTask(Name = "grouped", Description = "", Load = load, Prompt = prompt, Scoring = ChoiceScoring())
        let result = Evaluate.run 0 task model |> Problems.orFail
        Assert.Equal(2, (Metric.score (Metric.define "right" _.Score) result).ClusterCount)

    [<Fact>]
    member _.``unconditional normalization carries its answer context``() =
        match ScoringRule.toScoring (ScoringRule.Choice(Ranking.Unconditional "Answer:")) with
        | :? ChoiceScoring as scoring -> Assert.Equal((Normalization.Unconditional, "Answer:"), (scoring.Normalization, string scoring.AnswerContext))
        | other -> Assert.Fail $"{other}"

    [<Fact>]
    member _.``generated answers are compared with the accepted ones``() =
        let rule = ScoringRule.Generation(GenerationMetric.ExactMatch, 8<token>, [ "\n" ])
        let free = Task.define "free" prompt rule (fun capital -> Answer.AnyOf [ capital.City ]) train test
        use model = Fakes.model (fun _ -> false)
        Assert.Equal(2.0 / 3.0, (Evaluate.run 0 free model |> Problems.orFail).Score, 1e-12)

    [<Fact>]
    member _.``mistakes are errors, not exceptions``() =
        use model = Fakes.model (fun _ -> false)
        let broken = Task.withPrompt (PromptTemplate "{Nation}:") capitals

        match Evaluate.run 0 broken model with
        | Error [ problem ] -> Assert.Contains("no field `Nation`", problem)
        | other -> Assert.Fail $"{other}"

        match FineTune.run FineTune.paper 2 1L capitals model with
        | Error [ problem ] -> Assert.Contains("not a model of this kit", problem)
        | other -> Assert.Fail $"{other}"

    [<Fact>]
    member _.``surprisal belongs to pieces of the text``() =
        use model = Fakes.model (fun _ -> false)
        let pieces = Model.surprisal "ab" model |> Problems.orFail
        Assert.Equal<string list>([ "a"; "b" ], List.map fst pieces)
        Assert.Equal<float list>([ for id in Tokenizer.encode "ab" Fakes.letters -> float id ], List.map snd pieces)
        let next = Model.nextTokens 1 "a" (Fakes.model ((=) "c")) |> Problems.orFail
        Assert.Equal<(string * float) list>([ "c", exp -1.0 ], next)
