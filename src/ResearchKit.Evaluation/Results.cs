using System.Text.Json.Serialization;
using ResearchKit.Evaluation.Statistics;

namespace ResearchKit.Evaluation;

/// <summary>Everything a run of one task gave: the numbers and, for every item, what they rest on.</summary>
public sealed record TaskResult
{
    /// <summary>Task name.</summary>
    public required string Task { get; init; }

    /// <summary>Model name.</summary>
    public required string Model { get; init; }

    /// <summary>SHA-256 of configuration and weights.</summary>
    public required string WeightsHash { get; init; }

    /// <summary>Tokenizer name.</summary>
    public required string Tokenizer { get; init; }

    /// <summary>SHA-256 of the tokenizer.</summary>
    public required string TokenizerFingerprint { get; init; }

    /// <summary>Options of the run.</summary>
    public required EvaluationOptions Options { get; init; }

    /// <summary>Name of the headline metric, a key of <see cref="Metrics"/>.</summary>
    public required string Metric { get; init; }

    /// <summary>Ranking rule behind predictions, such as <c>per_token</c>; null where nothing is ranked.</summary>
    public required string? Rule { get; init; }

    /// <summary>Value of the headline metric.</summary>
    public required double Score { get; init; }

    /// <summary>All numbers by name, such as <c>accuracy</c>, <c>accuracy/per_character</c>, <c>macro_f1</c>, <c>word_perplexity</c>.</summary>
    public required IReadOnlyDictionary<string, double> Metrics { get; init; }

    /// <summary>The items, in the order of the test split.</summary>
    public required IReadOnlyList<ItemResult> Items { get; init; }

    /// <summary>Token standing for an empty context.</summary>
    public required int PrefixTokenId { get; init; }

    /// <summary>Requests that the items made.</summary>
    public required int RequestCount { get; init; }

    /// <summary>Different requests: what the model was asked.</summary>
    public required int DistinctRequestCount { get; init; }

    /// <summary>Tokens of the different requests, contexts included.</summary>
    public required long ForwardTokenCount { get; init; }

    /// <summary>Items whose best choice was tied with another under the deciding rule; ties go to the first choice.</summary>
    public int TiedItemCount => Items.Count(item => item.Tied);

    /// <summary>Items that were shown fewer demonstrations than asked for.</summary>
    public int ReducedItemCount => Items.Count(item => item.ShotsUsed < Options.Shots);

    /// <summary>Items whose prompt was cut from the left.</summary>
    public int TruncatedItemCount => Items.Count(item => item.DroppedTokenCount > 0);
}

/// <summary>What happened to one item.</summary>
public sealed record ItemResult
{
    /// <summary>Item id.</summary>
    public required string Id { get; init; }

    /// <summary>Full text before the answer, demonstrations included; of partial scoring, with the first choice in place.</summary>
    public required string Prompt { get; init; }

    /// <summary>Scored continuations, one per choice; one for target and perplexity scoring; none for generation.</summary>
    public IReadOnlyList<ChoiceResult> Choices { get; init; } = [];

    /// <summary>Index of the right choice; null where there is none.</summary>
    public int? Gold { get; init; }

    /// <summary>Accepted answers.</summary>
    public IReadOnlyList<string> Answers { get; init; } = [];

    /// <summary>What every ranking rule predicts, the deciding one first; empty where nothing is ranked.</summary>
    public IReadOnlyList<ChoicePrediction> Predictions { get; init; } = [];

    /// <summary>Generated answer, cut at the stop string; null where nothing is generated.</summary>
    public string? Generated { get; init; }

    /// <summary>Item score: 1 or 0 for right and wrong, a metric in [0, 1] for generated answers, log-probability in nats for perplexity.</summary>
    public required double Score { get; init; }

    /// <summary>Demonstrations shown.</summary>
    public int ShotsUsed { get; init; }

    /// <summary>Their ids, in the order of the prompt.</summary>
    public IReadOnlyList<string> DemonstrationIds { get; init; } = [];

    /// <summary>Tokens cut from the left of the prompt (the largest number over the choices).</summary>
    public int DroppedTokenCount { get; init; }

    /// <summary>Cluster for intervals, such as the passage; null where the item stands alone.</summary>
    public string? Cluster { get; init; }

    /// <summary>Items that some metrics count only together, such as the answers of one question; null where the item stands alone.</summary>
    public string? Group { get; init; }

    /// <summary>What is independent of other units: the cluster, else the group, else the item alone.</summary>
    [JsonIgnore]                                                         // no part of a stored cell
    public string Unit => ItemUnits.NameOf(Cluster, Group, Id);

    /// <summary>Predicted choice under the deciding rule; null where nothing is ranked.</summary>
    public int? Predicted => Predictions.Count > 0 ? Predictions[0].Choice : null;

    /// <summary>Whether the deciding rule's best choice is tied.</summary>
    public bool Tied => Predictions.Count > 0 && Predictions[0].Tied;

    /// <summary>Whether the item counts as right: score 1.</summary>
    public bool Correct => Score >= 1;
}

/// <summary>One scored continuation.</summary>
public sealed record ChoiceResult
{
    /// <summary>The continuation as scored, leading space included.</summary>
    public required string Text { get; init; }

    /// <summary>The answer alone, without the template's words.</summary>
    public required string Answer { get; init; }

    /// <summary>Token ids of <see cref="Text"/>.</summary>
    public required IReadOnlyList<int> TokenIds { get; init; }

    /// <summary>log P of every token, nats.</summary>
    public required IReadOnlyList<double> TokenLogProbabilities { get; init; }

    /// <summary>Sum over the tokens, nats.</summary>
    public required double LogProbability { get; init; }

    /// <summary>Whether greedy decoding would have produced it.</summary>
    public bool IsGreedy { get; init; }

    /// <summary>Characters (code points) of the answer, without the delimiter before it: the denominator of the harness's acc_norm.</summary>
    public int CharacterCount { get; init; }

    /// <summary>UTF-8 bytes of the answer, likewise.</summary>
    public int ByteCount { get; init; }

    /// <summary>Words of the counted text, separated by white space as <c>re.split(r"\s+", text)</c> counts them; only for perplexity.</summary>
    public int WordCount { get; init; }

    /// <summary>Log-probability after each context of unconditional normalization, nats.</summary>
    public IReadOnlyList<UnconditionalScore> Unconditional { get; init; } = [];
}

/// <summary>Log-probability of a choice without its item.</summary>
/// <param name="Context">Context instead of the item's, such as <c>Answer:</c>.</param>
/// <param name="LogProbability">Sum, nats.</param>
public sealed record UnconditionalScore(string Context, double LogProbability);

/// <summary>Prediction of one ranking rule.</summary>
/// <param name="Rule">sum, per_token, per_character, per_byte, unconditional, or unconditional:CONTEXT.</param>
/// <param name="Choice">Index of the best choice; the first of equals.</param>
/// <param name="Correct">Whether it is the right one.</param>
/// <param name="Tied">Whether another choice has exactly the same value.</param>
public sealed record ChoicePrediction(string Rule, int Choice, bool Correct, bool Tied);
