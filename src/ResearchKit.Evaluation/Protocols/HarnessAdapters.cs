using System.Text.RegularExpressions;
using ResearchKit.Core;
using ResearchKit.Evaluation.Tasks;

namespace ResearchKit.Evaluation.Protocols;

/// <summary>Rewrites items as loaded here into what the harness's tasks hold.</summary>
internal static partial class HarnessAdapters
{
    public static Func<TaskSplits, TaskSplits> Each(Func<TaskItem, TaskItem> rewrite) => EverySplit(items => [.. items.Select(rewrite)]);

    /// <summary>Other words for the labels, in another order: label i becomes label <c>order[i]</c>.</summary>
    public static Func<TaskSplits, TaskSplits> Relabel(string[] labels, int[] order) =>
        Each(item => item with { Choices = labels, Gold = item.Gold is { } gold ? order[gold] : null });

    /// <summary>The item with its texts as the data set stores them; an own file that stands in for the data set has no others.</summary>
    public static TaskItem AsStored(this TaskItem item) => item.With([.. item.Stored.Select(text => (text.Key, text.Value))]);

    public static string Page(this TaskItem item) => item.Fields.GetValueOrDefault("stored", item.Fields["text"]);

    /// <summary>A sentence that begins with a small letter at the end of a text: HellaSwag's second half, which the harness capitalizes.</summary>
    public static string CapitalizeLastSentence(string text)
    {
        var match = SmallSentence().Match(text);
        return match.Success ? text[..match.Groups[1].Index] + HarnessText.Capitalize(match.Groups[1].Value) : text;
    }

    /// <summary>Answers in code point order without those that begin with one kept before.</summary>
    public static string[] WithoutPrefixed(IReadOnlyList<string> answers)
    {
        var kept = new List<string>();
        foreach (var answer in answers.Order(StringComparer.Ordinal))
        {
            if (kept.Count == 0 || !answer.StartsWith(kept[^1], StringComparison.Ordinal)) kept.Add(answer);
        }

        return [.. kept];
    }

    public static (string Question, string[] Options, int Gold)[] RaceProblems(string literal)
    {
        static ConfigException Broken(string what) => new($"Task race: field `problems` must list dictionaries with question, answer and options; {what}.");
        if (PythonLiteral.Parse(literal) is not List<object> { Count: > 0 } problems) throw Broken("it is no list");
        return [.. problems.Select(problem => problem is Dictionary<string, object> entries
            && entries.GetValueOrDefault("question") is string question && entries.GetValueOrDefault("options") is List<object> options
            && entries.GetValueOrDefault("answer") is string { Length: 1 } answer && answer[0] - 'A' is >= 0 and var gold && gold < options.Count
                ? (question, options.Select(option => option as string ?? throw Broken("an option is no text")).ToArray(), gold)
                : throw Broken("an entry has other contents"))];
    }

    /// <summary>The last question of every article, earlier ones in its prompt.</summary>
    public static TaskSplits RaceLastQuestions(TaskSplits splits) => EverySplit(items =>
    [
        .. items.GroupBy(item => item.Cluster ?? item.Id).Select(article =>
        {
            var questions = article.ToArray();
            var earlier = questions[..^1].Select(item => (item.Fields["question"], PromptBuilder.GoldText(item)));
            return questions[^1].With(("prompt", HarnessText.Race(questions[^1].Fields["article"], earlier, questions[^1].Fields["question"])));
        }),
    ])(splits);

    /// <summary>ReCoRD's passage in the harness's words, entities and answers in code point order.</summary>
    public static TaskItem RecordItem(TaskItem item)
    {
        string[] entities = [.. item.Choices.Order(StringComparer.Ordinal)], accepted = [.. item.Answers.Order(StringComparer.Ordinal)];
        var passage = HarnessText.Record(item.Fields["passage"].Replace("\n- ", "\n@highlight\n", StringComparison.Ordinal));
        return item.With(("passage", passage)) with { Choices = entities, Answers = accepted, Gold = Array.IndexOf(entities, accepted[0]) is >= 0 and var gold ? gold : null };
    }

    /// <summary>The last turn of a conversation: the questions so far, and the answers to all but the last.</summary>
    public static TaskItem CoqaItem(HarnessRow row)
    {
        var (questions, answers) = (row.Child("questions").Texts("input_text"), row.Child("answers").Texts("input_text"));
        var history = string.Concat(questions[..^1].Zip(answers, (question, answer) => $"Q: {question}\n\nA: {answer}\n\n"));
        return new TaskItem
        {
            Id = "", Answers = Distinct([answers[^1], .. row.Children("additional_answers").Select(annotator => annotator.Texts("input_text")[^1])]),
            Fields = new Dictionary<string, string> { ["story"] = row["story"], ["history"] = history, ["question"] = questions[^1] },
        };
    }

    /// <summary>The last question of every conversation, earlier turns in its prompt; of references that differ in case alone, the first.</summary>
    public static TaskSplits CoqaLastQuestions(TaskSplits splits) => EverySplit(items =>
    [
        .. items.GroupBy(item => item.Cluster ?? item.Id).Select(conversation =>
        {
            var turns = conversation.ToArray();
            var history = string.Concat(turns[..^1].Select(past => $"Q: {past.Fields["question"]}\n\nA: {PromptBuilder.GoldText(past).Trim()}\n\n"));
            return turns[^1].AsStored().With(("history", history)) with { Answers = Distinct(turns[^1].Answers) };
        }),
    ])(splits);

    private static string[] Distinct(IEnumerable<string> answers) => [.. answers.DistinctBy(answer => answer.ToLowerInvariant())];

    private static Func<TaskSplits, TaskSplits> EverySplit(Func<IReadOnlyList<TaskItem>, IReadOnlyList<TaskItem>> rewrite) =>
        splits => new(rewrite(splits.Train), rewrite(splits.Validation), rewrite(splits.Test)) { TestPool = splits.TestPool is { } pool ? rewrite(pool) : null };

    [GeneratedRegex(@"[.!?""']\s(\p{Ll}[^.!?]*)$")]
    private static partial Regex SmallSentence();
}
