using System.Text.RegularExpressions;

namespace ResearchKit.Evaluation.Metrics;

/// <summary>Exact match and token F1 of short answers, as the official SQuAD 2.0 and CoQA scripts compute them.</summary>
public static partial class SquadMetrics
{
    private const string Punctuation = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~";          // Python's string.punctuation

    /// <summary>Lower case, without ASCII punctuation, the articles a, an, the, and surplus white space.</summary>
    public static string Normalize(string text)
    {
        var plain = string.Concat(text.ToLowerInvariant().Where(c => !Punctuation.Contains(c)));
        return string.Join(' ', Words(Articles().Replace(plain, " ")));
    }

    /// <summary>1 where prediction and an accepted answer are equal after normalization, otherwise 0.</summary>
    public static double ExactMatch(string prediction, IReadOnlyList<string> answers) =>
        answers.Any(answer => Normalize(answer) == Normalize(prediction)) ? 1 : 0;

    /// <summary>Largest token F1 over the accepted answers, [0, 1].</summary>
    public static double F1(string prediction, IReadOnlyList<string> answers) => answers.Max(answer => F1(prediction, answer));

    /// <summary>Token F1 of two texts after normalization; where one is empty, 1 if both are.</summary>
    public static double F1(string prediction, string answer)
    {
        string[] predicted = Words(Normalize(prediction)), gold = Words(Normalize(answer));
        if (predicted.Length == 0 || gold.Length == 0) return predicted.Length == gold.Length ? 1 : 0;
        var left = gold.CountBy(word => word).ToDictionary();
        var same = 0;
        foreach (var word in predicted)
        {
            if (left.GetValueOrDefault(word) == 0) continue;
            left[word]--;
            same++;
        }

        return 2.0 * same / (predicted.Length + gold.Length);
    }

    /// <summary>CoQA's F1: with several references, the mean over leaving each out of the best F1 with the others, which treats people and models alike.</summary>
    public static double CoqaF1(string prediction, IReadOnlyList<string> references) =>
        references.Count == 1 ? F1(prediction, references)
        : Enumerable.Range(0, references.Count).Average(left => F1(prediction, [.. references.Where((_, i) => i != left)]));

    private static string[] Words(string text) => text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);

    [GeneratedRegex(@"\b(a|an|the)\b")]
    private static partial Regex Articles();
}
