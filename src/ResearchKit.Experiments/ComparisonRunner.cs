using System.Diagnostics;
using System.Text.Json;
using ResearchKit.Core;
using ResearchKit.Core.Configuration;
using ResearchKit.Core.Files;
using ResearchKit.Core.Random;
using ResearchKit.Core.Tokenization;
using ResearchKit.Evaluation;
using ResearchKit.Experiments.Cells;
using ResearchKit.Experiments.Configuration;
using ResearchKit.Experiments.Reporting;
using ResearchKit.Models;
using ResearchKit.Models.Checkpoints;
using ResearchKit.Training.FineTuning;
using static System.FormattableString;

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
    public ComparisonPlan Plan() => new ComparisonPlanner(_config, _baseFolder, _device, _warnings).Plan();

    /// <summary>Computes what is missing and writes the report.</summary>
    /// <param name="progress">Called after every cell and every chunk of one.</param>
    /// <param name="cancellation">Stops after the current chunk; finished cells are kept.</param>
    public RunOutcome Run(IProgress<RunProgress>? progress = null, CancellationToken cancellation = default)
    {
        var clock = Stopwatch.StartNew();
        var plan = Plan();
        AtomicFile.WriteText(Path.Combine(_config.RunFolder, "config.json"), JsonSerializer.Serialize<ExperimentConfig>(FromRunFolder(), ConfigJson.Options) + "\n");
        var addresses = new CellAddresses(_config, _device, plan.Models);
        var timings = new CellTimings(_config.RunFolder);
        var meter = new CostMeter(plan.Cells.Count, plan.Missing, progress);
        Compute(plan, plan.Missing, meter, (cell, payload, seconds) =>
        {
            if (cell is PlannedInContext inContext) plan.Store.Write(addresses.KeyOf(inContext), (ScoredCell)payload);
            else if (cell is PlannedFineTuning fineTuning) plan.Store.Write(addresses.KeyOf(fineTuning), (FineTuneResult)payload);
            timings.Add(new CellTiming(addresses.Of(cell), plan.Models[cell.Model].Name, cell.Task.Task.Name, cell.Regime, cell.Setting, cell.Cost, Math.Round(seconds, 3)) { Processor = RunEnvironment.Processor });
        }, cancellation);
        timings.WriteTable(_device, plan.Cells.Select(addresses.Of).ToHashSet(StringComparer.Ordinal));
        var (reportPath, check) = WriteReport(plan, addresses, progress, cancellation);
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

    private (string Path, PlainPassCheck Check) WriteReport(ComparisonPlan plan, CellAddresses addresses, IProgress<RunProgress>? progress, CancellationToken cancellation)
    {
        progress?.Report(new RunProgress("report", plan.Cells.Count, plan.Cells.Count, 0, null));
        var inContext = plan.Cells.OfType<PlannedInContext>().Select(cell => (Cell: cell, Stored: Named(Stored<InContextKey, ScoredCell>(addresses.KeyOf(cell), plan), plan.Models[cell.Model]))).ToList();
        var fineTuning = plan.Cells.OfType<PlannedFineTuning>().Select(cell => (Cell: cell, Stored: Stored<FineTuningKey, FineTuneResult>(addresses.KeyOf(cell), plan))).ToList();
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
        var all = string.Join(", ", shares.Select(pair => Invariant($"{pair.Key} ({pair.Value:N0} {(pair.Value == 1 ? "cell" : "cells")})")));
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

    /// <summary>A cell under the present names of model and tokenizer, which its address leaves out: the folder may have been renamed since.</summary>
    private static FoundCell<ScoredCell> Named(FoundCell<ScoredCell> cell, ModelHeader model)
    {
        var result = cell.Payload.Result;
        if (result.Model == model.Name && result.Tokenizer == model.TokenizerName) return cell;
        var payload = cell.Payload with { Result = result with { Model = model.Name, Tokenizer = model.TokenizerName } };
        return cell with { Payload = payload, Checksum = CellStore.Checksum(payload) };
    }

    private static FoundCell<TPayload> Stored<TKey, TPayload>(TKey key, ComparisonPlan plan)
        where TPayload : class =>
        plan.Store.Find<TKey, TPayload>(key) ?? throw new IOException($"Cell {CellStore.Address(key)} is missing or damaged; run the same command again to compute it.");
}

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
