// Single items with what the cells predicted for them; the item explorer's data.
namespace ResearchKit.Experiments.Reporting;

/// <summary>An item of the explorer.</summary>
public sealed record ItemRecord
{
    /// <summary>Name of the task.</summary>
    public required string Task { get; init; }

    /// <summary>Id of the item.</summary>
    public required string Id { get; init; }

    /// <summary>The item's own text (without demonstrations), for the list and the search.</summary>
    public required string Text { get; init; }

    /// <summary>Choices; empty for free-form tasks.</summary>
    public IReadOnlyList<string> Choices { get; init; } = [];

    /// <summary>Index of the right choice; null for free-form tasks.</summary>
    public int? Gold { get; init; }

    /// <summary>Accepted answers of a free-form task.</summary>
    public IReadOnlyList<string> Answers { get; init; } = [];

    /// <summary>What the cells predicted for this item, in the order to show. Any subset of the cells.</summary>
    public IReadOnlyList<ItemPrediction> Predictions { get; init; } = [];
}

/// <summary>What one cell predicted for one item.</summary>
public sealed record ItemPrediction
{
    /// <summary>Id of the in-context or fine-tuning cell.</summary>
    public required string Cell { get; init; }

    /// <summary>1 right, 0 wrong, or a fraction.</summary>
    public required double Score { get; init; }

    /// <summary>Index of the chosen choice; null for free-form answers.</summary>
    public int? Predicted { get; init; }

    /// <summary>Generated answer; null for choices.</summary>
    public string? Answer { get; init; }

    /// <summary>The full prompt as the model read it; null to leave it out (prompts are long).</summary>
    public string? Prompt { get; init; }

    /// <summary>Scores of the choices (or of the generated answer as the only one); empty where not recorded.</summary>
    public IReadOnlyList<ChoiceScore> Choices { get; init; } = [];

    /// <summary>Prompt tokens cut from the left so that the request fitted.</summary>
    public int DroppedTokenCount { get; init; }
}

/// <summary>A choice as the model scored it.</summary>
public sealed record ChoiceScore
{
    /// <summary>Probability among the choices, or the deciding score; null where not recorded.</summary>
    public double? Score { get; init; }

    /// <summary>Pieces of the continuation, decoded one by one; empty where not recorded (fine-tuning heads).</summary>
    public IReadOnlyList<string> Tokens { get; init; } = [];

    /// <summary>log P of every piece, nats; as many as tokens.</summary>
    public IReadOnlyList<double> LogProbabilities { get; init; } = [];
}
