using System.Text.Json;
using ResearchKit.Core.Tasks;
using ResearchKit.Evaluation.Tasks;

namespace ResearchKit.Evaluation.Datasets;

/// <summary>Whom a pronoun means: WSC273 and WinoGrande by partial scoring, SuperGLUE's WSC as yes/no.</summary>
internal static class WinogradDatasets
{
    public static IReadOnlyList<DatasetTask> Tasks { get; } =
    [
        new("wsc273", "wsc273", "Winograd schemas (273) by partial scoring (Trinh and Le): the referent stands in the context, the shared end is scored. Demonstrations are other schemas of the 273, as in GPT-3 §2.4.",
            new("{answer}", " {continuation}"), new PartialScoring(), Wsc273) { Demonstrations = new("test") },
        new("winogrande", "winogrande", "WinoGrande by partial scoring. Scored: dev (1267); validation: a tenth of train (XL).",
            new("{before}{answer}", "{after}"), new PartialScoring(), WinoGrande),
        new("wsc", "wsc", "WSC (SuperGLUE) as a yes/no question on the marked pronoun and noun phrase; GPT-3 instead generated the noun phrase, for which most items give no right answer. Scored: val (104); validation: a tenth of train.",
            new("Passage: {text}\nQuestion: In the passage above, does the pronoun \"*{pronoun}*\" refer to \"{noun}\"?\nAnswer:",
                Instruction: "Final Exam with Answer Key\nInstructions: Please carefully read the following passages. For each passage, you must identify which noun the pronoun marked in *bold* refers to.\n=====\n"),
            new ChoiceScoring(), r => DatasetSplits.CarveValidation("wsc", Wsc(r, "train"), Wsc(r, "val"))) { Demonstrations = new(PerItem: false) },
    ];

    private static TaskSplits Wsc273(DatasetReader reader) => new([], [], DatasetSplits.Items("all", reader.Expect("all", reader.JsonLines("wsc273/winograd_wsc.jsonl")), row =>
    {
        var (contexts, continuation) = (row.Texts("context_options"), row.Text("continuation"));
        return new()
        {
            Id = "", Fields = new Dictionary<string, string> { ["continuation"] = continuation }, Choices = contexts, Gold = row.Number("gold"),
        };
    }));

    private static TaskSplits WinoGrande(DatasetReader reader)
    {
        static TaskItem Item(JsonElement row)
        {
            var sentence = row.Text("sentence");
            var blank = sentence.IndexOf('_');
            var (before, after) = (sentence[..blank], sentence[(blank + 1)..]);
            string[] options = [row.Text("option1"), row.Text("option2")];
            return new()
            {
                Id = "", Fields = new Dictionary<string, string> { ["before"] = before, ["after"] = after }, Choices = options, Gold = row.Text("answer") == "1" ? 0 : 1,
                Structured = new MultipleChoiceInput(before.TrimEnd(), [.. options.Select(o => o + after)]),
            };
        }

        return DatasetSplits.CarveValidation("winogrande",
            DatasetSplits.Items("train", reader.Expect("train", reader.JsonLines("winogrande/train_xl.jsonl.gz")), Item),
            DatasetSplits.Items("dev", reader.Expect("dev", reader.JsonLines("winogrande/dev.jsonl")), Item));
    }

    private static IReadOnlyList<TaskItem> Wsc(DatasetReader reader, string split) => DatasetSplits.Items(split, reader.Expect(split, reader.JsonLines($"wsc/{split}.jsonl")), row =>
    {
        var target = row.GetProperty("target");
        var (pronoun, noun) = (target.Text("span2_text"), target.Text("span1_text"));
        // The index counts words between single spaces, as the publisher's own reader does.
        var words = row.Text("text").Split(' ');
        var at = target.Number("span2_index");
        var length = pronoun.Split(' ').Length;
        words[at] = "*" + words[at];
        words[at + length - 1] = Mark(words[at + length - 1]);
        var text = string.Join(' ', words);
        return new()
        {
            Id = "", Fields = new Dictionary<string, string> { ["text"] = text, ["pronoun"] = pronoun, ["noun"] = noun },
            Choices = ["no", "yes"], Gold = row.GetProperty("label").GetBoolean() ? 1 : 0, Structured = new EntailmentInput(text, $"{pronoun}: {noun}"),
        };
    });

    /// <summary>Closes the mark before punctuation: <c>him.</c> becomes <c>him*.</c></summary>
    private static string Mark(string word)
    {
        var end = word.Length;
        while (end > 1 && char.IsPunctuation(word[end - 1]) && word[end - 1] != '*') end--;
        return word[..end] + "*" + word[end..];
    }
}
