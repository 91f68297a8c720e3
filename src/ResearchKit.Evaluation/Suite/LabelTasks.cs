using ResearchKit.Core.Random;
using ResearchKit.Core.Tasks;
using ResearchKit.Evaluation.Tasks;

namespace ResearchKit.Evaluation.Suite;

/// <summary>Label induction: phrases such as <c>small lion</c> whose noun's category has a label that only demonstrations or fine-tuning can tell.</summary>
internal static class LabelTasks
{
    /// <summary>Name and generator of each task.</summary>
    public static IReadOnlyList<(string Name, Func<long, EvaluationTask> Create)> Entries { get; } =
    [
        Entry("suite/label-induction", "two categories known from pre-training, letters as labels", ["animal", "clothing"], SuitePrompts.LetterLabels),
        Entry("suite/label-induction-4", "four categories known from pre-training, letters as labels", ["job", "bird", "building", "kitchen"], SuitePrompts.LetterLabels),
        Entry("suite/label-induction-words", "two categories known from pre-training, unrelated ordinary words as labels", ["body", "place"], WordList.Category("motion").TrainWords),
        Entry("suite/label-induction-new-labels", "two categories known from pre-training, labels never seen there", ["furniture", "bird"], SuitePrompts.HeldOutLabels),
        Entry("suite/label-induction-new-categories", "two categories for which pre-training never asks, letters as labels", ["tool", "plant"], SuitePrompts.LetterLabels),
    ];

    private static (string, Func<long, EvaluationTask>) Entry(string name, string what, string[] categories, IReadOnlyList<string> labels) =>
        (name, seed => Create(name, what, categories, labels, seed));

    private static EvaluationTask Create(string name, string what, string[] categoryNames, IReadOnlyList<string> pool, long seed)
    {
        var categories = categoryNames.Select(WordList.Category).ToArray();
        var mapping = new CounterRandom(seed, name + "/labels");
        var labels = mapping.Sample(pool.Count, categories.Length).Select(i => pool[i]).ToArray();
        return new()
        {
            Name = name,
            Description = $"Label induction ({what}): the label of a noun phrase by the noun's category ({string.Join(", ", categoryNames)}); test nouns never occur as inputs in pre-training. Generated.",
            Load = () => SuiteTaskBuilder.Splits(name, seed, Draw),
            Prompt = SuiteTaskBuilder.Prompt(SuitePrompts.Arrow),
            Scoring = new ChoiceScoring(Normalization.Sum),
        };

        TaskItem Draw(CounterRandom random, SuiteRole role)
        {
            var label = random.Next(categories.Length);
            var noun = random.Pick(categories[label].Of(role));
            var text = random.Pick(WordList.Modifiers) + " " + noun;
            return new()
            {
                Id = "", Fields = SuiteTaskBuilder.Input(text), Choices = labels, Gold = label, Cluster = noun, Structured = new ClassificationInput(text),
            };
        }
    }
}
