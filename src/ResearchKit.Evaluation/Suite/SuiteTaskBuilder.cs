using ResearchKit.Core.Random;
using ResearchKit.Evaluation.Tasks;

namespace ResearchKit.Evaluation.Suite;

/// <summary>Draws the distinct items of a suite task, split by split.</summary>
internal static class SuiteTaskBuilder
{
    /// <summary>Draws items until a split is full or 3000 draws in a row gave nothing new, which means that the words have run out.</summary>
    /// <param name="name">Name of the task.</param>
    /// <param name="seed">Seed of the task.</param>
    /// <param name="draw">One item of the role (its id is set here), or null where the draw does not make an item.</param>
    public static TaskSplits Splits(string name, long seed, Func<CounterRandom, SuiteRole, TaskItem?> draw)
    {
        return new(
            Split(SuiteRole.Train, "train", GeneratedSuite.TrainCount),
            Split(SuiteRole.Validation, "validation", GeneratedSuite.ValidationCount),
            Split(SuiteRole.Test, "test", GeneratedSuite.TestCount));

        IReadOnlyList<TaskItem> Split(SuiteRole role, string split, int count)
        {
            var random = new CounterRandom(seed, name, (int)role);
            var seen = new HashSet<string>(StringComparer.Ordinal);
            var items = new List<TaskItem>();
            for (var misses = 0; items.Count < count && misses < 3000;)
            {
                if (draw(random, role) is { } item && seen.Add(string.Join('\n', item.Fields.OrderBy(f => f.Key, StringComparer.Ordinal).Select(f => f.Value))))
                {
                    items.Add(item with { Id = $"{split}/{items.Count}" });
                    misses = 0;
                }
                else
                {
                    misses++;
                }
            }

            return items;
        }
    }

    /// <summary>A template over one input in a suite format.</summary>
    public static PromptTemplate Prompt(LineFormat format) => new(format.Context("{input}"), " {answer}" + format.End, Separator: "\n");

    /// <summary>A field table with one input.</summary>
    public static Dictionary<string, string> Input(string text) => new() { ["input"] = text };
}
