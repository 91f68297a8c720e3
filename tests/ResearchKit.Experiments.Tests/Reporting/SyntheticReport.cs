using ResearchKit.Core.Random;
using ResearchKit.Experiments.Reporting;

namespace ResearchKit.Experiments.Tests.Reporting;

/// <summary>Report models made of random numbers with the shape of a real study. The same arguments give the same model.</summary>
public static class SyntheticReport
{
    private static readonly string[] Words =
        "the a film story plot actor scene music village garden kitchen river teacher dog bird train letter window morning evening quiet bright dull slow warm clever moving tired honest strange small never always almost because although while with without said found lost opened carried wrote".Split(' ');

    private static readonly (string Name, string Description, string Metric, double Chance, string[] Choices, double Base, double ShotGain, double TuneGain)[] Kinds =
    [
        ("sst2", "Whether a sentence of a film review is positive or negative (GLUE).", "accuracy", 0.5, ["negative", "positive"], 0.52, 0.10, 0.30),
        ("rte", "Whether a sentence follows from another (GLUE, SuperGLUE).", "accuracy", 0.5, ["False", "True"], 0.50, 0.03, 0.09),
        ("copa", "The more likely cause or effect of an event (SuperGLUE).", "accuracy", 0.5, ["the first choice, which is a whole clause", "the second choice, which is another clause"], 0.53, 0.02, 0.06),
        ("hellaswag", "How a description of an everyday event goes on.", "accuracy", 0.25, ["walks away from the table.", "puts the lid back on the pan & stirs.", "sings <loudly>.", "is seen in the mirror."], 0.27, 0.02, 0.04),
        ("suite/label-induction", "Arbitrary labels for categories of words, to be found out from the prompt.", "accuracy", 0.25, ["A", "B", "C", "D"], 0.25, 0.55, 0.60),
        ("suite/arithmetic-2d+", "Two-digit addition in words and digits (Brown et al. 2020, §3.9).", "exact_match", 0, [], 0.02, 0.05, 0.0),
    ];

    public static readonly int[] Shots = [0, 1, 2, 4, 8, 16];
    public static readonly int[] Labelled = [16, 64, 256, 1024];

    /// <summary>Three models, six tasks, three seeds.</summary>
    /// <param name="itemsPerTask">Items of every task.</param>
    /// <param name="tasks">How many of the six tasks.</param>
    public static ReportModel Make(int itemsPerTask = 500, int tasks = 6)
    {
        var models = new[] { ("gpt1-mini", "gpt1", 5_114_880L), ("gpt2-mini", "gpt2", 5_115_392L), ("gpt3-mini", "gpt3", 5_115_392L) };
        var inContext = new List<InContextCell>();
        var fineTuning = new List<FineTuningCell>();
        var comparisons = new List<ComparisonRow>();
        var items = new List<ItemRecord>();
        var entries = new List<TaskEntry>();
        for (var t = 0; t < tasks; t++)
        {
            var kind = Kinds[t];
            var ids = Enumerable.Range(0, itemsPerTask).Select(i => $"validation/{i}").ToArray();
            entries.Add(new TaskEntry
            {
                Name = kind.Name, Description = kind.Description, Metric = kind.Metric, ChanceLevel = kind.Chance > 0 ? kind.Chance : null, ItemCount = ids.Length, Split = "validation", ItemIds = ids,
            });
            var easy = ids.Select((_, i) => new CounterRandom(7, "ease", t, i).NextGaussian()).ToArray();
            for (var m = 0; m < models.Length; m++)
            {
                foreach (var k in Shots)
                {
                    foreach (var seed in k == 0 ? new long[] { 1 } : [1, 2, 3])
                    {
                        var random = new CounterRandom(11, "in-context", t, m, k, seed);
                        var level = kind.Base + kind.ShotGain * Math.Log2(1 + k) / Math.Log2(17) * (0.6 + 0.25 * m) + 0.02 * random.NextGaussian();
                        var scores = Draw(easy, level, random);
                        inContext.Add(new InContextCell
                        {
                            Id = $"{kind.Name}/{models[m].Item1}/k{k}/s{seed}", Model = models[m].Item1, Task = kind.Name, K = k, Seed = seed, Score = scores.Average()!.Value, Interval = Wilson(scores), ItemCount = ids.Length, ItemScores = scores,
                        });
                    }
                }

                if (kind.TuneGain == 0) continue;
                foreach (var count in Labelled)
                {
                    foreach (var seed in new long[] { 1, 2, 3 })
                    {
                        var random = new CounterRandom(13, "fine-tuning", t, m, count, seed);
                        var level = kind.Base + kind.TuneGain * Math.Log2(count / 8.0) / 7 * (1 - 0.08 * m) + 0.025 * random.NextGaussian();
                        var scores = Draw(easy, level, random);
                        fineTuning.Add(new FineTuningCell
                        {
                            Id = $"{kind.Name}/{models[m].Item1}/n{count}/s{seed}", Model = models[m].Item1, Task = kind.Name, LabelledCount = count, Recipe = "gpt1", Seed = seed, Score = scores.Average()!.Value, Interval = Wilson(scores), ItemCount = ids.Length,
                            ItemScores = scores, BestEpoch = 2, History = [.. Enumerable.Range(1, 3).Select(e => new EpochRecord(e, 0.7 / e + 0.02 * random.NextDouble(), 0.72 / e, level - 0.03 * Math.Abs(2 - e) + 0.01 * random.NextGaussian()))],
                        });
                    }
                }

                comparisons.Add(Compare(kind.Name, fineTuning[^1], inContext.Last(cell => cell.Task == kind.Name && cell.Model == models[m].Item1)));
            }

            items.AddRange(ids.Select((id, i) => Item(kind.Name, id, i, t, kind.Choices, inContext, fineTuning)));
        }

        var holm = comparisons.Count;
        return new ReportModel
        {
            Title = "Fine-tuning against few-shot on six tasks",
            Question = "How many labelled examples does fine-tuning need before it beats the same model with sixteen of them in its prompt?",
            Answer = "On SST-2, fine-tuning gpt1-mini on 64 examples beats its best few-shot prompt by 9.4 points (95% interval 5.8 to 13.0); on label induction the prompt alone comes within 3 points of 1,024 examples.",
            Facts =
            [
                new("Items compared", ReportFormat.Count(itemsPerTask * tasks), $"{tasks} tasks"), new("Models", "3", "5.1M parameters each"), new("Seeds", "3"), new("Runs", (inContext.Count + fineTuning.Count).ToString(System.Globalization.CultureInfo.InvariantCulture)),
            ],
            Models = [.. models.Select((entry, m) => Model(entry.Item1, entry.Item2, entry.Item3, m))],
            Tasks = entries,
            InContext = inContext,
            FineTuning = fineTuning,
            Comparisons = [.. comparisons.Select(row => row with { HolmPValue = Math.Min(1, row.PValue!.Value * holm) })],
            PaperValues = [.. entries.SelectMany(task => PaperResults.Beside(task, []))],
            VarianceSplits = [.. models.Select((entry, m) => new VarianceSplit("sst2", entry.Item1, 8, 0.0221, 0.031 + 0.002 * m, 0.012, null, 14))],
            Contamination = [.. entries.Take(3).Select(task => new ContaminationEntry(task.Name, 13, itemsPerTask - 3, 3, 0.62, 0.62, 0.667))],
            Calibration = [.. entries.Take(2).SelectMany(task => models.Take(2).SelectMany(entry => new[] { Calibrate(task.Name, new Condition(entry.Item1, K: 16), 0.1), Calibrate(task.Name, new Condition(entry.Item1, LabelledCount: 1024, Recipe: "gpt1"), -0.05) }))],
            Items = items,
            Notes =
            [
                new(NoteKind.MissedTarget, "No model solves two-digit addition from the prompt: the best score is under 10% with sixteen demonstrations."),
                new(NoteKind.MetTarget, "Label induction: sixteen shots beat zero shots beyond the 95% interval for all three models.", "suite/label-induction"),
                new(NoteKind.ContextOverflow, "37 of 1,500 sixteen-shot prompts did not fit into 256 tokens; their number of demonstrations was reduced.", "rte"),
                new(NoteKind.Information, "Times are left out: the page is the same for the same numbers."),
            ],
            Manifest = new ReportManifest
            {
                Command = "rk run experiments/quickstart.json",
                Configuration = "{\n  \"kind\": \"comparison\",\n  \"name\": \"quickstart\",\n  \"seed\": 1,\n  \"models\": [\"models/gpt1-mini\", \"models/gpt2-mini\", \"models/gpt3-mini\"],\n  \"in_context\": { \"shots\": [0, 1, 2, 4, 8, 16] }\n}",
                Device = "cpu", ThreadCount = 2, Seeds = [1, 2, 3],
                Versions = [new("ResearchKit", "0.1.0"), new(".NET", "10.0.1"), new("TorchSharp", "0.107.0"), new("Commit", "04f9bd5")],
                Hashes = [.. models.Select((entry, m) => new NamedValue("weights " + entry.Item1, Hash(m))), new("data sst2", Hash(77)), new("tokenizer", Hash(78))],
                Other = [new("Operating system", "Linux x64")],
            },
        };
    }

    private static ModelEntry Model(string name, string family, long parameters, int m)
    {
        var curve = new List<LearningPoint>();
        for (var step = 0; step <= 2400; step += 20)
        {
            var random = new CounterRandom(17, "loss", m, step);
            var loss = 2.9 - 0.06 * m + 5.4 * Math.Exp(-step / 90.0) + 1.6 * Math.Exp(-step / 700.0);
            curve.Add(new LearningPoint(step, step * 8192L, loss + 0.06 * random.NextGaussian(), step % 200 == 0 ? loss + 0.03 : null));
        }

        return new ModelEntry
        {
            Name = name, Family = family, Parameters = parameters, Configuration = "6 layers × 256, 8 heads, context 256, vocabulary 2,048" + (m == 2 ? ", dense and banded(64) in turn" : ""),
            WeightsHash = Hash(m), PretrainingTokens = 2400L * 8192, PretrainingFlops = 6.0 * parameters * 2400 * 8192, LearningCurve = curve,
            Card = $"# {name}\n\nTrained on children's books and generated documents.\n\n* Intended use: experiments with this kit.\n* Not for anything else.",
        };
    }

    private static string Hash(int m) => string.Concat(Enumerable.Range(0, 8).Select(i => ((uint)new CounterRandom(19, "hash", m, i).NextUInt64()).ToString("x8", System.Globalization.CultureInfo.InvariantCulture)));

    private static double?[] Draw(double[] easy, double level, CounterRandom random) =>
        [.. easy.Select(ease => (double?)(random.NextDouble() < Math.Clamp(level + 0.15 * ease, 0, 1) ? 1 : 0))];

    private static ScoreInterval Wilson(double?[] scores)
    {
        double n = scores.Length, p = scores.Average()!.Value, z = 1.96, centre = (p + z * z / (2 * n)) / (1 + z * z / n), half = z * Math.Sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / (1 + z * z / n);
        return new ScoreInterval(centre - half, centre + half);
    }

    private static ComparisonRow Compare(string task, FineTuningCell a, InContextCell b)
    {
        var pairs = a.ItemScores.Zip(b.ItemScores, (x, y) => x!.Value - y!.Value).ToArray();
        double mean = pairs.Average(), se = Math.Sqrt(pairs.Average(d => (d - mean) * (d - mean)) / pairs.Length);
        return new ComparisonRow
        {
            Task = task, A = ConditionSummaries.Of(a), B = ConditionSummaries.Of(b), Difference = mean, Interval = new(mean - 1.96 * se, mean + 1.96 * se), PValue = Math.Exp(-2 * Math.Pow(mean / Math.Max(se, 1e-9) / 2, 2)),
            ItemCount = pairs.Length, OnlyARight = pairs.Count(d => d > 0), OnlyBRight = pairs.Count(d => d < 0), EffectSize = mean / 0.5, MinimumDetectable = 2.8 * se,
        };
    }

    private static CalibrationCurve Calibrate(string task, Condition condition, double bend) =>
        new(task, condition, Math.Abs(bend), [.. Enumerable.Range(5, 5).Select(i => new CalibrationBin((i + 0.5) / 10, Math.Clamp((i + 0.5) / 10 - bend, 0, 1), 60 + i))]);

    private static string Sentence(CounterRandom random, int length) => string.Join(' ', Enumerable.Range(0, length).Select(_ => Words[random.Next(Words.Length)]));

    private static ItemRecord Item(string task, string id, int i, int t, string[] choices, List<InContextCell> inContext, List<FineTuningCell> fineTuning)
    {
        var random = new CounterRandom(23, "item", t, i);
        var text = Sentence(random, 12 + random.Next(20)) + (i % 50 == 7 ? " </script><b>bold</b> & \"quoted\" \u202e\u0007 \ud83d\ude00 {{title}}" : ".");
        var gold = choices.Length == 0 ? (int?)null : random.Next(choices.Length);
        var cells = inContext.Where(cell => cell.Task == task && cell.Model == "gpt1-mini" && cell.Seed == 1 && cell.K is 0 or 16 && cell.Task == task && cell.Model == "gpt1-mini").Select(cell => (cell.Id, cell.ItemScores, K: (int?)cell.K))
            .Concat(fineTuning.Where(cell => cell.Task == task && cell.Model == "gpt1-mini" && cell.Seed == 1 && cell.LabelledCount == 1024).Select(cell => (cell.Id, cell.ItemScores, K: (int?)null)));
        return new ItemRecord
        {
            Task = task, Id = id, Text = text, Choices = choices, Gold = gold, Answers = choices.Length == 0 ? ["42"] : [],
            Predictions = [.. cells.DistinctBy(cell => cell.Id).Select(cell => Predict(cell.Id, cell.ItemScores[i]!.Value, cell.K, text, choices, gold, new CounterRandom(29, "prediction", t, i, cell.K ?? 99), t))],
        };
    }

    private static ItemPrediction Predict(string cell, double score, int? k, string text, string[] choices, int? gold, CounterRandom random, int t)
    {
        var prompt = k is null ? null : string.Concat(Enumerable.Range(0, k.Value).Select(_ => Sentence(new CounterRandom(31, "demonstration", t, random.Next(300)), 14) + $"\nanswer: {(choices.Length > 0 ? choices[0] : "17")}\n\n")) + text + "\nanswer:";
        if (choices.Length == 0)
        {
            return new ItemPrediction { Cell = cell, Score = score, Answer = score == 1 ? "42" : "17", Prompt = prompt, Choices = [Scored(" 42", random, null)], DroppedTokenCount = random.Next(10) == 0 ? 31 : 0 };
        }

        var predicted = score == 1 ? gold!.Value : (gold!.Value + 1 + random.Next(choices.Length - 1)) % choices.Length;
        var weights = choices.Select((_, c) => c == predicted ? 1.0 + random.NextDouble() : random.NextDouble()).ToArray();
        return new ItemPrediction
        {
            Cell = cell, Score = score, Predicted = predicted, Prompt = prompt,
            Choices = [.. choices.Select((choice, c) => k is null ? new ChoiceScore { Score = weights[c] / weights.Sum() } : Scored(" " + choice, random, weights[c] / weights.Sum()))],
        };
    }

    private static ChoiceScore Scored(string text, CounterRandom random, double? score)
    {
        var tokens = new List<string>();
        for (var at = 0; at < text.Length; at += 5) tokens.Add(text.Substring(at, Math.Min(5, text.Length - at)));
        return new ChoiceScore { Score = score, Tokens = tokens, LogProbabilities = [.. tokens.Select(_ => -Math.Abs(2 * random.NextGaussian()))] };
    }
}
