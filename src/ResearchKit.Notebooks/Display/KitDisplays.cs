// How the kit's own values look. One line a type; the drawing is in the files beside this one.
using ResearchKit.Core.Configuration;
using ResearchKit.Evaluation;
using ResearchKit.Evaluation.Statistics;
using ResearchKit.Experiments;
using ResearchKit.Experiments.Configuration;
using ResearchKit.Experiments.Reporting;
using ResearchKit.Models;
using ResearchKit.Training.FineTuning;

[assembly: ResearchKit.Notebooks.DisplaySource(typeof(ResearchKit.Notebooks.Display.KitDisplays))]

namespace ResearchKit.Notebooks.Display;

/// <summary>Configurations, models, tokens, results, comparisons and reports as HTML and as text.</summary>
public sealed class KitDisplays : IDisplaySource
{
    /// <inheritdoc/>
    public void Register(DisplayRegistry displays)
    {
        displays.Add<ModelConfig>(ModelDisplay.Of);
        displays.Add<Gpt>(ModelDisplay.Of);
        displays.Add<AttentionPattern>(pattern => PatternDisplay.Of(pattern, PatternDisplay.StandardLength));
        displays.Add<SurprisalText>(SurprisalDisplay.Of);
        displays.Add<TaskResult>(ResultDisplay.Of);
        displays.Add<FineTuneResult>(ResultDisplay.Of);
        displays.Add<PairedComparison>(StatisticsDisplay.Of);
        displays.Add<Interval>(StatisticsDisplay.Of);
        displays.Add<MeanEstimate>(StatisticsDisplay.Of);
        displays.Add<ExperimentConfig>(ExperimentDisplay.Of);
        displays.Add<ComparisonPlan>(ExperimentDisplay.Of);
        displays.Add<RunOutcome>(ExperimentDisplay.Of);
        displays.Add<PretrainingOutcome>(ExperimentDisplay.Of);
        displays.Add<ReportModel>(ReportDisplay.Of);
        displays.Add<ModelCard>(ExperimentDisplay.Of);
    }
}
