namespace ResearchKit.FSharp

open ResearchKit.Evaluation.Tasks

/// How a choice's log-likelihood becomes its rank. Unconditional normalization carries the context it divides by, so it can't be asked for without.
[<RequireQualifiedAccess>]
type Ranking =
    /// Sum of log-probabilities.
    | Sum
    /// Mean per token (Brown et al. 2020 §2.4).
    | PerToken
    /// Sum divided by characters: lm-evaluation-harness' acc_norm.
    | PerCharacter
    /// Sum divided by UTF-8 bytes.
    | PerByte
    /// log P(choice | context) - log P(choice | answer context), such as "Answer:" (Brown et al. 2020 §2.4).
    | Unconditional of answerContext: string

/// How an answer is scored. A metric of generated text belongs to generation alone.
[<RequireQualifiedAccess>]
type ScoringRule =
    /// Ranks the choices by likelihood.
    | Choice of Ranking
    /// The choice stands in the context and the shared continuation is scored.
    | Partial
    /// Generates an answer and compares it with the accepted ones.
    | Generation of metric: GenerationMetric * maxNewTokens: int<token> * stops: string list
    /// Scores the accepted answer itself (LAMBADA).
    | Target of TargetSpan
    /// Perplexity of whole texts; the field whose words and bytes are counted where it is not the scored text.
    | Perplexity of countedField: string option
    /// Calls a text acceptable when its mean log-probability exceeds a threshold (GPT-1's zero-shot CoLA).
    | Threshold of calibrationItems: int

/// Scoring rules.
[<RequireQualifiedAccess>]
module ScoringRule =

    /// The kit's scoring.
    let toScoring (rule: ScoringRule) : Scoring =
        match rule with
        | ScoringRule.Choice Ranking.Sum -> ChoiceScoring Normalization.Sum
        | ScoringRule.Choice Ranking.PerToken -> ChoiceScoring Normalization.PerToken
        | ScoringRule.Choice Ranking.PerCharacter -> ChoiceScoring Normalization.PerCharacter
        | ScoringRule.Choice Ranking.PerByte -> ChoiceScoring Normalization.PerByte
        | ScoringRule.Choice(Ranking.Unconditional context) -> ChoiceScoring(Normalization.Unconditional, context)
        | ScoringRule.Partial -> PartialScoring()
        | ScoringRule.Generation(metric, longest, stops) -> GenerationScoring(metric, int longest, Array.ofList stops)
        | ScoringRule.Target span -> TargetScoring span
        | ScoringRule.Perplexity field -> PerplexityScoring(Option.toObj field)
        | ScoringRule.Threshold items -> ThresholdScoring items
