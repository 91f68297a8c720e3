namespace ResearchKit.FSharp.Tests

open System
open System.Collections.Generic
open System.Reflection
open System.Reflection.Emit
open ResearchKit.FSharp
open Xunit

/// What a C# user can call, and what of it the F# layer calls: read from the compiled code, so that no list of pairs can grow stale.
module Coverage =

    let private declared =
        BindingFlags.Public ||| BindingFlags.Static ||| BindingFlags.Instance ||| BindingFlags.DeclaredOnly

    let private name (method: MemberInfo) =
        let owner = nonNull method.DeclaringType
        let owner = if owner.IsGenericType then owner.GetGenericTypeDefinition() else owner
        $"{owner}.{method.Name}"

    let private opcodes =
        dict [ for field in typeof<OpCodes>.GetFields() do
                   match field.GetValue null with
                   | :? OpCode as code -> code.Value, code
                   | _ -> () ]

    /// Methods that a method's body refers to.
    let private references (method: MethodBase) =
        let body = method.GetMethodBody()

        if isNull body then
            []
        else
            let il = (nonNull body).GetILAsByteArray() |> nonNull
            let owner = nonNull method.DeclaringType
            let typeArguments = if owner.IsGenericType then owner.GetGenericArguments() else [||]
            let methodArguments = if method.IsGenericMethod then method.GetGenericArguments() else [||]

            let rec from place found =
                if place >= il.Length then
                    found
                else
                    let two = il[place] = 0xFEuy
                    let code = opcodes[if two then int16 (0xFE00 ||| int il[place + 1]) else int16 il[place]]
                    let operand = if two then place + 2 else place + 1

                    match code.OperandType with
                    | OperandType.InlineNone -> from operand found
                    | OperandType.ShortInlineBrTarget
                    | OperandType.ShortInlineI
                    | OperandType.ShortInlineVar -> from (operand + 1) found
                    | OperandType.InlineVar -> from (operand + 2) found
                    | OperandType.InlineI8
                    | OperandType.InlineR -> from (operand + 8) found
                    | OperandType.InlineSwitch -> from (operand + 4 + 4 * BitConverter.ToInt32(il, operand)) found
                    | OperandType.InlineMethod ->
                        let target = method.Module.ResolveMember(BitConverter.ToInt32(il, operand), typeArguments, methodArguments)
                        from (operand + 4) (Option.ofObj target |> Option.toList |> List.append found)
                    | _ -> from (operand + 4) found

            from 0 []

    /// Everything that the F# assembly calls.
    let called =
        let all = declared ||| BindingFlags.NonPublic

        HashSet(
            seq {
                for owner in typeof<Experiment>.Assembly.GetTypes() do
                    for method in Seq.append (Seq.cast<MethodBase> (owner.GetMethods all)) (Seq.cast (owner.GetConstructors all)) do
                        for target in references method do
                            if not (isNull target.DeclaringType) then name target
            }
        )

    let private isRecord (owner: Type) = not (isNull (owner.GetMethod "<Clone>$"))

    /// Static methods, and constructors and methods of classes that work for the caller. Records are data: F# makes them and calls their methods as they are.
    let operations =
        [ for one in
              [ typeof<ResearchKit.Core.ILanguageModel>
                typeof<ResearchKit.Models.Gpt>
                typeof<ResearchKit.Training.Trainer>
                typeof<ResearchKit.Evaluation.Evaluator>
                typeof<ResearchKit.Experiments.ComparisonRunner> ] do
              for owner in one.Assembly.GetExportedTypes() do
                  if owner.IsClass then
                      for method in owner.GetMethods declared do
                          let inherited = method.GetBaseDefinition().DeclaringType <> owner
                          // What implements ITokenizer or ILanguageModel is called through them.
                          let ofInterface = owner.GetInterfaces() |> Seq.exists (fun contract -> (owner.GetInterfaceMap contract).TargetMethods |> Seq.contains method)

                          if not (method.IsSpecialName || inherited || ofInterface || method.Name.StartsWith "<" || (isRecord owner && not method.IsStatic)) then
                              name method

                      if not (isRecord owner || owner.IsAbstract) then
                          for maker in owner.GetConstructors() do name maker ]
        |> List.distinct

    /// Types, or single operations, that need no counterpart, with the reason.
    let allowed =
        [ // Parts of a model, an optimizer, a tokenizer or the suite: the whole has a counterpart.
          "ResearchKit.Models.AttentionKernels.Mask", "Pattern.mask"
          "ResearchKit.Models.KeyValueCache", "Model.generate keeps one"
          "ResearchKit.Models.EvaluationMode", "every function of Model enters it"
          "ResearchKit.Training.AdamW", "a part of Train.run and FineTune.run, chosen by TrainingConfig.Optimizer"
          "ResearchKit.Training.ReferenceAdamW", "the oracle of AdamW's tests"
          "ResearchKit.Training.Optimizer", "a part of Train.run and FineTune.run"
          "ResearchKit.Training.OptimizerGroups", "a part of Train.run and FineTune.run"
          "ResearchKit.Training.FineTuning.TaskHead", "a part of FineTune.train's result"
          "ResearchKit.Training.FineTuning.InputTransformation.KindOf", "an F# user matches on the input"
          "ResearchKit.Training.NativeAllocator", "Compute.start tunes the allocator"
          "ResearchKit.Models.ComputeDevice.Start", "Compute.start"
          "ResearchKit.Core.Tokenization.BytePairTokenizer", "Tokenizer.load and Tokenizer.train make one; bytes and vocabulary entries are for readers of checkpoints"
          "ResearchKit.Core.Tokenization.Gpt1Tokenizer", "Tokenizer.load makes one"
          "ResearchKit.Core.Tokenization.CharacterTokenizer.FromFolder", "Tokenizer.load"
          "ResearchKit.Core.Tokenization.CharacterTokenizer.Save", "Tokenizer.save"
          "ResearchKit.Core.Tokenization.TokenizerFolder.ExistsIn", "Tokenizer.load says what is missing"
          "ResearchKit.Evaluation.Suite.", "what the generated suite is made of; Task.suite and Data.generated use it"
          "ResearchKit.Evaluation.RankingRule", "Ranking is the F# form; every rule's prediction is in the result"
          "ResearchKit.Evaluation.TextTemplate", "PromptTemplate is parsed when a task is run"
          "ResearchKit.Evaluation.ContinuationEncoder.EncodePair", "Model.logLikelihood"
          "ResearchKit.Evaluation.PromptBuilder.GoldText", "a part of Task.prompt"
          // Changes of weights for fine-tuning, chosen by its recipe.
          "ResearchKit.Models.Gpt.Loss", "Train.loss; tensors of a training step are for TorchSharp"
          "ResearchKit.Models.Gpt.LossSum", "as Gpt.Loss"
          "ResearchKit.Models.BackwardPass.Run", "a part of Train.run and FineTune.run"
          "ResearchKit.Models.Gpt.CopyFirstLayersFrom", "FineTuneRecipe.LayersTransferred"
          // Files: one reader or writer stands for all formats.
          "ResearchKit.Models.Checkpoints.", "Model.load and Model.save know every format"
          "ResearchKit.Models.GptLanguageModel.ProblemOf", "Model.logLikelihood says what is wrong with a request"
          "ResearchKit.Core.MachineMemory.Require", "Model.load, FineTune.run and Experiment.run refuse what memory cannot hold"
          "ResearchKit.Models.LogitsFile", "written by rk logits for other programs; Model.logits gives the numbers"
          "ResearchKit.Core.Files.AtomicFile", "for writers of files"
          "ResearchKit.Core.Data.TokenShard.", "Data.openShard, Data.batches and Data.inOrder read it; its tokens are copied into spans"
          "ResearchKit.Core.Data.TokenShardWriter", "Data.pack"
          "ResearchKit.Core.Data.BatchSampler", "Data.batches; batches are asked for by the trainer"
          "ResearchKit.Core.Data.MixtureSampler", "Data.mixture; batches are asked for by the trainer"
          "ResearchKit.Core.Random.CounterRandom", "a mutable stream whose arrays F# takes as it is"
          "ResearchKit.Evaluation.Datasets.DatasetTasks.PublishedItemCount", "Dataset.status says it of every split"
          "ResearchKit.Evaluation.Datasets.DataFolder", "Dataset.status and Task.get find it"
          "ResearchKit.Evaluation.Datasets.DatasetReader", "what readers of data sets are made of; Task.dataset uses them"
          "ResearchKit.Evaluation.Datasets.DatasetTasks.DatasetOf", "Task.get says which data set is missing"
          "ResearchKit.Evaluation.Datasets.DatasetCatalog.Source", "DatasetEntry.LicenceNotice shows it"
          // Configuration files.
          "ResearchKit.Core.Configuration.ConfigJson.Load", "Experiment.load and ModelConfig.ofFolder"
          "ResearchKit.Core.Configuration.Override", "Experiment.set, ModelConfig.set, Train.set, FineTune.set"
          "ResearchKit.Core.Configuration.Presets.Contains", "ModelConfig.presets"
          "ResearchKit.Experiments.Configuration.ExperimentConfig.Load", "Experiment.load"
          // Metrics of one text pair: Metric.ofText computes them by name.
          "ResearchKit.Evaluation.Metrics.AdditiveMetric", "what bootstraps are made of; Statistics.interval uses it"
          "ResearchKit.Evaluation.Metrics.Bleu", "Metric.bleu; sentences by Metric.ofText"
          "ResearchKit.Evaluation.Metrics.Calibration", "Metric.softmax and Metric.calibrationError; Brier by Metric.named"
          "ResearchKit.Evaluation.Metrics.Correlation.Ranks", "a part of Metric.spearman"
          "ResearchKit.Evaluation.Metrics.DropMetrics", "Metric.ofText"
          "ResearchKit.Evaluation.Metrics.Rouge", "Metric.ofText"
          "ResearchKit.Evaluation.Metrics.SquadMetrics", "Metric.ofText"
          "ResearchKit.Evaluation.Metrics.TaskMetrics", "Metric.named; all of a task's are in the result"
          "ResearchKit.Evaluation.Protocols.HarnessTasks", "the protocol lm-eval"
          "ResearchKit.Evaluation.Protocols.TaskProtocols.RequireKnown", "a check of the command line's options"
          "ResearchKit.Evaluation.StopWordList", "TargetScoring.StopWords names a list"
          "ResearchKit.Core.Files.ResumableDownload", "what Model.pull and Dataset.pull are made of"
          "ResearchKit.Models.Hub.HubCache.RepositoryOf", "a part of Model.pull"
          "ResearchKit.Models.Hub.HubCache.RepositoryFolder", "a part of Model.pull"
          "ResearchKit.Models.Hub.HubCache.IsName", "a part of Model.cached"
          "ResearchKit.Models.Hub.HubCache.NameOf", "a part of Model.load"
          "ResearchKit.Evaluation.Protocols.TaskProtocols.Get", "Task.protocols and Task.underProtocol"
          "ResearchKit.Evaluation.Contamination.ContaminationAnalysis", "Task.overlap runs it by the paper's rule"
          // Statistics that the chosen functions stand for.
          "ResearchKit.Evaluation.Statistics.Bootstrap", "Statistics.bootstrap takes the better of its intervals"
          "ResearchKit.Evaluation.Statistics.EffectSize", "Statistics.cohenH; PairedComparison has the rest"
          "ResearchKit.Evaluation.Statistics.ProportionInterval.WilsonOfMean", "what Statistics.interval and intervalOverSeeds are made of"
          "ResearchKit.Evaluation.Statistics.ProportionInterval.Normal", "kept for comparison with other programs; Statistics.proportion is better"
          // What a run does inside.
          "ResearchKit.Experiments.Cells.", "Experiment.plan and Experiment.run keep the cells"
          "ResearchKit.Experiments.DesignPower.ComparisonCount", "a part of Experiment.power"
          "ResearchKit.Experiments.RunComparison.NameOf", "a name for the command line"
          "ResearchKit.Experiments.TaskCatalog.Ready", "a part of Experiment.plan"
          "ResearchKit.Experiments.LearningCurve", "Model.card has the curve"
          "ResearchKit.Experiments.ModelHeader", "a part of Experiment.plan"
          "ResearchKit.Experiments.Reporting.ConditionSummaries", "Report.summaries"
          "ResearchKit.Experiments.Reporting.PaperResults.Beside", "Papers.beside reads what the report holds"
          "ResearchKit.Experiments.Reporting.ReportLabels", "a part of Report.markdown and the other forms"
          "ResearchKit.Experiments.Reporting.ReportModelJson", "Report.load and Report.write"
          "ResearchKit.Experiments.Reporting.CsvTables.Write", "Report.write"
          "ResearchKit.Experiments.Reporting.HtmlReport.Write", "Report.write"
          "ResearchKit.Experiments.Reporting.LatexTables.Write", "Report.write"
          "ResearchKit.Experiments.Reporting.LmEvalResults.Write", "Report.write"
          "ResearchKit.Experiments.Reporting.MarkdownReport.Write", "Report.write"
          // Exceptions become Errors.
          "ResearchKit.Training.TrainingDivergedException", "Train.run gives an Error" ]

    let covers (operation: string) (rule: string) =
        operation = rule || operation.StartsWith(rule + ".") || (rule.EndsWith '.' && operation.StartsWith rule)

type CoverageTests() =

    [<Fact>]
    member _.``every operation of the C# projects has an F# counterpart or a reason not to``() =
        let missing =
            [ for operation in Coverage.operations do
                  if not (Coverage.called.Contains operation) && not (Coverage.allowed |> List.exists (fst >> Coverage.covers operation)) then
                      operation ]

        Assert.True(missing.IsEmpty, "No function of ResearchKit.FSharp calls these: add one, or a line with the reason to Coverage.allowed.\n" + String.Join('\n', missing))

    [<Fact>]
    member _.``every reason is still needed``() =
        let idle =
            [ for rule, _ in Coverage.allowed do
                  if Coverage.operations |> List.forall (fun operation -> Coverage.called.Contains operation || not (Coverage.covers operation rule)) then
                      rule ]

        Assert.True(idle.IsEmpty, "These lines of Coverage.allowed excuse nothing: " + String.Join(", ", idle))
