using ResearchKit.Evaluation.Tasks;

namespace ResearchKit.Evaluation.Metrics;

/// <summary>Scores of one generated answer.</summary>
public static class GenerationMetrics
{
    /// <summary>Separates the spans of one accepted answer of DROP that has several.</summary>
    public const char SpanSeparator = '\n';

    /// <summary>Value of a metric, [0, 1], the best over the accepted answers.</summary>
    /// <param name="metric">Which metric; BLEU is the sentence's, divided by 100.</param>
    /// <param name="text">Generated answer.</param>
    /// <param name="answers">Accepted answers, at least one.</param>
    public static double Score(GenerationMetric metric, string text, IReadOnlyList<string> answers) => metric switch
    {
        GenerationMetric.ExactMatch => answers.Any(answer => answer.Trim() == text.Trim()) ? 1 : 0,
        GenerationMetric.NormalizedExactMatch => SquadMetrics.ExactMatch(text, answers),
        GenerationMetric.CaselessMatch => answers.Any(answer => CaselessMatch.Plain(answer) == CaselessMatch.Plain(text.Trim())) ? 1 : 0,
        GenerationMetric.CaselessMatchWithoutArticles => answers.Any(answer => CaselessMatch.WithoutArticles(answer) == CaselessMatch.WithoutArticles(text.Trim())) ? 1 : 0,
        GenerationMetric.F1 => SquadMetrics.F1(text, answers),
        GenerationMetric.CoqaF1 => SquadMetrics.CoqaF1(text, answers),
        GenerationMetric.CoqaExactMatch => SquadMetrics.CoqaExactMatch(text, answers),
        GenerationMetric.DropF1 => answers.Max(answer => DropMetrics.F1([text], answer.Split(SpanSeparator))),
        GenerationMetric.DropExactMatch => answers.Max(answer => DropMetrics.ExactMatch([text], answer.Split(SpanSeparator))),
        GenerationMetric.Bleu => Bleu.Sentence(text, answers) / 100,
        GenerationMetric.Rouge1 => answers.Max(answer => Rouge.N(text, answer, 1)),
        GenerationMetric.Rouge2 => answers.Max(answer => Rouge.N(text, answer, 2)),
        GenerationMetric.RougeL => answers.Max(answer => Rouge.L(text, answer)),
        GenerationMetric.StemmedRouge1 => answers.Max(answer => Rouge.N(text, answer, 1, stem: true)),
        GenerationMetric.StemmedRouge2 => answers.Max(answer => Rouge.N(text, answer, 2, stem: true)),
        GenerationMetric.StemmedRougeL => answers.Max(answer => Rouge.L(text, answer, stem: true)),
        GenerationMetric.Contains => answers.Any(answer => text.Contains(answer, StringComparison.OrdinalIgnoreCase)) ? 1 : 0,
        _ => throw new ArgumentOutOfRangeException(nameof(metric), metric, null),
    };
}
