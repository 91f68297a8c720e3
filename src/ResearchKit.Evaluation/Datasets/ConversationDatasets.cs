using ResearchKit.Evaluation.Tasks;

namespace ResearchKit.Evaluation.Datasets;

/// <summary>Free answers about a passage: SQuAD, CoQA, DROP.</summary>
internal static class ConversationDatasets
{
    /// <summary>What an unanswerable question of SQuAD 2.0 is answered with; GPT-3's own words are not published.</summary>
    private const string Unanswerable = "N/A";

    public static IReadOnlyList<DatasetTask> Tasks { get; } =
    [
        new("squad2", "squad", "SQuAD 2.0, a published part of dev (6078 questions); earlier questions of the passage stand in the prompt with their answers, unanswerable ones are answered \"N/A\". No training set here: the first 5 paragraphs are for training and demonstrations, the others are scored.",
            SquadPrompt, Generation(GenerationMetric.F1), r => DatasetSplits.FirstClustersForTraining(Squad(r, "v2-dev", "squad/squad2-dev-cs224n.json.gz"), 5))
        {
            Metrics = SquadMetrics,
        },
        new("xquad-en", "squad", "SQuAD 1.1, the 240 dev paragraphs of XQuAD; earlier questions of the passage stand in the prompt. The first 5 paragraphs are for training and demonstrations, the others are scored.",
            SquadPrompt, Generation(GenerationMetric.F1), r => DatasetSplits.FirstClustersForTraining(Squad(r, "xquad", "squad/xquad.en.json"), 5)) { Metrics = SquadMetrics },
        new("squad1-sample", "squad", "SQuAD 1.1, 1000 dev questions on their own. The first 100 are for training and demonstrations, the others are scored.",
            new("Title: {title}\n\nBackground: {passage}\n\nQ: {question}\n\nA:"), Generation(GenerationMetric.F1), SquadSample) { Metrics = SquadMetrics },
        new("coqa", "coqa", "CoQA: questions of a conversation about a story, earlier turns with their first reference answers in the prompt. No training set here: the first 50 of 500 dev conversations are for training and demonstrations, the others are scored.",
            new("{story}\n\n{history}Q: {question}\nA:"), Generation(GenerationMetric.CoqaF1), r => DatasetSplits.FirstClustersForTraining(Coqa(r), 50)),
        new("drop", "drop", "DROP, a sample of 1000 dev questions. The questions on the first 100 passages are for training and demonstrations, the others are scored.",
            new("Passage: {passage}\nQuestion: {question}\nAnswer:"), Generation(GenerationMetric.DropF1), r => DatasetSplits.FirstClustersForTraining(Drop(r), 100)),
    ];

    private static PromptTemplate SquadPrompt => new("Title: {title}\n\nBackground: {passage}\n\n{history}Q: {question}\n\nA:");

    private static TaskMetric[] SquadMetrics => [TaskMetric.Score];

    /// <summary>Beam search of width 4 with α = 0.6 (Brown et al. 2020 §2.4), to the end of the line.</summary>
    internal static GenerationScoring Generation(GenerationMetric metric, int maxNewTokenCount = 32) => new(metric, maxNewTokenCount, "\n") { BeamWidth = 4, LengthPenalty = 0.6 };

    private static IReadOnlyList<TaskItem> Squad(DatasetReader reader, string split, string path)
    {
        var items = new List<TaskItem>();
        var paragraphs = 0;
        foreach (var article in reader.Json(path).GetProperty("data").EnumerateArray())
        {
            var title = article.Text("title");
            foreach (var paragraph in article.GetProperty("paragraphs").EnumerateArray())
            {
                var (passage, history, cluster) = (paragraph.Text("context"), "", $"paragraph/{paragraphs++}");
                foreach (var question in paragraph.GetProperty("qas").EnumerateArray())
                {
                    var answers = question.GetProperty("answers").EnumerateArray().Select(a => a.Text("text")).Distinct().ToArray();
                    if (answers.Length == 0) answers = [Unanswerable];
                    items.Add(new()
                    {
                        Id = $"{split}/{items.Count}", Cluster = cluster, Answers = answers,
                        Fields = new Dictionary<string, string> { ["title"] = title.Replace('_', ' '), ["passage"] = passage, ["history"] = history, ["question"] = question.Text("question").Trim() },
                        Stored = new Dictionary<string, string> { ["title"] = title, ["question"] = question.Text("question") },
                    });
                    history += $"Q: {question.Text("question").Trim()}\n\nA: {answers[0]}\n\n";
                }
            }
        }

        return reader.Expect(split, items);
    }

    private static TaskSplits SquadSample(DatasetReader reader) => DatasetSplits.FirstForTraining(
        DatasetSplits.Items("v1-dev-sample", reader.Expect("v1-dev-sample", reader.JsonLines("squad/squad11-dev-sample1000.jsonl.gz")), row => new()
        {
            Id = "", Answers = [.. row.Texts("answers").Distinct()],
            Fields = new Dictionary<string, string> { ["title"] = row.Text("title").Replace('_', ' '), ["passage"] = row.Text("context"), ["question"] = row.Text("question").Trim() },
        }), 100);

    private static IReadOnlyList<TaskItem> Coqa(DatasetReader reader)
    {
        var items = new List<TaskItem>();
        foreach (var row in reader.JsonLines("coqa/dev.jsonl.gz"))
        {
            var history = "";
            foreach (var turn in row.GetProperty("turns").EnumerateArray())
            {
                var answers = turn.Texts("answers");                    // references in order: leave-one-out needs repeated ones too
                items.Add(new()
                {
                    Id = $"dev/{items.Count}", Cluster = row.Text("id"), Answers = answers,
                    Fields = new Dictionary<string, string> { ["story"] = row.Text("story").Trim(), ["history"] = history, ["question"] = turn.Text("question").Trim() },
                    Stored = new Dictionary<string, string> { ["story"] = row.Text("story") },
                });
                history += $"Q: {turn.Text("question").Trim()}\nA: {answers[0].Trim()}\n";
            }
        }

        return reader.Expect("dev", items);
    }

    private static IReadOnlyList<TaskItem> Drop(DatasetReader reader)
    {
        var passages = new Dictionary<string, int>(StringComparer.Ordinal);
        return DatasetSplits.Items("dev", reader.Expect("dev", reader.JsonLines("drop/dev_sample1000.jsonl.gz")), row =>
        {
            var passage = row.Text("passage");
            passages.TryAdd(passage, passages.Count);
            // Each alternative is a list of spans; the metric takes them as one text, a span a line.
            var answers = row.GetProperty("answers").EnumerateArray()
                .Select(a => string.Join(Metrics.GenerationMetrics.SpanSeparator, a.EnumerateArray().Select(s => s.GetString()))).Distinct().ToArray();
            return new()
            {
                Id = "", Answers = answers, Cluster = $"passage/{passages[passage]}",
                Fields = new Dictionary<string, string> { ["passage"] = passage, ["question"] = row.Text("question").Trim() },
            };
        });
    }
}
