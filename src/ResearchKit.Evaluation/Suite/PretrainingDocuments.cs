using ResearchKit.Core.Random;

namespace ResearchKit.Evaluation.Suite;

/// <summary>Documents that are mixed into pre-training so that learning from the prompt can emerge in small models: every document repeats
/// input-output lines whose rule or labels are drawn anew, so its answers can be predicted only from its earlier lines.</summary>
/// <remarks>
/// Inputs are of role <see cref="SuiteRole.Train"/> only, held-out functions, labels and categories are never asked for (see <see cref="SuiteSplit"/>).
/// The one family that shows every word is <c>facts</c>: it says what is an animal, as running text does, and never shows a task's line.
/// Answers that the earlier lines cannot determine carry no loss: they would only teach noise.
/// The mixture starts with repetition, where almost every token is an answer, and moves to rules over the first <see cref="EasyDocumentCount"/> documents:
/// without such a start a model of two million parameters read six million tokens and never learned to look up what stood after the last occurrence of a token.
/// </remarks>
public static partial class PretrainingDocuments
{
    /// <summary>Documents over which the mixture moves from easy to final.</summary>
    public const long EasyDocumentCount = 8000;

    /// <summary>Most words and signs of a document: with the suite's vocabularies about 250 tokens.</summary>
    internal const int WordBudget = 200;

    private static readonly (string Name, int Easy, int Final, Func<CounterRandom, double, GeneratedDocument> Write)[] Families =
    [
        ("pattern", 76, 8, Pattern),
        ("recall", 14, 12, Recall),
        ("label-induction", 4, 34, LabelInduction),
        ("sequence-function", 2, 26, SequenceFunctionLines),
        ("word-function", 1, 8, WordFunctionLines),
        ("facts", 3, 5, Facts),
        ("arithmetic", 0, 3, Arithmetic),
        ("sentiment", 0, 2, Sentiment),
        ("entailment", 0, 2, Entailment),
    ];

    /// <summary>Names of the families.</summary>
    public static IReadOnlyList<string> FamilyNames { get; } = [.. Families.Select(f => f.Name)];

    /// <summary>The document with that number: a pure function of both arguments.</summary>
    /// <param name="seed">Seed of the run.</param>
    /// <param name="index">Number of the document, at least 0; low numbers are easier.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="index"/> is negative.</exception>
    public static GeneratedDocument Generate(long seed, long index)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        var random = new CounterRandom(seed, "suite/documents", index);
        var ease = Math.Max(0, 1 - index / (double)EasyDocumentCount);
        var weights = Families.Select(f => ease * f.Easy + (1 - ease) * f.Final).ToArray();
        var draw = random.NextDouble() * weights.Sum();
        var family = 0;
        while (family < weights.Length - 1 && draw >= weights[family]) draw -= weights[family++];
        return Families[family].Write(random, ease);
    }

    /// <summary>The document of one family with that number, for looking at and for tests.</summary>
    /// <exception cref="ArgumentException">No such family.</exception>
    public static GeneratedDocument Generate(string family, long seed, long index)
    {
        var write = Families.FirstOrDefault(f => f.Name == family).Write
            ?? throw new ArgumentException($"no family '{family}'; the families are {string.Join(", ", FamilyNames)}", nameof(family));
        return write(new CounterRandom(seed, "suite/documents/" + family, index), Math.Max(0, 1 - index / (double)EasyDocumentCount));
    }

    private static LineFormat DrawFormat(CounterRandom random)
    {
        var draw = random.Next(SuitePrompts.Lines.Sum(f => f.Weight));
        foreach (var (format, weight) in SuitePrompts.Lines)
        {
            if (draw < weight) return format;
            draw -= weight;
        }

        throw new InvalidOperationException("weights do not cover the draw");
    }

    /// <summary>From <paramref name="fewest"/> to 24 lines, as many as the budget allows.</summary>
    private static int LineCount(CounterRandom random, int fewest, LineFormat format, int wordsPerLine) =>
        Math.Min(random.Next(fewest, 25), WordBudget / (format.WordCount + wordsPerLine));

    /// <summary>Different labels of one kind; ordinary words avoid the categories that the document is about.</summary>
    private static string[] DrawLabels(CounterRandom random, int count, IReadOnlyList<WordCategory> avoid)
    {
        IReadOnlyList<string> pool = random.Next(20) switch
        {
            < 10 => SuitePrompts.LetterLabels,
            < 13 => SuitePrompts.NonsenseLabels,
            < 15 => WordList.Category("number").TrainWords,
            _ => [.. WordList.PretrainingCategories.Except(avoid).SelectMany(c => c.TrainWords)],
        };
        return [.. random.Sample(pool.Count, count).Select(i => pool[i])];
    }

    private static GeneratedDocument LabelInduction(CounterRandom random, double ease)
    {
        var phrases = random.NextDouble() < 0.5 * (1 - ease);
        var pool = phrases ? [.. WordList.PretrainingCategories.Where(c => c.IsNoun)] : WordList.PretrainingCategories;
        var count = random.NextDouble() < 0.6 + 0.4 * ease ? 2 : 3 + random.Next(2);
        var categories = random.Sample(pool.Count, count).Select(i => pool[i]).ToArray();
        var labels = DrawLabels(random, count, categories);
        var format = DrawFormat(random);
        var repetition = 0.1 + 0.3 * ease;
        var shown = new List<(string Input, int Label)>();
        var seen = new bool[count];
        var writer = new DocumentWriter();
        var lines = LineCount(random, 8, format, wordsPerLine: phrases ? 3 : 2);
        for (var i = 0; i < lines; i++)
        {
            var label = random.Next(count);
            var input = random.Pick(categories[label].TrainWords);
            if (phrases) input = random.Pick(WordList.Modifiers) + " " + input;
            if (shown.Count > 0 && random.NextDouble() < repetition) (input, label) = random.Pick(shown);
            writer.Line(format, input, labels[label], loss: seen[label]);
            seen[label] = true;
            shown.Add((input, label));
        }

        return writer.Finish("label-induction");
    }

    private static GeneratedDocument Recall(CounterRandom random, double ease)
    {
        var pairs = random.Next(2, 5 + (int)(6 * (1 - ease)));
        var words = WordList.PretrainingCategories.SelectMany(c => c.TrainWords).ToArray();
        var keys = random.Sample(words.Length, pairs).Select(i => words[i]).ToArray();
        var values = DrawLabels(random, pairs, []);
        var format = DrawFormat(random);
        var seen = new bool[pairs];
        var writer = new DocumentWriter();
        var lines = LineCount(random, 2 * pairs + 2, format, wordsPerLine: 2);
        for (var i = 0; i < lines; i++)
        {
            var pair = random.Next(pairs);
            writer.Line(format, keys[pair], values[pair], loss: seen[pair]);
            seen[pair] = true;
        }

        return writer.Finish("recall");
    }

    /// <summary>Lines of words that repeat with a short period. The first word of the second round carries no loss: the period is not known before.</summary>
    private static GeneratedDocument Pattern(CounterRandom random, double ease)
    {
        string[] pool = [.. WordList.PretrainingCategories.SelectMany(c => c.TrainWords), .. WordList.Modifiers, .. SuitePrompts.LetterLabels];
        var writer = new DocumentWriter();
        var left = WordBudget;
        while (left >= 30)
        {
            var period = random.Next(2, 9 + (int)(4 * (1 - ease)));
            var separator = random.Next(4) == 0 ? "," : "";
            var total = Math.Min(random.Next(2 * period + 2, 5 * period + 2), (separator.Length == 0 ? left : left / 2) - 1);
            var words = random.Sample(pool.Length, period).Select(i => " " + pool[i]).ToArray();
            var text = Enumerable.Range(0, total).Select(i => words[i % period] + (i == total - 1 ? "\n" : separator)).ToArray();
            writer.Add(string.Concat(text[..(period + 1)]), false);
            writer.Add(string.Concat(text[(period + 1)..]), true);
            left -= total * (1 + separator.Length) + 1;
        }

        return writer.Finish("pattern");
    }

    private static GeneratedDocument Facts(CounterRandom random, double ease)
    {
        var writer = new DocumentWriter();
        if (random.Next(2) == 0)
        {
            for (var lines = random.Next(4, 9); lines > 0; lines--)            // lists: what belongs together stands together
            {
                var words = random.Pick(WordList.Categories).Words;
                var list = random.Sample(words.Count, random.Next(4, 8)).Select(i => words[i]).ToArray();
                writer.Add(" " + list[0], false);
                writer.Add(string.Concat(list[1..].Select(w => ", " + w)) + "\n", true);
            }

            return writer.Finish("facts");
        }

        for (var lines = random.Next(8, 19); lines > 0; lines--)
        {
            var category = random.Pick(WordList.Categories);
            var word = random.Pick(category.Words);
            writer.Add((category.IsNoun && random.Next(2) == 0 ? " " + SuiteFunctions.WithArticle(word) : " " + word) + " is", false);
            writer.Add($" {category.Phrase}.\n", true);
        }

        return writer.Finish("facts");
    }
}
