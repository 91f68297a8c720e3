using System.Diagnostics;
using System.Text.Json.Nodes;
using ResearchKit.Core;
using ResearchKit.Core.Configuration;
using ResearchKit.Core.Data;
using ResearchKit.Core.Files;
using ResearchKit.Core.Random;
using ResearchKit.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace ResearchKit.Training;

/// <summary>Trains a language model: batch, loss, gradient, update, record, checkpoint. Read <see cref="Run"/> first.</summary>
/// <remarks>
/// The folder gets <c>metrics.jsonl</c> and <c>checkpoint/</c>. A run that finds a checkpoint of its own configuration continues it;
/// on the CPU with the same number of threads the result is the same bits as without the interruption. Dropout draws from libtorch's one generator,
/// so no other thread may draw from it meanwhile.
/// It does not build models or data, and it evaluates only through <see cref="Evaluate"/>.
/// </remarks>
public sealed class Trainer
{
    private readonly Gpt _model;
    private readonly IBatchSource _batches;
    private readonly TrainingConfig _config;
    private readonly string _folder;
    private readonly int _length;

    /// <summary>Prepares a run.</summary>
    /// <param name="model">Trained in place, on the device where it is; built outside any dispose scope.</param>
    /// <param name="batches">Micro-batches of micro_batch_size rows of sequence_length tokens.</param>
    /// <param name="config">How to train.</param>
    /// <param name="folder">Output folder; made where missing.</param>
    /// <exception cref="ConfigException">The configuration has problems, alone or together with the model.</exception>
    public Trainer(Gpt model, IBatchSource batches, TrainingConfig config, string folder)
    {
        (_model, _batches, _config, _folder) = (model, batches, config, folder);
        _length = config.SequenceLength ?? model.Config.ContextLength;
        var problems = config.Problems("training.", model.Config.ContextLength).ToList();
        if (config.GradientCheckpointing && model.Device.type != DeviceType.CPU && model.Config.HasDropout)
            problems.Add($"`training.gradient_checkpointing` with dropout works on the CPU only: TorchSharp cannot rewind the generator of {model.Device}. Set the model's dropout to 0, or leave checkpointing out.");
        if (model.IsRoundedToInt8) problems.Add("The model's weights are rounded to int8 and take no gradients; train a copy (Gpt.Clone), or the model that it was rounded from.");
        if (problems.Count > 0) throw new ConfigException("training configuration", problems);
    }

    /// <summary>Told after every update; null (default) for nobody.</summary>
    public IProgress<TrainingProgress>? Progress { get; init; }

    /// <summary>Evaluates the model in evaluation mode without gradients; its values go to the metrics file. Null (default) evaluates nothing.</summary>
    public Func<TrainingPoint, IReadOnlyDictionary<string, double>>? Evaluate { get; init; }

    /// <summary>Identifies the training data, such as a hash; a run continues only on the data it was begun with. Null (default) is not checked.</summary>
    public string? DataIdentity { get; init; }

    /// <summary>Trains to the end, from the start or from the folder's checkpoint.</summary>
    /// <param name="cancellation">Stops after the current update and saves a checkpoint first.</param>
    /// <exception cref="TrainingDivergedException">The loss or a gradient is not finite.</exception>
    /// <exception cref="ConfigException">The checkpoint belongs to another configuration, or the folder cannot be written.</exception>
    /// <exception cref="OperationCanceledException">Cancelled; the run can be continued.</exception>
    public TrainingResult Run(CancellationToken cancellation = default)
    {
        var checkpoint = new TrainingCheckpoint(_folder, TrainingCheckpoint.Identity(_model.Config, _config, DataIdentity));
        MakeFolder();
        var saved = checkpoint.Load(_model);
        var state = saved ?? new TrainingState { Step = 0, Tokens = 0, MicroBatches = 0 };
        var totalSteps = _config.TotalSteps(_length);
        using var weights = new TrainedWeights(_model, _config);
        var optimizer = weights.Optimizer;
        if (saved is not null) checkpoint.RestoreOptimizer(optimizer, saved);
        using var log = MetricLog.Open(Path.Combine(_folder, "metrics.jsonl"), state.Step);
        var clock = new TrainingClock(state.Step, state.Tokens);
        var (savedStep, lastNorm) = (state.Step, (double?)null);
        _model.train();

        while (state.Step < totalSteps)
        {
            if (cancellation.IsCancellationRequested)
            {
                if (savedStep < state.Step) checkpoint.Save(optimizer, state);
                cancellation.ThrowIfCancellationRequested();
            }

            clock.Start();
            var micros = MicroBatches(state);
            var targetCount = micros.Sum(batch => (long)batch.LossTargetCount);
            var loss = 0.0;                                              // nats per token of the whole batch
            for (var micro = 0; micro < micros.Length; micro++)
            {
                loss += Accumulate(micros[micro], targetCount, state.Step, micro);
                optimizer.CollectGradients();
            }

            var tokens = state.Tokens + micros.Sum(batch => (long)batch.Inputs.Length);
            var rate = _config.Optimizer.LearningRate * _config.Schedule.FactorAt(state.Step, tokens, totalSteps);
            var norm = optimizer.GradientNorm();
            if (!double.IsFinite(loss) || !double.IsFinite(norm)) throw Diverged(state, micros, loss, rate, norm, lastNorm, optimizer);
            optimizer.Step(rate, optimizer.ClipScale(norm));
            optimizer.ReleaseGradients();
            if (_config.GradientCheckpointing) NativeAllocator.ReturnFreeMemory();
            lastNorm = norm;
            state = state with { Step = state.Step + 1, Tokens = tokens, MicroBatches = state.MicroBatches + micros.Length, Loss = loss };
            clock.Stop(state.Step, tokens);

            if (state.Step % _config.LogEvery == 0 || state.Step == totalSteps) log.Write(Record(state, rate, norm, clock));
            Progress?.Report(new(state.Step, totalSteps, tokens, loss, rate, norm, clock.TokensPerSecond, clock.TimeLeft(totalSteps)));
            if (Evaluate is not null && IsDue(_config.EvaluateEvery, state.Step, totalSteps)) state = Evaluated(state, log);
            if (IsDue(_config.CheckpointEvery, state.Step, totalSteps))
            {
                checkpoint.Save(optimizer, state);
                savedStep = state.Step;
            }
        }

        return new TrainingResult(state.Step, state.Tokens, state.Loss, state.Evaluation, saved?.Step ?? 0);
    }

    /// <summary>Adds one micro-batch's share of the gradient of the mean loss over all the update's targets.</summary>
    /// <returns>Its share of that loss.</returns>
    private double Accumulate(TokenBatch batch, long targetCount, long step, int micro)
    {
        if (batch.LossTargetCount == 0) return 0;
        using var scope = NewDisposeScope();
        DropoutSeed.Set(_model.Device, (long)new CounterRandom(_config.Seed, "dropout", step, micro).NextUInt64());
        var (inputs, targets) = batch.ToTensors(_model.Device);                 // [B, T] Int64 each
        using Scalar divisor = targetCount;                                     // kept alive by name: TorchSharp's operators do not
        var loss = _model.LossSum(inputs, targets).Sum.div(divisor);
        if (_config.GradientCheckpointing) NativeAllocator.ReturnFreeMemory();
        BackwardPass.Run(loss);
        return loss.to(float64).ToDouble();
    }

    /// <summary>The next update's micro-batches. The source counts in full batches, so that a ramping batch skips no data.</summary>
    private TokenBatch[] MicroBatches(TrainingState state)
    {
        var batches = new TokenBatch[_config.MicroBatchCountAt(state.Tokens, _length)];
        for (var i = 0; i < batches.Length; i++)
        {
            var (step, micro) = Math.DivRem(state.MicroBatches + i, _config.MicroBatchCount);
            var batch = _batches.At(step, (int)micro);
            var tokens = (_config.MicroBatchSize ?? _config.BatchSize) * _length;
            var length = step < _config.LengthWarmupSteps(_length) ? _config.LengthWarmup!.Length : _length;
            if (batch.BatchSize != tokens / length || batch.Length != length || batch.Inputs.Length != tokens || batch.Targets.Length != tokens)
            {
                throw new ArgumentException($"The batch source gave [{batch.BatchSize}, {batch.Length}] tokens at step {step}, micro-batch {micro}; the training configuration says [{tokens / length}, {length}].");
            }

            batches[i] = batch;
        }

        return batches;
    }

    private TrainingState Evaluated(TrainingState state, MetricLog log)
    {
        _model.eval();
        SortedDictionary<string, double> values;
        using (no_grad()) values = new(Evaluate!(new TrainingPoint(state.Step, state.Tokens)).ToDictionary(), StringComparer.Ordinal);
        _model.train();
        var record = new JsonObject { ["step"] = state.Step, ["tokens"] = state.Tokens };
        foreach (var (name, value) in values) record[name] = double.IsFinite(value) ? value : null;
        log.Write(record);
        return state with { Evaluation = values };
    }

    private TrainingDivergedException Diverged(TrainingState state, TokenBatch[] micros, double loss, double rate, double norm, double? lastNorm, Optimizer optimizer)
    {
        var path = Path.Combine(_folder, "diverged.json");
        var bad = optimizer.NonFiniteGradients();
        var dump = new JsonObject
        {
            ["step"] = state.Step,
            ["tokens"] = state.Tokens,
            ["learning_rate"] = rate,
            ["loss"] = loss.ToString(System.Globalization.CultureInfo.InvariantCulture),
            ["gradient_norm"] = norm.ToString(System.Globalization.CultureInfo.InvariantCulture),
            ["last_gradient_norm"] = lastNorm,
            ["parameters_with_bad_gradients"] = new JsonArray(bad.Select(name => (JsonNode)name).ToArray()),
            ["first_micro_batch"] = state.MicroBatches,
            ["batch_ids"] = new JsonArray(micros.Select(batch => (JsonNode)new JsonArray(batch.Inputs.Select(id => (JsonNode)id).ToArray())).ToArray()),
        };
        string dumped;
        try
        {
            AtomicFile.WriteText(path, dump.ToJsonString(ConfigJson.Compact) + "\n");
            dumped = $"{path} holds the batch";
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            dumped = $"the batch could not be written to {path} ({error.Message.TrimEnd('.')})";
        }

        var before = lastNorm is { } last ? $", gradient norm of the update before {last:g6}" : "";
        return new TrainingDivergedException(
            $"Training stopped at step {state.Step}: the loss is {loss}, the gradient norm {norm} (learning rate {rate:g6}{before}). "
            + $"The last checkpoint is untouched; {dumped}. Lower `training.optimizer.learning_rate`, lengthen the warm-up, or clip harder.",
            path);
    }

    private static JsonObject Record(TrainingState state, double rate, double norm, TrainingClock clock) => new()
    {
        ["step"] = state.Step,
        ["tokens"] = state.Tokens,
        ["loss"] = state.Loss,
        ["learning_rate"] = rate,
        ["gradient_norm"] = norm,
        ["timing"] = new JsonObject { ["tokens_per_second"] = Math.Round(clock.TokensPerSecond, 1), ["seconds"] = Math.Round(clock.Seconds, 3) },
    };

    private static bool IsDue(long every, long step, long totalSteps) => step == totalSteps || (every > 0 && step % every == 0);

    private void MakeFolder()
    {
        try
        {
            Directory.CreateDirectory(_folder);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new ConfigException($"Cannot make the output folder {_folder}: {error.Message} Choose another one.", error);
        }
    }

    /// <summary>Time spent in updates. Only progress and the timing field see it.</summary>
    private sealed class TrainingClock(long firstStep, long firstTokens)
    {
        private readonly Stopwatch _watch = new();
        private long _steps, _tokens;

        public double Seconds => _watch.Elapsed.TotalSeconds;

        public double TokensPerSecond => _tokens / Math.Max(Seconds, 1e-9);

        public void Start() => _watch.Start();

        public void Stop(long step, long tokens)
        {
            _watch.Stop();
            (_steps, _tokens) = (step - firstStep, tokens - firstTokens);
        }

        public TimeSpan TimeLeft(long totalSteps) => TimeSpan.FromSeconds(Seconds / Math.Max(1, _steps) * (totalSteps - firstStep - _steps));
    }
}
