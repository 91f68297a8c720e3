namespace ResearchKit.Evaluation.Suite;

/// <summary>A function over a sequence of elements (letters of a spelled word, or words) that a model must induce from its lines.</summary>
/// <param name="Name">Name, such as <c>reverse</c>.</param>
/// <param name="IsHeldOut">True: no generated document applies it.</param>
/// <param name="NeedsLetters">True where elements must be letters.</param>
/// <param name="Apply">The function; inputs have at least two elements.</param>
public sealed record SequenceFunction(string Name, bool IsHeldOut, bool NeedsLetters, Func<IReadOnlyList<string>, IReadOnlyList<string>> Apply)
{
    /// <summary>The answer text for an input text; elements are separated by spaces.</summary>
    public string Answer(string input) => string.Join(' ', Apply(input.Split(' ')));
}

/// <summary>A function over one word.</summary>
/// <param name="Name">Name, such as <c>plural</c>.</param>
/// <param name="IsHeldOut">True: no generated document applies it.</param>
/// <param name="Answer">The answer for a countable noun.</param>
public sealed record WordFunction(string Name, bool IsHeldOut, Func<string, string> Answer);

/// <summary>All functions of the suite.</summary>
public static class SuiteFunctions
{
    /// <summary>Functions over sequences.</summary>
    public static IReadOnlyList<SequenceFunction> Sequence { get; } =
    [
        new("copy", false, false, s => s),
        new("first", false, false, s => [s[0]]),
        new("last", false, false, s => [s[^1]]),
        new("reverse", false, false, s => [.. s.Reverse()]),
        new("cycle", false, false, s => [.. s.Skip(1), s[0]]),
        new("drop-first", false, false, s => [.. s.Skip(1)]),
        new("sort", false, true, s => [.. s.Order(StringComparer.Ordinal)]),
        new("shift", false, true, s => [.. s.Select(NextLetter)]),
        new("double-first", false, false, s => [s[0], .. s]),
        new("second", true, false, s => [s[1]]),
        new("drop-last", true, false, s => [.. s.Take(s.Count - 1)]),
        new("cycle-back", true, false, s => [s[^1], .. s.Take(s.Count - 1)]),
    ];

    /// <summary>Functions over one noun.</summary>
    public static IReadOnlyList<WordFunction> Word { get; } =
    [
        new("repeat", false, w => w + " " + w),
        new("article", false, WithArticle),
        new("plural", false, EnglishNouns.Plural),
        new("capital", false, Capital),
        new("first-letter", false, w => w[..1]),
        new("category", false, w => WordList.Categories.First(c => c.Words.Contains(w)).Name),
        new("last-letter", true, w => w[^1..]),
        new("two-of", true, w => "two " + EnglishNouns.Plural(w)),
    ];

    /// <summary>The sequence function of that name.</summary>
    public static SequenceFunction SequenceNamed(string name) => Sequence.First(f => f.Name == name);

    /// <summary>The word function of that name.</summary>
    public static WordFunction WordNamed(string name) => Word.First(f => f.Name == name);

    /// <summary><c>c a t</c> for <c>cat</c>: single letters are single tokens, so that a model sees the spelling.</summary>
    public static string Spell(string word) => string.Join(' ', word.ToCharArray());

    /// <summary><c>a lion</c>, <c>an apple</c>.</summary>
    public static string WithArticle(string noun) => ("aeio".Contains(noun[0]) || noun is "uncle" or "umbrella" ? "an " : "a ") + noun;

    private static string Capital(string word) => char.ToUpperInvariant(word[0]) + word[1..];

    private static string NextLetter(string letter) => letter == "z" ? "a" : ((char)(letter[0] + 1)).ToString();
}
