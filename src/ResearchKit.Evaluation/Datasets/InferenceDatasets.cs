using System.Globalization;
using System.Text.Json;
using ResearchKit.Core.Tasks;
using ResearchKit.Evaluation.Tasks;

namespace ResearchKit.Evaluation.Datasets;

/// <summary>Two texts and a label: entailment, paraphrase, similarity, word sense, yes/no questions.</summary>
internal static class InferenceDatasets
{
    private const string ThreeWayPrompt = "{premise}\nquestion: {hypothesis} true, false, or neither?\nanswer:";
    private const string SamePrompt = "{first}\n{second}\nquestion: Do the two sentences above mean the same?\nanswer:";
    private static readonly string[] ThreeWay = ["true", "false", "neither"];
    private static readonly string[] NoYes = ["no", "yes"];
    private static readonly string[] EntailmentFirst = ["entailment", "contradiction", "neutral"];

    public static IReadOnlyList<DatasetTask> Tasks { get; } =
    [
        new("rte", "rte", "RTE (SuperGLUE): whether the premise entails the hypothesis. Scored: val (277); validation: a tenth of train.",
            new("{premise}\nquestion: {hypothesis} True or False?\nanswer:"), new ChoiceScoring(),
            r => TrainAndVal(r, "rte", row => Pair(row.Text("premise"), row.Text("hypothesis"), ["True", "False"], row.Text("label") == "entailment" ? 0 : 1))),
        new("cb", "cb", "CommitmentBank (SuperGLUE): three-way entailment. Scored: val (56); validation: a tenth of train.",
            new(ThreeWayPrompt), new ChoiceScoring(),
            r => TrainAndVal(r, "cb", row => Pair(row.Text("premise"), row.Text("hypothesis"), ThreeWay, Array.IndexOf(EntailmentFirst, row.Text("label")))))
        {
            Metrics = [TaskMetric.Accuracy, TaskMetric.MacroF1],
        },
        .. new[] { 1, 2, 3 }.Select(round => new DatasetTask($"anli-r{round}", "anli",
            $"ANLI round {round}: adversarial three-way entailment. No training set here: the first 200 dev items are for training and demonstrations, the others are scored.",
            new($"anli {round}: anli {round}: {{premise}}\nQuestion: {{hypothesis}} True, False, or Neither?"), new ChoiceScoring(), r => Anli(r, round))),
        new("snli", "snli", "SNLI: three-way entailment of captions. Scored: test; validation: dev (both tokenised); train is a published sample of 2000.",
            new(ThreeWayPrompt), new ChoiceScoring(), Snli),
        new("mnli", "mnli", "MultiNLI: the first 1000 matched dev items; the first 200 of these are for training and demonstrations, the others are scored.",
            new(ThreeWayPrompt), new ChoiceScoring(), r => DatasetSplits.FirstForTraining(
                DatasetSplits.Items("dev-matched", r.Expect("dev-matched", r.JsonLines("mnli/dev_matched_sample1000.jsonl")),
                    row => Pair(row.Text("premise"), row.Text("hypothesis").Trim(), ThreeWay, Array.IndexOf(EntailmentFirst, row.Text("label")))), 200)),
        new("qnli", "qnli", "QNLI (first GLUE version): whether a sentence answers a question. No training set here: the first 1000 dev items are for training and demonstrations, the others are scored.",
            new("{hypothesis}\nquestion: Does the sentence above answer \"{premise}\"?\nanswer:"), new ChoiceScoring(), r => DatasetSplits.FirstForTraining(
                DatasetSplits.Items("dev", r.Expect("dev", r.Csv("qnli/dev.csv.gz", 3, hasHeader: true)),
                    row => Pair(row[0], row[1], ["yes", "no"], row[2] == "entailment" ? 0 : 1)), 1000)),
        new("scitail", "scitail", "SciTail: whether a sentence supports a science statement. Scored: test; no training set here: dev is for training and demonstrations, a tenth of it for validation.",
            new("{premise}\nquestion: {hypothesis} True or False?\nanswer:"), new ChoiceScoring(), Scitail),
        new("mrpc", "mrpc", "MRPC: whether two sentences mean the same. Scored: test (1725); validation: a tenth of train.",
            new(SamePrompt), new ChoiceScoring(), Mrpc) { Metrics = [TaskMetric.F1, TaskMetric.Accuracy] },
        new("qqp", "qqp", "Quora question pairs, partition of Wang et al. 2017 (half are duplicates). Scored: test; no training set here: dev is for training and demonstrations, a tenth of it for validation.",
            new("{first}\n{second}\nquestion: Do the two questions above ask the same?\nanswer:"), new ChoiceScoring(), Qqp)
        {
            Metrics = [TaskMetric.F1, TaskMetric.Accuracy],
        },
        new("stsb", "stsb", "STS-B: similarity of two sentences, 0 to 5. Predicted is the mean of 0 to 5 under the model's distribution, correlated with the raw score as published; the targets of fine-tuning are the scores spread over the two nearest classes.",
            new("{first}\n{second}\nquestion: How similar are the two sentences above, from 0 to 5?\nanswer:"), new ChoiceScoring(), Stsb)
        {
            Metrics = [TaskMetric.Pearson, TaskMetric.Spearman, TaskMetric.Accuracy],
        },
        new("wic", "wic", "WiC (SuperGLUE): whether a word has the same sense in two sentences. Scored: val (638); validation: a tenth of train.",
            new("{sentence1}\n{sentence2}\nquestion: Is the word '{word}' used in the same way in the two sentences above?\nanswer:"), new ChoiceScoring(),
            r => TrainAndVal(r, "wic", Wic)),
        new("boolq", "boolq", "BoolQ: yes/no questions on a paragraph. Scored: val (3270); validation: a tenth of train.",
            new("{passage}\nquestion: {question}?\nanswer:"), new ChoiceScoring(), BoolQ),
    ];

    private static TaskSplits TrainAndVal(DatasetReader reader, string name, Func<JsonElement, TaskItem> item) => DatasetSplits.CarveValidation(name,
        DatasetSplits.Items("train", reader.Expect("train", reader.JsonLines($"{name}/train.jsonl")), item),
        DatasetSplits.Items("val", reader.Expect("val", reader.JsonLines($"{name}/val.jsonl")), item));

    private static TaskSplits Anli(DatasetReader reader, int round) => DatasetSplits.FirstForTraining(
        DatasetSplits.Items($"r{round}-dev", reader.Expect($"r{round}-dev", reader.JsonLines($"anli/R{round}_dev.jsonl")),
            row => Pair(row.Text("context"), row.Text("hypothesis"), ["True", "False", "Neither"], "ecn".IndexOf(row.Text("label")[0]))), 200);

    private static TaskSplits Snli(DatasetReader reader)
    {
        IReadOnlyList<TaskItem> Split(string split) => DatasetSplits.Items(split, reader.Expect(split, reader.Tsv($"snli/{split}.tsv.gz", 3, hasHeader: true)),
            row => Pair(row[1], row[2], ThreeWay, Array.IndexOf(EntailmentFirst, row[0])));
        return new(
            DatasetSplits.Items("train", reader.Expect("train", reader.JsonLines("snli/train_sample2000.jsonl")),
                row => Pair(row.Text("premise"), row.Text("hypothesis"), ThreeWay, Array.IndexOf(EntailmentFirst, row.Text("label")))),
            Split("dev"), Split("test"));
    }

    private static TaskSplits Scitail(DatasetReader reader)
    {
        IReadOnlyList<TaskItem> Split(string split) => DatasetSplits.Items(split, reader.Expect(split, reader.JsonLines($"scitail/{split}.jsonl")),
            row => Pair(row.Text("sentence1"), row.Text("sentence2"), ["True", "False"], row.Text("gold_label") == "E" ? 0 : 1));
        return DatasetSplits.CarveValidation("scitail", Split("dev"), Split("test"));
    }

    private static TaskSplits Mrpc(DatasetReader reader)
    {
        IReadOnlyList<TaskItem> Split(string split, string path) => DatasetSplits.Items(split, reader.Expect(split, reader.Tsv(path, 5, hasHeader: true)),
            row => Similar(row[3], row[4], NoYes, row[0] == "1" ? 1 : 0));
        return DatasetSplits.CarveValidation("mrpc", Split("train", "mrpc/msr_paraphrase_train.txt.gz"), Split("test", "mrpc/msr_paraphrase_test.txt"));
    }

    private static TaskSplits Qqp(DatasetReader reader)
    {
        IReadOnlyList<TaskItem> Split(string split) => DatasetSplits.Items(split, reader.Expect(split, reader.Tsv($"qqp/{split}.tsv.gz", 4, hasHeader: false)),
            row => Similar(row[1], row[2], NoYes, row[0] == "1" ? 1 : 0));
        return DatasetSplits.CarveValidation("qqp", Split("dev"), Split("test"));
    }

    private static TaskSplits Stsb(DatasetReader reader)
    {
        IReadOnlyList<TaskItem> Split(string split) => DatasetSplits.Items(split, reader.Expect(split, reader.Csv($"stsb/stsb-en-{split}.csv", 3, hasHeader: false)), row =>
        {
            var item = Similar(row[0], row[1], ["0", "1", "2", "3", "4", "5"], (int)Math.Floor(double.Parse(row[2], CultureInfo.InvariantCulture) + 0.5));
            return item with { Fields = new Dictionary<string, string>(item.Fields) { ["score"] = row[2] }, Answers = [row[2]] };
        });
        return new(Split("train"), Split("dev"), Split("test"));
    }

    private static TaskItem Wic(JsonElement row)
    {
        var (word, first, second) = (row.Text("word"), row.Text("sentence1"), row.Text("sentence2"));
        var fields = new Dictionary<string, string> { ["word"] = word, ["sentence1"] = first, ["sentence2"] = second };
        if (row.TryGetProperty("start1", out var start)) fields["form1"] = first[start.GetInt32()..row.Number("end1")];       // train has no places
        return new()
        {
            Id = "", Fields = fields,
            Choices = NoYes, Gold = row.GetProperty("label").GetBoolean() ? 1 : 0, Structured = new SimilarityInput($"{word}: {first}", $"{word}: {second}"),
        };
    }

    private static TaskSplits BoolQ(DatasetReader reader)
    {
        TaskItem Item(JsonElement row) => new()
        {
            Id = "", Fields = new Dictionary<string, string> { ["passage"] = row.Text("passage"), ["question"] = row.Text("question") },
            Choices = NoYes, Gold = row.GetProperty("label").GetBoolean() ? 1 : 0, Structured = new EntailmentInput(row.Text("passage"), row.Text("question")),
        };
        return DatasetSplits.CarveValidation("boolq",
            DatasetSplits.Items("train", reader.Expect("train", reader.JsonLines("boolq/train.jsonl.gz")), Item),
            DatasetSplits.Items("val", reader.Expect("val", reader.JsonLines("boolq/val.jsonl.gz")), Item));
    }

    private static TaskItem Pair(string premise, string hypothesis, string[] labels, int gold) => new()
    {
        Id = "", Fields = new Dictionary<string, string> { ["premise"] = premise, ["hypothesis"] = hypothesis },
        Choices = labels, Gold = gold, Structured = new EntailmentInput(premise, hypothesis),
    };

    private static TaskItem Similar(string first, string second, string[] labels, int gold) => new()
    {
        Id = "", Fields = new Dictionary<string, string> { ["first"] = first, ["second"] = second },
        Choices = labels, Gold = gold, Structured = new SimilarityInput(first, second),
    };
}
