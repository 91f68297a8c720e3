using System.Text.Json;
using System.Text.RegularExpressions;
using ResearchKit.Core;
using ResearchKit.Core.Tasks;
using ResearchKit.Evaluation.Tasks;

namespace ResearchKit.Evaluation.Datasets;

/// <summary>Multiple choice with answers of their own: COPA, HellaSwag, PIQA, ARC, OpenBookQA, SciQ.</summary>
internal static partial class ChoiceDatasets
{
    // Brown et al. 2020 §2.4 names ARC, OpenBookQA and RACE; which of "Answer:" and "A:" goes with which is not printed.
    private static readonly ChoiceScoring Unconditional = new(Normalization.Unconditional, "Answer:");

    public static IReadOnlyList<DatasetTask> Tasks { get; } =
    [
        new("copa", "copa", "COPA (SuperGLUE): the likelier cause or effect. Scored: val (100); validation: a tenth of train (400).",
            new("{premise}"), new ChoiceScoring(), r => DatasetSplits.CarveValidation("copa", Copa(r, "train"), Copa(r, "val"))),
        new("copa-test", "copa", "COPA's test set (500), trained on and demonstrated from the SuperGLUE training set; validation: val.",
            new("{premise}"), new ChoiceScoring(), r => new(Copa(r, "train"), Copa(r, "val"), CopaTest(r))),
        new("hellaswag", "hellaswag", "HellaSwag: the likelier ending. No training set here: the first 1000 val items are for training and demonstrations, the other 9042 are scored.",
            new("{context}"), new ChoiceScoring(), r => DatasetSplits.FirstForTraining(HellaSwag(r), 1000)),
        new("piqa", "piqa", "PIQA: the better way to a goal. Scored: valid (1838); validation: a tenth of train.",
            new("{goal}"), new ChoiceScoring(), r => DatasetSplits.CarveValidation("piqa", PiqaTrain(r), PiqaValid(r))),
        new("arc-easy", "arc", "ARC Easy: school science questions, published train, val and test sets.", new("Question: {question}\nAnswer:"), Unconditional, r => Arc(r, "Easy")),
        new("arc-challenge", "arc", "ARC Challenge: harder school science questions, published train, val and test sets.", new("Question: {question}\nAnswer:"), Unconditional, r => Arc(r, "Challenge")),
        new("openbookqa", "openbookqa", "OpenBookQA: science questions without the book, published train, dev and test sets.", new("{stem}"), Unconditional, OpenBookQa),
        new("sciq", "sciq", "SciQ: science exam questions without their support; not in the three papers, the prompt is ARC's. The first 200 valid items are for training and demonstrations, the others are scored.",
            new("Question: {question}\nAnswer:"), new ChoiceScoring(), r => DatasetSplits.FirstForTraining(SciQ(r), 200)),
    ];

    private static IReadOnlyList<TaskItem> Copa(DatasetReader reader, string split) => DatasetSplits.Items(split, reader.Expect(split, reader.JsonLines($"copa/{split}.jsonl")),
        row => CopaItem(row.Text("premise"), row.Text("question"), row.Text("choice1"), row.Text("choice2"), row.Number("label")));

    private static IReadOnlyList<TaskItem> CopaTest(DatasetReader reader) => DatasetSplits.Items("test", reader.Expect("test", reader.Xml("copa/copa-test.xml").Elements("item").ToArray()),
        item => CopaItem(item.Element("p")!.Value, item.Attribute("asks-for")!.Value, item.Element("a1")!.Value, item.Element("a2")!.Value,
            item.Attribute("most-plausible-alternative")!.Value == "1" ? 0 : 1));

    /// <summary>The premise without its full stop, "because" or "therefore", and the choices with a small first letter (Brown et al. 2020, Figure G.13).</summary>
    private static TaskItem CopaItem(string premise, string question, string first, string second, int gold)
    {
        var context = premise.Trim().TrimEnd('.') + (question == "cause" ? " because" : " therefore");
        string[] choices = [Small(first.Trim()), Small(second.Trim())];
        return new()
        {
            Id = "", Fields = new Dictionary<string, string> { ["premise"] = context }, Choices = choices, Gold = gold, Structured = new MultipleChoiceInput(context, choices),
        };
    }

    private static string Small(string text) => char.ToLowerInvariant(text[0]) + text[1..];

    private static IReadOnlyList<TaskItem> HellaSwag(DatasetReader reader)
    {
        var blocks = reader.Lines("hellaswag/hellaswag_val_full.txt.gz").Chunk(6).ToArray();
        return DatasetSplits.Items("val", reader.Expect("val", blocks), block =>
        {
            var endings = block[2..];
            return new()
            {
                Id = "", Fields = new Dictionary<string, string> { ["context"] = block[0] }, Choices = endings, Gold = block[1][0] - '0',
                Structured = new MultipleChoiceInput(block[0], endings),
            };
        });
    }

    private static IReadOnlyList<TaskItem> PiqaTrain(DatasetReader reader) =>
        DatasetSplits.Items("train", reader.Expect("train", reader.JsonLines("piqa/train.jsonl.gz")), row => PiqaItem(row, row.Number("label")));

    private static IReadOnlyList<TaskItem> PiqaValid(DatasetReader reader)
    {
        var rows = reader.Expect("valid", reader.JsonLines("piqa/valid.jsonl"));
        var labels = reader.Expect("valid", reader.Lines("piqa/valid-labels.lst"));
        return DatasetSplits.Items("valid", [.. rows.Zip(labels)], pair => PiqaItem(pair.First, pair.Second[0] - '0'));
    }

    private static TaskItem PiqaItem(JsonElement row, int gold)
    {
        string[] choices = [row.Text("sol1").Trim(), row.Text("sol2").Trim()];
        return new()
        {
            Id = "", Fields = new Dictionary<string, string> { ["goal"] = row.Text("goal").Trim() }, Choices = choices, Gold = gold,
            Stored = new Dictionary<string, string> { ["sol1"] = row.Text("sol1"), ["sol2"] = row.Text("sol2") },
            Structured = new MultipleChoiceInput(row.Text("goal").Trim(), choices),
        };
    }

    private static TaskSplits Arc(DatasetReader reader, string part)
    {
        IReadOnlyList<TaskItem> Split(string split)
        {
            var name = $"{part.ToLowerInvariant()}-{split}";
            return DatasetSplits.Items(name, reader.Expect(name, reader.JsonLines($"arc/ARC-{part}-{split}.jsonl")), row => Question(row.Text("question"), row.Texts("choices"), row.Number("answer")));
        }

        return new(Split("train"), Split("val"), Split("test"));
    }

    private static TaskSplits OpenBookQa(DatasetReader reader)
    {
        IReadOnlyList<TaskItem> Split(string split, string path) => DatasetSplits.Items(split, reader.Expect(split, reader.Tsv(path, 5, hasHeader: true)), row =>
        {
            var marks = ChoiceMarks().Match(row[2]);
            if (!marks.Success) throw new ConfigException($"openbookqa: item {row[0]} of '{path}' has no four choices (A) to (D): {row[2]}");
            string[] choices = [.. marks.Groups.Values.Skip(1).Select(g => g.Value.Trim())];
            return new()
            {
                Id = "", Fields = new Dictionary<string, string> { ["stem"] = row[1] }, Choices = choices, Gold = row[4][0] - 'A', Structured = new MultipleChoiceInput(row[1], choices),
            };
        });
        return new(Split("train", "openbookqa/train.tsv.gz"), Split("dev", "openbookqa/dev.tsv"), Split("test", "openbookqa/test.tsv"));
    }

    private static IReadOnlyList<TaskItem> SciQ(DatasetReader reader)
    {
        // The right answer has a place of its own in the file; a turn by the row number gives it none in the choices.
        var rows = reader.Expect("valid", reader.JsonLines("sciq/valid.jsonl")).Select((row, i) => (row, i)).ToArray();
        return DatasetSplits.Items("valid", rows, pair =>
        {
            var (row, i) = pair;
            var choices = new List<string> { row.Text("distractor1"), row.Text("distractor2"), row.Text("distractor3") };
            choices.Insert(i % 4, row.Text("correct_answer"));
            var item = Question(row.Text("question"), [.. choices], i % 4);
            return item with { Fields = new Dictionary<string, string>(item.Fields) { ["support"] = row.Text("support") } };
        });
    }

    private static TaskItem Question(string question, string[] choices, int gold) => new()
    {
        Id = "", Fields = new Dictionary<string, string> { ["question"] = question }, Choices = choices, Gold = gold, Structured = new MultipleChoiceInput(question, choices),
    };

    [GeneratedRegex(@"^\(A\) (.*?) \(B\) (.*?) \(C\) (.*?) \(D\) (.*)$")]
    private static partial Regex ChoiceMarks();
}
