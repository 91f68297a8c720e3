namespace ResearchKit.FSharp

// The kit's types that scripts and cells write by name, so that one open is enough.

/// Words of a prompt.
type PromptTemplate = ResearchKit.Evaluation.Tasks.PromptTemplate
/// A task: data, prompt, scoring.
type EvaluationTask = ResearchKit.Evaluation.Tasks.EvaluationTask
/// One item of a task.
type TaskItem = ResearchKit.Evaluation.Tasks.TaskItem
/// Metric of a generated answer.
type GenerationMetric = ResearchKit.Evaluation.Tasks.GenerationMetric
/// Scored part of a target.
type TargetSpan = ResearchKit.Evaluation.Tasks.TargetSpan
/// How a task is run.
type EvaluationOptions = ResearchKit.Evaluation.EvaluationOptions
/// What happens to prompts that do not fit.
type OverflowPolicy = ResearchKit.Evaluation.OverflowPolicy
/// Numbers and items of a run of one task.
type TaskResult = ResearchKit.Evaluation.TaskResult
/// What happened to one item.
type ItemResult = ResearchKit.Evaluation.ItemResult
/// How generation chooses tokens.
type GenerationOptions = ResearchKit.Core.GenerationOptions
/// One text to classify.
type ClassificationInput = ResearchKit.Core.Tasks.ClassificationInput
/// A premise and a hypothesis.
type EntailmentInput = ResearchKit.Core.Tasks.EntailmentInput
/// Two texts, in no order.
type SimilarityInput = ResearchKit.Core.Tasks.SimilarityInput
/// A context and its possible answers.
type MultipleChoiceInput = ResearchKit.Core.Tasks.MultipleChoiceInput
/// How GPT-1 fine-tunes.
type FineTuneRecipe = ResearchKit.Core.Configuration.FineTuneRecipe
/// Which factors of a sparse pattern a layer uses.
type FactorUse = ResearchKit.Core.Configuration.FactorUse
/// A task of an experiment.
type TaskReference = ResearchKit.Experiments.Configuration.TaskReference
