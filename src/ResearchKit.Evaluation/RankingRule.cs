using ResearchKit.Evaluation.Tasks;

namespace ResearchKit.Evaluation;

/// <summary>How log-probabilities of choices become a prediction.</summary>
/// <param name="Normalization">Denominator or reference.</param>
/// <param name="AnswerContext">Context of the unconditional kind; empty text by default.</param>
public sealed record RankingRule(Normalization Normalization, string AnswerContext = "")
{
    /// <summary>Name in results: sum, per_token, per_character, per_byte, unconditional, or unconditional:CONTEXT.</summary>
    public string Name => Normalization switch
    {
        Normalization.Sum => "sum",
        Normalization.PerToken => "per_token",
        Normalization.PerCharacter => "per_character",
        Normalization.PerByte => "per_byte",
        _ => AnswerContext.Length == 0 ? "unconditional" : "unconditional:" + AnswerContext,
    };

    /// <summary>The rule of a name, as <see cref="Name"/> gives it.</summary>
    /// <exception cref="ArgumentException">No such rule.</exception>
    public static RankingRule Parse(string name) => name switch
    {
        "sum" => new(Normalization.Sum),
        "per_token" => new(Normalization.PerToken),
        "per_character" => new(Normalization.PerCharacter),
        "per_byte" => new(Normalization.PerByte),
        "unconditional" => new(Normalization.Unconditional),
        _ when name.StartsWith("unconditional:", StringComparison.Ordinal) => new(Normalization.Unconditional, name["unconditional:".Length..]),
        _ => throw new ArgumentException($"\"{name}\" is no ranking rule; allowed are sum, per_token, per_character, per_byte, unconditional and unconditional:CONTEXT.", nameof(name)),
    };

    /// <summary>The rule of a scoring.</summary>
    public static RankingRule Of(ChoiceScoring scoring) => new(scoring.Normalization, scoring.AnswerContext ?? "");

    /// <summary>Value that ranks a choice; larger is better.</summary>
    /// <exception cref="InvalidOperationException">The unconditional score was not asked for.</exception>
    public double Value(ChoiceResult choice) => Normalization switch
    {
        Normalization.Sum => choice.LogProbability,
        Normalization.PerToken => choice.LogProbability / Math.Max(1, choice.TokenIds.Count),
        Normalization.PerCharacter => choice.LogProbability / Math.Max(1, choice.CharacterCount),
        Normalization.PerByte => choice.LogProbability / Math.Max(1, choice.ByteCount),
        _ => choice.LogProbability - (choice.Unconditional.FirstOrDefault(score => score.Context == AnswerContext)
            ?? throw new InvalidOperationException($"No unconditional score after \"{AnswerContext}\".")).LogProbability,
    };

    /// <summary>Best choice, the first of equals.</summary>
    public ChoicePrediction Predict(IReadOnlyList<ChoiceResult> choices, int? gold)
    {
        var values = choices.Select(Value).ToArray();
        var best = 0;
        for (var i = 1; i < values.Length; i++)
        {
            if (values[i] > values[best]) best = i;
        }

        return new ChoicePrediction(Name, best, best == gold, values.Count(value => value == values[best]) > 1);
    }
}
