using System.Text.Json.Serialization;

namespace ResearchKit.Evaluation;

/// <summary>How a task is run. Every value is part of what a score means and is stored beside it.</summary>
public sealed record EvaluationOptions
{
    /// <summary>Demonstrations k in front of every item; 0 (default) is zero-shot.</summary>
    public int Shots { get; init; }

    /// <summary>Seed of the choice of items under <see cref="Limit"/>, and of the demonstrations unless <see cref="DemonstrationSeed"/> is given. Default 0.</summary>
    public long Seed { get; init; }

    /// <summary>Seed of the draw of demonstrations; null (default) takes <see cref="Seed"/>. Different seeds on the same items measure the spread between draws.</summary>
    public long? DemonstrationSeed { get; init; }

    /// <summary>Seed of a permutation of the drawn demonstrations; null (default) keeps the order of the draw.</summary>
    public long? OrderSeed { get; init; }

    /// <summary>Scores only the first n test items of a seeded shuffle, the same ones for every k; null (default) scores all.</summary>
    public int? Limit { get; init; }

    /// <summary>What happens when a prompt does not fit the model. Default drops whole demonstrations.</summary>
    public OverflowPolicy Overflow { get; init; } = OverflowPolicy.ReduceShots;

    /// <summary>Text between demonstrations; null (default) takes the template's.</summary>
    public string? Separator { get; init; }

    /// <summary>Contexts of unconditional normalization that are scored besides the task's own. Default: empty (lm-evaluation-harness), <c>Answer:</c> and <c>A:</c> (GPT-3 §2.4). An empty list saves their requests.</summary>
    public IReadOnlyList<string> UnconditionalContexts { get; init; } = ["", "Answer:", "A:"];

    /// <summary>Token that stands for an empty context; null (default) takes the tokenizer's end-of-text token, or else its newline or full stop.</summary>
    public int? PrefixTokenId { get; init; }

    /// <summary>Requests handed to the model at once, so that it can sort, batch and share contexts; progress is reported after each. Default 512; at least 1.</summary>
    public int ChunkSize { get; init; } = 512;
}

/// <summary>What happens when context, answer and demonstrations exceed the model's context.</summary>
/// <remarks>An answer that alone exceeds it can't be scored: an evaluation stops, naming the item; an experiment leaves the item out of every condition, says so, and stops only under <see cref="Error"/>.</remarks>
[JsonConverter(typeof(JsonStringEnumConverter<OverflowPolicy>))]
public enum OverflowPolicy
{
    /// <summary>Drops whole demonstrations, the last drawn first, until every answer fits; a zero-shot prompt that still does not fit is cut from the left. GPT-3 §2.4: "as many as fit".</summary>
    [JsonStringEnumMemberName("reduce_shots")] ReduceShots,

    /// <summary>Cuts the prompt from the left, as lm-evaluation-harness does.</summary>
    [JsonStringEnumMemberName("truncate_left")] TruncateLeft,

    /// <summary>Stops the run, naming the item.</summary>
    [JsonStringEnumMemberName("error")] Error,
}

/// <summary>How far an evaluation is.</summary>
/// <param name="Task">Task name.</param>
/// <param name="Done">Requests answered.</param>
/// <param name="Total">Requests in all, each different one counted once.</param>
public sealed record EvaluationProgress(string Task, int Done, int Total);
