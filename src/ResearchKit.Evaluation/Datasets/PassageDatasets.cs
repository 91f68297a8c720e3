using System.Text.Json;
using ResearchKit.Core.Tasks;
using ResearchKit.Evaluation.Tasks;

namespace ResearchKit.Evaluation.Datasets;

/// <summary>Choices about a passage: RACE, MultiRC, ReCoRD.</summary>
internal static class PassageDatasets
{
    public static IReadOnlyList<DatasetTask> Tasks { get; } =
    [
        new("race-middle", "race", "RACE, middle school; earlier questions of the article stand in the prompt with their right answers. Published train, dev and test sets.",
            RacePrompt, RaceScoring, r => new(Race(r, "train-middle", "race/train_middle.jsonl.gz"), Race(r, "dev-middle", "race/dev_middle.jsonl"), Race(r, "test-middle", "race/test_middle.jsonl"))),
        new("race-high", "race", "RACE, high school; earlier questions of the article stand in the prompt with their right answers. Its training set is not here: middle school's is used instead.",
            RacePrompt, RaceScoring, r => new(Race(r, "train-middle", "race/train_middle.jsonl.gz"), Race(r, "dev-high", "race/dev_high.jsonl.gz"), Race(r, "test-high", "race/test_high.jsonl.gz"))),
        new("multirc", "multirc", "MultiRC (SuperGLUE): is an answer right, one item an answer; questions are right as a whole. No training set here: the first 8 of 83 val passages are for training and demonstrations, the others are scored.",
            new("READING COMPREHENSION ANSWER KEY\n\n{passage}\n\n{question}\n", "- [{answer}] {option}"), new ChoiceScoring(), r => DatasetSplits.FirstClustersForTraining(MultiRc(r), 8))
        {
            Demonstrations = new(PerItem: false), Metrics = [TaskMetric.MultiRcExactMatch, TaskMetric.MultiRcF1],
        },
        new("record", "record", "ReCoRD (SuperGLUE), FewGLUE's part only: 32 items for training and demonstrations, 32 scored. Candidates are the passage's entities.",
            new("{passage}\n\n", "- {before}{answer}{after}"), new ChoiceScoring(), r => new(Record(r, "train"), [], Record(r, "dev")))
        {
            Metrics = [TaskMetric.RecordExactMatch, TaskMetric.RecordF1],
        },
    ];

    private static PromptTemplate RacePrompt => new("Article:\n{article}\n\n{history}Q: {question}\n\nA:");

    private static ChoiceScoring RaceScoring => new(Normalization.Unconditional, "A:");

    private static IReadOnlyList<TaskItem> Race(DatasetReader reader, string split, string path)
    {
        var items = new List<TaskItem>();
        foreach (var row in reader.JsonLines(path))
        {
            var (article, questions, answers) = (row.Text("article").Trim(), row.Texts("questions"), row.Texts("answers"));
            var history = "";
            var options = row.GetProperty("options").EnumerateArray().Select(o => o.EnumerateArray().Select(t => t.GetString()!.Trim()).ToArray()).ToArray();
            for (var i = 0; i < questions.Length; i++)
            {
                var gold = answers[i][0] - 'A';
                items.Add(new()
                {
                    Id = $"{split}/{items.Count}", Fields = new Dictionary<string, string> { ["article"] = article, ["history"] = history, ["question"] = questions[i].Trim() },
                    Choices = options[i], Gold = gold, Cluster = row.Text("id"), Structured = new MultipleChoiceInput(article + "\n" + questions[i].Trim(), options[i]),
                });
                history += $"Q: {questions[i].Trim()}\n\nA: {options[i][gold]}\n\n";
            }
        }

        return reader.Expect(split, items);
    }

    private static IReadOnlyList<TaskItem> MultiRc(DatasetReader reader)
    {
        var items = new List<TaskItem>();
        foreach (var row in reader.JsonLines("multirc/val.jsonl"))
        {
            var passage = row.GetProperty("passage");
            var text = passage.Text("text");
            foreach (var question in passage.GetProperty("questions").EnumerateArray())
            {
                foreach (var answer in question.GetProperty("answers").EnumerateArray())
                {
                    items.Add(new()
                    {
                        Id = $"val/{items.Count}",
                        Fields = new Dictionary<string, string> { ["passage"] = text, ["question"] = question.Text("question"), ["option"] = answer.Text("text") },
                        Choices = ["False", "True"], Gold = answer.Number("label"),
                        Cluster = $"passage/{row.Number("idx")}", Group = $"question/{question.Number("idx")}",
                        Structured = new EntailmentInput(text + "\n" + question.Text("question"), answer.Text("text")),
                    });
                }
            }
        }

        return reader.Expect("val", items);
    }

    private static IReadOnlyList<TaskItem> Record(DatasetReader reader, string part)
    {
        var items = new List<TaskItem>();
        foreach (var row in reader.JsonLines($"record/fewglue_{(part == "dev" ? "dev32" : "train")}.jsonl"))
        {
            var passage = row.GetProperty("passage");
            var text = passage.Text("text");
            // Offsets count code points; the end is the last character of the entity.
            var runes = text.EnumerateRunes().ToArray();
            var entities = passage.GetProperty("entities").EnumerateArray()
                .Select(e => string.Concat(runes[e.Number("start")..(e.Number("end") + 1)].Select(r => r.ToString()))).Distinct().ToArray();
            var shown = text.Replace("\n@highlight\n", "\n- ", StringComparison.Ordinal);
            foreach (var question in row.GetProperty("qas").EnumerateArray())
            {
                var query = question.Text("query").Split("@placeholder", 2);
                string[] accepted = [.. question.GetProperty("answers").EnumerateArray().Select(a => a.Text("text")).Distinct()];
                items.Add(new()
                {
                    Id = $"fewglue-{part}/{items.Count}", Fields = new Dictionary<string, string> { ["passage"] = shown, ["before"] = query[0], ["after"] = query[1] },
                    Choices = entities, Gold = Array.FindIndex(entities, accepted.Contains), Answers = accepted, Cluster = $"passage/{row.Number("idx")}",
                    Structured = new MultipleChoiceInput(text, [.. entities.Select(e => query[0] + e + query[1])]),
                });
            }
        }

        return reader.Expect("fewglue-" + part, items);
    }
}
