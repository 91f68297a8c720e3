namespace ResearchKit.Evaluation.Suite;

/// <summary>How a line shows an input and its answer. The answer always follows as one space, the answer, <see cref="End"/> and a newline.</summary>
/// <param name="Before">Text before the input.</param>
/// <param name="Between">Text after the input, without the answer's leading space.</param>
/// <param name="End">Text between answer and newline.</param>
/// <remarks>The leading space of a line's input is meant: a word is then the same token as in running text.</remarks>
public sealed record LineFormat(string Before, string Between, string End = "")
{
    /// <summary>Words and signs of a line besides input and answer, newline included: a lower bound of its tokens.</summary>
    internal int WordCount { get; } = (Before + Between + End).Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).Length
        + (Before + Between + End).Count(c => c is ':' or '.') + 1;

    /// <summary>The line up to the answer.</summary>
    public string Context(string input) => Before + input + Between;
}

/// <summary>Formats that generated documents and suite tasks share, so that what is learned from documents transfers to prompts.</summary>
public static class SuitePrompts
{
    /// <summary><c> lion -> K</c>: the suite's own format.</summary>
    public static LineFormat Arrow { get; } = new(" ", " ->");

    /// <summary><c> lion = K</c>.</summary>
    public static LineFormat EqualsSign { get; } = new(" ", " =");

    /// <summary><c> lion: K</c>.</summary>
    public static LineFormat Colon { get; } = new(" ", ":");

    /// <summary><c>Input: lion Output: K</c>.</summary>
    public static LineFormat InputOutput { get; } = new("Input: ", " Output:");

    /// <summary><c>Q: lion A: K</c>.</summary>
    public static LineFormat QuestionAnswer { get; } = new("Q: ", " A:");

    /// <summary><c>The word is lion. The answer is K.</c></summary>
    public static LineFormat Prose { get; } = new("The word is ", ". The answer is", ".");

    /// <summary><c>Review: the soup was awful. Sentiment: negative</c>.</summary>
    public static LineFormat Review { get; } = new("Review: ", ". Sentiment:");

    /// <summary><c> Tom has a lion, so Tom has an animal: True</c>.</summary>
    public static LineFormat Entailment { get; } = new(" ", ":");

    /// <summary>Formats of lines in generated documents with their weights.</summary>
    internal static IReadOnlyList<(LineFormat Format, int Weight)> Lines { get; } =
        [(Arrow, 40), (EqualsSign, 15), (Colon, 15), (InputOutput, 15), (QuestionAnswer, 10), (Prose, 5)];

    /// <summary>Label sets that documents and tasks map categories to.</summary>
    public static IReadOnlyList<string> LetterLabels { get; } = [.. "ABCDEFGHJKLMNPQRSTUVWXYZ".Select(c => c.ToString())];

    /// <summary>Labels without a meaning.</summary>
    public static IReadOnlyList<string> NonsenseLabels { get; } =
        ["dax", "wug", "blick", "zup", "fep", "toma", "kiki", "bouba", "gav", "lorp", "miv", "nuz", "pell", "quib", "rem", "sull"];

    /// <summary>Nonsense labels that no generated document uses.</summary>
    public static IReadOnlyList<string> HeldOutLabels { get; } = ["vorn", "jeck", "plid", "shum"];
}
