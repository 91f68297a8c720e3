using System.Globalization;

namespace ResearchKit.Experiments.Reporting;

/// <summary>What conditions, metrics and settings are called in every form of the report.</summary>
/// <param name="model">The report; it decides whether recipes need naming.</param>
public sealed class ReportLabels(ReportModel model)
{
    private readonly bool _manyRecipes =
        model.FineTuning.Select(cell => cell.Recipe).Concat(model.Summaries.Select(row => row.Condition.Recipe).OfType<string>()).Distinct(StringComparer.Ordinal).Count() > 1;

    /// <summary>Such as <c>gpt2-mini, 8-shot</c> or <c>gpt1-mini, fine-tuned on 64 (no-lm)</c>; recipes only where there are several.</summary>
    public string Full(Condition condition) => condition.Model + ", " + Regime(condition);

    /// <summary>Such as <c>8-shot</c> or <c>fine-tuned on 64</c>.</summary>
    public string Regime(Condition condition) => condition switch
    {
        { LabelledCount: { } count } => "fine-tuned on " + ReportFormat.Count(count) + Suffix(condition),
        _ => Shots(condition.K ?? 0) + Suffix(condition),
    };

    /// <summary>Series of a figure: a model in context, or fine-tuned by a recipe.</summary>
    public string Series(Condition condition) => condition.Model + ", " + Style(condition);

    /// <summary>What all models of a series' style have in common: <c>in context</c> or <c>fine-tuned</c>, with its recipe or protocol.</summary>
    public string Style(Condition condition) => (condition.IsFineTuned ? "fine-tuned" : "in context") + Suffix(condition);

    /// <summary><c>zero-shot</c>, <c>one-shot</c>, <c>8-shot</c>.</summary>
    public static string Shots(int k) => k switch { 0 => "zero-shot", 1 => "one-shot", _ => k.ToString(CultureInfo.InvariantCulture) + "-shot" };

    /// <summary>A metric's name for reading: <c>word_perplexity</c> becomes <c>Perplexity per word</c>.</summary>
    public static string Metric(string metric)
    {
        var words = metric.Replace('_', ' ').Replace("/", ", ", StringComparison.Ordinal);
        return metric switch
        {
            "" => "Score",
            "f1" or "binary_f1" or "record_f1" or "coqa_f1" or "drop_f1" => "F1",
            "macro_f1" => "Macro F1",
            "multi_rc_f1" => "F1 over answers",
            "multi_rc_exact_match" or "record_exact_match" => "Exact match",
            "normalized_exact_match" => "Exact match, normalized",
            "bleu" => "BLEU",
            "rouge1" => "ROUGE-1",
            "rouge2" => "ROUGE-2",
            "rouge_l" => "ROUGE-L",
            "stemmed_rouge1" => "ROUGE-1 of stems",
            "stemmed_rouge2" => "ROUGE-2 of stems",
            "stemmed_rouge_l" => "ROUGE-L of stems",
            "ter" => "TER",
            "chrf" => "chrF",
            "squad_exact" => "Exact match",
            "squad_f1" => "F1",
            "caseless_match" or "caseless_match_without_articles" => "Exact match, case ignored",
            "matthews" => "Matthews correlation",
            "pearson" => "Pearson correlation",
            "target_perplexity" => "Perplexity of the target",
            _ when metric.EndsWith("_perplexity", StringComparison.Ordinal) => "Perplexity per " + words[..^" perplexity".Length],
            _ => char.ToUpperInvariant(words[0]) + words[1..],
        };
    }

    /// <summary>A paper's setting for reading.</summary>
    public static string Setting(PaperValue value) => value.Setting switch
    {
        "zero" => "zero-shot",
        "one" => "one-shot",
        "few" => value.K is { } k ? Shots(k) : "few-shot",
        "finetune" => "trained on the task",
        _ => value.Setting,
    };

    private string Suffix(Condition condition) =>
        condition.IsFineTuned ? _manyRecipes && condition.Recipe is { } recipe ? $" ({recipe})" : "" : condition.Protocol is { } protocol ? $" ({protocol})" : "";
}
