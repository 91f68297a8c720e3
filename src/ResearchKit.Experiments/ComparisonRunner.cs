using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using ResearchKit.Core;
using ResearchKit.Core.Configuration;
using ResearchKit.Core.Files;
using ResearchKit.Core.Random;
using ResearchKit.Core.Tokenization;
using ResearchKit.Evaluation;
using ResearchKit.Evaluation.Tasks;
using ResearchKit.Experiments.Cells;
using ResearchKit.Experiments.Configuration;
using ResearchKit.Experiments.Reporting;
using ResearchKit.Models;
using ResearchKit.Models.Checkpoints;
using ResearchKit.Training.FineTuning;

namespace ResearchKit.Experiments;

/// <summary>Runs a comparison: plan the cells, compute those that are missing, write the report. Read this file first.</summary>
/// <remarks>
/// Every cell is stored as soon as it is finished, under the hash of everything that determines it, so a killed run carries on
/// and an edited file recomputes only what the edit touches. The report is a function of the cells alone: no clock, no order of computation.
/// </remarks>
public sealed class ComparisonRunner
{
    private readonly ComparisonConfig _config;
    private readonly ComputeDevice _device;
    private readonly string _baseFolder;
    private readonly List<string> _warnings = [];

    /// <summary>Prepares a run; nothing is read or written yet.</summary>
    /// <param name="config">The experiment.</param>
    /// <param name="baseFolder">Folder that the experiment's relative paths start from.</param>
    /// <param name="device">Device and threads.</param>
    public ComparisonRunner(ComparisonConfig config, string baseFolder, ComputeDevice device) =>
        (_config, _baseFolder, _device) = (config, baseFolder, device);

    /// <summary>Reads models and tasks and lists every cell, without computing any.</summary>
    /// <exception cref="ConfigException">A model folder, task or data set is missing or broken.</exception>
    public ComparisonPlan Plan()
    {
        var problems = new List<string>();
        var tasks = ReadAll("tasks", _config.Tasks, reference => TaskCatalog.Ready(reference, _config.Seed, _baseFolder), problems);
        var models = ReadAll("models", _config.Models, path => ModelHeader.Read(ModelFolder.Locate(path, _baseFolder)), problems);
        problems.AddRange(models.GroupBy(model => model.Name, StringComparer.Ordinal).Where(group => group.Count() > 1)
            .Select(repeated => $"`models`: {repeated.Count()} model folders are named \"{repeated.Key}\"; rename all but one folder, since results are told apart by that name."));
        problems.AddRange(from recipe in _config.FineTuning?.Recipes ?? new Dictionary<string, FineTuneRecipe>()
                          from model in models
                          where recipe.Value.LayersTransferred > model.Config.LayerCount
                          select $"`fine_tuning.recipes.{recipe.Key}.layers_transferred` ({recipe.Value.LayersTransferred}) must be at most {model.Config.LayerCount}, the layers of {model.Name}.");
        problems.AddRange(from task in _config.InContext is null ? [] : tasks
                          from run in task.OtherProtocols.Prepend(task)
                          let longest = (run.Task.Scoring as GenerationScoring)?.MaxNewTokenCount
                          from model in models
                          where longest >= model.Config.ContextLength
                          select $"Task {run.Task.Name}: answers of up to {longest} tokens, but {model.Name} has a context of {model.Config.ContextLength}; allowed are 1 to {model.Config.ContextLength - 1}.");
        if (problems.Count > 0) throw new ConfigException($"experiment {_config.Name}", problems);

        var store = new CellStore(Path.Combine(_config.RunFolder, "cells"), _warnings.Add);
        var cells = new List<PlannedCell>();
        var tokenizers = models.Select(model => TokenizerFolder.Load(Path.GetFullPath(model.Folder))).ToList();
        if (_config.InContext is not null) tasks = tasks.ConvertAll(task => WithoutItemsThatDoNotFit(task, models, tokenizers));
        var cost = new CellCost();
        for (var model = 0; model < models.Count; model++)
        {
            foreach (var task in tasks)
            {
                if (_config.InContext is { } inContext)
                {
                    ReadyTask[] protocols = [task, .. task.OtherProtocols];
                    cells.AddRange(from protocol in Enumerable.Range(0, protocols.Length)
                                   from shots in inContext.ShotsOf(task)
                                   from seed in shots == 0 ? inContext.Seeds.Take(1) : inContext.Seeds
                                   select new PlannedInContext(model, task, shots, seed, cost.InContext(protocols[protocol], shots, models[model], tokenizers[model])) { Protocol = protocol });
                    cells.AddRange(Variations(inContext, model, task, shots => cost.InContext(task, shots, models[model], tokenizers[model])));
                }

                if (_config.FineTuning is { } fineTuning && task.FineTune)
                {
                    if (task.Splits.Train.Count < fineTuning.Examples.Max())
                    {
                        _warnings.Add($"{task.Task.Name} has {task.Splits.Train.Count} training items; fine-tuning on more is left out.");
                    }

                    cells.AddRange(from examples in fineTuning.Examples.Where(n => n <= task.Splits.Train.Count)
                                   from recipe in fineTuning.Recipes
                                   from seed in fineTuning.Seeds
                                   select new PlannedFineTuning(model, task, examples, recipe.Key, seed, cost.FineTuning(task, examples, recipe.Value, fineTuning.ValidationLimit, models[model], tokenizers[model])));
                }
            }
        }

        var missing = cells.Where(cell => !IsStored(cell, models, store)).ToList();
        if (missing.Count > 0) _warnings.AddRange(UnusedCells.Reasons(Path.Combine(_config.RunFolder, "cells"), cells.Select(cell => AddressOf(cell, models)).ToHashSet(StringComparer.Ordinal), CellEnvironment()));
        return new ComparisonPlan(models, tasks, cells, store, missing, [.. _warnings.Distinct()]);
    }

    /// <summary>A task without the items that some model could not score under some protocol: all conditions are compared on the same items.</summary>
    private ReadyTask WithoutItemsThatDoNotFit(ReadyTask task, List<ModelHeader> models, List<ITokenizer> tokenizers)
    {
        var shortest = models.Min(model => model.Config.ContextLength);
        var misfits = models.Zip(tokenizers).DistinctBy(pair => (pair.First.TokenizerFingerprint, pair.First.Config.ContextLength))
            .SelectMany(pair => ((ReadyTask[])[task, .. task.OtherProtocols]).SelectMany(each => Evaluator.ItemsThatDoNotFit(each.Task, each.Splits, pair.Second, pair.First.Config.ContextLength)))
            .Distinct(StringComparer.Ordinal).ToList();
        if (misfits.Count == 0) return task;
        var which = $"{string.Join(", ", misfits.Take(3))}{(misfits.Count > 3 ? $" and {misfits.Count - 3} more" : "")}";
        if (_config.InContext!.Overflow == OverflowPolicy.Error || misfits.Count == task.Splits.Test.Count)
        {
            throw new ConfigException($"Task {task.Task.Name}, {which}: an answer is longer than the context of {shortest} tokens, so it can't be scored; list the items to score in `tasks[].items`, or take models with a longer context{(misfits.Count < task.Splits.Test.Count ? ", or another `in_context.overflow`, which leaves such items out" : "")}.");
        }

        _warnings.Add($"{task.Task.Name}: {which} left out of every condition, because an answer is longer than the context of {shortest} tokens.");
        return task.Without(misfits);
    }

    /// <summary>Reads every entry of a list; what cannot be read becomes a problem with its place, so that all are reported together.</summary>
    private static List<TResult> ReadAll<T, TResult>(string key, IReadOnlyList<T> entries, Func<T, TResult> read, List<string> problems)
    {
        var results = new List<TResult>();
        for (var i = 0; i < entries.Count; i++)
        {
            try
            {
                results.Add(read(entries[i]));
            }
            catch (ConfigException error)
            {
                problems.Add($"`{key}[{i}]`: {error.Message}");
            }
        }

        return results;
    }

    /// <summary>Every draw in other orders, and in other wordings: one change at a time from the cell that the comparison itself has.</summary>
    private static IEnumerable<PlannedInContext> Variations(InContextConfig inContext, int model, ReadyTask task, Func<int, long> cost)
    {
        if (inContext.Variation is not { } variation) yield break;
        foreach (var shots in variation.ShotsOf(inContext.ShotsOf(task)))
        {
            foreach (var seed in inContext.Seeds)
            {
                for (var order = 1; order < (shots > 1 ? variation.Orders : 1); order++) yield return new PlannedInContext(model, task, shots, seed, cost(shots)) { Order = order };
                for (var wording = 1; wording <= task.Wordings.Count; wording++) yield return new PlannedInContext(model, task, shots, seed, cost(shots)) { Wording = wording };
            }
        }
    }

    /// <summary>Computes what is missing and writes the report.</summary>
    /// <param name="progress">Called after every cell and every chunk of one.</param>
    /// <param name="cancellation">Stops after the current chunk; finished cells are kept.</param>
    public RunOutcome Run(IProgress<RunProgress>? progress = null, CancellationToken cancellation = default)
    {
        var clock = Stopwatch.StartNew();
        var plan = Plan();
        AtomicFile.WriteText(Path.Combine(_config.RunFolder, "config.json"), JsonSerializer.Serialize<ExperimentConfig>(FromRunFolder(), ConfigJson.Options) + "\n");
        var timings = new CellTimings(_config.RunFolder);
        var meter = new CostMeter(plan.Cells.Count, plan.Missing, progress);
        Compute(plan, plan.Missing, meter, (cell, payload, seconds) =>
        {
            if (cell is PlannedInContext inContext) plan.Store.Write(KeyOf(inContext, plan.Models), (ScoredCell)payload);
            else if (cell is PlannedFineTuning fineTuning) plan.Store.Write(KeyOf(fineTuning, plan.Models), (FineTuneResult)payload);
            timings.Add(TimingOf(cell, plan.Models, seconds));
        }, cancellation);
        timings.WriteTable(_device, plan.Cells.Select(cell => AddressOf(cell, plan.Models)).ToHashSet(StringComparer.Ordinal));
        var (reportPath, check) = WriteReport(plan, progress, cancellation);
        return new RunOutcome(_config.RunFolder, reportPath, plan.Cells.Count - plan.Missing.Count, plan.Missing.Count, clock.Elapsed.TotalSeconds, [.. _warnings.Distinct()], check.ItemCount > 0 ? check : null);
    }

    /// <summary>Computes cells, each model loaded once.</summary>
    /// <param name="plan">The plan they are from.</param>
    /// <param name="cells">What to compute.</param>
    /// <param name="meter">Told of every start, part and end.</param>
    /// <param name="finished">Given every cell with its payload (<see cref="ScoredCell"/> or <see cref="FineTuneResult"/>) and seconds.</param>
    /// <param name="cancellation">Stops after the current chunk.</param>
    internal void Compute(ComparisonPlan plan, IReadOnlyList<PlannedCell> cells, CostMeter meter, Action<PlannedCell, object, double> finished, CancellationToken cancellation)
    {
        foreach (var group in cells.GroupBy(cell => cell.Model))
        {
            using var loaded = ModelFolder.Load(plan.Models[group.Key].Folder);
            // A long run outlives what it read at its start: scores of other weights would stand under the old ones' name.
            if (loaded.WeightsHash != plan.Models[group.Key].WeightsHash || loaded.Tokenizer?.Fingerprint is { } read && read != plan.Models[group.Key].TokenizerFingerprint)
                throw new ConfigException($"{plan.Models[group.Key].Folder} has changed since the run began: weights {loaded.WeightsHash[..12]} where the plan has {plan.Models[group.Key].WeightsHash[..12]}. Run the same command again to plan with what is there now.");
            _device.MoveHere(loaded.Model);
            var tokenizer = loaded.RequireTokenizer();
            using var languageModel = new GptLanguageModel(loaded.Model, loaded.Name, loaded.WeightsHash);
            using var plainModel = new GptLanguageModel(loaded.Model, loaded.Name, loaded.WeightsHash, new ScoringOptions { ShareContexts = false });
            foreach (var cell in group)
            {
                cancellation.ThrowIfCancellationRequested();
                meter.Begin(cell, plan.Models[cell.Model].Name);
                var clock = Stopwatch.StartNew();
                object payload = cell switch
                {
                    PlannedInContext inContext => Evaluate(inContext, languageModel, plainModel, tokenizer, meter, cancellation),
                    PlannedFineTuning fineTuning => FineTune(fineTuning, loaded.Model, tokenizer, meter, cancellation),
                    _ => throw new ArgumentOutOfRangeException(nameof(cells), cell, "Unknown cell."),
                };
                finished(cell, payload, clock.Elapsed.TotalSeconds);
                meter.End(cell);
            }
        }
    }

    private ScoredCell Evaluate(PlannedInContext cell, ILanguageModel model, ILanguageModel plain, ITokenizer tokenizer, CostMeter meter, CancellationToken cancellation)
    {
        var task = cell.Scored;
        var options = new EvaluationOptions { Shots = cell.Shots, Seed = cell.Seed, DemonstrationSeed = cell.Seed, OrderSeed = cell.Order == 0 ? null : cell.Order, Overflow = _config.InContext!.Overflow };
        var within = new InlineProgress<EvaluationProgress>(step => meter.Within(cell, step.Total == 0 ? 1 : (double)step.Done / step.Total));
        var result = Evaluator.Run(model, tokenizer, task.Task, task.Splits, options, within, cancellation);

        // Speed must not change what is measured: a part is scored again the plain way, chosen by the cell's own content.
        var chosen = new CounterRandom(cell.Seed, "plain passes of " + task.Fingerprint, cell.Shots, cell.Order);
        var some = options with { Limit = PlainPassCheck.ItemsOf(task.Splits.Test.Count), Seed = (long)(chosen.NextUInt64() >> 1) };
        return new ScoredCell(result, PlainPassCheck.Of(result, Evaluator.Run(plain, tokenizer, task.Task, task.Splits, some, null, cancellation)));
    }

    private FineTuneResult FineTune(PlannedFineTuning cell, Gpt pretrained, ITokenizer tokenizer, CostMeter meter, CancellationToken cancellation)
    {
        var train = cell.Task.TrainingExamples(cell.Examples, cell.Seed);
        var within = new InlineProgress<FineTuneProgress>(step => meter.Within(cell, step.TotalSteps == 0 ? 1 : (double)step.Step / step.TotalSteps));
        try
        {
            return FineTuner.Run(pretrained, tokenizer, _config.FineTuning!.Recipes[cell.Recipe], cell.Task.ClassCount, train, cell.Task.ValidationExamples(_config.FineTuning.ValidationLimit, _config.Seed), cell.Task.Labelled(cell.Task.Splits.Test), cell.Seed, within, cancellation);
        }
        catch (ArgumentException error)
        {
            // A label or score that the head has no place for: the task's data are to blame.
            throw new ConfigException($"Task {cell.Task.Task.Name}: {error.Message.Split(" (Parameter", 2)[0]}", error);
        }
        catch (FineTuningDivergedException error)
        {
            throw new ConfigException($"Task {cell.Task.Task.Name}, recipe {cell.Recipe}, {cell.Examples} examples, seed {cell.Seed}: {error.Message} Finished cells are kept and stay valid for the other recipes.", error);
        }
    }

    private (string Path, PlainPassCheck Check) WriteReport(ComparisonPlan plan, IProgress<RunProgress>? progress, CancellationToken cancellation)
    {
        progress?.Report(new RunProgress("report", plan.Cells.Count, plan.Cells.Count, 0, null));
        var inContext = plan.Cells.OfType<PlannedInContext>().Select(cell => (Cell: cell, Stored: Stored<InContextKey, ScoredCell>(KeyOf(cell, plan.Models), plan))).ToList();
        var fineTuning = plan.Cells.OfType<PlannedFineTuning>().Select(cell => (Cell: cell, Stored: Stored<FineTuningKey, FineTuneResult>(KeyOf(cell, plan.Models), plan))).ToList();
        var results = new ComparisonResults(
            [.. inContext.Where(pair => !pair.Cell.IsVariation).Select(pair => (pair.Cell, pair.Stored.Payload.Result))],
            [.. inContext.Where(pair => pair.Cell.IsVariation).Select(pair => (pair.Cell, pair.Stored.Payload.Result))],
            [.. fineTuning.Select(pair => (pair.Cell, pair.Stored.Payload))],
            PlainPassCheck.Sum(inContext.Select(pair => pair.Stored.Payload.Check)),
            inContext.Select(pair => ((PlannedCell)pair.Cell, pair.Stored.Checksum)).Concat(fineTuning.Select(pair => ((PlannedCell)pair.Cell, pair.Stored.Checksum))).ToDictionary(),
            Processors(inContext.Select(pair => pair.Stored.Processor).Concat(fineTuning.Select(pair => pair.Stored.Processor))));
        cancellation.ThrowIfCancellationRequested();
        var overlap = new PretrainingOverlap(_config, _warnings.Add).Of(plan, results, cancellation);
        var model = ReportBuilder.Build(FromRunFolder(), _device, plan, results, overlap);
        StoredItemsBuilder.Build(_config, plan, results).Write(_config.RunFolder);
        return (RunReport.Write(_config.RunFolder, model), results.Check);
    }

    /// <summary>The processors that computed a run's cells, with their shares where they are several: these may differ in the last bits.</summary>
    private string Processors(IEnumerable<string?> processors)
    {
        var shares = processors.CountBy(name => name ?? "not recorded").OrderByDescending(pair => pair.Value).ThenBy(pair => pair.Key, StringComparer.Ordinal).ToList();
        if (shares.Count == 1) return shares[0].Key;
        var all = string.Join(", ", shares.Select(pair => string.Create(CultureInfo.InvariantCulture, $"{pair.Key} ({pair.Value:N0} {(pair.Value == 1 ? "cell" : "cells")})")));
        _warnings.Add($"The run's cells were computed on more than one processor, so their last bits may differ from those of one machine: {all}.");
        return all;
    }

    /// <summary>The experiment with its paths as seen from the run folder, where its copy lies and can be run again.</summary>
    private ComparisonConfig FromRunFolder()
    {
        return _config with
        {
            Models = [.. _config.Models.Select(name => Path.Exists(Path.Combine(_baseFolder, name)) ? Rebased(name) : name)],   // a pulled model keeps its name
            Tasks = [.. _config.Tasks.Select(task => task.File is null ? task : task with { File = Rebased(task.File) })],
        };

        string Rebased(string path) => Path.IsPathRooted(path) ? path : Path.GetRelativePath(Path.GetFullPath(_config.RunFolder), Path.GetFullPath(Path.Combine(_baseFolder, path)));
    }

    private static FoundCell<TPayload> Stored<TKey, TPayload>(TKey key, ComparisonPlan plan)
        where TPayload : class =>
        plan.Store.Find<TKey, TPayload>(key) ?? throw new IOException($"Cell {CellStore.Address(key)} is missing or damaged; run the same command again to compute it.");

    private bool IsStored(PlannedCell cell, IReadOnlyList<ModelHeader> models, CellStore store) => cell switch
    {
        PlannedInContext inContext => store.TryRead<InContextKey, ScoredCell>(KeyOf(inContext, models)) is not null,
        PlannedFineTuning fineTuning => store.TryRead<FineTuningKey, FineTuneResult>(KeyOf(fineTuning, models)) is not null,
        _ => false,
    };

    private InContextKey KeyOf(PlannedInContext cell, IReadOnlyList<ModelHeader> models) => new(
        models[cell.Model].WeightsHash, models[cell.Model].TokenizerFingerprint, cell.Task.Task.Name, cell.Scored.Fingerprint, cell.Shots, cell.Seed, _config.InContext!.Overflow, CellEnvironment()) { OrderSeed = cell.Order == 0 ? null : cell.Order };

    private FineTuningKey KeyOf(PlannedFineTuning cell, IReadOnlyList<ModelHeader> models)
    {
        var (model, recipe) = (models[cell.Model], _config.FineTuning!.Recipes[cell.Recipe]);
        double[] dropout = [model.Config.EmbeddingDropoutProbability, model.Config.AttentionDropoutProbability, model.Config.ResidualDropoutProbability];
        var isPartOfValidation = _config.FineTuning.ValidationLimit < cell.Task.Splits.Validation.Count;
        return new(model.WeightsHash, model.TokenizerFingerprint, cell.Task.Task.Name, cell.Task.LabelledFingerprint, cell.Examples, cell.Seed, recipe, CellEnvironment())
        {
            ValidationLimit = isPartOfValidation ? _config.FineTuning.ValidationLimit : null,
            ValidationSeed = isPartOfValidation ? _config.Seed : null,
            ScoreTargets = cell.Task.IsScored ? true : null,
            OwnDropout = recipe.ModelDropout is null && dropout.Any(p => p > 0) ? dropout : null,
            Initialization = model.Config.Initialization == Core.Configuration.Initialization.Gpt2 ? null : model.Config.Initialization,
        };
    }

    private string AddressOf(PlannedCell cell, IReadOnlyList<ModelHeader> models) => cell switch
    {
        PlannedInContext inContext => CellStore.Address(KeyOf(inContext, models)),
        PlannedFineTuning tuning => CellStore.Address(KeyOf(tuning, models)),
        _ => throw new ArgumentOutOfRangeException(nameof(cell), cell, "Unknown cell."),
    };

    private CellTiming TimingOf(PlannedCell cell, IReadOnlyList<ModelHeader> models, double seconds)
    {
        var (regime, condition) = cell switch
        {
            PlannedInContext inContext => ("in_context", string.Create(CultureInfo.InvariantCulture, $"{inContext.Shots}-shot")),
            PlannedFineTuning tuning => ("fine_tuning", string.Create(CultureInfo.InvariantCulture, $"{tuning.Recipe}, {tuning.Examples} examples")),
            _ => throw new ArgumentOutOfRangeException(nameof(cell), cell, "Unknown cell."),
        };
        return new CellTiming(AddressOf(cell, models), models[cell.Model].Name, cell.Task.Task.Name, regime, condition, cell.Cost, Math.Round(seconds, 3)) { Processor = RunEnvironment.Processor };
    }

    private CellEnvironment CellEnvironment() => new(_device.Name, _device.Threads, ComputeDevice.TorchVersion);
}

/// <summary>What a comparison will do.</summary>
/// <param name="Models">Models in the file's order.</param>
/// <param name="Tasks">Tasks in the file's order.</param>
/// <param name="Cells">All cells.</param>
/// <param name="Store">Where they are kept.</param>
/// <param name="Missing">Those still to compute.</param>
/// <param name="Warnings">What could not be used or done as asked.</param>
public sealed record ComparisonPlan(IReadOnlyList<ModelHeader> Models, IReadOnlyList<ReadyTask> Tasks, IReadOnlyList<PlannedCell> Cells, CellStore Store, IReadOnlyList<PlannedCell> Missing, IReadOnlyList<string> Warnings);

/// <summary>All cells with their results.</summary>
/// <param name="InContext">The comparison's k-shot cells.</param>
/// <param name="Variations">Cells of other orders and wordings.</param>
/// <param name="FineTuning">Fine-tunings.</param>
/// <param name="Check">The plain second scoring, over all in-context cells.</param>
/// <param name="Checksums">Checksum of every cell's payload.</param>
/// <param name="Processors">What computed the cells.</param>
public sealed record ComparisonResults(
    IReadOnlyList<(PlannedInContext Cell, TaskResult Result)> InContext,
    IReadOnlyList<(PlannedInContext Cell, TaskResult Result)> Variations,
    IReadOnlyList<(PlannedFineTuning Cell, FineTuneResult Result)> FineTuning,
    PlainPassCheck Check,
    IReadOnlyDictionary<PlannedCell, string> Checksums,
    string Processors);
