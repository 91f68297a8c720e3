using System.Text.Json;
using ResearchKit.Evaluation.Tasks;

namespace ResearchKit.Evaluation.Datasets;

/// <summary>Closed-book questions (Natural Questions, WebQuestions, TriviaQA) and GPT-3's generated files.</summary>
internal static class AnswerDatasets
{
    private static readonly string[] Arithmetic =
    [
        "two_digit_addition", "two_digit_subtraction", "three_digit_addition", "three_digit_subtraction", "four_digit_addition", "four_digit_subtraction",
        "five_digit_addition", "five_digit_subtraction", "six_digit_addition", "six_digit_subtraction", "two_digit_multiplication", "single_digit_three_ops", "sum_of_digits",
    ];

    private static readonly string[] Scrambles =
        ["cycle_letters_in_word", "mid_word_1_anagrams", "mid_word_2_anagrams", "random_insertion_in_word", "reversed_words"];

    private static PromptTemplate Question => new("Q: {question}\n\nA:");

    public static IReadOnlyList<DatasetTask> Tasks { get; } =
    [
        new("nq_open", "nq_open", "Natural Questions, open: dev (3610) is scored; no training set here: EfficientQA's dev questions are for demonstrations.",
            Question, ConversationDatasets.Generation(GenerationMetric.NormalizedExactMatch), NaturalQuestions),
        new("webquestions", "webquestions", "WebQuestions: test (2032) is scored; the published training questions (3778) are for demonstrations.",
            Question, ConversationDatasets.Generation(GenerationMetric.NormalizedExactMatch), WebQuestions),
        new("triviaqa", "triviaqa", "TriviaQA, a sample of 3000 (split not stated), any alias accepted; the first 500 are for demonstrations, the others are scored.",
            Question, ConversationDatasets.Generation(GenerationMetric.NormalizedExactMatch), TriviaQa),
        .. Arithmetic.Select(name => new DatasetTask("gpt3/" + name, "gpt3_synthetic",
            "GPT-3's released arithmetic file of that name (2000 items); decoded greedily (by beams under gpt3-paper); demonstrations are other items of the file, never the item itself.",
            new("{context}", Separator: ""), new GenerationScoring(GenerationMetric.ExactMatch, 12, "\n"), r => Released(r, name, ".jsonl")) { Demonstrations = new("test") }),
        .. Scrambles.Select(name => new DatasetTask("gpt3/" + name, "gpt3_synthetic",
            "GPT-3's released word-scrambling file of that name (10000 items); decoded greedily (by beams under gpt3-paper); demonstrations are other items of the file, never the item itself.",
            new("{context}", Separator: "", Instruction: "Please unscramble the letters into a word, and write that word:"),
            new GenerationScoring(GenerationMetric.ExactMatch, 16, "\n"), r => Released(r, name, ".jsonl.gz")) { Demonstrations = new("test") }),
    ];

    private static TaskSplits NaturalQuestions(DatasetReader reader)
    {
        IReadOnlyList<TaskItem> Split(string split, string path) =>
            DatasetSplits.Items(split, reader.Expect(split, reader.JsonLines(path)), row => Item(row.Text("question"), row.Texts("answer")));
        return new(Split("efficientqa-dev", "nq_open/NQ-open.efficientqa.dev.1.1.jsonl"), [], Split("dev", "nq_open/NQ-open.dev.jsonl"));
    }

    private static TaskSplits WebQuestions(DatasetReader reader)
    {
        IReadOnlyList<TaskItem> Split(string split) => DatasetSplits.Items(split, reader.Expect<JsonElement>(split, [.. reader.Json($"webquestions/{split}.json").EnumerateArray()]),
            row => Item(row.Text("qText").TrimEnd('?').TrimEnd() + "?", row.Texts("answers")));
        return new([.. Split("trainmodel"), .. Split("val"), .. Split("devtest")], [], Split("test"));
    }

    private static TaskSplits TriviaQa(DatasetReader reader) => DatasetSplits.FirstForTraining(
        DatasetSplits.Items("sample", reader.Expect("sample", reader.JsonLines("triviaqa/triviaqa_sm_sub.jsonl.gz")), row =>
        {
            var question = row.Text("context")["Question: ".Length..^"\nAnswer:".Length];
            var aliases = row.Texts("aliases");
            return Item(question, [.. aliases.Prepend(row.Text("answer")).Distinct()]) with { Stored = new Dictionary<string, string> { ["first_alias"] = aliases[0] } };
        }), 500);

    private static TaskSplits Released(DatasetReader reader, string name, string extension) => new([], [],
        DatasetSplits.Items(name, reader.Expect(name, reader.JsonLines($"gpt3_synthetic/{name}{extension}")), row => new()
        {
            Id = "", Fields = new Dictionary<string, string> { ["context"] = row.Text("context") }, Answers = [row.Text("completion").Trim()],
        }));

    private static TaskItem Item(string question, string[] answers) =>
        new() { Id = "", Fields = new Dictionary<string, string> { ["question"] = question }, Answers = answers };
}
