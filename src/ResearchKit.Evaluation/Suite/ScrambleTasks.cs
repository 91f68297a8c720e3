using ResearchKit.Core.Random;
using ResearchKit.Evaluation.Tasks;

namespace ResearchKit.Evaluation.Suite;

/// <summary>GPT-3's five word tasks over the suite's own frequent words.</summary>
internal static class ScrambleTasks
{
    private static readonly string[] FiveAndMore = [.. FrequentWords.Short.Where(w => w.Length == 5), .. FrequentWords.Long];

    /// <summary>Name and generator of each task; names are those of the released files.</summary>
    public static IReadOnlyList<(string Name, Func<long, EvaluationTask> Create)> Entries { get; } =
    [
        Entry("cycle_letters_in_word", "CL", FrequentWords.Long, WordScrambles.CycleLetters),
        Entry("mid_word_1_anagrams", "A1", FiveAndMore, WordScrambles.Anagram1),
        Entry("mid_word_2_anagrams", "A2", FrequentWords.Long, WordScrambles.Anagram2),
        Entry("random_insertion_in_word", "RI", FrequentWords.Long, WordScrambles.RandomInsertion),
        Entry("reversed_words", "RW", FrequentWords.Long, (_, word) => WordScrambles.Reversed(word)),
    ];

    private static (string, Func<long, EvaluationTask>) Entry(string file, string task, IReadOnlyList<string> words, Func<CounterRandom, string, string> scramble)
    {
        var name = "suite/" + file;
        return (name, seed => new()
        {
            Name = name,
            Description = $"Word task {task} of GPT-3 (§3.9.2) over frequent words of children's books; each word is in one split only. Generated.",
            Load = () => SuiteTaskBuilder.Splits(name, seed, Draw),
            Prompt = new("\n{input} =", Separator: "", Instruction: "Please unscramble the letters into a word, and write that word:"),
            Scoring = new GenerationScoring(GenerationMetric.ExactMatch, 16, "\n"),
        });

        TaskItem? Draw(CounterRandom random, SuiteRole role)
        {
            var word = random.Pick(words);
            return SuiteSplit.RoleOf("scramble", word) != role ? null : new()
            {
                Id = "", Fields = SuiteTaskBuilder.Input(scramble(random, word)), Answers = [word], Cluster = word,
            };
        }
    }
}
