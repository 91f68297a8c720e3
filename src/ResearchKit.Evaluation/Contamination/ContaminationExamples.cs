using ResearchKit.Evaluation.Tasks;

namespace ResearchKit.Evaluation.Contamination;

/// <summary>Texts of a task's items as the overlap analysis looks for them.</summary>
public static class ContaminationExamples
{
    /// <summary>Assumptions that the paper leaves open, for printing beside the numbers.</summary>
    public static IReadOnlyList<string> Assumptions { get; } =
    [
        "an example's text is the data that its prompt shows and the right answer, without the prompt's own words: the paper does not say what of an example is compared",
        "words are what stands between white space, lower-cased, without characters of Unicode's categories P and S",
        "examples with fewer than N words have no N-gram and count as clean",
        "the 5th percentile is the least length that at least 5% of the examples do not exceed",
    ];

    /// <summary>Examples of some items.</summary>
    /// <param name="task">Task, whose prompt says which fields are shown.</param>
    /// <param name="items">Items, usually those of the test split that a run scores.</param>
    public static IReadOnlyList<ContaminationExample> Of(EvaluationTask task, IEnumerable<TaskItem> items)
    {
        var fields = TextTemplate.Parse(task.Prompt.Context).Fields.Concat(TextTemplate.Parse(task.Prompt.Answer).Fields).Distinct().ToArray();
        return [.. items.Select(item => new ContaminationExample(item.Id, Text(task, item, fields)))];
    }

    private static string Text(EvaluationTask task, TaskItem item, string[] fields)
    {
        var answer = item.Choices.Count > 0 && item.Gold is { } gold ? item.Choices[gold] : item.Answers.Count > 0 ? item.Answers[0] : null;
        var shown = fields.Select(name => name == "answer" ? answer : item.Fields.GetValueOrDefault(name));
        // A prompt without the answer's placeholder still has the answer behind it.
        if (!fields.Contains("answer")) shown = shown.Append(answer);
        return string.Join('\n', shown.Where(text => !string.IsNullOrEmpty(text)));
    }
}
