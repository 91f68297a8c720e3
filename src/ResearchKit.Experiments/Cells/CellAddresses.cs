using ResearchKit.Core.Configuration;
using ResearchKit.Experiments.Configuration;
using ResearchKit.Models;
using ResearchKit.Training.FineTuning;

namespace ResearchKit.Experiments.Cells;

/// <summary>Where the cells of a plan are stored: under the hash of everything that determines them.</summary>
/// <param name="config">The experiment.</param>
/// <param name="device">Device and threads.</param>
/// <param name="models">The plan's models.</param>
internal sealed class CellAddresses(ComparisonConfig config, ComputeDevice device, IReadOnlyList<ModelHeader> models)
{
    /// <summary>What of the environment can change a bit.</summary>
    public CellEnvironment Environment { get; } = new(device.Name, device.Threads, ComputeDevice.TorchVersion);

    /// <summary>Everything that determines an in-context cell.</summary>
    public InContextKey KeyOf(PlannedInContext cell) => new(
        models[cell.Model].WeightsHash, models[cell.Model].TokenizerFingerprint, cell.Task.Task.Name, cell.Scored.Fingerprint, cell.Shots, cell.Seed, config.InContext!.Overflow, Environment) { OrderSeed = cell.Order == 0 ? null : cell.Order };

    /// <summary>Everything that determines a fine-tuning.</summary>
    public FineTuningKey KeyOf(PlannedFineTuning cell)
    {
        var (model, recipe) = (models[cell.Model], config.FineTuning!.Recipes[cell.Recipe]);
        double[] dropout = [model.Config.EmbeddingDropoutProbability, model.Config.AttentionDropoutProbability, model.Config.ResidualDropoutProbability];
        var isPartOfValidation = config.FineTuning.ValidationLimit < cell.Task.Splits.Validation.Count;
        return new(model.WeightsHash, model.TokenizerFingerprint, cell.Task.Task.Name, cell.Task.LabelledFingerprint, cell.Examples, cell.Seed, recipe, Environment)
        {
            ValidationLimit = isPartOfValidation ? config.FineTuning.ValidationLimit : null,
            ValidationSeed = isPartOfValidation ? config.Seed : null,
            ScoreTargets = cell.Task.HasScoreTargets ? true : null,
            OwnDropout = recipe.ModelDropout is null && dropout.Any(p => p > 0) ? dropout : null,
            Initialization = model.Config.Initialization == Core.Configuration.Initialization.Gpt2 ? null : model.Config.Initialization,
        };
    }

    /// <summary>Address of a cell in the store.</summary>
    public string Of(PlannedCell cell) => cell switch
    {
        PlannedInContext inContext => CellStore.Address(KeyOf(inContext)),
        PlannedFineTuning tuning => CellStore.Address(KeyOf(tuning)),
        _ => throw new ArgumentOutOfRangeException(nameof(cell), cell, "Unknown cell."),
    };

    /// <summary>Whether a cell's result is in the store, undamaged.</summary>
    public bool IsStored(PlannedCell cell, CellStore store) => cell switch
    {
        PlannedInContext inContext => store.TryRead<InContextKey, ScoredCell>(KeyOf(inContext)) is not null,
        PlannedFineTuning fineTuning => store.TryRead<FineTuningKey, FineTuneResult>(KeyOf(fineTuning)) is not null,
        _ => false,
    };
}
