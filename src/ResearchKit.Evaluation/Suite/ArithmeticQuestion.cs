using ResearchKit.Core.Random;
using static System.FormattableString;

namespace ResearchKit.Evaluation.Suite;

/// <summary>A question of GPT-3's arithmetic tasks (Brown et al. 2020 §3.9.1), in the words of the released data.</summary>
/// <param name="Text">Such as <c>98 plus 45</c> or <c>(9 + 8) * 2</c>.</param>
/// <param name="Answer">The right answer; negative differences are allowed.</param>
public sealed record ArithmeticQuestion(string Text, int Answer)
{
    /// <summary>The ten tasks: name as in the paper, digits d, and sign; operands are uniform on [0, 10^d).</summary>
    public static IReadOnlyList<(string Name, int DigitCount, char Sign)> Tasks { get; } =
    [
        ("2D+", 2, '+'), ("2D-", 2, '-'), ("3D+", 3, '+'), ("3D-", 3, '-'), ("4D+", 4, '+'), ("4D-", 4, '-'),
        ("5D+", 5, '+'), ("5D-", 5, '-'), ("2Dx", 2, '*'), ("1DC", 1, 'c'),
    ];

    /// <summary>Role of the question, by its text.</summary>
    public SuiteRole Role => SuiteSplit.RoleOf("arithmetic", Text);

    /// <summary>Draws a question of a task.</summary>
    /// <param name="random">Source of the operands.</param>
    /// <param name="task">Name of one of <see cref="Tasks"/>.</param>
    /// <param name="bound">Operands are below it; 0 (default) stands for 10^d. Not used by 1DC.</param>
    public static ArithmeticQuestion Draw(CounterRandom random, string task, int bound = 0)
    {
        var (_, digits, sign) = Tasks.First(t => t.Name == task);
        if (sign == 'c') return DrawComposite(random);
        if (bound == 0) bound = (int)Math.Pow(10, digits);
        var (a, b) = (random.Next(bound), random.Next(bound));
        var (word, answer) = sign switch { '+' => ("plus", a + b), '-' => ("minus", a - b), _ => ("times", a * b) };
        return new(Invariant($"{a} {word} {b}"), answer);
    }

    /// <summary>The paper's text brackets the last two operands on [0, 10); the released data brackets the first two, digits 1 to 9, the nine operator pairs equally often. This follows the data.</summary>
    private static ArithmeticQuestion DrawComposite(CounterRandom random)
    {
        var (a, b, c) = (random.Next(1, 10), random.Next(1, 10), random.Next(1, 10));
        var (first, second) = (random.Pick("+-*".ToCharArray()), random.Pick("+-*".ToCharArray()));
        return new(Invariant($"({a} {first} {b}) {second} {c}"), Apply(second, Apply(first, a, b), c));
    }

    private static int Apply(char sign, int a, int b) => sign switch { '+' => a + b, '-' => a - b, _ => a * b };
}
