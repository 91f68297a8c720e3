using ResearchKit.Core.Tasks;
using ResearchKit.Evaluation.Tasks;

namespace ResearchKit.Evaluation.Datasets;

/// <summary>Single-sentence classification: SST-2 and CoLA.</summary>
internal static class SentenceDatasets
{
    private static readonly string[] Sentiment = ["negative", "positive"];

    public static IReadOnlyList<DatasetTask> Tasks { get; } =
    [
        new("sst2", "sst2", "SST-2 as in GLUE: sentiment of phrases and sentences. Scored: dev (872); validation: a tenth of train. GPT-3 has no such task: the prompt is ours.",
            new("Review: {sentence}\nSentiment:"), new ChoiceScoring(), Glue),
        new("sst2-very", "sst2", "SST-2 by GPT-1's zero-shot heuristic (Radford et al. 2018 §5): the word \"very\" is appended and \"positive\" ranked against \"negative\".",
            new("{sentence} very"), new ChoiceScoring(), Glue),
        new("sst2-sentences", "sst2", "SST-2, whole sentences only, with the published train, dev and test sets (GPT-1 reports the test set).",
            new("Review: {sentence}\nSentiment:"), new ChoiceScoring(), Sentences),
        new("cola", "cola", "CoLA: whether a sentence is acceptable English. Scored: both dev files (1043); validation: a tenth of train. GPT-3 has no such task: the prompt is ours.",
            new("{sentence}\nquestion: Is the sentence above good English?\nanswer:"), new ChoiceScoring(), Cola)
        {
            Metrics = [TaskMetric.Matthews, TaskMetric.Accuracy],
        },
    ];

    private static TaskSplits Glue(DatasetReader reader)
    {
        IReadOnlyList<TaskItem> Split(string split, string path) =>
            DatasetSplits.Items(split, reader.Expect(split, reader.Tsv(path, 2, hasHeader: true)), row => Item(row[0].Trim(), row[1] == "1", Sentiment));
        return DatasetSplits.CarveValidation("sst2", Split("train", "sst2/glue_train.tsv.gz"), Split("dev", "sst2/glue_dev.tsv"));
    }

    private static TaskSplits Sentences(DatasetReader reader)
    {
        IReadOnlyList<TaskItem> Split(string split) =>
            DatasetSplits.Items("sentence-" + split, reader.Expect("sentence-" + split, reader.Lines("sst2/stsa.binary." + split)), line => Item(line[2..].Trim(), line[0] == '1', Sentiment));
        return new(Split("train"), Split("dev"), Split("test"));
    }

    private static TaskSplits Cola(DatasetReader reader)
    {
        IReadOnlyList<TaskItem> Split(string split, string path) =>
            DatasetSplits.Items(split, reader.Expect(split, reader.Tsv(path, 4, hasHeader: false)), row => Item(row[3].Trim(), row[1] == "1", ["no", "yes"]));
        return DatasetSplits.CarveValidation("cola", Split("train", "cola/in_domain_train.tsv"),
            [.. Split("in-domain-dev", "cola/in_domain_dev.tsv"), .. Split("out-of-domain-dev", "cola/out_of_domain_dev.tsv")]);
    }

    private static TaskItem Item(string sentence, bool isPositive, string[] labels) => new()
    {
        Id = "", Fields = new Dictionary<string, string> { ["sentence"] = sentence }, Choices = labels, Gold = isPositive ? 1 : 0, Structured = new ClassificationInput(sentence),
    };
}
