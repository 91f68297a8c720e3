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
}

/// <summary>Prompt text with <c>{field}</c> placeholders, <c>{{</c> and <c>}}</c> for braces.</summary>
/// <param name="Context">Text before the answer, such as <c>{premise}\nquestion: {hypothesis} True or False?\nanswer:</c>.</param>
/// <param name="Answer">Answer text, <c>{answer}</c> standing for the choice or the accepted answer. Default <c> {answer}</c>, with its leading space.</param>
/// <param name="Separator">Text between demonstrations. Default two newlines.</param>
/// <param name="Instruction">Text before everything else; empty by default.</param>
public sealed record PromptTemplate(string Context, string Answer = " {answer}", string Separator = "\n\n", string Instruction = "");

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
/// <param name="Metric">exact_match, f1, bleu or rouge.</param>
/// <param name="MaxNewTokenCount">Longest answer in tokens.</param>
/// <param name="StopStrings">End of the answer; default a newline.</param>
public sealed record GenerationScoring(GenerationMetric Metric, int MaxNewTokenCount = 32, params string[] StopStrings) : Scoring
{
    /// <summary>Beams; 1 is greedy.</summary>
    public int BeamWidth { get; init; } = 1;

    /// <summary>α of length^α in beam search.</summary>
    public double LengthPenalty { get; init; } = 0.6;
}

/// <summary>Log-likelihood of whole texts: perplexity per token, word and byte.</summary>
public sealed record PerplexityScoring : Scoring;

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
}

/// <summary>Where demonstrations come from.</summary>
/// <param name="Split">train or validation.</param>
/// <param name="PerItem">True (default): a fresh draw for every item; false: one fixed set for the run.</param>
public sealed record DemonstrationSource(string Split = "train", bool PerItem = true);
