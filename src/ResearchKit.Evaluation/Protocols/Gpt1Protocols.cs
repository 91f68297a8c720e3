using ResearchKit.Evaluation.Tasks;

namespace ResearchKit.Evaluation.Protocols;

/// <summary>Radford et al. 2018: fine-tuning on the tasks of Tables 2 to 4, and the zero-shot heuristics of §5.</summary>
internal static class Gpt1Protocols
{
    private const string Section5 = "Radford et al. 2018 §5";

    public static Protocol? ZeroShot(EvaluationTask task, OpenPoints open)
    {
        Protocol Make(PromptTemplate prompt, Scoring scoring, string split, params string[] notes) => new()
        {
            Name = "gpt1-paper", Task = task.Name, Source = Section5, Prompt = prompt, Split = split, Demonstrations = task.Demonstrations, Shots = 0, Scoring = scoring,
            Truncation = OverflowPolicy.TruncateLeft, Options = open.Options, Assumptions = notes,
        };
        switch (task.Name)
        {
            case "cola":
                var calibration = open.Count("calibration_items", "how the threshold on the mean log-probability was chosen is not published: here by the best Matthews correlation on this many training sentences", "1000");
                return Make(new("{sentence}"), new ThresholdScoring(calibration ?? 1000), "dev") with { Metrics = [TaskMetric.Matthews, TaskMetric.Accuracy] };
            case "sst2" or "sst2-sentences" or "sst2-very":
                Ties(open);
                return Make(new("{sentence} very"), new ChoiceScoring(Normalization.Sum), "dev");
            case "race-middle" or "race-high":
                var between = open.Choose("joined_by", "how document, question and answer are joined is not stated", "space", "line_break") == "space" ? " " : "\n";
                Ties(open);
                return Make(new($"{{article}}{between}{{question}}", between + "{answer}"), new ChoiceScoring(Normalization.PerToken), "test");
            case "wsc273":
                return Make(task.Prompt, new PartialScoring(), "test", "the paper takes DPRD's Winograd schemas; these are the 273 of WSC",
                    "the mean per token equals the sum here, because the scored text is the same for both referents");
            default:
                return null;
        }
    }

    public static Protocol? FineTuning(EvaluationTask task, OpenPoints open)
    {
        (string Split, TaskMetric[] Metrics)? source = task.Name switch
        {
            "snli" or "scitail" or "race-middle" or "race-high" => ("test", [TaskMetric.Accuracy]),
            "mnli" => ("matched and mismatched test (GLUE server)", [TaskMetric.Accuracy]),
            "qnli" or "rte" or "sst2" or "sst2-sentences" => ("test (GLUE server)", [TaskMetric.Accuracy]),
            "mrpc" or "qqp" => ("test (GLUE server)", [TaskMetric.F1, TaskMetric.Accuracy]),
            "stsb" => ("test (GLUE server)", [TaskMetric.Pearson, TaskMetric.Spearman]),
            "cola" => ("test (GLUE server)", [TaskMetric.Matthews, TaskMetric.Accuracy]),
            _ => null,
        };
        if (source is not { } found) return null;
        string[] notes = ["GLUE's test labels are not public: what is scored is the labelled set named in the task's description"];
        if (found.Split == "test") notes = [];
        if (task.Name == "stsb")
        {
            open.Choose("score_as", "code for STS-B was not released beyond a helper that spreads a score over the two nearest of 6 classes (Tai et al.): they are the targets here, and the predicted score is the mean of 0 to 5 under the model's distribution", "six_classes");
            notes = [.. notes, "the epoch with the least validation loss predicts"];
        }

        return new Protocol
        {
            Name = "gpt1-finetune", Task = task.Name, Source = "Radford et al. 2018 §3.2-4.2, Tables 2-4", IsFineTuned = true, Prompt = task.Prompt, Split = found.Split,
            Demonstrations = task.Demonstrations, Shots = 0, Scoring = task.Scoring, Truncation = OverflowPolicy.TruncateLeft, Metrics = found.Metrics, Options = open.Options, Assumptions = notes,
        };
    }

    internal static void Ties(OpenPoints open) => open.Choose("ties", "how exact ties between choices are broken is not stated; how many there were is reported", "first_choice");
}
