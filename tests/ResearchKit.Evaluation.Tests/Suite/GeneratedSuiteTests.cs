using System.Collections.Concurrent;
using ResearchKit.Core;
using ResearchKit.Core.Tasks;
using ResearchKit.Evaluation.Suite;
using ResearchKit.Evaluation.Tasks;

namespace ResearchKit.Evaluation.Tests.Suite;

public sealed class GeneratedSuiteTests
{
    private static readonly ConcurrentDictionary<string, TaskSplits> Loaded = new();

    /// <summary>The task's splits with seed 0, generated once for all tests.</summary>
    internal static TaskSplits SplitsOf(string name) => Loaded.GetOrAdd(name, n => GeneratedSuite.Get(n).Load());

    public static TheoryData<string> TaskNames => [.. GeneratedSuite.Names];

    [Fact]
    public void TheSuiteHasTheTasksOfItsDescription()
    {
        Assert.Equal(GeneratedSuite.Names.Count, GeneratedSuite.Names.Distinct().Count());
        Assert.All(GeneratedSuite.All, t => Assert.StartsWith("suite/", t.Name, StringComparison.Ordinal));
        Assert.Equal(10, GeneratedSuite.Names.Count(n => n.Contains("_digit_", StringComparison.Ordinal)));
        Assert.Contains("suite/function-second", GeneratedSuite.Names);
    }

    [Theory]
    [MemberData(nameof(TaskNames))]
    public void ATaskIsAFunctionOfItsSeed(string name)
    {
        var task = GeneratedSuite.Get(name);
        var first = Describe(task, SplitsOf(name));
        Assert.Equal(first, Describe(task, task.Load()));
        Assert.NotEqual(first, Describe(task, GeneratedSuite.Get(name, seed: 1).Load()));
    }

    [Theory]
    [MemberData(nameof(TaskNames))]
    public void TheSplitsOfATaskAreLargeAndDisjoint(string name)
    {
        var splits = SplitsOf(name);
        var inputs = splits.Train.Concat(splits.Validation).Concat(splits.Test).Select(InputOf).ToArray();
        Assert.Equal(inputs.Length, inputs.Distinct().Count());
        Assert.Equal(inputs.Length, splits.Train.Concat(splits.Validation).Concat(splits.Test).Select(i => i.Id).Distinct().Count());
        Assert.InRange(splits.Train.Count, name.StartsWith("suite/word-", StringComparison.Ordinal) ? 240 : 512, GeneratedSuite.TrainCount);
        Assert.InRange(splits.Validation.Count, 40, GeneratedSuite.ValidationCount);
        Assert.InRange(splits.Test.Count, 140, GeneratedSuite.TestCount);
    }

    [Theory]
    [MemberData(nameof(TaskNames))]
    public void ChoicesAreDistinctWithOneGoldAndAStructuredTwin(string name)
    {
        var task = GeneratedSuite.Get(name);
        var items = SplitsOf(name).Test;
        if (task.Scoring is GenerationScoring)
        {
            Assert.All(items, i => Assert.Single(i.Answers));
            return;
        }

        Assert.All(items, item =>
        {
            Assert.Equal(item.Choices.Count, item.Choices.Distinct().Count());
            Assert.InRange(item.Gold!.Value, 0, item.Choices.Count - 1);
            Assert.NotNull(item.Structured);
            if (item.Structured is MultipleChoiceInput multiple) Assert.Equal(item.Choices, multiple.Answers);
        });
        // No position or label is right much more often than chance.
        var largest = items.GroupBy(i => i.Gold).Max(g => g.Count()) / (double)items.Count;
        Assert.InRange(largest, 0, 1.0 / items[0].Choices.Count + 0.15);
    }

    [Fact]
    public void SixteenDemonstrationsOfALabelTaskFitAContextOf256Tokens()
    {
        foreach (var name in GeneratedSuite.Names.Where(n => n.Contains("label", StringComparison.Ordinal) || n.Contains("function", StringComparison.Ordinal) || n.Contains("list", StringComparison.Ordinal)))
        {
            var task = GeneratedSuite.Get(name);
            var words = SplitsOf(name).Train.Take(17).Sum(i => Render(task, i).Split(' ', StringSplitOptions.RemoveEmptyEntries).Length + 1);
            Assert.InRange(words, 17 * 4, 240);
        }
    }

    [Fact]
    public void AnUnknownTaskIsAnsweredWithTheKnownOnes() =>
        Assert.Contains("suite/sentiment", Assert.Throws<ConfigException>(() => GeneratedSuite.Get("suite/nothing")).Message, StringComparison.Ordinal);

    internal static string InputOf(TaskItem item) => string.Join(" | ", item.Fields.OrderBy(f => f.Key, StringComparer.Ordinal).Select(f => f.Value));

    /// <summary>The line that a prompt shows for an item with its right answer.</summary>
    internal static string Render(EvaluationTask task, TaskItem item)
    {
        var answer = item.Gold is { } gold ? item.Choices[gold] : item.Answers[0];
        var text = task.Prompt.Context + task.Prompt.Answer;
        foreach (var (field, value) in item.Fields) text = text.Replace("{" + field + "}", value, StringComparison.Ordinal);
        return text.Replace("{answer}", answer, StringComparison.Ordinal);
    }

    private static string Describe(EvaluationTask task, TaskSplits splits) =>
        string.Join('\n', splits.Train.Concat(splits.Validation).Concat(splits.Test).Select(i => i.Id + Render(task, i) + string.Join(',', i.Choices)));
}
