using System.Globalization;
using ResearchKit.Core;
using ResearchKit.Core.Configuration;
using ResearchKit.Core.Random;
using ResearchKit.Experiments.Cells;
using ResearchKit.Experiments.Configuration;
using ResearchKit.Experiments.Reporting;
using ResearchKit.Models;
using ResearchKit.Training.FineTuning;

namespace ResearchKit.Experiments;

/// <summary>What became of one cell when it was computed again.</summary>
public enum CellAgreement
{
    /// <summary>The same bits: prompts, tokens, log-probabilities and predictions.</summary>
    SameBits,

    /// <summary>Other bits, within the tolerance for another machine.</summary>
    WithinTolerance,

    /// <summary>Other results.</summary>
    Different,

    /// <summary>Not computed, since what it is made from is no longer the same.</summary>
    InputChanged,
}

/// <summary>One cell computed again.</summary>
/// <param name="Cell">Id of the cell.</param>
/// <param name="Agreement">What became of it.</param>
/// <param name="ItemCount">Items compared.</param>
/// <param name="ChangedItems">Items with another prediction, answer or score, the first twenty.</param>
/// <param name="ChangedCount">How many there are.</param>
/// <param name="LargestDifference">Largest difference of a choice's log-probability, nats; null where none is stored.</param>
public sealed record VerifiedCell(string Cell, CellAgreement Agreement, int ItemCount, IReadOnlyList<string> ChangedItems, int ChangedCount, double? LargestDifference);

/// <summary>What a verification found.</summary>
/// <param name="Run">Folder of the run.</param>
/// <param name="CellCount">Cells of the run.</param>
/// <param name="Cells">The cells computed again.</param>
/// <param name="Causes">What differs between then and now, such as weights, items, prompts, versions or the machine.</param>
/// <param name="SameMachine">Whether processor, device, threads and TorchSharp are the run's, so that bits must be equal.</param>
public sealed record VerificationResult(string Run, int CellCount, IReadOnlyList<VerifiedCell> Cells, IReadOnlyList<string> Causes, bool SameMachine)
{
    /// <summary>Whether everything agrees as it must: bit for bit on the same processor, within the tolerance elsewhere and on a card.</summary>
    public bool Agrees => Cells.All(cell => cell.Agreement == CellAgreement.SameBits || (cell.Agreement == CellAgreement.WithinTolerance && !SameMachine));
}

/// <summary>Computes cells of a stored run again, from the configuration that lies beside its report, and compares them item by item. Nothing is written.</summary>
public sealed class RunVerification
{
    /// <summary>Largest difference of a choice's log-probability in context on another machine, nats.</summary>
    public const double InContextTolerance = 1e-3;

    /// <summary>Largest difference of a class's log-probability after fine-tuning on another machine, nats: training carries rounding on.</summary>
    public const double FineTuningTolerance = 0.05;

    /// <summary>Largest share of items whose prediction may change on another machine.</summary>
    public const double ChangedShare = 0.02;

    private const int NamedItems = 20;
    private readonly string _folder;
    private readonly ComparisonConfig _config;
    private readonly ReportManifest _manifest;
    private readonly StoredItems _stored;

    private RunVerification(string folder, ComparisonConfig config, ReportManifest manifest, StoredItems stored) => (_folder, _config, _manifest, _stored) = (folder, config, manifest, stored);

    /// <summary>Device of the run.</summary>
    public string Device => _manifest.Device ?? "cpu";

    /// <summary>Threads of the run; 0 where unknown.</summary>
    public int Threads => _manifest.ThreadCount ?? 0;

    /// <summary>Opens a run or results folder.</summary>
    /// <exception cref="ConfigException">It lacks its configuration, report or items, or they are damaged.</exception>
    public static RunVerification Open(string folder)
    {
        var stored = StoredItems.Read(folder);
        var report = Path.Combine(folder, RunReport.FileName);
        var manifest = RunReport.Read(folder).Manifest ?? throw new ConfigException($"{report} has no manifest, so the run cannot be repeated.");
        // Of the report, not config.json: an edited experiment that was started again and interrupted has another one there.
        var text = manifest.Configuration ?? throw new ConfigException($"{report} has no configuration, so the run cannot be repeated.");
        if (ConfigJson.Parse<ExperimentConfig>(text, report, null, parsed => parsed.Problems()) is not ComparisonConfig config) throw new ConfigException($"{report} is not of a comparison; only comparisons can be verified.");
        // A folder that does not exist: no cell of the run itself may stand in for one computed again.
        return new RunVerification(folder, config with { Output = Path.Combine(Path.GetTempPath(), "researchkit-verify-" + Guid.NewGuid().ToString("N")) }, manifest, stored);
    }

    /// <summary>Computes cells again.</summary>
    /// <param name="device">Device and threads; those of the run for equal bits.</param>
    /// <param name="sample">How many cells, drawn by lot over all regimes; null for all.</param>
    /// <param name="progress">Called after every cell and every chunk of one.</param>
    /// <param name="cancellation">Stops after the current chunk.</param>
    /// <exception cref="ConfigException">A model or data set is missing.</exception>
    public VerificationResult Run(ComputeDevice device, int? sample, IProgress<RunProgress>? progress = null, CancellationToken cancellation = default)
    {
        var runner = new ComparisonRunner(_config, _folder, device);
        var plan = runner.Plan();
        var causes = new List<string>();
        var changed = ChangedInputs(plan, causes);
        var sameMachine = MachineCauses(device, causes);
        var cells = plan.Cells.ToDictionary(cell => cell.Id(plan), StringComparer.Ordinal);
        var chosen = Chosen(sample);
        var verified = new Dictionary<string, VerifiedCell>(StringComparer.Ordinal);
        var compute = new List<PlannedCell>();
        foreach (var stored in chosen)
        {
            if (cells.TryGetValue(stored.Id, out var cell) && !changed(cell)) compute.Add(cell);
            else verified[stored.Id] = new VerifiedCell(stored.Id, CellAgreement.InputChanged, stored.Scores.Count, [], 0, null);
        }

        var byId = chosen.ToDictionary(stored => stored.Id, StringComparer.Ordinal);
        runner.Compute(plan, compute, new CostMeter(compute.Count, compute, progress), (cell, payload, _) =>
        {
            var id = cell.Id(plan);
            var again = payload is ScoredCell scored ? StoredItemsBuilder.Of((PlannedInContext)cell, _config, plan, scored.Result, CellStore.Checksum(scored))
                : StoredItemsBuilder.Of((PlannedFineTuning)cell, plan, (FineTuneResult)payload, CellStore.Checksum((FineTuneResult)payload));
            verified[id] = Compare(byId[id], again, _stored.Tasks.First(task => task.Name == again.Task));
        }, cancellation);
        return new VerificationResult(_folder, _stored.Cells.Count, [.. chosen.Select(stored => verified[stored.Id])], causes, sameMachine);
    }

    /// <summary>Cells drawn by lot, in the order of the run; every regime has its share.</summary>
    private IReadOnlyList<StoredCell> Chosen(int? sample)
    {
        if (sample is not { } count || count >= _stored.Cells.Count) return _stored.Cells;
        var tuned = Enumerable.Range(0, _stored.Cells.Count).Where(i => _stored.Cells[i].Condition.IsFineTuned).ToArray();
        var prompted = Enumerable.Range(0, _stored.Cells.Count).Except(tuned).ToArray();
        var random = new CounterRandom(_stored.Cells.Count, "cells to verify");
        var fromTuned = Math.Clamp((int)Math.Round((double)count * tuned.Length / _stored.Cells.Count), tuned.Length > 0 && count > 1 ? 1 : 0, Math.Min(tuned.Length, prompted.Length > 0 && count > 1 ? count - 1 : count));
        var drawn = random.Sample(tuned.Length, fromTuned).Select(i => tuned[i]).Concat(random.Sample(prompted.Length, Math.Min(prompted.Length, count - fromTuned)).Select(i => prompted[i]));
        return [.. drawn.Order().Select(i => _stored.Cells[i])];
    }

    /// <summary>Says which weights, tokenizers, prompts and items are no longer the run's.</summary>
    private Func<PlannedCell, bool> ChangedInputs(ComparisonPlan plan, List<string> causes)
    {
        var hashes = _manifest.Hashes.ToDictionary(row => row.Name, row => row.Value, StringComparer.Ordinal);
        var models = new HashSet<int>();
        var tasks = new HashSet<string>(StringComparer.Ordinal);
        for (var model = 0; model < plan.Models.Count; model++)
        {
            var header = plan.Models[model];
            foreach (var (what, now) in new[] { ("weights of " + header.Name, header.WeightsHash), ("tokenizer of " + header.Name, header.TokenizerFingerprint) })
            {
                if (hashes.GetValueOrDefault(what) is not { } then || then == now) continue;
                causes.Add($"The {what} are no longer those of the run: {then[..12]}… then, {now[..12]}… now (in {header.Folder}).");
                models.Add(model);
            }
        }

        foreach (var task in plan.Tasks.SelectMany(task => task.OtherProtocols.Prepend(task)))
        {
            var name = task.Task.Name;
            if (hashes.GetValueOrDefault(ReportBuilder.ItemsAndPrompt(task)) is not { } then || then == task.Fingerprint) continue;
            tasks.Add(name);
            var (own, now) = (_stored.Tasks.FirstOrDefault(entry => entry.Name == name), StoredItemsBuilder.TaskOf(task, _config));
            var items = own is null ? 0 : own.Items.Zip(now.Items).Count(pair => pair.First.Hash != pair.Second.Hash || pair.First.Id != pair.Second.Id) + Math.Abs(own.Items.Count - now.Items.Count);
            causes.Add(!plan.Tasks.Contains(task) ? $"Prompt, scoring or data of {name} by {task.PublishedProtocol ?? task.Protocol!.Name} have changed since the run."
                : own is not null && own.Protocol != now.Protocol ? $"Prompt, scoring or demonstrations of {name} have changed since the run."
                : items > 0 ? $"The data of {name} have changed since the run: {items.ToString(CultureInfo.InvariantCulture)} of {now.Items.Count.ToString(CultureInfo.InvariantCulture)} scored items differ."
                : $"The training or validation items of {name} have changed since the run; the scored items have not.");
        }

        return cell => models.Contains(cell.Model) || tasks.Contains(cell.Task.Task.Name);
    }

    /// <summary>Says what of versions and machine differs; returns whether bits must be equal all the same.</summary>
    private bool MachineCauses(ComputeDevice device, List<string> causes)
    {
        var same = true;
        void Compare(string what, string? then, string now, bool decides)
        {
            if (then is null || then == now) return;
            causes.Add($"{what}: {then} then, {now} now.");
            same &= !decides;
        }

        var rows = _manifest.Versions.Concat(_manifest.Other).ToLookup(row => row.Name, row => row.Value, StringComparer.Ordinal);
        Compare("Processor", rows[RunEnvironment.ProcessorRow].FirstOrDefault(), RunEnvironment.Processor, decides: true);
        Compare("Device", _manifest.Device, device.Name, decides: true);
        Compare("Threads", _manifest.ThreadCount?.ToString(CultureInfo.InvariantCulture), device.Threads.ToString(CultureInfo.InvariantCulture), decides: true);
        Compare("TorchSharp", rows["TorchSharp"].FirstOrDefault(), ComputeDevice.TorchVersion, decides: true);
        Compare("ResearchKit", rows["ResearchKit"].FirstOrDefault(), RunEnvironment.KitVersion, decides: false);
        Compare(".NET", rows[".NET"].FirstOrDefault(), Environment.Version.ToString(), decides: false);
        // Kernels of a card add in whatever order its threads finish, and which card it was is not known.
        return same && device.Name == "cpu" && rows[RunEnvironment.ProcessorRow].Any();
    }

    private static VerifiedCell Compare(StoredCell then, StoredCell now, StoredTask task)
    {
        var count = then.Scores.Count;
        if (then.Checksum == now.Checksum) return new VerifiedCell(then.Id, CellAgreement.SameBits, count, [], 0, then.LogProbabilities is null ? null : 0);
        if (now.Scores.Count != count) return new VerifiedCell(then.Id, CellAgreement.Different, count, [], count, null);
        var isPerplexity = then.Counts is not null;
        var changed = Enumerable.Range(0, count).Where(i => (!isPerplexity && then.Scores[i] != now.Scores[i]) || then.Predicted?[i] != now.Predicted?[i] || then.Generated?[i] != now.Generated?[i]).Select(i => task.Items[i].Id).ToList();
        double? largest = then.LogProbabilities is { } a && now.LogProbabilities is { } b
            ? a.Zip(b, (x, y) => x.Count == y.Count ? x.Zip(y, Distance).DefaultIfEmpty(0).Max() : double.PositiveInfinity).Select((distance, i) => distance / TokensOf(then, i)).DefaultIfEmpty(0).Max() : null;
        var tolerance = then.Condition.IsFineTuned ? FineTuningTolerance : InContextTolerance;
        var within = !(largest > tolerance) && changed.Count <= ChangedShare * count;
        return new VerifiedCell(then.Id, within ? CellAgreement.WithinTolerance : CellAgreement.Different, count, [.. changed.Take(NamedItems)], changed.Count, largest);
    }

    // A whole text's sum is stored in float32, whose step alone exceeds the tolerance at some ten thousand nats; the tolerance is one of a token.
    private static double TokensOf(StoredCell cell, int item) => Math.Max(1, cell.Counts?[item][0] ?? 1);

    private static double Distance(float then, float now) =>
        then.Equals(now) ? 0 : float.IsFinite(then) && float.IsFinite(now) ? Math.Abs((double)then - now) : double.PositiveInfinity;
}
