using System.Globalization;

namespace ResearchKit.Evaluation.Metrics;

/// <summary>A task metric as a function of sums over items. Every metric of this kit has that form, so resampling adds vectors instead of scoring texts again.</summary>
public sealed class AdditiveMetric
{
    private readonly Func<IReadOnlyList<ItemResult>, double[]> _sums;
    private readonly Func<double[], double> _value;

    private AdditiveMetric(string name, Func<IReadOnlyList<ItemResult>, double[]> sums, Func<double[], double> value) => (Name, _sums, _value) = (name, sums, value);

    /// <summary>Name as in <see cref="TaskResult.Metrics"/>.</summary>
    public string Name { get; }

    /// <summary>Whether the metric is the mean of scores in [0, 1] of single items.</summary>
    public bool IsMeanOfShares { get; private init; }

    /// <summary>Prepares a metric.</summary>
    /// <param name="name">Metric, or <c>METRIC/RULE</c> for the predictions of another ranking rule.</param>
    /// <param name="items">All items that will occur; they fix the number of classes.</param>
    /// <exception cref="ArgumentException">No such metric, no items, or items without what the metric needs.</exception>
    public static AdditiveMetric Of(string name, IReadOnlyList<ItemResult> items) => Of(name, [items]);

    /// <summary>Prepares a metric for several runs over the same items; what is ranked is ranked within its run.</summary>
    /// <inheritdoc cref="Of(string, IReadOnlyList{ItemResult})"/>
    /// <param name="name">Metric, or <c>METRIC/RULE</c> for the predictions of another ranking rule.</param>
    /// <param name="runs">The items of every run.</param>
    public static AdditiveMetric Of(string name, IReadOnlyList<IReadOnlyList<ItemResult>> runs)
    {
        ItemResult[] items = [.. runs.SelectMany(run => run)];
        if (items.Length == 0) throw new ArgumentException($"Metric {name} of no items.");
        var slash = name.IndexOf('/');
        var rule = slash < 0 ? null : name[(slash + 1)..];
        ChoicePrediction Prediction(ItemResult item) => item.Predictions.FirstOrDefault(prediction => rule is null || prediction.Rule == rule)
            ?? throw new ArgumentException($"Metric {name}: item {item.Id} has no prediction" + (rule is null ? "." : $" by rule {rule}."));
        string PredictedText(ItemResult item) => item.Choices[Prediction(item).Choice].Answer;

        AdditiveMetric Mean(Func<ItemResult, double> score) => Sum(name, item => [score(item), 1], sums => sums[0] / sums[1], isMeanOfShares: items.All(item => score(item) is >= 0 and <= 1));
        AdditiveMetric MeanWhere(Func<ItemResult, bool> counts, Func<ItemResult, double> score) =>
            Sum(name, item => counts(item) ? [score(item), 1] : [0, 0], sums => sums[1] == 0 ? 0 : sums[0] / sums[1]);
        AdditiveMetric PerUnit(Func<ItemResult, double> unit, Func<double, double> value) =>
            Sum(name, item => [item.Choices[0].LogProbability, unit(item)], sums => value(-sums[0] / sums[1]));
        AdditiveMetric Labels(Func<LabelCounts, double> value) => OfLabels(name, items, Prediction, value);

        return (slash < 0 ? name : name[..slash]) switch
        {
            "accuracy" when rule is null => Mean(item => item.Score),
            "accuracy" => Mean(item => Prediction(item).Correct ? 1 : 0),
            "score" => Mean(item => item.Score),
            "matthews" => Labels(counts => counts.Matthews),
            "binary_f1" or "multi_rc_f1" => Labels(counts => counts.F1(1)),
            // A class that the items lack counts 0 where the items say how many classes there are, as in the harness's CommitmentBank.
            "macro_f1" => Labels(counts => counts.MacroF1(items[0].Choices.Count > 0 ? items[0].Choices.Count : null)),
            "multi_rc_exact_match" => new AdditiveMetric(name, unit =>
            {
                var groups = unit.GroupBy(item => item.Group ?? item.Cluster ?? item.Id).Select(group => group.All(item => Prediction(item).Correct)).ToArray();
                return [groups.Count(right => right), groups.Length];
            }, sums => sums[0] / sums[1]),
            "record_exact_match" => Mean(item => SquadMetrics.ExactMatch(PredictedText(item), item.Answers)),
            "record_f1" => Mean(item => SquadMetrics.F1(PredictedText(item), item.Answers)),
            "target_perplexity" => PerUnit(_ => 1, Math.Exp),
            "token_perplexity" => PerUnit(item => item.Choices[0].TokenIds.Count, Math.Exp),
            "word_perplexity" => PerUnit(item => item.Choices[0].WordCount, Math.Exp),
            "byte_perplexity" => PerUnit(item => item.Choices[0].ByteCount, Math.Exp),
            "bits_per_byte" => PerUnit(item => item.Choices[0].ByteCount, nats => nats / Math.Log(2)),
            "pearson" => OfPairs(name, runs, values => [.. values]),
            "spearman" => OfPairs(name, runs, Correlation.Ranks),
            "brier" => Mean(item => Calibration.Brier(Distribution(item), GoldOf(item, name))),
            "calibration_error" => OfCalibration(name),
            "bleu" => Sum(name, item => Bleu.SufficientCounts(item.Generated ?? "", item.Answers), sums => Bleu.FromSufficientCounts(sums) / 100),
            "ter" => Sum(name, item => TranslationEditRate.SufficientCounts(item.Generated ?? "", item.Answers), sums => TranslationEditRate.FromSufficientCounts(sums) / 100),
            "chrf" => Sum(name, item => CharacterF.SufficientCounts(item.Generated ?? "", item.Answers), sums => CharacterF.FromSufficientCounts(sums) / 100),
            "squad_exact" => Mean(UnanswerableQuestions.Exact),
            "squad_f1" => Mean(UnanswerableQuestions.F1),
            "has_answer_exact" => MeanWhere(UnanswerableQuestions.HasAnswer, UnanswerableQuestions.Exact),
            "has_answer_f1" => MeanWhere(UnanswerableQuestions.HasAnswer, UnanswerableQuestions.F1),
            "no_answer_exact" => MeanWhere(item => !UnanswerableQuestions.HasAnswer(item), UnanswerableQuestions.Exact),
            "no_answer_f1" => MeanWhere(item => !UnanswerableQuestions.HasAnswer(item), UnanswerableQuestions.F1),
            "best_exact" => OfBestThreshold(name, runs, UnanswerableQuestions.Exact),
            "best_f1" => OfBestThreshold(name, runs, UnanswerableQuestions.F1),
            var other when TaskMetrics.GenerationMetricOf(other) is { } metric => Mean(item => GenerationMetrics.Score(metric, item.Generated ?? "", item.Answers)),
            _ => throw new ArgumentException($"\"{name}\" is no metric of these items."),
        };
    }

    /// <summary>Sums of some items. Adding the sums of disjoint sets gives those of their union, provided that items which count only together stay together.</summary>
    public double[] Sums(IReadOnlyList<ItemResult> items) => _sums(items);

    /// <summary>The metric of summed items.</summary>
    public double Value(double[] sums) => _value(sums);

    private static AdditiveMetric Sum(string name, Func<ItemResult, double[]> ofItem, Func<double[], double> value, bool isMeanOfShares = false) => new(name, items =>
    {
        var sums = ofItem(items[0]);
        foreach (var item in items.Skip(1))
        {
            var more = ofItem(item);
            for (var i = 0; i < sums.Length; i++) sums[i] += more[i];
        }

        return sums;
    }, value)
    {
        IsMeanOfShares = isMeanOfShares,
    };

    private static AdditiveMetric OfLabels(string name, IReadOnlyList<ItemResult> items, Func<ItemResult, ChoicePrediction> prediction, Func<LabelCounts, double> value)
    {
        var classes = Math.Max(2, items.Max(item => Math.Max(item.Choices.Count, 1 + Math.Max(GoldOf(item, name), prediction(item).Choice))));
        return Sum(name, item =>
        {
            var (gold, predicted) = (GoldOf(item, name), prediction(item).Choice);
            var counts = new double[3 * classes];
            if (gold == predicted) counts[gold] = 1;
            counts[classes + gold] = 1;
            counts[2 * classes + predicted] = 1;
            return counts;
        }, sums => value(new LabelCounts(sums[..classes], sums[classes..(2 * classes)], sums[(2 * classes)..])));
    }

    /// <summary>Pearson's r of predicted and accepted numbers, or of their ranks among the items of their run (in a resample of the items, the ranks stay those).</summary>
    private static AdditiveMetric OfPairs(string name, IReadOnlyList<IReadOnlyList<ItemResult>> runs, Func<IReadOnlyList<double>, double[]> transform)
    {
        // By reference: the same item stands in every run.
        var pairs = new Dictionary<ItemResult, (double Predicted, double Accepted)>(ReferenceEqualityComparer.Instance);
        foreach (var run in runs)
        {
            var (predicted, accepted) = (transform([.. run.Select(item => ExpectedNumber(item, name))]), transform([.. run.Select(item => AcceptedNumber(item, name))]));
            for (var i = 0; i < run.Count; i++) pairs[run[i]] = (predicted[i], accepted[i]);
        }

        return Sum(name, item =>
        {
            var (x, y) = pairs[item];
            return [1, x, y, x * x, y * y, x * y];
        }, sums =>
        {
            var (n, x, y) = (sums[0], sums[1], sums[2]);
            double xx = sums[3] - x * x / n, yy = sums[4] - y * y / n;
            return xx <= 0 || yy <= 0 ? 0 : Math.Clamp((sums[5] - x * y / n) / Math.Sqrt(xx * yy), -1, 1);
        });
    }

    /// <summary>Mean of the choices read as numbers, weighted by the model's own distribution.</summary>
    private static double ExpectedNumber(ItemResult item, string metric) => item.Choices.Count == 0
        ? throw new ArgumentException($"Metric {metric}: item {item.Id} has no likelihoods.")
        : Distribution(item).Zip(item.Choices, (p, choice) => p * Number(choice.Answer, item, metric)).Sum();

    private static double AcceptedNumber(ItemResult item, string metric) =>
        Number(item.Answers.Count > 0 ? item.Answers[0] : throw new ArgumentException($"Metric {metric}: item {item.Id} has no accepted number."), item, metric);

    private static double Number(string text, ItemResult item, string metric) => double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var value)
        ? value : throw new ArgumentException($"Metric {metric}: item {item.Id} has \"{text}\" where a number is needed.");

    /// <summary>SQuAD 2.0's search: from the question that least likely has no answer to the one that most likely has none, what answering one more gains or costs.</summary>
    private static AdditiveMetric OfBestThreshold(string name, IReadOnlyList<IReadOnlyList<ItemResult>> runs, Func<ItemResult, double> score)
    {
        var ranks = new Dictionary<ItemResult, int>(ReferenceEqualityComparer.Instance);
        foreach (var run in runs)
        {
            foreach (var (rank, item) in run.OrderBy(UnanswerableQuestions.NoAnswerLogProbability).Index()) ranks[item] = rank;
        }

        var longest = runs.Max(run => run.Count);
        return new AdditiveMetric(name, some =>
        {
            var sums = new double[longest + 2];                                 // items, unanswerable ones, and the gain at every rank
            foreach (var item in some)
            {
                var hasAnswer = UnanswerableQuestions.HasAnswer(item);
                sums[0]++;
                if (!hasAnswer) sums[1]++;
                sums[2 + ranks[item]] += hasAnswer ? score(item) : string.IsNullOrEmpty(item.Generated) ? 0 : -1;
            }

            return sums;
        }, sums =>
        {
            var (current, best) = (sums[1], sums[1]);
            foreach (var gain in sums.AsSpan(2)) best = Math.Max(best, current += gain);
            return best / sums[0];
        });
    }

    private static AdditiveMetric OfCalibration(string name) => Sum(name, item =>
    {
        var distribution = Distribution(item);
        var confidence = distribution.Max();
        var sums = new double[Calibration.BinCount + 1];
        sums[Calibration.BinOf(confidence)] = confidence - (Array.IndexOf(distribution, confidence) == GoldOf(item, name) ? 1 : 0);
        sums[^1] = 1;
        return sums;
    }, sums => sums[..^1].Sum(Math.Abs) / sums[^1]);

    private static int GoldOf(ItemResult item, string metric) =>
        item.Gold ?? throw new ArgumentException($"Metric {metric}: item {item.Id} has no right choice.");

    // Sums of log-probabilities are the model's own distribution over the choices; divided ones are no probabilities.
    private static double[] Distribution(ItemResult item) => Calibration.Softmax([.. item.Choices.Select(choice => choice.LogProbability)]);
}
