using ResearchKit.Core.Random;
using ResearchKit.Core.Tasks;
using ResearchKit.Evaluation.Tasks;

namespace ResearchKit.Evaluation.Suite;

/// <summary>Function induction: which function of the input the lines before it apply. As choices, the wrong answers are what other functions make of the same input.</summary>
internal static class FunctionTasks
{
    private static readonly string[] ListFunctions = ["first", "last", "reverse", "second"];

    /// <summary>Name and generator of each task.</summary>
    public static IReadOnlyList<(string Name, Func<long, EvaluationTask> Create)> Entries { get; } =
    [
        .. SuiteFunctions.Sequence.Select(f => Entry($"suite/function-{f.Name}", f.IsHeldOut, "letters of a spelled word", LetterInput, SequenceAnswers(f.Name, letters: true), asChoice: true)),
        .. SuiteFunctions.Sequence.Select(f => Entry($"suite/function-{f.Name}-generated", f.IsHeldOut, "letters of a spelled word", LetterInput, SequenceAnswers(f.Name, letters: true), asChoice: false)),
        .. ListFunctions.Select(n => Entry($"suite/list-{n}", SuiteFunctions.SequenceNamed(n).IsHeldOut, "a list of words", ListInput, SequenceAnswers(n, letters: false), asChoice: true)),
        .. SuiteFunctions.Word.Select(f => Entry($"suite/word-{f.Name}", f.IsHeldOut, "a noun", NounInput, WordAnswers(f.Name), asChoice: true)),
    ];

    private static (string, Func<long, EvaluationTask>) Entry(
        string name, bool isHeldOut, string inputs, Func<CounterRandom, SuiteRole, string?> drawInput, Func<string, (string Gold, string[] Others)> answers, bool asChoice)
    {
        return (name, Create);

        EvaluationTask Create(long seed) => new()
        {
            Name = name,
            Description = $"Function induction over {inputs}; test inputs never occur as inputs in pre-training{(isHeldOut ? ", nor does this function" : "")}. Generated.",
            Load = () => SuiteTaskBuilder.Splits(name, seed, Draw),
            Prompt = SuiteTaskBuilder.Prompt(SuitePrompts.Arrow),
            Scoring = asChoice ? new ChoiceScoring() : new GenerationScoring(GenerationMetric.ExactMatch, 16, "\n"),
        };

        TaskItem? Draw(CounterRandom random, SuiteRole role)
        {
            if (drawInput(random, role) is not { } input) return null;
            var (gold, others) = answers(input);
            var item = new TaskItem { Id = "", Fields = SuiteTaskBuilder.Input(input) };
            if (!asChoice) return item with { Answers = [gold] };
            var wrong = others.Where(o => o != gold).Distinct().ToArray();
            if (wrong.Length < 3) return null;
            var choices = random.Sample(wrong.Length, 3).Select(i => wrong[i]).ToList();
            var position = random.Next(4);
            choices.Insert(position, gold);
            return item with { Choices = choices, Gold = position, Structured = new MultipleChoiceInput(input, choices) };
        }
    }

    private static string? LetterInput(CounterRandom random, SuiteRole role)
    {
        var word = random.Pick(FrequentWords.Short);
        return SuiteSplit.RoleOf("letters", word) == role ? SuiteFunctions.Spell(word) : null;
    }

    private static string? ListInput(CounterRandom random, SuiteRole role)
    {
        var words = Enumerable.Range(0, random.Next(3, 5)).Select(_ => random.Pick(random.Pick(WordList.PretrainingCategories).TrainWords)).Distinct().ToArray();
        var input = string.Join(' ', words);
        return words.Length > 2 && SuiteSplit.RoleOf("words", input) == role ? input : null;
    }

    private static string NounInput(CounterRandom random, SuiteRole role) => random.Pick(WordList.Nouns(role));

    private static Func<string, (string, string[])> SequenceAnswers(string name, bool letters)
    {
        var gold = SuiteFunctions.SequenceNamed(name);
        var others = SuiteFunctions.Sequence.Where(f => f != gold && (letters || !f.NeedsLetters)).ToArray();
        return input => (gold.Answer(input), [.. others.Select(f => f.Answer(input))]);
    }

    private static Func<string, (string, string[])> WordAnswers(string name)
    {
        var gold = SuiteFunctions.WordNamed(name);
        var others = SuiteFunctions.Word.Where(f => f != gold).ToArray();
        return input => (gold.Answer(input), [.. others.Select(f => f.Answer(input))]);
    }
}
