using ResearchKit.Core.Random;

namespace ResearchKit.Evaluation.Suite;

/// <summary>Templated sentences whose last word of the categories <c>good</c> and <c>bad</c> decides the label.</summary>
public static class SentimentSentences
{
    private static readonly string[] Templates =
    [
        "the {0} was {1}", "it was a {1} {0}", "{2} found the {0} {1}", "what a {1} {0}", "the {0} looked {1}", "{2} said the {0} was {1}",
    ];

    /// <summary>Names of the labels: 0 positive, 1 negative.</summary>
    public static IReadOnlyList<string> Labels { get; } = ["positive", "negative"];

    /// <summary>A sentence over nouns and adjectives of one role; the lexicons of the roles are disjoint.</summary>
    /// <returns>Text, label, and the adjective that decides it.</returns>
    public static (string Text, int Label, string Adjective) Draw(CounterRandom random, SuiteRole role)
    {
        var label = random.Next(2);
        var adjective = random.Pick(WordList.Category(label == 0 ? "good" : "bad").Of(role));
        var template = random.Pick(Templates);
        if ("aeiou".Contains(adjective[0])) template = template.Replace("a {1}", "an {1}", StringComparison.Ordinal);
        return (string.Format(System.Globalization.CultureInfo.InvariantCulture, template, random.Pick(WordList.Nouns(role)), adjective, random.Pick(WordList.Names)), label, adjective);
    }
}

/// <summary>Templated premise and hypothesis: the hypothesis names a category, or drops or reverses an adjective.</summary>
public static class EntailmentSentences
{
    // A wrong category comes from another group, because a hen is an animal too although the list calls it a bird.
    private static readonly string[][] Groups =
        [["animal", "bird", "fish", "insect"], ["fruit", "vegetable"], ["body"], ["family", "job"], ["building", "place"], ["clothing", "furniture", "kitchen"]];

    private static readonly (string, string)[] Opposites =
        [("big", "small"), ("old", "new"), ("long", "short"), ("thick", "thin"), ("heavy", "light"), ("wet", "dry"), ("soft", "hard"), ("strong", "weak"), ("clean", "dusty"), ("common", "rare")];

    private static readonly string[] Verbs = ["has", "saw", "found", "wants", "knows"];

    /// <summary>Names of the labels: 0 the hypothesis follows, 1 it does not.</summary>
    public static IReadOnlyList<string> Labels { get; } = ["True", "False"];

    /// <summary>A pair over nouns of one role.</summary>
    /// <returns>Premise, hypothesis, label, and the noun.</returns>
    public static (string Premise, string Hypothesis, int Label, string Noun) Draw(CounterRandom random, SuiteRole role)
    {
        var label = random.Next(2);
        var noun = random.Pick(WordList.Nouns(role));
        var subject = random.Pick(WordList.Names) + " " + random.Pick(Verbs);
        if (random.Next(2) == 0)
        {
            var category = WordList.PretrainingCategories.First(c => c.IsNoun && c.Words.Contains(noun));
            var others = Groups.Where(g => !g.Contains(category.Name)).SelectMany(g => g).ToArray();
            var named = label == 0 ? category : WordList.Category(random.Pick(others));
            return ($"{subject} {SuiteFunctions.WithArticle(noun)}", $"{subject} {named.Phrase}", label, noun);
        }

        var (adjective, opposite) = random.Pick(Opposites);
        if (random.Next(2) == 0) (adjective, opposite) = (opposite, adjective);
        var hypothesis = label == 0 ? noun : opposite + " " + noun;
        return ($"{subject} {SuiteFunctions.WithArticle(adjective + " " + noun)}", $"{subject} {SuiteFunctions.WithArticle(hypothesis)}", label, noun);
    }
}
