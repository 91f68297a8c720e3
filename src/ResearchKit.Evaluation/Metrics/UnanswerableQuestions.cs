namespace ResearchKit.Evaluation.Metrics;

/// <summary>SQuAD 2.0's scores as the official script computes them, of items whose prompt was also asked for the text that stands for "no answer" (<see cref="Tasks.GenerationScoring.NoAnswer"/>).
/// A question without an answer has the empty text among its accepted answers.</summary>
internal static class UnanswerableQuestions
{
    private static readonly string[] Empty = [""];

    /// <summary>Log-probability of the text that stands for "no answer".</summary>
    public static double NoAnswerLogProbability(ItemResult item) => item.Choices.Count == 1 ? item.Choices[0].LogProbability
        : throw new ArgumentException($"Item {item.Id} has no log-probability of having no answer: its scoring names no text for that.");

    public static bool HasAnswer(ItemResult item) => !item.Answers.Contains("");

    public static double Exact(ItemResult item) => SquadMetrics.ExactMatch(item.Generated ?? "", Accepted(item));

    public static double F1(ItemResult item) => SquadMetrics.F1(item.Generated ?? "", Accepted(item));

    // Answers that normalize to nothing are none; of a question without an answer the empty answer is right.
    private static IReadOnlyList<string> Accepted(ItemResult item) =>
        HasAnswer(item) && item.Answers.Where(answer => SquadMetrics.Normalize(answer).Length > 0).ToArray() is { Length: > 0 } answers ? answers : Empty;
}
