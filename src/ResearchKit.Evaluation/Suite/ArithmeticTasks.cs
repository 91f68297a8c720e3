using System.Globalization;
using ResearchKit.Core.Random;
using ResearchKit.Evaluation.Tasks;

namespace ResearchKit.Evaluation.Suite;

/// <summary>GPT-3's ten arithmetic tasks (Brown et al. 2020 §3.9.1) with fresh items, in the words and the layout of the released data.</summary>
internal static class ArithmeticTasks
{
    /// <summary>Name and generator of each task; names are those of the released files.</summary>
    public static IReadOnlyList<(string Name, Func<long, EvaluationTask> Create)> Entries { get; } =
    [
        Entry("two_digit_addition", "2D+"), Entry("two_digit_subtraction", "2D-"),
        Entry("three_digit_addition", "3D+"), Entry("three_digit_subtraction", "3D-"),
        Entry("four_digit_addition", "4D+"), Entry("four_digit_subtraction", "4D-"),
        Entry("five_digit_addition", "5D+"), Entry("five_digit_subtraction", "5D-"),
        Entry("two_digit_multiplication", "2Dx"), Entry("single_digit_three_ops", "1DC"),
    ];

    private static (string, Func<long, EvaluationTask>) Entry(string file, string task)
    {
        var name = "suite/" + file;
        return (name, seed => new()
        {
            Name = name,
            Description = $"Arithmetic {task} of GPT-3 (§3.9.1) with fresh questions by the rules of the released data; no test question occurs in pre-training. Generated.",
            Load = () => SuiteTaskBuilder.Splits(name, seed, Draw),
            Prompt = new("\n\nQ: What is {input}?\n\nA:", Separator: ""),
            Scoring = new GenerationScoring(GenerationMetric.ExactMatch, 12, "\n"),
        });

        TaskItem? Draw(CounterRandom random, SuiteRole role)
        {
            var question = ArithmeticQuestion.Draw(random, task);
            return question.Role != role ? null : new()
            {
                Id = "", Fields = SuiteTaskBuilder.Input(question.Text), Answers = [question.Answer.ToString(CultureInfo.InvariantCulture)],
            };
        }
    }
}
