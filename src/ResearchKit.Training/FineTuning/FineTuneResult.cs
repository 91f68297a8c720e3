namespace ResearchKit.Training.FineTuning;

/// <summary>Where a fine-tuning stands, sent after every update.</summary>
/// <param name="Epoch">Epoch, from 1.</param>
/// <param name="EpochCount">Epochs of the run.</param>
/// <param name="Step">Updates done.</param>
/// <param name="TotalSteps">Updates of the run.</param>
/// <param name="Loss">Objective L3 of the update's examples.</param>
public sealed record FineTuneProgress(int Epoch, int EpochCount, long Step, long TotalSteps, double Loss);

/// <summary>What one epoch did.</summary>
/// <param name="Epoch">Epoch, from 1.</param>
/// <param name="TrainLoss">Mean of the objective L3 over the epoch's updates.</param>
/// <param name="TrainTaskLoss">Mean of its part L2, nats per example.</param>
/// <param name="TrainLmLoss">Mean of its part L1, nats per token; 0 where λ is 0.</param>
/// <param name="ValidAccuracy">Share of validation examples that are right after the epoch; null without validation examples.</param>
/// <param name="ValidLoss">Mean task loss on the validation examples; null without.</param>
public sealed record FineTuneEpoch(int Epoch, double TrainLoss, double TrainTaskLoss, double TrainLmLoss, double? ValidAccuracy, double? ValidLoss);

/// <summary>What the model says about one example.</summary>
/// <param name="Id">Id of the example.</param>
/// <param name="LogProbabilities">Log-probability of every class or answer, nats.</param>
/// <param name="Predicted">Index of the most likely one, the first of equals.</param>
public sealed record FineTunePrediction(string Id, double[] LogProbabilities, int Predicted);

/// <summary>Predictions and learning curve of one fine-tuning.</summary>
/// <param name="Test">One prediction for each test example, in their order.</param>
/// <param name="Epochs">Epochs in order.</param>
/// <param name="BestEpoch">Epoch, from 1, whose weights predicted.</param>
/// <param name="TruncatedCount">Examples of all splits of which a field was cut to fit the context.</param>
public sealed record FineTuneResult(IReadOnlyList<FineTunePrediction> Test, IReadOnlyList<FineTuneEpoch> Epochs, int BestEpoch, int TruncatedCount);
