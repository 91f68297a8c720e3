using ResearchKit.Core;
using ResearchKit.Core.Random;
using ResearchKit.Evaluation.Tasks;

namespace ResearchKit.Evaluation;

/// <summary>Puts items of one task into words: draws the demonstrations and renders contexts and continuations.</summary>
public sealed class PromptBuilder
{
    private readonly EvaluationTask _task;
    private readonly EvaluationOptions _options;
    private readonly IReadOnlyList<TaskItem> _pool;
    private readonly HashSet<string> _poolIds;
    private readonly TextTemplate _context, _answer, _demonstrationContext, _demonstrationAnswer;
    private readonly string[] _shownFields;
    private readonly string _separator;

    /// <summary>Prepares a task.</summary>
    /// <param name="task">Templates and scoring.</param>
    /// <param name="splits">The task's items; demonstrations come from the split that the task names.</param>
    /// <param name="options">Seeds and separator.</param>
    /// <exception cref="ConfigException">A broken template, or an unknown split of demonstrations.</exception>
    public PromptBuilder(EvaluationTask task, TaskSplits splits, EvaluationOptions options)
    {
        (_task, _options) = (task, options);
        _pool = task.Demonstrations.Split switch
        {
            "train" => splits.Train,
            "validation" => splits.Validation,
            "test" => splits.TestPool ?? splits.Test,
            var other => throw new ConfigException($"Task {task.Name}: demonstrations from split \"{other}\"; allowed are train, validation and test."),
        };
        _poolIds = [.. _pool.Select(item => item.Id)];
        var prompt = task.Prompt;
        _context = TextTemplate.Parse(prompt.Context);
        _answer = TextTemplate.Parse(prompt.Answer);
        _demonstrationContext = prompt.DemonstrationContext is { } c ? TextTemplate.Parse(c) : _context;
        _demonstrationAnswer = prompt.DemonstrationAnswer is { } a ? TextTemplate.Parse(a) : _answer;
        _shownFields = [.. _context.Fields.Concat(_answer.Fields).Where(field => field != "answer").Distinct()];
        _separator = options.Separator ?? prompt.Separator;
    }

    /// <summary>Renders an item behind the first <paramref name="shots"/> demonstrations of its draw.</summary>
    /// <exception cref="ConfigException">A missing field, a missing answer, or too few demonstrations.</exception>
    public RenderedPrompt Build(TaskItem item, int shots)
    {
        var shown = Demonstrations(item, shots).ToArray();
        if (_options.OrderSeed is { } order) new CounterRandom(order, "demonstration order/" + item.Id).Shuffle<TaskItem>(shown);
        return Build(item, shown);
    }

    /// <summary>Renders an item behind given demonstrations, in their order.</summary>
    /// <exception cref="ConfigException">A missing field or answer.</exception>
    public RenderedPrompt Build(TaskItem item, IReadOnlyList<TaskItem> shown)
    {
        var head = _task.Prompt.Instruction + string.Concat(shown.Select(demonstration => Render(demonstration) + _separator));
        string Context(string? answer) => head + _context.Render(item.Fields, answer, item.Id);
        string Continuation(string answer) => _answer.Render(item.Fields, answer, item.Id);

        var scored = ScoredAnswers(_task.Scoring, item);
        var shared = _task.Scoring is PartialScoring ? "" : Context(null);
        string[] contexts = _task.Scoring switch
        {
            PartialScoring => [.. scored.Select(Context)],
            ChoiceScoring or TargetScoring => [.. scored.Select(_ => shared)],
            _ => [shared],
        };
        if (_task.Scoring is ChoiceScoring or PartialScoring && item.Choices.Count == 0)
        {
            throw new ConfigException($"Task {_task.Name}, item {item.Id}: it has no choices, but the task ranks choices; give the item choices or use a generation scoring.");
        }

        return new RenderedPrompt(contexts, [.. scored.Select(Continuation)], [.. shown.Select(demonstration => demonstration.Id)]);
    }

    /// <summary>The first <paramref name="count"/> demonstrations of an item's draw: a pure function of seed and item, so that the draw for k = 2 begins the draw for k = 4.</summary>
    /// <remarks>Never the item itself nor one that the prompt would show with the same texts, nor, where the item is in the split that demonstrations come from, another of its cluster. Drawn anew per item, or from one order for all items, as the task says.</remarks>
    /// <exception cref="ConfigException">The split holds too few other items.</exception>
    public IReadOnlyList<TaskItem> Demonstrations(TaskItem item, int count)
    {
        if (count == 0) return [];
        var isOfPool = _poolIds.Contains(item.Id);
        var purpose = _task.Demonstrations.PerItem ? "demonstrations/" + item.Id : "demonstrations";
        for (var asked = Math.Min(_pool.Count, count + 1); ; asked = Math.Min(_pool.Count, asked * 2))
        {
            // Sample(n, k) begins Sample(n, 2k), so asking again for more keeps what was drawn.
            var random = new CounterRandom(_options.DemonstrationSeed ?? _options.Seed, purpose);
            var drawn = random.Sample(_pool.Count, asked).Select(i => _pool[i]).Where(other => !IsSame(item, other) && !(isOfPool && item.Cluster is { } cluster && other.Cluster == cluster)).Take(count).ToArray();
            if (drawn.Length == count) return drawn;
            if (asked == _pool.Count)
            {
                throw new ConfigException($"Task {_task.Name}: {count} demonstrations asked for, but the {_task.Demonstrations.Split} split holds "
                    + $"{drawn.Length} other than item {item.Id}; ask for fewer shots{(_pool.Count == 0 ? ", or name data or `demonstrations` of a split that has items" : "")}.");
            }
        }
    }

    /// <summary>Answers that a scoring asks about: the choices, the accepted answers as targets, none for generation and perplexity.</summary>
    internal static IReadOnlyList<string> ScoredAnswers(Scoring scoring, TaskItem item) => scoring switch
    {
        ChoiceScoring or PartialScoring => item.Choices,
        TargetScoring => item.Answers.Count > 0 ? item.Answers : [GoldText(item)],
        _ => [],
    };

    /// <summary>The right answer as text: the right choice, or the first accepted answer.</summary>
    /// <exception cref="ConfigException">The item has neither.</exception>
    public static string GoldText(TaskItem item) =>
        item.Choices.Count > 0 && item.Gold is { } gold ? item.Choices[gold]
        : item.Answers.Count > 0 ? item.Answers[0]
        : throw new ConfigException($"Item {item.Id} has neither a right choice nor an accepted answer, so it cannot be a demonstration or a target.");

    private string Render(TaskItem demonstration)
    {
        var gold = GoldText(demonstration);
        return _demonstrationContext.Render(demonstration.Fields, _task.Scoring is PartialScoring ? gold : null, demonstration.Id)
            + _demonstrationAnswer.Render(demonstration.Fields, gold, demonstration.Id);
    }

    private bool IsSame(TaskItem a, TaskItem b) =>
        a.Id == b.Id || (_shownFields.All(field => a.Fields.TryGetValue(field, out var text) && b.Fields.TryGetValue(field, out var other) && text == other)
            && (_shownFields.Length > 0 || a.Choices.SequenceEqual(b.Choices)));
}

/// <summary>An item in words.</summary>
/// <param name="Contexts">Text before the answer, one per choice (equal but for partial scoring); exactly one where there are no choices.</param>
/// <param name="Continuations">Scored texts, parallel to <paramref name="Contexts"/>; empty for generation and perplexity.</param>
/// <param name="DemonstrationIds">Ids of the demonstrations as they stand in the prompt.</param>
public sealed record RenderedPrompt(IReadOnlyList<string> Contexts, IReadOnlyList<string> Continuations, IReadOnlyList<string> DemonstrationIds);
