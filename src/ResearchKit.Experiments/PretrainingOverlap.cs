using System.Text.Json;
using ResearchKit.Core;
using ResearchKit.Core.Configuration;
using ResearchKit.Evaluation.Contamination;
using ResearchKit.Experiments.Cells;
using ResearchKit.Experiments.Configuration;
using ResearchKit.Experiments.Reporting;
using static System.FormattableString;

namespace ResearchKit.Experiments;

/// <summary>Looks for the test items in what the models were pre-trained on, as their cards tell it.</summary>
/// <remarks>
/// Generated documents are always at hand. Books are read only where the experiment needs the data folder anyway, so that an experiment on generated
/// tasks gives the same report with and without one. What was found is kept beside the cells, since reading takes longer than all the rest of a report.
/// </remarks>
internal sealed class PretrainingOverlap(ComparisonConfig config, Action<string> warn)
{
    private sealed record Key(string TaskFingerprint, string Text, int Version = 3);

    private sealed record Finding(int GramLength, IReadOnlyList<string> DirtyIds);

    private sealed record Source(string Name, Func<IEnumerable<CorpusText>> Read, string Identity);

    /// <summary>One entry for every task and model with a card, at the most demonstrations (or fine-tuned where nothing is prompted).</summary>
    public IReadOnlyList<ContaminationEntry> Of(ComparisonPlan plan, ComparisonResults results, CancellationToken cancellation)
    {
        var store = new CellStore(Path.Combine(config.RunFolder, "overlap"), warn);
        var sources = plan.Models.Select(SourceOf).ToList();
        var texts = new Dictionary<string, IReadOnlyList<CorpusText>>(StringComparer.Ordinal);
        var entries = new List<ContaminationEntry>();
        foreach (var task in plan.Tasks)
        {
            for (var model = 0; model < plan.Models.Count; model++)
            {
                if (sources[model] is not { } source) continue;
                var key = new Key(task.Fingerprint, source.Identity);
                var finding = store.TryRead<Key, Finding>(key);
                if (finding is null)
                {
                    if (!texts.TryGetValue(source.Identity, out var corpus) && !TryRead(source, out corpus))
                    {
                        sources[model] = null;
                        continue;
                    }

                    texts[source.Identity] = corpus;
                    var report = ContaminationAnalysis.Run(ContaminationExamples.Of(task.Task, task.Splits.Test), corpus, ContaminationOptions.For(task.Task.Name), cancellation);
                    finding = new Finding(report.GramLength, [.. report.Examples.Where(example => example.IsDirty).Select(example => example.Id)]);
                    store.Write(key, finding);
                }

                entries.Add(Entry(task, model, source.Name, finding, plan, results));
            }
        }

        return entries;
    }

    private static ContaminationEntry Entry(ReadyTask task, int model, string text, Finding finding, ComparisonPlan plan, ComparisonResults results)
    {
        var dirty = finding.DirtyIds.ToHashSet(StringComparer.Ordinal);
        var shots = results.InContext.Where(pair => pair.Cell.Task == task && pair.Cell.Model == model && pair.Cell.ProtocolIndex == 0).ToList();
        var tuned = results.FineTuning.Where(pair => pair.Cell.Task == task && pair.Cell.Model == model).ToList();
        var condition = shots.Count > 0 ? shots.MaxBy(pair => pair.Cell.Shots).Cell.Condition(plan)
            : tuned.Count > 0 ? new Condition(plan.Models[model].Name, LabelledCount: tuned.Max(pair => pair.Cell.Examples), Recipe: tuned[0].Cell.Recipe) : null;
        var seeds = condition is null ? []
            : condition.IsFineTuned ? tuned.Where(pair => pair.Cell.Examples == condition.LabelledCount && pair.Cell.Recipe == condition.Recipe).Select(pair => (IReadOnlyList<Evaluation.ItemResult>)ReportBuilder.ItemsOf(task, pair.Result)).ToList()
            : shots.Where(pair => pair.Cell.Shots == condition.K).Select(pair => pair.Result.Items).ToList();
        double? Score(bool? isDirty)
        {
            var parts = seeds.Select(items => items.Where(item => isDirty is null || dirty.Contains(item.Id) == isDirty).ToArray()).Where(items => items.Length > 0).ToList();
            return parts.Count == 0 ? null : parts.Average(items => Evaluation.Metrics.TaskMetrics.Value(task.Metric, items));
        }

        return new ContaminationEntry(task.Task.Name, finding.GramLength, task.Splits.Test.Count - dirty.Count, dirty.Count, Score(null), Score(false), Score(true)) { Condition = condition, Text = text };
    }

    private Source? SourceOf(ModelHeader model)
    {
        if (ModelCard.TryRead(model.Folder) is not { } card) return null;
        PretrainingConfig? pretraining;
        try
        {
            pretraining = TrainingText.Pretraining(card, model.Folder);
        }
        catch (Core.ConfigException error)
        {
            warn($"Test items were not looked for in what {model.Name} was trained on: {error.Message}");
            return null;
        }

        if (pretraining is null) return null;
        var needsData = config.Tasks.Any(task => task.File is null && !task.Name.StartsWith("suite/", StringComparison.Ordinal));
        var parts = new List<(string Name, TextSource Text, Func<IEnumerable<CorpusText>> Read)>();
        foreach (var text in pretraining.Data)
        {
            var name = text switch
            {
                GeneratedSource generated => Invariant($"{generated.Documents:N0} generated documents"),
                CorpusSource corpus when needsData && IsAtHand(corpus) => $"the books of {corpus.Path}",
                _ => null,
            };
            if (name is not null) parts.Add((name, text, () => TrainingText.Of(text, pretraining.Seed)));
        }

        if (parts.Count == 0) return null;
        try
        {
            // The first text stands for the generator: where its rules change, what was found before does not count.
            return new Source(
                string.Join(" and ", parts.Select(part => part.Name)), () => parts.SelectMany(part => part.Read()),
                TaskCatalog.Sha256(JsonSerializer.Serialize(pretraining.Data, ConfigJson.Compact) + Invariant($"{pretraining.Seed}") + string.Join('|', parts.Select(part => part.Name)) + string.Concat(parts.Select(part => PretrainingRunner.StateOfFiles(part.Text))) + parts[0].Read().FirstOrDefault()?.Text));
        }
        catch (ConfigException error)
        {
            warn($"Test items were not looked for in what {model.Name} was trained on: {error.Message}");
            return null;
        }
    }

    /// <summary>Damaged or missing books cost this table, not the report of finished cells.</summary>
    private bool TryRead(Source source, [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out IReadOnlyList<CorpusText>? corpus)
    {
        try
        {
            corpus = [.. source.Read()];
            return true;
        }
        catch (ConfigException error)
        {
            warn($"Test items were not looked for in {source.Name}: {error.Message}");
            corpus = null;
            return false;
        }
    }

    private bool IsAtHand(CorpusSource corpus)
    {
        try
        {
            PretrainingRunner.CorpusFolder(corpus);
            return true;
        }
        catch (ConfigException error)
        {
            warn($"Test items were not looked for in the books of pre-training. {error.Message}");
            return false;
        }
    }
}
