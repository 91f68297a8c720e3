using ResearchKit.Core;
using ResearchKit.Core.Tokenization;
using ResearchKit.Evaluation.Metrics;
using ResearchKit.Evaluation.Tasks;

namespace ResearchKit.Evaluation.Protocols;

/// <summary>Runs one task under several protocols, asks the model for each different request once, and says how far apart the protocols alone put the scores.</summary>
public static class ProtocolComparison
{
    /// <summary>Scores a model under every given protocol.</summary>
    /// <param name="model">Model.</param>
    /// <param name="tokenizer">Its tokenizer.</param>
    /// <param name="task">Task as loaded.</param>
    /// <param name="protocols">Protocols that define the task and are not fine-tuned, at least one.</param>
    /// <param name="options">Shots, seeds and limit; with a limit every protocol scores the same items, chosen of those that all of them score.</param>
    /// <param name="overflow">Policy for prompts that do not fit; null takes each protocol's own.</param>
    /// <param name="progress">Told after every chunk of requests.</param>
    /// <param name="cancellation">Stops between batches.</param>
    /// <exception cref="ConfigException">As of <see cref="Evaluator.Run"/>, or no item is scored by all protocols.</exception>
    public static ProtocolComparisonResult Run(
        ILanguageModel model, ITokenizer tokenizer, EvaluationTask task, IReadOnlyList<Protocol> protocols, EvaluationOptions options, OverflowPolicy? overflow = null,
        IProgress<EvaluationProgress>? progress = null, CancellationToken cancellation = default)
    {
        var loaded = task.Load();
        var prepared = protocols.Select(protocol => protocol.ApplyTo(task with { Load = () => loaded })).Select(applied => (Task: applied, Splits: applied.Load())).ToArray();
        var others = prepared.Skip(1).Select(other => other.Splits.Test.Select(item => item.Id).ToHashSet(StringComparer.Ordinal)).ToArray();
        TaskItem[] common = [.. prepared[0].Splits.Test.Where(item => others.All(ids => ids.Contains(item.Id)))];
        if (common.Length == 0) throw new ConfigException($"Task {task.Name}: no item is scored by all of {string.Join(", ", protocols.Select(protocol => protocol.Name))}.");
        var shared = Evaluator.SelectItems(task, prepared[0].Splits.WithTest(common), options).Select(item => item.Id).ToHashSet(StringComparer.Ordinal);
        using var remembering = new RememberingLanguageModel(model);
        var scores = new List<ProtocolScore>();
        foreach (var (protocol, (applied, splits)) in protocols.Zip(prepared))
        {
            var chosen = options.Limit is null ? splits : splits.WithTest([.. splits.Test.Where(item => shared.Contains(item.Id))]);
            var own = options with { Limit = null, Overflow = overflow ?? protocol.Truncation };
            var result = Evaluator.Run(remembering, tokenizer, applied, chosen, own, progress, cancellation);
            result = result with { Options = result.Options with { Limit = options.Limit } };
            scores.Add(new(protocol, ProtocolFacts.Of(protocol, applied, options.Shots, overflow), result));
        }

        var gaps = from i in Enumerable.Range(0, scores.Count)
                   from j in Enumerable.Range(i + 1, scores.Count - i - 1)
                   select Gap(scores[i], scores[j], shared);
        return new(task.Name, model.Name, options.Shots, shared.Count, scores, [.. gaps], scores.Sum(score => score.Result.DistinctRequestCount), remembering.KnownCount);
    }

    private static ProtocolGap Gap(ProtocolScore from, ProtocolScore to, HashSet<string> shared)
    {
        var first = from.Result.Items.Where(item => shared.Contains(item.Id)).ToArray();
        var others = to.Result.Items.ToDictionary(item => item.Id, StringComparer.Ordinal);
        var second = first.Select(item => others[item.Id]).ToArray();
        var differs = from.Facts.DiffersFrom(to.Facts);
        // A protocol may rewrite the items under the same template, as the harness does with HellaSwag's second sentences.
        if (!differs.Contains("prompt") && first.Zip(second, (x, y) => x.Prompt != y.Prompt).Any(isOther => isOther)) differs = ["prompt", .. differs];
        // The first reported number that both report; their headlines may be different ones.
        if (from.Facts.Metrics.FirstOrDefault(to.Facts.Metrics.Contains) is not { } metric) return new(from.Protocol.Name, to.Protocol.Name, differs, null, null, null, null, null);
        var (a, c) = (TaskMetrics.Value(metric, first), TaskMetrics.Value(metric, second));
        var isPerItem = metric == "accuracy";
        var changed = isPerItem ? first.Zip(second, (x, y) => x.Correct != y.Correct).Count(isOther => isOther) : (int?)null;
        // The other protocol's rule on the first one's own likelihoods: what normalization alone does.
        double? normalization = isPerItem && from.Result.Rule is not null && to.Result.Rule is { } rule && first.All(item => item.Predictions.Any(prediction => prediction.Rule == rule))
            ? TaskMetrics.Value("accuracy/" + rule, first) - a
            : null;
        return new(from.Protocol.Name, to.Protocol.Name, differs, metric, c - a, normalization, c - a - normalization, changed);
    }
}

/// <summary>Scores of one model on one task under several protocols.</summary>
/// <param name="Task">Task.</param>
/// <param name="Model">Model.</param>
/// <param name="Shots">Demonstrations k.</param>
/// <param name="SharedItemCount">Items that every protocol scores; the gaps are over these.</param>
/// <param name="Scores">By protocol.</param>
/// <param name="Gaps">Differences of every two protocols.</param>
/// <param name="RequestCount">Different requests of the protocols, each protocol counted by itself.</param>
/// <param name="AskedCount">Scored requests that the model was asked; the rest were shared between protocols or generated.</param>
public sealed record ProtocolComparisonResult(
    string Task, string Model, int Shots, int SharedItemCount, IReadOnlyList<ProtocolScore> Scores, IReadOnlyList<ProtocolGap> Gaps, int RequestCount, int AskedCount);

/// <summary>Result of one protocol.</summary>
/// <param name="Protocol">Protocol.</param>
/// <param name="Facts">It in words.</param>
/// <param name="Result">Numbers and items.</param>
public sealed record ProtocolScore(Protocol Protocol, ProtocolFacts Facts, TaskResult Result);

/// <summary>How far two protocols put one model's scores apart, over the items that both score.</summary>
/// <param name="From">One protocol.</param>
/// <param name="To">The other.</param>
/// <param name="Differs">Facts in which they differ.</param>
/// <param name="Metric">First number that both report; null where there is none.</param>
/// <param name="Difference">Its value under the other less that under the one.</param>
/// <param name="Normalization">Part of it from the ranking rule alone: the other's rule on the one's likelihoods; null where nothing is ranked.</param>
/// <param name="Rest">The remainder: prompt, demonstrations, choices.</param>
/// <param name="ChangedItemCount">Items right under one of the two only; null for metrics that are no share of right items.</param>
public sealed record ProtocolGap(string From, string To, IReadOnlyList<string> Differs, string? Metric, double? Difference, double? Normalization, double? Rest, int? ChangedItemCount);
