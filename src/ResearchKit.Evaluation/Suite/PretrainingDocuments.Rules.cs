using System.Globalization;
using ResearchKit.Core.Random;

namespace ResearchKit.Evaluation.Suite;

// The families whose answers follow from a rule: functions, arithmetic, sentiment and entailment.
public static partial class PretrainingDocuments
{
    private static readonly string[] TrainSpellings =
        [.. FrequentWords.Short.Where(w => SuiteSplit.RoleOf("letters", w) == SuiteRole.Train)];

    private static GeneratedDocument SequenceFunctionLines(CounterRandom random, double ease)
    {
        var letters = random.Next(4) != 0;
        var functions = SuiteFunctions.Sequence.Where(f => !f.IsHeldOut && (letters || !f.NeedsLetters)).ToArray();
        var known = (int)Math.Round(3 + (functions.Length - 3) * (1 - ease));           // copy, first and last come first
        var function = functions[random.Next(known)];
        var format = DrawFormat(random);
        if (format == SuitePrompts.Prose) format = SuitePrompts.Arrow;                  // several elements are no "word"
        var longest = ease > 0.5 ? 3 : 4;
        var writer = new DocumentWriter();
        var lines = LineCount(random, 8, format, wordsPerLine: 2 * longest + 1);
        for (var line = 0; line < lines; line++)
        {
            var input = letters ? DrawSpelling(random, longest) : DrawWordSequence(random);
            writer.Line(format, input, function.Answer(input), loss: line > 0);
        }

        return writer.Finish("sequence-function");
    }

    private static string DrawSpelling(CounterRandom random, int longest)
    {
        string word;
        do word = random.Pick(TrainSpellings);
        while (word.Length > longest + (random.Next(4) == 0 ? 1 : 0));
        return SuiteFunctions.Spell(word);
    }

    /// <summary>Two to four words of role Train as a sequence.</summary>
    private static string DrawWordSequence(CounterRandom random)
    {
        while (true)
        {
            var words = Enumerable.Range(0, random.Next(2, 5)).Select(_ => random.Pick(random.Pick(WordList.PretrainingCategories).TrainWords)).Distinct().ToArray();
            var input = string.Join(' ', words);
            if (words.Length > 1 && SuiteSplit.RoleOf("words", input) == SuiteRole.Train) return input;
        }
    }

    private static GeneratedDocument WordFunctionLines(CounterRandom random, double ease)
    {
        var functions = SuiteFunctions.Word.Where(f => !f.IsHeldOut).ToArray();
        var function = random.Pick(functions);
        var nouns = WordList.Nouns(SuiteRole.Train);
        var format = DrawFormat(random);
        var writer = new DocumentWriter();
        var lines = LineCount(random, 8, format, wordsPerLine: 3);
        for (var line = 0; line < lines; line++)
        {
            var noun = random.Pick(nouns);
            writer.Line(format, noun, function.Answer(noun), loss: line > 0);
        }

        return writer.Finish("word-function");
    }

    private static GeneratedDocument Arithmetic(CounterRandom random, double ease)
    {
        var name = random.Pick(["2D+", "2D-"]);
        var bound = random.Next(3) switch { 0 => 10, 1 => 30, _ => 100 };
        var asQuestion = random.Next(2) == 0;                                           // the question form of GPT-3's released data
        var writer = new DocumentWriter();
        var blank = "\n\n";                                                            // an answer brings the first newline of the next question
        for (var lines = random.Next(8, 13); lines > 0;)
        {
            var question = ArithmeticQuestion.Draw(random, name, bound);
            if (question.Role != SuiteRole.Train) continue;
            lines--;
            writer.Add(asQuestion ? $"{blank}Q: What is {question.Text}?\n\nA:" : $" {question.Text} =", false);
            writer.Add(" " + question.Answer.ToString(CultureInfo.InvariantCulture) + "\n", true);
            blank = "\n";
        }

        return writer.Finish("arithmetic");
    }

    private static GeneratedDocument Sentiment(CounterRandom random, double ease)
    {
        var natural = random.Next(2) == 0;
        var labels = natural ? SentimentSentences.Labels : DrawLabels(random, 2, [WordList.Category("good"), WordList.Category("bad")]);
        var format = natural ? SuitePrompts.Review : DrawFormat(random);
        if (format == SuitePrompts.Prose) format = SuitePrompts.InputOutput;            // sentences are no "word"
        var seen = new[] { natural, natural };                                          // natural names can be known without a demonstration
        var writer = new DocumentWriter();
        for (var lines = random.Next(8, 13); lines > 0; lines--)
        {
            var (text, label, _) = SentimentSentences.Draw(random, SuiteRole.Train);
            writer.Line(format, text, labels[label], loss: seen[label]);
            seen[label] = true;
        }

        return writer.Finish("sentiment");
    }

    private static GeneratedDocument Entailment(CounterRandom random, double ease)
    {
        var writer = new DocumentWriter();
        for (var lines = random.Next(8, 12); lines > 0; lines--)
        {
            var (premise, hypothesis, label, _) = EntailmentSentences.Draw(random, SuiteRole.Train);
            writer.Line(SuitePrompts.Entailment, $"{premise}, so {hypothesis}", EntailmentSentences.Labels[label], loss: true);
        }

        return writer.Finish("entailment");
    }
}
