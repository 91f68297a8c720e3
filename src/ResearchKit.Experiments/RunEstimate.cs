using System.Diagnostics;
using ResearchKit.Core;
using ResearchKit.Core.Configuration;
using ResearchKit.Core.Random;
using ResearchKit.Experiments.Cells;
using ResearchKit.Experiments.Configuration;
using ResearchKit.Models;
using ResearchKit.Models.Checkpoints;

namespace ResearchKit.Experiments;

/// <summary>What the missing cells of a plan will take, before anything runs.</summary>
/// <param name="InContextTokens">Forward tokens of the missing in-context cells.</param>
/// <param name="FineTuningTokens">Forward tokens of the missing fine-tunings; a training token counts three times.</param>
/// <param name="InContextRate">Forward tokens per second in context.</param>
/// <param name="FineTuningRate">Forward tokens per second in fine-tuning.</param>
/// <param name="RateSource">Where the rates are from, a few words.</param>
/// <param name="MemoryBytes">Most memory at one time: weights, gradients, moments, activations and the runtime.</param>
public sealed record RunEstimate(long InContextTokens, long FineTuningTokens, double InContextRate, double FineTuningRate, string RateSource, long MemoryBytes)
{
    // What a process holds before any model: libtorch's libraries, the runtime, task texts.
    private const long RuntimeBytes = 400L << 20;
    private const int TrialBatch = 8, TrialLength = 128;
    private const double TrialSeconds = 0.5;

    // What whole runs reach of the trial's rate, measured on the quickstart: prompts are shorter than the trial's, and fine-tuning takes optimizer steps.
    private const double ShareOfTrial = 0.75;

    /// <summary>Forward tokens of all missing cells.</summary>
    public long Tokens => InContextTokens + FineTuningTokens;

    /// <summary>Estimated time.</summary>
    public TimeSpan Time => TimeSpan.FromSeconds(InContextTokens / InContextRate + FineTuningTokens / FineTuningRate);

    /// <summary>Estimates a plan: by this run folder's own times where it has some, else by half a second of forward passes, in processor time.</summary>
    public static RunEstimate Of(ComparisonConfig config, ComparisonPlan plan, ComputeDevice device)
    {
        var shots = plan.Missing.OfType<PlannedInContext>().Sum(cell => cell.Cost);
        var tuning = plan.Missing.OfType<PlannedFineTuning>().Sum(cell => cell.Cost);
        var addresses = new CellAddresses(config, device, plan.Models);
        var own = plan.Cells.Select(addresses.Of).ToHashSet(StringComparer.Ordinal);
        var times = new CellTimings(config.RunFolder).Read().Where(timing => own.Contains(timing.Address)).ToList();   // those of other devices or threads say nothing
        double? Measured(string regime) => times.Where(timing => timing.Regime == regime).ToList() is { Count: > 0 } measured && measured.Sum(timing => timing.Seconds) is > 0 and var seconds
            ? measured.Sum(timing => timing.Tokens) / seconds : null;
        var (inContext, fineTuning) = (Measured("in_context"), Measured("fine_tuning"));
        var isTried = (shots > 0 && inContext is null) || (tuning > 0 && fineTuning is null);
        var trial = isTried ? TrialRate(plan.Models[0].Folder, device) : 1;
        const string Trial = "a trial of half a second in processor time";
        var source = !isTried ? "this run's finished cells" : (inContext ?? fineTuning) is null ? Trial : "this run's finished cells and " + Trial;
        return new RunEstimate(shots, tuning, inContext ?? trial, fineTuning ?? trial, source, Memory(config, plan));
    }

    private static double TrialRate(string folder, ComputeDevice device)
    {
        using var loaded = ModelFolder.Load(folder);
        device.MoveHere(loaded.Model);
        using var model = new GptLanguageModel(loaded.Model, loaded.Name, loaded.WeightsHash);
        var random = new CounterRandom(1, "trial of speed");
        var length = Math.Min(TrialLength, model.ContextLength);
        var batch = Enumerable.Range(0, TrialBatch).Select(_ => new LikelihoodRequest([.. Enumerable.Range(0, length).Select(_ => random.Next(model.VocabularySize))], [random.Next(model.VocabularySize)])).ToList();
        model.LogLikelihood(batch);                                       // the first pass pays for threads and memory
        var clock = Stopwatch.StartNew();
        var fastest = double.PositiveInfinity;
        while (clock.Elapsed.TotalSeconds < TrialSeconds)
        {
            var (start, processor) = (clock.Elapsed, Environment.CpuUsage.TotalTime);
            model.LogLikelihood(batch);
            // On a busy machine the clock counts the time of others; processor time does not. On a card the processor only waits.
            var ownTime = (Environment.CpuUsage.TotalTime - processor).TotalSeconds / device.Threads;
            var elapsed = (clock.Elapsed - start).TotalSeconds;
            fastest = Math.Min(fastest, device.Name == "cpu" && ownTime > 0 ? Math.Min(elapsed, ownTime) : elapsed);
        }

        return ShareOfTrial * TrialBatch * length / fastest;
    }

    private static long Memory(ComparisonConfig config, ComparisonPlan plan)
    {
        var most = 0L;
        foreach (var model in plan.Models)
        {
            var size = ModelSize.Of(model.Config);
            var scoring = size.WeightBytes() + size.ActivationBytes(1, new ScoringOptions().TokenBudget);
            // Fine-tuning works on a copy beside the pre-trained weights and keeps the best epoch's.
            var tuning = config.FineTuning is { } tuned
                ? 3 * size.WeightBytes() + size.GradientBytes + size.OptimizerBytes + tuned.Recipes.Values.Max(recipe => size.ActivationBytes(recipe.BatchSize, model.Config.ContextLength)) : 0;
            most = Math.Max(most, Math.Max(scoring, tuning));
        }

        return most + RuntimeBytes;
    }
}
