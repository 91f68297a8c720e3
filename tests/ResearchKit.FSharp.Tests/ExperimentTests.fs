namespace ResearchKit.FSharp.Tests

open System
open System.IO
open FsCheck.FSharp
open FsCheck.Xunit
open ResearchKit.Core.Configuration
open ResearchKit.Evaluation
open ResearchKit.Experiments.Configuration
open ResearchKit.FSharp
open ResearchKit.Models.Checkpoints
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
                let! ks = counts 1
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
                        halfWidth (level / 2.0)
                        variation [ List.max ks ] (1 + epochs)
                        examples sizes
                        trainings trainingSeeds
                        validationLimit limit
                        recipe "gpt1" FineTune.paper
                        recipe "other" (FineTuneRecipe(Epochs = epochs, Lambda = level))
                        confidence level
                    }
            }
        )

/// Valid pre-trainings, written as a pretraining { }.
type Pretrainings =
    static member Experiment() =
        Arb.fromGen (
            gen {
                let! number = Gen.choose (1, 1_000_000)
                let! own = Gen.elements [ TrainedTokenizer(512 + number, 1000) :> TokenizerSource; NamedTokenizer "gpt2" ]
                let! text = Gen.elements [ CorpusSource $"books {number}" :> TextSource; GeneratedSource(number, Weight = 0.25) ]
                let! many = Gen.elements [ RunLength.Steps(int64 number * 1L<step>); RunLength.Tokens(int64 number * 1_000_000L<token>) ]
                let! rate = Gen.elements [ 1e-5; 6.25e-5; 0.003 ]
                let! form = Gen.elements [ TensorType.F32; TensorType.F16 ]

                let! curve =
                    Gen.elements [ ConstantSchedule() :> LearningRateSchedule; WarmupCosineSchedule(WarmupTokens = 10L, DecayTokens = 11L + int64 number, FinalFraction = 0.2); Gpt1LinearSchedule(Warmup = 0.5) ]

                return
                    pretraining {
                        name $"run-{number}"
                        question "How far?"
                        seed (int64 number)
                        model "gpt3-mini"
                        storage form
                        tokenizer own
                        data text
                        data (GeneratedSource(7, Weight = 0.75))
                        length many
                        batch (1 + number % 64)
                        optimizer (OptimizerConfig(LearningRate = rate, DecayRule = DecayRule.Gpt2))
                        schedule curve
                        training "length_warmup" (LengthWarmup(16, int64 number))
                        training "log_every" number
                        training "gradient_checkpointing" (number % 2 = 0)
                    }
            }
        )

type ExperimentTests() =

    static let shipped =
        let rec above (folder: string) =
            if Directory.Exists(Path.Combine(folder, "experiments")) then Path.Combine(folder, "experiments") else above (nonNull (Path.GetDirectoryName folder))

        above AppContext.BaseDirectory

    [<Property(Arbitrary = [| typeof<Comparisons> |])>]
    member _.``the file of an experiment reads back to the same file``(written: Experiment) =
        let file = Experiment.json written |> Problems.orFail
        let config = Experiment.config written |> Problems.orFail
        Assert.Equal(file, Experiment.json (Experiment.parse "." file) |> Problems.orFail)
        Assert.Equal(file, Experiment.json (Experiment.ofConfig "." config) |> Problems.orFail)

    [<Property(Arbitrary = [| typeof<Pretrainings> |])>]
    member _.``the file of a pre-training reads back to the same file``(written: Experiment) =
        let file = Experiment.json written |> Problems.orFail
        Assert.Equal(file, Experiment.json (Experiment.parse "." file) |> Problems.orFail)

    static member Shipped = TheoryData<string>([ for path in Directory.GetFiles(shipped, "*.json", SearchOption.AllDirectories) do if Path.GetFileName path <> "schema.json" then Path.GetRelativePath(shipped, path) ])

    [<Theory; MemberData "Shipped">]
    member _.``every shipped file reads back to the same file``(path: string) =
        let file = Experiment.load (Path.Combine(shipped, path)) |> Experiment.json |> Problems.orFail
        Assert.Equal(file, Experiment.parse "." file |> Experiment.json |> Problems.orFail)

    [<Fact>]
    member _.``the quickstart in F# is its file``() =
        let wording context = PromptTemplate(context, Separator = "\n")

        let written =
            experiment {
                name "quickstart"
                question "On the same items: what do small GPT-1-, GPT-2- and GPT-3-style sisters learn by fine-tuning, and what can they do from the prompt alone?"
                model "../results/models/gpt1-mini"
                model "../results/models/gpt2-mini"
                model "../results/models/gpt3-mini"
                task (TaskReference(Name = "suite/function-first", Limit = 100, Wordings = [| wording " {input} =" |]))
                task (TaskReference(Name = "suite/function-second", Limit = 100, Wordings = [| wording " {input} =" |]))
                task (TaskReference(Name = "suite/label-induction", Limit = 100, Wordings = [| wording " {input} =" |]))
                task (TaskReference(Name = "suite/sentiment", Limit = 100, Wordings = [| wording "Text: {input}. Feeling:" |]))
                shots [ 0; 1; 2; 4; 8; 16 ]
                draws [ 1L; 2L; 3L ]
                variation [ 4 ] 2
                examples [ 16; 64; 192 ]
                trainings [ 1L; 2L; 3L ]
                recipe "gpt1" (FineTuneRecipe(Epochs = 3, BatchSize = 8, LearningRate = 0.001))
            }

        Assert.Equal(Experiment.load (Path.Combine(shipped, "quickstart.json")) |> Experiment.json, Experiment.json written)

    [<Fact>]
    member _.``a sister's pre-training in F# is its file``() =
        let written =
            pretraining {
                name "gpt2-mini"
                model "gpt2-mini"
                threads 1
                storage TensorType.F16
                tokenizer (TrainedTokenizer 2048)
                data (CorpusSource("children", Weight = 0.2))
                data (GeneratedSource(80_000, Weight = 0.8))
                length (RunLength.Tokens 10_000_000L<token>)
                batch 4
                training "length_warmup" (LengthWarmup(64, 700_000L))
                optimizer (OptimizerConfig(LearningRate = 0.0015, WeightDecay = 0.1))
                schedule (WarmupCosineSchedule(WarmupTokens = 100_000L, DecayTokens = 10_000_000L, FinalFraction = 0.1))
                training "log_every" 20
                training "evaluate_every" 500
                training "checkpoint_every" 500
            }

        Assert.Equal(Experiment.load (Path.Combine(shipped, "sisters", "gpt2-mini.json")) |> Experiment.json, Experiment.json written)

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
