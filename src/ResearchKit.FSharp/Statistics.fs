namespace ResearchKit.FSharp

open ResearchKit.Evaluation
open ResearchKit.Evaluation.Metrics
open ResearchKit.Evaluation.Statistics

/// A number for every item, whose mean is a score: yours in one line.
type Metric =
    { /// Name for tables.
      Name: string
      /// Value of one scored item.
      OfItem: ItemResult -> float }

/// Metrics over results that are there already: log first, score later.
[<RequireQualifiedAccess>]
module Metric =

    /// A metric of your own.
    let define (name: string) (ofItem: ItemResult -> float) : Metric = { Name = name; OfItem = ofItem }

    /// Mean over the items with its standard error, clustered where items share a passage or count only together.
    let score (metric: Metric) (result: TaskResult) : MeanEstimate =
        let values = result.Items |> Seq.map metric.OfItem |> Array.ofSeq
        MeanEstimate.Clustered(values, [| for item in result.Items -> item.Unit |])

    /// A metric of the kit by name, such as "accuracy/per_character" or "macro_f1".
    let named (name: string) (result: TaskResult) : Result<float, string list> =
        Problems.catchArguments (fun () -> TaskMetrics.Value(name, result.Items))

    /// How well a generated text meets the accepted ones, in [0, 1].
    let ofText (metric: Tasks.GenerationMetric) (accepted: string list) (text: string) : float =
        GenerationMetrics.Score(metric, text, Array.ofList accepted)

    /// Corpus BLEU of texts, each with its references, as sacreBLEU counts it, 0 to 100.
    let bleu (references: string list list) (texts: string list) : float =
        Bleu.Corpus(Array.ofList texts, [| for accepted in references -> Array.ofList accepted |])

    /// Corpus chrF likewise, 0 to 100.
    let chrf (references: string list list) (texts: string list) : float =
        CharacterF.Corpus(Array.ofList texts, [| for accepted in references -> Array.ofList accepted |])

    /// Corpus TER likewise: edits per 100 words of the references, so that small is good.
    let ter (references: string list list) (texts: string list) : float =
        TranslationEditRate.Corpus(Array.ofList texts, [| for accepted in references -> Array.ofList accepted |])

    /// Share of right answers, from gold and predicted classes.
    let accuracy (gold: int list) (predicted: int list) : float = Classification.Accuracy(Array.ofList gold, Array.ofList predicted)

    /// Matthews correlation of two classes.
    let matthews (gold: int list) (predicted: int list) : float = Classification.Matthews(Array.ofList gold, Array.ofList predicted)

    /// F1 of class 1.
    let f1 (gold: int list) (predicted: int list) : float = Classification.F1(Array.ofList gold, Array.ofList predicted)

    /// Unweighted mean of the classes' F1.
    let macroF1 (gold: int list) (predicted: int list) : float = Classification.MacroF1(Array.ofList gold, Array.ofList predicted)

    /// Pearson's correlation.
    let pearson (x: float list) (y: float list) : float = Correlation.Pearson(Array.ofList x, Array.ofList y)

    /// Spearman's rank correlation.
    let spearman (x: float list) (y: float list) : float = Correlation.Spearman(Array.ofList x, Array.ofList y)

    /// Expected calibration error of confidences, in 10 bins.
    let calibrationError (confidences: float list) (correct: bool list) : float =
        Calibration.ExpectedError(Array.ofList confidences, Array.ofList correct)

    /// Whether more is better; perplexities, bits and calibration errors are better small.
    let higherIsBetter (name: string) : bool = TaskMetrics.HigherIsBetter name

    /// Softmax over log-probabilities.
    let softmax (logProbabilities: float list) : float list = Calibration.Softmax(Array.ofList logProbabilities) |> List.ofArray

/// Intervals, tests and planning.
[<RequireQualifiedAccess>]
module Statistics =

    let private options seed = BootstrapOptions(Seed = seed)

    /// The headline score of a result with its 95% interval: exact for proportions of independent items, else a bootstrap over clusters.
    let interval (result: TaskResult) : Result<Interval, string list> =
        Problems.catchArguments (fun () -> MetricInterval.Of(result.Metric, result.Items))

    /// The 95% interval of a condition's mean score over its seeds, at least two, on the same items: for new items and new seeds.
    let intervalOverSeeds (seeds: TaskResult list) : Result<Interval, string list> =
        Problems.catchArguments (fun () -> MetricInterval.OverSeeds(seeds.Head.Metric, [| for result in seeds -> result.Items |]))

    /// Interval of any number computed from units, by the bias-corrected bootstrap.
    let bootstrap (seed: int64) (statistic: 'T list -> float) (units: 'T list) : Interval =
        Bootstrap.BiasCorrectedAccelerated(Array.ofList units, (fun sample -> statistic (List.ofSeq sample)), options seed)

    /// Mean with its standard error.
    let mean (values: float list) : MeanEstimate = MeanEstimate.Of(Array.ofList values)

    /// Wilson's 95% interval of a proportion.
    let proportion (successes: int) (count: int) : Interval = ProportionInterval.Wilson(successes, count)

    /// Clopper and Pearson's exact 95% interval of a proportion.
    let proportionExact (successes: int) (count: int) : Interval = ProportionInterval.ClopperPearson(successes, count)

    /// Two results on their common items, in the headline metric of the first: difference, interval, test, effect.
    let compare (first: TaskResult) (second: TaskResult) : Result<PairedComparison, string list> =
        Problems.catchArguments (fun () -> PairedComparison.Of(first.Metric, first.Items, second.Items))

    /// Two conditions that were run with several seeds each, on their common items.
    let compareSeeds (first: TaskResult list) (second: TaskResult list) : Result<PairedComparison, string list> =
        let items (results: TaskResult list) = [| for result in results -> result.Items |]
        Problems.catchArguments (fun () -> PairedComparison.OverSeeds(first.Head.Metric, items first, items second))

    /// McNemar's exact test of two runs on the same items: right or wrong, in the same order.
    let mcNemar (first: bool list) (second: bool list) : McNemarResult = PairedTests.McNemar(Array.ofList first, Array.ofList second)

    /// Permutation test of a difference on paired units.
    let permutation (seed: int64) (statistic: 'T list -> float) (first: 'T list) (second: 'T list) : float =
        PairedTests.Permutation(Array.ofList first, Array.ofList second, (fun sample -> statistic (List.ofSeq sample)), seed = seed)

    /// Holm's correction for several tests.
    let holm (pValues: float list) : float list = PairedTests.Holm(Array.ofList pValues) |> List.ofArray

    /// Smallest paired difference of accuracy that so many items show with 80% power, given the share of items on which the two runs differ.
    let detectable (discordantShare: float) (items: int) : float = Power.DetectablePairedDifference(items, discordantShare)

    /// The same for two independent sets of items, around an accuracy.
    let detectableUnpaired (accuracy: float) (items: int) : float = Power.DetectableUnpairedDifference(items, accuracy)

    /// The same for a mean, given the standard deviation of the paired differences.
    let detectableMean (deviation: float) (items: int) : float = Power.DetectableMeanDifference(items, deviation)

    /// Cohen's h of two proportions.
    let cohenH (first: float) (second: float) : float = EffectSize.CohenH(first, second)

    /// A result's headline score over all items, the clean and the dirty ones of an overlap analysis: a row of Brown et al. 2020 Table C.1.
    let withoutOverlap (overlap: Contamination.ContaminationReport) (result: TaskResult) : Result<Contamination.ContaminationScores, string list> =
        Problems.catchArguments (fun () -> Contamination.ContaminationScores.Of(overlap, result.Items, result.Metric))

    /// Where the variance of scores [items, draws, variants] comes from, fully crossed.
    let variance (scores: float[,,]) : VarianceComponents = VarianceComponents.Estimate scores
