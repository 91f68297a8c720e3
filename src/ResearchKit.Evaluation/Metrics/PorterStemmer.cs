using System.Collections.Frozen;

namespace ResearchKit.Evaluation.Metrics;

/// <summary>Porter's suffix stripping (1980) with the extensions that NLTK's <c>PorterStemmer</c> has by default, which <c>rouge-score</c> uses.</summary>
internal static class PorterStemmer
{
    private static readonly FrozenDictionary<string, string> Irregular = new Dictionary<string, string>
    {
        ["sky"] = "sky", ["skies"] = "sky", ["dying"] = "die", ["lying"] = "lie", ["tying"] = "tie", ["news"] = "news", ["innings"] = "inning", ["inning"] = "inning",
        ["outings"] = "outing", ["outing"] = "outing", ["cannings"] = "canning", ["canning"] = "canning", ["howe"] = "howe", ["proceed"] = "proceed", ["exceed"] = "exceed", ["succeed"] = "succeed",
    }.ToFrozenDictionary();

    private static readonly (string Suffix, string Replacement)[] Plurals = [("sses", "ss"), ("ies", "i"), ("ss", "ss"), ("s", "")];

    private static readonly (string Suffix, string Replacement)[] DoubleSuffixes =
    [
        ("ational", "ate"), ("tional", "tion"), ("enci", "ence"), ("anci", "ance"), ("izer", "ize"), ("bli", "ble"), ("alli", "al"), ("entli", "ent"), ("eli", "e"), ("ousli", "ous"),
        ("ization", "ize"), ("ation", "ate"), ("ator", "ate"), ("alism", "al"), ("iveness", "ive"), ("fulness", "ful"), ("ousness", "ous"), ("aliti", "al"), ("iviti", "ive"),
        ("biliti", "ble"), ("fulli", "ful"), ("logi", "log"),
    ];

    private static readonly (string Suffix, string Replacement)[] SingleSuffixes =
        [("icate", "ic"), ("ative", ""), ("alize", "al"), ("iciti", "ic"), ("ical", "ic"), ("ful", ""), ("ness", "")];

    private static readonly string[] LastSuffixes =
        ["al", "ance", "ence", "er", "ic", "able", "ible", "ant", "ement", "ment", "ent", "ion", "ou", "ism", "ate", "iti", "ous", "ive", "ize"];

    /// <summary>Stem of a lower-case word.</summary>
    public static string Stem(string word)
    {
        if (Irregular.TryGetValue(word, out var stem)) return stem;
        if (word.Length <= 2) return word;
        word = WithoutPastOrProgressive(WithoutPlural(word));
        if (word.EndsWith('y') && word.Length > 2 && IsConsonant(word, word.Length - 2)) word = word[..^1] + "i";
        return WithoutDoubleL(WithoutFinalE(WithoutLastSuffix(WithSingleSuffix(WithDoubleSuffix(word)))));
    }

    private static string WithoutPlural(string word) => word is { Length: 4 } && word.EndsWith("ies", StringComparison.Ordinal)
        ? word[..^1]
        : Plurals.FirstOrDefault(rule => word.EndsWith(rule.Suffix, StringComparison.Ordinal)) is { Suffix: { } suffix } found ? word[..^suffix.Length] + found.Replacement : word;

    private static string WithoutPastOrProgressive(string word)
    {
        if (word.EndsWith("ied", StringComparison.Ordinal)) return word.Length == 4 ? word[..^1] : word[..^2];
        if (word.EndsWith("eed", StringComparison.Ordinal)) return Measure(word[..^3]) > 0 ? word[..^1] : word;
        var suffix = new[] { "ed", "ing" }.FirstOrDefault(suffix => word.EndsWith(suffix, StringComparison.Ordinal) && HasVowel(word[..^suffix.Length]));
        if (suffix is null) return word;
        var stem = word[..^suffix.Length];
        if (stem.EndsWith("at", StringComparison.Ordinal) || stem.EndsWith("bl", StringComparison.Ordinal) || stem.EndsWith("iz", StringComparison.Ordinal)) return stem + "e";
        if (EndsInDoubleConsonant(stem)) return stem[^1] is 'l' or 's' or 'z' ? stem : stem[..^1];
        return Measure(stem) == 1 && EndsShort(stem) ? stem + "e" : stem;
    }

    private static string WithDoubleSuffix(string word)
    {
        if (word.EndsWith("alli", StringComparison.Ordinal) && Measure(word[..^4]) > 0) return WithDoubleSuffix(word[..^2]);
        foreach (var (suffix, replacement) in DoubleSuffixes)
        {
            if (!word.EndsWith(suffix, StringComparison.Ordinal)) continue;
            // The l of "logi" counts to the stem, so that geo- and theo- are treated as archaeo- is.
            return Measure(suffix == "logi" ? word[..^3] : word[..^suffix.Length]) > 0 ? word[..^suffix.Length] + replacement : word;
        }

        return word;
    }

    private static string WithSingleSuffix(string word)
    {
        foreach (var (suffix, replacement) in SingleSuffixes)
        {
            if (word.EndsWith(suffix, StringComparison.Ordinal)) return Measure(word[..^suffix.Length]) > 0 ? word[..^suffix.Length] + replacement : word;
        }

        return word;
    }

    private static string WithoutLastSuffix(string word)
    {
        if (LastSuffixes.FirstOrDefault(suffix => word.EndsWith(suffix, StringComparison.Ordinal)) is not { } found) return word;
        var stem = word[..^found.Length];
        return Measure(stem) > 1 && (found != "ion" || stem[^1] is 's' or 't') ? stem : word;
    }

    private static string WithoutFinalE(string word) =>
        word.EndsWith('e') && (Measure(word[..^1]) > 1 || (Measure(word[..^1]) == 1 && !EndsShort(word[..^1]))) ? word[..^1] : word;

    private static string WithoutDoubleL(string word) => word.EndsWith("ll", StringComparison.Ordinal) && Measure(word[..^1]) > 1 ? word[..^1] : word;

    /// <summary>A letter other than a, e, i, o, u, and other than y behind a consonant.</summary>
    private static bool IsConsonant(string word, int i) => word[i] switch
    {
        'a' or 'e' or 'i' or 'o' or 'u' => false,
        'y' => i == 0 || !IsConsonant(word, i - 1),
        _ => true,
    };

    private static bool HasVowel(string word) => Enumerable.Range(0, word.Length).Any(i => !IsConsonant(word, i));

    /// <summary>Porter's m: how often a consonant follows a vowel.</summary>
    private static int Measure(string word) => Enumerable.Range(1, Math.Max(0, word.Length - 1)).Count(i => IsConsonant(word, i) && !IsConsonant(word, i - 1));

    private static bool EndsInDoubleConsonant(string word) => word.Length >= 2 && word[^1] == word[^2] && IsConsonant(word, word.Length - 1);

    /// <summary>Porter's *o: consonant, vowel, and a consonant that is not w, x or y; or two letters, vowel and consonant.</summary>
    private static bool EndsShort(string word)
    {
        if (word.Length == 2) return !IsConsonant(word, 0) && IsConsonant(word, 1);
        return word.Length >= 3 && IsConsonant(word, word.Length - 3) && !IsConsonant(word, word.Length - 2) && IsConsonant(word, word.Length - 1) && word[^1] is not ('w' or 'x' or 'y');
    }
}
