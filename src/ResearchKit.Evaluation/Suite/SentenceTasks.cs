using ResearchKit.Core.Random;
using ResearchKit.Core.Tasks;
using ResearchKit.Evaluation.Tasks;

namespace ResearchKit.Evaluation.Suite;

/// <summary>Templated sentiment and entailment with exact labels; the lexicons of the roles are disjoint.</summary>
internal static class SentenceTasks
{
    /// <summary>Name and generator of each task.</summary>
    public static IReadOnlyList<(string Name, Func<long, EvaluationTask> Create)> Entries { get; } =
    [
        ("suite/sentiment", seed => Sentiment("suite/sentiment", SentimentSentences.Labels, SuitePrompts.Review, seed)),
        ("suite/sentiment-arbitrary", seed => Sentiment("suite/sentiment-arbitrary", ArbitraryLabels(seed), SuitePrompts.Arrow, seed)),
        ("suite/entailment", Entailment),
    ];

    private static string[] ArbitraryLabels(long seed)
    {
        var random = new CounterRandom(seed, "suite/sentiment-arbitrary/labels");
        return [.. random.Sample(SuitePrompts.LetterLabels.Count, 2).Select(i => SuitePrompts.LetterLabels[i])];
    }

    private static EvaluationTask Sentiment(string name, IReadOnlyList<string> labels, LineFormat format, long seed)
    {
        return new()
        {
            Name = name,
            Description = "Templated sentiment: whether the sentence's adjective is a good or a bad word; test adjectives and nouns never occur in pre-training's sentiment lines. Generated.",
            Load = () => SuiteTaskBuilder.Splits(name, seed, Draw),
            Prompt = SuiteTaskBuilder.Prompt(format),
            Scoring = new ChoiceScoring(Normalization.Sum),
        };

        TaskItem Draw(CounterRandom random, SuiteRole role)
        {
            var (text, label, adjective) = SentimentSentences.Draw(random, role);
            return new()
            {
                Id = "", Fields = SuiteTaskBuilder.Input(text), Choices = labels, Gold = label, Cluster = adjective, Structured = new ClassificationInput(text),
            };
        }
    }

    private static EvaluationTask Entailment(long seed)
    {
        return new()
        {
            Name = "suite/entailment",
            Description = "Templated entailment: whether the second half follows, by category or by adjective; test nouns never occur in pre-training's entailment lines. Generated.",
            Load = () => SuiteTaskBuilder.Splits("suite/entailment", seed, Draw),
            Prompt = new(SuitePrompts.Entailment.Context("{premise}, so {hypothesis}"), " {answer}", Separator: "\n"),
            Scoring = new ChoiceScoring(Normalization.Sum),
        };

        static TaskItem Draw(CounterRandom random, SuiteRole role)
        {
            var (premise, hypothesis, label, noun) = EntailmentSentences.Draw(random, role);
            return new()
            {
                Id = "", Fields = new Dictionary<string, string> { ["premise"] = premise, ["hypothesis"] = hypothesis },
                Choices = EntailmentSentences.Labels, Gold = label, Cluster = noun, Structured = new EntailmentInput(premise, hypothesis),
            };
        }
    }
}
