namespace ResearchKit.FSharp.Tests

open FsCheck.FSharp
open FsCheck.Xunit
open ResearchKit.Core.Configuration
open ResearchKit.Evaluation
open ResearchKit.Experiments.Configuration
open ResearchKit.FSharp
open Xunit

/// Valid comparisons of every shape, written as an experiment { }.
type Comparisons =
    static member Experiment() =
        let seeds = Gen.nonEmptyListOf (Gen.choose (0, 1000)) |> Gen.map (List.distinct >> List.map int64)
        let counts least = Gen.nonEmptyListOf (Gen.choose (least, 300)) |> Gen.map List.distinct

        Arb.fromGen (
            gen {
                let! number = Gen.choose (0, 99)
                let! asked = Gen.elements [ "Which? \"This\" or {that}, α < β?"; "" ]
                let! root = Gen.choose (-5, 1_000_000)
                let! limit = Gen.choose (1, 500)
                let! ks = counts 0
                let! drawSeeds = seeds
                let! policy = Gen.elements [ OverflowPolicy.ReduceShots; OverflowPolicy.TruncateLeft; OverflowPolicy.Error ]
                let! sizes = counts 1
                let! trainingSeeds = seeds
                let! epochs = Gen.choose (1, 9)
                let! level = Gen.elements [ 0.5; 0.9; 0.95; 0.999 ]

                return
                    experiment {
                        name $"trial-{number}"
                        question asked
                        seed (int64 root)
                        threads number
                        model "a"
                        model $"b/{number}"
                        task "suite/label-induction"
                        task "suite/sentiment" limit
                        task (TaskReference(Name = "mine", File = "mine.json", FineTune = false))
                        shots ks
                        draws drawSeeds
                        overflow policy
                        examples sizes
                        trainings trainingSeeds
                        recipe "gpt1" FineTune.paper
                        recipe "other" (FineTuneRecipe(Epochs = epochs, Lambda = level))
                        confidence level
                    }
            }
        )

type ExperimentTests() =

    [<Property(Arbitrary = [| typeof<Comparisons> |])>]
    member _.``the file of an experiment reads back to the same file``(written: Experiment) =
        let file = Experiment.json written |> Problems.orFail
        let config = Experiment.config written |> Problems.orFail
        Assert.Equal(file, Experiment.json (Experiment.parse "." file) |> Problems.orFail)
        Assert.Equal(file, Experiment.json (Experiment.ofConfig "." config) |> Problems.orFail)

    [<Fact>]
    member _.``experiment equals the declarative file``() =
        let file =
            Experiment.parse "." """
                { "kind": "comparison", "name": "copa-three-ways", "question": "COPA?", "seed": 1,
                  "models": ["gpt1-mini", "gpt2-mini"],
                  "tasks": [{ "name": "copa", "limit": 100 }, { "name": "rte" }],
                  "in_context": { "shots": [0, 4], "seeds": [1, 2] },
                  "fine_tuning": { "examples": [32], "seeds": [1], "recipes": { "gpt1": { "batch_size": 8 } } } }
                """

        let written =
            experiment {
                name "copa-three-ways"
                question "COPA?"
                model "gpt1-mini"
                model "gpt2-mini"
                task "copa" 100
                task "rte"
                shots [ 0; 4 ]
                draws [ 1L; 2L ]
                examples [ 32 ]
                trainings [ 1L ]
                recipe "gpt1" (FineTuneRecipe(BatchSize = 8))
            }

        Assert.Empty(Experiment.problems file)
        Assert.Equal(Experiment.json file, Experiment.json written)
        Assert.NotEqual(Experiment.json file, Experiment.json (Experiment.set "seed" 2 written))

    [<Fact>]
    member _.``pretraining equals the declarative file``() =
        let file =
            Experiment.parse "." """
                { "kind": "pretraining", "name": "tiny", "model": { "preset": "gpt2-mini" },
                  "tokenizer": { "kind": "train_bpe", "vocabulary_size": 2048 },
                  "data": [{ "kind": "generated", "documents": 40, "weight": 0.65 }],
                  "training": { "tokens": 6000, "batch_size": 4, "schedule": { "kind": "constant" } } }
                """

        let written =
            pretraining {
                name "tiny"
                model "gpt2-mini"
                tokenizer (TrainedTokenizer 2048)
                data (GeneratedSource(40, Weight = 0.65))
                length (RunLength.Steps 3L<step>)
                length (RunLength.Tokens 6000L<token>)
                batch 4
                schedule (ConstantSchedule())
            }

        Assert.Empty(Experiment.problems file)
        Assert.Equal(Experiment.json file, Experiment.json written)

    [<Fact>]
    member _.``all problems come at once``() =
        let problems = Experiment.problems (experiment { shots [ 0; 0 ] })
        Assert.Contains(problems, fun problem -> problem.Contains "`name` is missing")
        Assert.Contains(problems, fun problem -> problem.Contains "`models` is missing")
        Assert.NotEmpty(Experiment.problems (Experiment.load "nowhere.json"))
        Assert.True(Result.isError (Experiment.run (Experiment.load "nowhere.json")))
