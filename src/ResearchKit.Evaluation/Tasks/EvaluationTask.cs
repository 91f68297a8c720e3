namespace ResearchKit.Evaluation.Tasks;

/// <summary>A task: data, how it is put into words, and how answers are scored.</summary>
public sealed record EvaluationTask
{
    /// <summary>Name, such as <c>rte</c> or <c>suite/label-induction</c>.</summary>
    public required string Name { get; init; }

    /// <summary>What the task asks for, one sentence, and where it is from.</summary>
    public required string Description { get; init; }

    /// <summary>Reads or generates the items. May throw <see cref="Core.ConfigException"/> naming the missing file and how to get it.</summary>
    public required Func<TaskSplits> Load { get; init; }

    /// <summary>Words of the prompt.</summary>
    public required PromptTemplate Prompt { get; init; }

    /// <summary>How answers are scored.</summary>
    public required Scoring Scoring { get; init; }

    /// <summary>Where demonstrations come from and whether they are drawn anew for every item.</summary>
    public DemonstrationSource Demonstrations { get; init; } = new();

    /// <summary>Whether the training items were taken out of the published set that is scored, because no training set is at hand. Default false.</summary>
    public bool HoldsBackTraining { get; init; }

    /// <summary>The task over the whole published set: training items that were held back from it are scored as well. Where they are, an item's demonstrations are
    /// never the item itself nor another of its cluster. For numbers that are compared with published ones; a run that fine-tunes needs the items apart.</summary>
    public EvaluationTask OverPublishedSet() =>
        HoldsBackTraining ? WithSplits(splits => splits with { Test = [.. splits.Train, .. splits.Test] }) : this;

    /// <summary>The same items in other words.</summary>
    public EvaluationTask WithPrompt(PromptTemplate prompt) => this with { Prompt = prompt };

    /// <summary>The same prompts, scored in another way.</summary>
    public EvaluationTask WithScoring(Scoring scoring) => this with { Scoring = scoring };

    /// <summary>The same task over changed items; they are read, and changed, when they are asked for.</summary>
    public EvaluationTask WithSplits(Func<TaskSplits, TaskSplits> change)
    {
        var load = Load;
        return this with { Load = () => change(load()) };
    }

    /// <summary>What is reported, headline first. Empty (default) takes the scoring's own: accuracy, the generation metric, or perplexity.</summary>
    public IReadOnlyList<TaskMetric> Metrics { get; init; } = [];
}

/// <summary>A number over all items of a task.</summary>
public enum TaskMetric
{
    /// <summary>Share of right answers.</summary>
    Accuracy,

    /// <summary>Matthews correlation of two classes (CoLA).</summary>
    Matthews,

    /// <summary>F1 of class 1 of two classes (MRPC, QQP).</summary>
    F1,

    /// <summary>Unweighted mean of the classes' F1 (CB).</summary>
    MacroF1,

    /// <summary>MultiRC: share of clusters (questions) whose answers are all labelled rightly.</summary>
    MultiRcExactMatch,

    /// <summary>MultiRC F1a: F1 of class 1 over all answers.</summary>
    MultiRcF1,

    /// <summary>ReCoRD: the predicted text equals an accepted answer after SQuAD normalization.</summary>
    RecordExactMatch,

    /// <summary>ReCoRD: largest SQuAD F1 of the predicted text over the accepted answers.</summary>
    RecordF1,

    /// <summary>Mean item score; of generation, the mean of its metric; of BLEU, corpus BLEU.</summary>
    Score,

    /// <summary>exp(-mean log-probability per item): LAMBADA's perplexity per target.</summary>
    TargetPerplexity,

    /// <summary>exp(-log-probability / tokens) over all texts.</summary>
    TokenPerplexity,

    /// <summary>exp(-log-probability / words) over all texts.</summary>
    WordPerplexity,

    /// <summary>exp(-log-probability / bytes) over all texts.</summary>
    BytePerplexity,

    /// <summary>-log₂-probability / bytes over all texts.</summary>
    BitsPerByte,

    /// <summary>Pearson's r between the accepted number and the expected value of the choices read as numbers (STS-B).</summary>
    Pearson,

    /// <summary>Spearman's ρ, likewise.</summary>
    Spearman,

    /// <summary>Share of generated answers that equal an accepted one after SQuAD normalization.</summary>
    NormalizedExactMatch,

    /// <summary>CoQA's exact match of generated answers with leave-one-out over several references.</summary>
    CoqaExactMatch,

    /// <summary>DROP's exact match of generated answers.</summary>
    DropExactMatch,

    /// <summary>ROUGE-1 F1 of generated texts.</summary>
    Rouge1,

    /// <summary>ROUGE-2 F1 of generated texts.</summary>
    Rouge2,

    /// <summary>ROUGE-L F1 of generated texts.</summary>
    RougeL,

    /// <summary>ROUGE-1 F1 of Porter's stems.</summary>
    StemmedRouge1,

    /// <summary>ROUGE-2 F1 of Porter's stems.</summary>
    StemmedRouge2,

    /// <summary>ROUGE-L F1 of Porter's stems.</summary>
    StemmedRougeL,

    /// <summary>Corpus TER of generated translations, as sacreBLEU computes it, divided by 100; small is good.</summary>
    Ter,

    /// <summary>Corpus chrF of generated translations, as sacreBLEU computes it, divided by 100.</summary>
    Chrf,

    /// <summary>SQuAD 2.0 exact match as the official script counts it: of an unanswerable question, the empty answer alone is right.</summary>
    SquadExact,

    /// <summary>SQuAD 2.0 token F1, likewise.</summary>
    SquadF1,

    /// <summary><see cref="SquadExact"/> of the answerable questions.</summary>
    HasAnswerExact,

    /// <summary><see cref="SquadF1"/> of the answerable questions.</summary>
    HasAnswerF1,

    /// <summary><see cref="SquadExact"/> of the unanswerable questions.</summary>
    NoAnswerExact,

    /// <summary><see cref="SquadF1"/> of the unanswerable questions.</summary>
    NoAnswerF1,

    /// <summary><see cref="SquadExact"/> where questions whose probability of having no answer exceeds the best threshold count as left unanswered.</summary>
    BestExact,

    /// <summary><see cref="SquadF1"/>, likewise.</summary>
    BestF1,

    /// <summary>Mean squared distance between the softmax over choices and the right one (Brier 1950, multi-class form, 0 to 2).</summary>
    Brier,

    /// <summary>Expected calibration error, 10 equal bins of confidence.</summary>
    CalibrationError,
}

/// <summary>Prompt text with <c>{field}</c> placeholders, <c>{{</c> and <c>}}</c> for braces.</summary>
/// <param name="Context">Text before the answer, such as <c>{premise}\nquestion: {hypothesis} True or False?\nanswer:</c>.</param>
/// <param name="Answer">Answer text, <c>{answer}</c> standing for the choice or the accepted answer. Default <c> {answer}</c>, with its leading space.</param>
/// <param name="Separator">Text between demonstrations. Default two newlines.</param>
/// <param name="Instruction">Text before everything else; empty by default.</param>
public sealed record PromptTemplate(string Context, string Answer = " {answer}", string Separator = "\n\n", string Instruction = "")
{
    /// <summary>Answer text of demonstrations where it differs from what is scored; null (default) is <see cref="Answer"/>.</summary>
    public string? DemonstrationAnswer { get; init; }

    /// <summary>Context of demonstrations where it differs from the item's; null (default) is <see cref="Context"/>.</summary>
    public string? DemonstrationContext { get; init; }
}

/// <summary>How an answer is scored.</summary>
public abstract record Scoring
{
    private protected Scoring()
    {
    }
}

/// <summary>Ranks the choices by likelihood.</summary>
/// <param name="Normalization">The one that decides; all are recorded.</param>
/// <param name="AnswerContext">Context of unconditional normalization, such as <c>Answer:</c>; needed only by <see cref="Normalization.Unconditional"/>.</param>
public sealed record ChoiceScoring(Normalization Normalization = Normalization.PerToken, string? AnswerContext = null) : Scoring;

/// <summary>Winograd-style partial scoring: the choice stands in the context (<c>{answer}</c> in <see cref="PromptTemplate.Context"/>) and the shared continuation is scored.</summary>
public sealed record PartialScoring : Scoring;

/// <summary>Generates an answer and compares it with the accepted ones.</summary>
/// <param name="Metric">How the answer is compared; several accepted answers count the best.</param>
/// <param name="MaxNewTokenCount">Longest answer in tokens.</param>
/// <param name="StopStrings">End of the answer; default a newline.</param>
public sealed record GenerationScoring(GenerationMetric Metric, int MaxNewTokenCount = 32, params string[] StopStrings) : Scoring
{
    /// <summary>Beams; 1 is greedy.</summary>
    public int BeamWidth { get; init; } = 1;

    /// <summary>α of length^α in beam search.</summary>
    public double LengthPenalty { get; init; } = 0.6;

    /// <summary>Samples among the k most likely tokens, at temperature 1 and with a draw of its own for every item; null (default) decodes greedily or by beams.</summary>
    public int? TopK { get; init; }

    /// <summary>Keeps the first n sentences of the answer; null (default) keeps all. With it, line breaks end nothing unless they are stop strings.</summary>
    public int? SentenceCount { get; init; }

    /// <summary>Text whose log-probability after the prompt is recorded as well, such as <c>unanswerable</c> (SQuAD 2.0, where questions without an answer accept it and the empty text). Null (default) records nothing.</summary>
    public string? NoAnswer { get; init; }

    /// <summary>Whether an item's label says if the right answer is the accepted one (1) or another (0), as of WSC's noun phrases. Null or false: the accepted answers are right.</summary>
    public bool? LabelSaysMatch { get; init; }
}

/// <summary>Scores a given continuation, the accepted answer: right when greedy decoding would produce it, and its perplexity (LAMBADA; the harness's arithmetic).
/// Of several accepted answers any one counts as right, and the first gives the perplexity.</summary>
/// <param name="Span">What of the continuation is scored.</param>
public sealed record TargetScoring(TargetSpan Span = TargetSpan.Whole) : Scoring
{
    /// <summary>Name of a list of <see cref="StopWordList"/> whose words are never predicted (GPT-2 §3.3); null (default) filters nothing. Perplexity is not touched.</summary>
    public string? StopWords { get; init; }
}

/// <summary>Scored part of a target.</summary>
public enum TargetSpan
{
    /// <summary>All its tokens: the last word of LAMBADA.</summary>
    Whole,

    /// <summary>Only its last token, the others moved to the context: the reading that reproduces GPT-2's published LAMBADA values.</summary>
    LastToken,
}

/// <summary>Log-likelihood of whole texts (the rendered <see cref="PromptTemplate.Context"/>): perplexity per token, word and byte.</summary>
/// <param name="CountedField">Field whose words and bytes are the denominators, where the scored text was de-tokenized; null (default) counts the scored text.</param>
public sealed record PerplexityScoring(string? CountedField = null) : Scoring
{
    /// <summary>Tokens that a window scores after the first, in (0, n_ctx): the others of the window are context. Null (default) is n_ctx, so that each token is scored with what the window holds before it.</summary>
    public int? Stride { get; init; }

    /// <summary>Words counted as the word-level corpora count them: those between white space, and one end-of-line token a line. Null or false counts <c>re.split(r"\s+", text)</c>, as lm-evaluation-harness does.</summary>
    public bool? CountLineEnds { get; init; }
}

/// <summary>Calls a text acceptable (choice 1) when its mean log-probability per token exceeds a threshold: GPT-1's zero-shot CoLA (Radford et al. 2018 §5).</summary>
/// <param name="CalibrationItemCount">Items of the demonstrations' split that choose the threshold, by the largest Matthews correlation; the paper does not say how it was chosen.</param>
public sealed record ThresholdScoring(int CalibrationItemCount = 1000) : Scoring;

/// <summary>How a choice's log-likelihood becomes its rank.</summary>
public enum Normalization
{
    /// <summary>Sum of log-probabilities.</summary>
    Sum,

    /// <summary>Mean per token: GPT-3's default (§2.4).</summary>
    PerToken,

    /// <summary>Sum divided by characters: lm-evaluation-harness' acc_norm.</summary>
    PerCharacter,

    /// <summary>Sum divided by UTF-8 bytes.</summary>
    PerByte,

    /// <summary>log P(choice | context) - log P(choice | answer context): GPT-3 for ARC, OpenBookQA, RACE (§2.4).</summary>
    Unconditional,
}

/// <summary>Metric of a generated answer.</summary>
public enum GenerationMetric
{
    /// <summary>Equal after trimming.</summary>
    ExactMatch,

    /// <summary>Token overlap as in SQuAD.</summary>
    F1,

    /// <summary>Corpus BLEU.</summary>
    Bleu,

    /// <summary>ROUGE-L F1.</summary>
    RougeL,

    /// <summary>Equal after SQuAD normalization (lower case, no punctuation, no articles).</summary>
    NormalizedExactMatch,

    /// <summary>CoQA's F1 with leave-one-out over several references.</summary>
    CoqaF1,

    /// <summary>CoQA's exact match, likewise.</summary>
    CoqaExactMatch,

    /// <summary>DROP's F1: bags aligned, numbers must agree.</summary>
    DropF1,

    /// <summary>DROP's exact match: the same spans after normalization.</summary>
    DropExactMatch,

    /// <summary>ROUGE-1 F1.</summary>
    Rouge1,

    /// <summary>ROUGE-2 F1.</summary>
    Rouge2,

    /// <summary>The answer stands somewhere in the text, case ignored.</summary>
    Contains,

    /// <summary>ROUGE-1 F1 of Porter's stems.</summary>
    StemmedRouge1,

    /// <summary>ROUGE-2 F1 of Porter's stems.</summary>
    StemmedRouge2,

    /// <summary>ROUGE-L F1 of Porter's stems.</summary>
    StemmedRougeL,

    /// <summary>Equal without case, ASCII punctuation and outer white space (lm-evaluation-harness's TriviaQA).</summary>
    CaselessMatch,

    /// <summary>The same without articles (its Natural Questions).</summary>
    CaselessMatchWithoutArticles,
}

/// <summary>Where demonstrations come from.</summary>
/// <param name="Split">train, validation, or test (Winograd, which has no other split).</param>
/// <param name="PerItem">True (default): a fresh draw for every item; false: one fixed set for the run.</param>
public sealed record DemonstrationSource(string Split = "train", bool PerItem = true);
