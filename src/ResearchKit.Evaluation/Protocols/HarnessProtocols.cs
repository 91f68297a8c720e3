using ResearchKit.Evaluation.Tasks;

namespace ResearchKit.Evaluation.Protocols;

/// <summary>lm-evaluation-harness's tasks as protocols of ours.</summary>
internal static class HarnessProtocols
{
    public static Protocol? Of(EvaluationTask task, OpenPoints open) => HarnessTasks.All.FirstOrDefault(harness => harness.Tasks.Contains(task.Name)) is { } harness
        ? new Protocol
        {
            Name = "lm-eval", Task = task.Name, Source = $"{harness.Name} v{harness.Version} at 4e7e0d47", Prompt = harness.Prompt, Split = harness.Split, Demonstrations = task.Demonstrations,
            Scoring = harness.Scoring, Truncation = OverflowPolicy.TruncateLeft, Metrics = harness.Metrics, Adapt = harness.Adapt, Options = open.Options,
            Assumptions =
            [
                "demonstrations are drawn by this kit's generator, not by the harness's",
                .. task.HoldsBackTraining || task.Demonstrations.Split == "test" ? ["demonstrations are other items of the scored set, because no training set is at hand"] : Array.Empty<string>(),
                .. harness.Assumptions,
            ],
        }
        : null;
}
