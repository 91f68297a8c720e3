using System.Globalization;
using System.Text.Json;
using ResearchKit.Core.Configuration;
using ResearchKit.Core.Tokenization;
using ResearchKit.Evaluation;
using ResearchKit.Evaluation.Datasets;
using ResearchKit.Evaluation.Metrics;
using ResearchKit.Evaluation.Protocols;
using ResearchKit.Evaluation.Statistics;
using ResearchKit.Evaluation.Tasks;
using ResearchKit.Experiments.Cells;
using ResearchKit.Experiments.Configuration;
using ResearchKit.Experiments.Reporting;
using ResearchKit.Models;
using ResearchKit.Training.FineTuning;
using static System.FormattableString;

namespace ResearchKit.Experiments;

/// <summary>Turns a comparison's cells into what the report shows. A pure function: the same cells give the same report.</summary>
internal static class ReportBuilder
{
    /// <summary>Items that the explorer shows with prompts and log-probabilities, over all tasks, so that a study of many tasks still opens at once; of the others it has texts and scores.</summary>
    private const int DetailedItems = 360, MostPerTask = 60, LeastPerTask = 20;

    internal const int Resamples = 2000;

    public static ReportModel Build(ComparisonConfig config, ComputeDevice device, ComparisonPlan plan, ComparisonResults results, IReadOnlyList<ContaminationEntry> contamination)
    {
        var inContext = results.InContext.Select(pair => InContextCellOf(config, plan, pair.Cell, pair.Result)).ToList();
        var fineTuning = results.FineTuning.Select(pair => FineTuningCellOf(config, plan, pair.Cell, pair.Result)).ToList();
        var tasks = plan.Tasks.Select(task => TaskEntryOf(task, config.InContext?.Overflow)).ToList();
        var models = plan.Models.Select(ModelEntryOf).ToList();
        var comparisons = PairedRows.Of(config, plan, results);
        var model = new ReportModel
        {
            Title = config.Name,
            Question = config.Question ?? "What does the model learn by fine-tuning, and what can it do from the prompt alone?",
            Facts =
            [
                new("Models", Count(models.Count), string.Join(", ", models.Select(model => model.Name))),
                new("Tasks", Count(tasks.Count), null),
                new("Items compared", Count(tasks.Sum(task => task.ItemCount)), "the same for every model and regime"),
                new("Cells", Count(plan.Cells.Count), "model × task × regime × seed"),
            ],
            Models = models,
            Tasks = tasks,
            InContext = inContext,
            FineTuning = fineTuning,
            Summaries = Summaries(config, plan, results),
            Comparisons = comparisons,
            PaperValues = [.. tasks.SelectMany(task => PaperResults.Beside(
                task, models, record => IsSameProtocol(plan.Tasks.First(ready => ready.Task.Name == task.Name), record), HoldsWholeSplit(plan.Tasks.First(ready => ready.Task.Name == task.Name))))],
            VarianceSplits = config.InContext is { } shots ? Reliability.Variance(shots, plan, results) : [],
            Contamination = contamination,
            Calibration = Reliability.Calibrations(plan, results),
            Items = Items(plan, results),
            Notes = Notes(config, plan, tasks, inContext, comparisons, results),
            Manifest = Manifest(config, device, plan, results.Processors),
        };
        return model with { Answer = Answer(model) };
    }

    private static InContextCell InContextCellOf(ComparisonConfig config, ComparisonPlan plan, PlannedInContext cell, TaskResult result) => new()
    {
        Id = cell.Id(plan),
        Model = plan.Models[cell.Model].Name,
        Task = cell.Task.Task.Name,
        K = cell.Shots,
        Protocol = cell.Scored.PublishedProtocol,
        Seed = cell.Seed,
        Score = result.Score,
        Interval = IntervalOf(config, cell.Task, result.Items),
        ItemCount = result.Items.Count,
        ItemScores = IsPerItem(cell.Task) ? [.. result.Items.Select(item => (double?)item.Score)] : [],
    };

    private static FineTuningCell FineTuningCellOf(ComparisonConfig config, ComparisonPlan plan, PlannedFineTuning cell, FineTuneResult result)
    {
        var items = ItemsOf(cell.Task, result);
        return new FineTuningCell
        {
            Id = cell.Id(plan),
            Model = plan.Models[cell.Model].Name,
            Task = cell.Task.Task.Name,
            LabelledCount = cell.Examples,
            Recipe = cell.Recipe,
            Seed = cell.Seed,
            Score = TaskMetrics.Value(cell.Task.Metric, items),
            Interval = IntervalOf(config, cell.Task, items),
            ItemCount = items.Count,
            BestEpoch = result.BestEpoch,
            History = [.. result.Epochs.Select(epoch => new EpochRecord(epoch.Epoch, epoch.TrainLoss, epoch.ValidLoss, epoch.ValidAccuracy))],
            ItemScores = [.. items.Select(item => (double?)item.Score)],
        };
    }

    // A condition of one seed has its cell's interval.
    private static List<ConditionSummary> Summaries(ComparisonConfig config, ComparisonPlan plan, ComparisonResults results)
    {
        var prompted = results.InContext.Select(pair => (pair.Cell.Task, Condition: pair.Cell.Condition(plan), Items: pair.Result.Items));
        var tuned = results.FineTuning.Select(pair => (pair.Cell.Task, Condition: pair.Cell.Condition(plan), Items: (IReadOnlyList<ItemResult>)ItemsOf(pair.Cell.Task, pair.Result)));
        return [.. prompted.Concat(tuned).GroupBy(run => (run.Task, run.Condition)).Where(runs => runs.Count() > 1).Select(runs =>
        {
            var (metric, seeds) = (runs.Key.Task.Metric, runs.Select(run => run.Items).ToList());
            var scores = seeds.Select(items => TaskMetrics.Value(metric, items)).ToList();
            return new ConditionSummary(runs.Key.Task.Task.Name, runs.Key.Condition, scores.Average(), Of(MetricInterval.OverSeeds(metric, seeds, config.Confidence)), scores.Count, ConditionSummaries.Deviation(scores));
        })];
    }

    /// <summary>Fine-tuning's predictions in the form of in-context results, in the order of the test split, so that one metric scores both.</summary>
    internal static List<ItemResult> ItemsOf(ReadyTask task, FineTuneResult result)
    {
        var predictions = result.Test.ToDictionary(prediction => prediction.Id, StringComparer.Ordinal);
        return [.. task.Splits.Test.Select(item => (item, predicted: predictions[item.Id].Predicted, logs: predictions[item.Id].LogProbabilities)).Select(pair => new ItemResult
        {
            Id = pair.item.Id,
            Prompt = "",
            Gold = pair.item.Gold,
            Answers = pair.item.Answers,
            Cluster = pair.item.Cluster,
            Group = pair.item.Group,
            Choices = [.. pair.item.Choices.Select((text, c) => new ChoiceResult { Text = text, Answer = text, TokenIds = [], TokenLogProbabilities = [], LogProbability = pair.logs[c] })],
            Generated = task.Task.Scoring is GenerationScoring ? pair.item.Choices[pair.predicted] : null,
            Predictions = [new ChoicePrediction("fine_tuned", pair.predicted, pair.predicted == pair.item.Gold, false)],
            Score = TaskMetrics.IsRight(task.Task, pair.item, pair.predicted) ? 1 : 0,
        })];
    }

    private static bool IsPerItem(ReadyTask task) => task.Task.Scoring is not PerplexityScoring;

    private static ScoreInterval? IntervalOf(ComparisonConfig config, ReadyTask task, IReadOnlyList<ItemResult> items) =>
        Of(MetricInterval.Of(task.Metric, items, new BootstrapOptions(Resamples, config.Confidence, config.Seed)));

    /// <summary>The interval as it is reported; null where it has no ends, as that of a perplexity over one text.</summary>
    internal static ScoreInterval? Of(Interval interval) => double.IsFinite(interval.Low) && double.IsFinite(interval.High) ? new(interval.Low, interval.High, interval.Level) : null;

    private static TaskEntry TaskEntryOf(ReadyTask task, OverflowPolicy? overflow)
    {
        var metric = task.Metric;
        var choices = task.Splits.Test.Select(item => item.Choices.Count).ToArray();
        return new TaskEntry
        {
            Name = task.Task.Name,
            Description = string.Join(' ', new[] { task }.Concat(task.OtherProtocols).Where(run => run.PublishedProtocol is not null).Select(run => Words(run, overflow)).Prepend(task.Task.Description).Where(text => !string.IsNullOrEmpty(text))),
            Metric = metric,
            Unit = TaskMetrics.IsShare(metric) ? ScoreUnit.Fraction : ScoreUnit.Raw,
            HigherIsBetter = TaskMetrics.HigherIsBetter(metric),
            ChanceLevel = metric switch
            {
                "accuracy" when task.Task.Scoring is not GenerationScoring && choices.All(count => count > 1) => choices.Average(count => 1.0 / count),
                _ when TaskMetrics.IsCorrelation(metric) => 0,
                _ => null,
            },
            ItemCount = task.Splits.Test.Count,
            SplitItemCount = task.Splits.TestPool?.Count > task.Splits.Test.Count ? task.Splits.TestPool.Count : null,
            Split = SplitOf(task.Splits.Test[0].Id),
            ItemIds = IsPerItem(task) ? [.. task.Splits.Test.Select(item => item.Id)] : [],
        };
    }

    // Data sets call the same split by several names, and some have several of a kind (easy-test, in-domain-dev).
    private static string? SplitOf(string id) => id.Split('/')[0] switch
    {
        "test" => "test",
        "val" or "valid" or "validation" or "dev" => "validation",
        var other when other.EndsWith("-test", StringComparison.Ordinal) => "test",
        var other when other.EndsWith("-dev", StringComparison.Ordinal) => "validation",
        _ => null,
    };

    /// <summary>Whether all items of the published split are scored, or would be without a limit: of some data sets a part is at hand, or some items are held back for training.</summary>
    private static bool HoldsWholeSplit(ReadyTask task) => !DatasetTasks.Names.Contains(task.Task.Name)
        || DatasetTasks.PublishedItemCount(task.Task.Name, task.Splits.Test[0].Id.Split('/')[0]) is not { } published
        || (task.Splits.TestPool ?? task.Splits.Test).Count == published;

    /// <summary>A prompted record of the protocol's paper; readings of open points may still differ from the paper's.</summary>
    private static bool IsSameProtocol(ReadyTask task, PaperRecord record) =>
        record.Setting != "finetune" && task.OtherProtocols.Prepend(task).Any(run => run.PublishedProtocol == record.Paper + "-paper") && HasPromptOf(task.Task.Name, record);

    // GPT-3 has other words for LAMBADA and translation without demonstrations than with them, and so these are two tasks each here.
    private static bool HasPromptOf(string task, PaperRecord record) => record.Paper != "gpt3"
        || (task == "lambada" || (task.StartsWith("wmt", StringComparison.Ordinal) && task.EndsWith("-zero", StringComparison.Ordinal)) ? record.Setting == "zero"
            : (task != "lambada-cloze" && !task.StartsWith("wmt", StringComparison.Ordinal)) || record.Setting != "zero");

    /// <summary>The protocol beside the scores: everything that decides them, shots apart.</summary>
    private static string Words(ReadyTask task, OverflowPolicy? overflow)
    {
        var facts = ProtocolFacts.Of(task.Protocol!, task.Task, 0, overflow);
        var lines = facts.Lines().Where(line => line.Label is not ("demonstrations" or "open point" or "difference")).Select(line => $"{line.Label}: {line.Text}");
        return string.Join("; ", lines.Concat(facts.Options.Select(option => $"{option.Name}={option.Value}")).Concat(facts.Differences)) + ".";
    }

    private static ModelEntry ModelEntryOf(ModelHeader model)
    {
        var card = ModelCard.TryRead(model.Folder);
        var config = model.Config;
        return new ModelEntry
        {
            Name = model.Name,
            Family = config.Norm == NormPlacement.Post ? "gpt1" : !config.ScaleAttention ? "gpt-neo" : config.Attention.Any(pattern => pattern is not DenseAttention) ? "gpt3" : "gpt2",
            Parameters = config.ParameterCount,
            Configuration = Invariant(
                $"{config.LayerCount} layers × {config.EmbeddingSize}, {config.HeadCount} heads, context {config.ContextLength}, vocabulary {config.VocabularySize:N0}, {config.Norm.ToString().ToLowerInvariant()}-norm, attention {string.Join("/", config.Attention.Select(pattern => pattern.Label))}"),
            WeightsHash = model.WeightsHash,
            PretrainingTokens = card?.Tokens,
            PretrainingFlops = card is null ? null : 6.0 * config.ParameterCount * card.Tokens,
            LearningCurve = card?.Curve ?? [],
            Card = card?.Text,
        };
    }

    // One sentence: what the prompt gives, what fine-tuning gives, and where the one passes the other. Counts are of differences that hold after Holm's correction.
    private static string? Answer(ReportModel model)
    {
        var (tuned, few) = (model.Comparisons.Where(row => row.A.IsFineTuned).ToList(), model.Comparisons.Where(row => !row.A.IsFineTuned).ToList());
        var parts = new List<string>();
        if (few.Count > 0)
        {
            var gains = few.Where(row => Holds(model.Tasks, row, better: true)).ToList();
            var real = gains.Count(row => IsAboveChance(model.Tasks, model.InContext, row));
            var best = few.OrderByDescending(row => TaskOf(model.Tasks, row).Unit == ScoreUnit.Fraction).ThenByDescending(row => Sign(model.Tasks, row) * row.Difference).First();
            parts.Add($"From the prompt alone, demonstrations improve the score in {gains.Count} of {few.Count} comparisons, above chance in {real} (largest gain: {Named(model.Tasks, best)})");
        }

        if (tuned.Count > 0)
        {
            var examples = tuned.Select(row => row.A.LabelledCount!.Value).Distinct().Order().ToList();
            parts.Add($"fine-tuning on {string.Join(" or ", examples)} labelled examples beats the prompt with the most demonstrations in {tuned.Count(row => Holds(model.Tasks, row, better: true))} of {tuned.Count} and loses in {tuned.Count(row => Holds(model.Tasks, row, better: false))}");
            var passes = Crossover.All(model, ConditionSummaries.All(model)).ToList();
            var steps = passes.Where(row => row.PassesAt is not null).GroupBy(row => row.PassesAt!.Value).OrderBy(group => group.Key).Select(group => $"{group.Key} in {group.Count()}").ToList();
            if (passes.Count > 0 && model.FineTuning.Select(cell => cell.LabelledCount).Distinct().Count() > 1)
            {
                parts.Add(steps.Count == 0 ? "its mean score never passes the best one from the prompt" : $"its mean score first passes the best one from the prompt at {string.Join(", ", steps)}, never in {passes.Count(row => row.PassesAt is null)}");
            }
        }

        return parts.Count == 0 ? null : string.Join("; ", parts) + ".";
    }

    private static TaskEntry TaskOf(IReadOnlyList<TaskEntry> tasks, ComparisonRow row) => tasks.First(task => task.Name == row.Task);

    /// <summary>1 where a higher score is better, -1 where a lower one is, such as a perplexity.</summary>
    private static int Sign(IReadOnlyList<TaskEntry> tasks, ComparisonRow row) => TaskOf(tasks, row).HigherIsBetter ? 1 : -1;

    /// <summary>Whether the first condition is shown to be better, or worse: the difference's interval excludes zero, and so does the test after Holm's correction.</summary>
    private static bool Holds(IReadOnlyList<TaskEntry> tasks, ComparisonRow row, bool better) =>
        row.Interval is { } interval && (Sign(tasks, row) > 0 == better ? interval.Low > 0 : interval.High < 0) && row.HolmPValue < 0.05;

    /// <summary>Whether the first condition's score lies above guessing beyond the interval of every one of its seeds; a zero-shot bias below chance can make a large gain out of nothing learned.</summary>
    private static bool IsAboveChance(IReadOnlyList<TaskEntry> tasks, IReadOnlyList<InContextCell> inContext, ComparisonRow comparison) =>
        TaskOf(tasks, comparison).ChanceLevel is not { } chance
        || inContext.Where(cell => cell.Task == comparison.Task && ConditionSummaries.Of(cell) == comparison.A).All(cell => cell.Interval is null || cell.Interval.Low > chance);

    private static string Named(IReadOnlyList<TaskEntry> tasks, ComparisonRow row)
    {
        var task = TaskOf(tasks, row);
        return $"{row.A.Model} on {row.Task}{(row.A.Protocol is { } protocol ? $" by {protocol}" : "")}, {ReportFormat.Difference(task, row.Difference)}{(task.Unit == ScoreUnit.Fraction ? " points" : "")}{(row.Interval is { } interval ? " " + ReportFormat.Range(task, interval) : "")}";
    }

    private static List<ReportNote> Notes(ComparisonConfig config, ComparisonPlan plan, List<TaskEntry> tasks, List<InContextCell> inContext, List<ComparisonRow> comparisons, ComparisonResults results)
    {
        var notes = new List<ReportNote>();
        var few = comparisons.Where(comparison => !comparison.A.IsFineTuned).ToList();
        var gains = few.Where(comparison => Holds(tasks, comparison, better: true)).ToList();
        var learned = gains.Where(comparison => IsAboveChance(tasks, inContext, comparison)).ToList();
        string List(IEnumerable<ComparisonRow> pairs) => string.Join("; ", pairs.Select(pair => Named(tasks, pair)));
        if (learned.Count > 0)
        {
            notes.Add(new ReportNote(NoteKind.MetTarget, $"Few-shot beats zero-shot beyond the interval, corrected for all comparisons, and lies above chance, in {learned.Count} of {few.Count} comparisons: {List(learned)}."));
        }
        else if (few.Count > 0)
        {
            var bias = gains.Count > 0 ? $" Where few-shot beats zero-shot ({List(gains)}), it does not lie above chance: the demonstrations may only undo a bias of the zero-shot prompt." : "";
            notes.Add(new ReportNote(NoteKind.MissedTarget, "In no comparison does few-shot beat zero-shot beyond the interval, corrected, and lie above chance: no learning from the prompt is shown here." + bias));
        }

        foreach (var task in plan.Tasks.Where(task => task.LeftOut.Count > 0))
        {
            notes.Add(new ReportNote(NoteKind.ContextOverflow, $"Left out of every condition, because an answer is longer than a model's context: {string.Join(", ", task.LeftOut)}.", task.Task.Name));
        }

        foreach (var group in results.InContext.GroupBy(pair => pair.Cell.Task.Task.Name))
        {
            var cut = group.Sum(pair => pair.Result.TruncatedItemCount);
            var all = group.Sum(pair => pair.Result.Items.Count);
            var reduced = group.GroupBy(pair => pair.Cell.Shots).OrderBy(shots => shots.Key).Select(shots => (K: shots.Key, Items: shots.SelectMany(pair => pair.Result.Items).ToList()))
                .Where(shots => shots.Items.Any(item => item.ShotsUsed < shots.K)).Select(shots => Invariant(
                    $"at k = {shots.K} {Count(shots.Items.Count(item => item.ShotsUsed < shots.K))} of {Count(shots.Items.Count)} (on average {shots.Items.Average(item => item.ShotsUsed):0.0} demonstrations)")).ToList();
            if (reduced.Count > 0) notes.Add(new ReportNote(NoteKind.ContextOverflow, $"Prompts that did not fit with all demonstrations were given fewer: {string.Join("; ", reduced)}.", group.Key));
            if (cut > 0)
            {
                var when = config.InContext?.Overflow == OverflowPolicy.TruncateLeft ? "with their demonstrations" : "without any demonstration";
                notes.Add(new ReportNote(NoteKind.Truncated, $"{Count(cut)} of {Count(all)} prompts were longer than the context {when} and were cut from the left.", group.Key));
            }

            var tied = group.Sum(pair => pair.Result.TiedItemCount);
            if (tied > 0) notes.Add(new ReportNote(NoteKind.Warning, $"{Count(tied)} of {Count(all)} answers were exact ties; the first choice was taken.", group.Key));
        }

        if (results.Check is { ItemCount: > 0 } check)
        {
            notes.Add(new ReportNote(check.ChangedDecisions == 0 ? NoteKind.Information : NoteKind.Warning, check.ToString()));
        }

        return notes;
    }

    private static List<ItemRecord> Items(ComparisonPlan plan, ComparisonResults results)
    {
        var inContext = results.InContext.ToLookup(pair => pair.Cell.Task);
        var fineTuning = results.FineTuning.ToLookup(pair => pair.Cell.Task);
        var tokenizers = plan.Models.Select(model => TokenizerFolder.Load(Path.GetFullPath(model.Folder))).ToList();
        var records = new List<ItemRecord>();
        var perTask = Math.Clamp(DetailedItems / plan.Tasks.Count, LeastPerTask, MostPerTask);
        foreach (var task in plan.Tasks)
        {
            // One draw of the extremes of k, and one fine-tuning, for every model: enough to read, small enough to open.
            var shown = inContext[task].GroupBy(pair => (pair.Cell.Model, pair.Cell.ProtocolIndex))
                .SelectMany(group => new[] { group.Min(pair => pair.Cell.Shots), group.Max(pair => pair.Cell.Shots) }.Distinct().Select(shots => group.First(pair => pair.Cell.Shots == shots))).ToList();
            var tuned = fineTuning[task].GroupBy(pair => pair.Cell.Model).Select(group => group.MaxBy(pair => pair.Cell.Examples)).ToList();
            foreach (var (i, item) in task.Splits.Test.Index())
            {
                var predictions = i >= perTask ? [] : shown.Select(pair => PredictionOf(pair.Cell.Id(plan), pair.Result.Items[i], tokenizers[pair.Cell.Model]))
                    .Concat(tuned.Select(pair => PredictionOf(pair.Cell.Id(plan), pair.Result.Test.First(prediction => prediction.Id == item.Id), task.Task, item)));
                records.Add(new ItemRecord
                {
                    Task = task.Task.Name,
                    Id = item.Id,
                    Text = string.Join(" · ", item.Fields.OrderBy(field => field.Key, StringComparer.Ordinal).Select(field => $"{field.Key}: {field.Value}")),
                    Choices = item.Choices,
                    Gold = item.Gold,
                    Answers = item.Answers,
                    Predictions = [.. predictions],
                });
            }
        }

        return records;
    }

    private static ItemPrediction PredictionOf(string cell, ItemResult item, ITokenizer tokenizer) => new()
    {
        Cell = cell,
        Score = item.Score,
        Predicted = item.Predicted,
        Answer = item.Generated,
        Prompt = item.Prompt,
        Choices = [.. item.Choices.Select(choice => new ChoiceScore { Score = choice.LogProbability, LogProbabilities = choice.TokenLogProbabilities, Tokens = [.. choice.TokenIds.Select(id => tokenizer.Decode([id]))] })],
        DroppedTokenCount = item.DroppedTokenCount,
    };

    private static ItemPrediction PredictionOf(string cell, FineTunePrediction prediction, EvaluationTask task, TaskItem item) => new()
    {
        Cell = cell,
        Score = TaskMetrics.IsRight(task, item, prediction.Predicted) ? 1 : 0,
        Predicted = prediction.Predicted,
        Choices = [.. prediction.LogProbabilities.Select(logProbability => new ChoiceScore { Score = Math.Exp(logProbability) })],
    };

    private static string Quoted(string path) => path.All(c => char.IsLetterOrDigit(c) || c is '/' or '.' or '-' or '_' or ':' or '\\') ? path : $"\"{path}\"";

    private static ReportManifest Manifest(ComparisonConfig config, ComputeDevice device, ComparisonPlan plan, string processors) => new()
    {
        Configuration = JsonSerializer.Serialize<ExperimentConfig>(config, ConfigJson.Options),
        Command = Invariant($"rk run {Quoted(Path.Combine(config.RunFolder, "config.json"))} --device {device.Name} --threads {device.Threads}"),
        Hashes =
        [
            .. plan.Models.Select(model => new NamedValue("weights of " + model.Name, model.WeightsHash)),
            .. plan.Models.Select(model => new NamedValue("tokenizer of " + model.Name, model.TokenizerFingerprint)),
            .. plan.Tasks.SelectMany(task => task.OtherProtocols.Prepend(task)).Select(task => new NamedValue(ItemsAndPrompt(task), task.Fingerprint)),
        ],
        Versions = [new("ResearchKit", RunEnvironment.KitVersion), new("TorchSharp", ComputeDevice.TorchVersion), new(".NET", Environment.Version.ToString())],
        Seeds = [.. new[] { config.Seed }.Concat(config.InContext?.Seeds ?? []).Concat(config.FineTuning?.Seeds ?? []).Distinct()],
        Device = device.Name,
        ThreadCount = device.Threads,
        Other = [new(RunEnvironment.ProcessorRow, processors), new("Times", CellTimings.TableName + " beside this page (seconds and tokens per second; apart from all that repeats byte for byte)"), new("Operating system", System.Runtime.InteropServices.RuntimeInformation.RuntimeIdentifier)],
    };

    /// <summary>Name of a task's hash in the manifest.</summary>
    internal static string ItemsAndPrompt(ReadyTask task) => $"items and prompt of {task.Task.Name}{(task.PublishedProtocol is { } name ? " by " + name : "")}";

    private static string Count(long value) => value.ToString("N0", CultureInfo.InvariantCulture);
}
