using System.Text.Json;
using ResearchKit.Evaluation.Metrics;
using ResearchKit.Evaluation.Tasks;

namespace ResearchKit.Evaluation.Tests.Metrics;

/// <summary>Metrics against values that public reference implementations gave (November 2026); <c>reference-values.json</c> names the implementation of each group.</summary>
public class MetricReferenceTests
{
    private const int Digits = 10;

    private static readonly JsonElement Stored = JsonDocument.Parse(typeof(MetricReferenceTests).Assembly.GetManifestResourceStream("reference-values.json")!).RootElement;

    private static JsonElement[] Cases(string group) => Stored.GetProperty(group).GetProperty("cases").EnumerateArray().ToArray() is { Length: > 0 } cases ? cases : throw new InvalidDataException(group);

    private static string[] Texts(JsonElement element, string name) => [.. element.GetProperty(name).EnumerateArray().Select(text => text.GetString()!)];

    private static int[] Integers(JsonElement element, string name) => [.. element.GetProperty(name).EnumerateArray().Select(value => value.GetInt32())];

    private static double[] Numbers(JsonElement element, string name) => [.. element.GetProperty(name).EnumerateArray().Select(value => value.GetDouble())];

    private static double Number(JsonElement element, string name) => element.GetProperty(name).GetDouble();

    [Fact]
    public void BleuChrfAndTerAreSacreBleus()
    {
        foreach (var stored in Cases("translation"))
        {
            var (hypotheses, references) = (Texts(stored, "hypotheses"), stored.GetProperty("references").EnumerateArray().Select(all => (IReadOnlyList<string>)[.. all.EnumerateArray().Select(text => text.GetString()!)]).ToArray());
            Assert.Equal(Number(stored, "bleu"), Bleu.Corpus(hypotheses, references), Digits);
            Assert.Equal(Number(stored, "bleu_untokenized_unsmoothed"), Bleu.Corpus(hypotheses, references, BleuTokenization.None, BleuSmoothing.None), Digits);
            Assert.Equal(Number(stored, "chrf"), CharacterF.Corpus(hypotheses, references), Digits);
            Assert.Equal(Number(stored, "ter"), TranslationEditRate.Corpus(hypotheses, references), Digits);

            // The task metrics are the same numbers as shares.
            var items = hypotheses.Zip(references, (text, accepted) => Item(text, accepted)).Select((item, i) => item with { Id = $"{i}" }).ToArray();
            Assert.Equal(Number(stored, "bleu") / 100, TaskMetrics.Value("bleu", items), Digits);
            Assert.Equal(Number(stored, "chrf") / 100, TaskMetrics.Value("chrf", items), Digits);
            Assert.Equal(Number(stored, "ter") / 100, TaskMetrics.Value("ter", items), Digits);
        }
    }

    [Fact]
    public void StemsAreNltks() => Assert.All(Cases("stems"), stored => Assert.Equal((stored[0].GetString(), stored[1].GetString()), (stored[0].GetString(), PorterStemmer.Stem(stored[0].GetString()!))));

    [Fact]
    public void RougeIsRougeScores()
    {
        foreach (var stored in Cases("rouge"))
        {
            var (text, reference) = (stored.GetProperty("hypothesis").GetString()!, stored.GetProperty("reference").GetString()!);
            foreach (var (name, stem) in new[] { ("plain", false), ("stemmed", true) })
            {
                double[] ours = [Rouge.N(text, reference, 1, stem), Rouge.N(text, reference, 2, stem), Rouge.L(text, reference, stem)];
                Assert.All(Numbers(stored, name).Zip(ours), pair => Assert.Equal(pair.First, pair.Second, Digits));
            }
        }
    }

    [Fact]
    public void ExactMatchAndF1OfSquadAreTheOfficialScripts()
    {
        foreach (var stored in Cases("squad"))
        {
            var (prediction, answer) = (stored[0].GetString()!, stored[1].GetString()!);
            Assert.Equal((prediction, answer, stored[2].GetDouble()), (prediction, answer, SquadMetrics.ExactMatch(prediction, [answer])));
            Assert.Equal(stored[3].GetDouble(), SquadMetrics.F1(prediction, answer), Digits);
        }
    }

    [Fact]
    public void CoqaIsTheHarnesss()
    {
        foreach (var stored in Cases("coqa"))
        {
            var (prediction, references) = (stored.GetProperty("prediction").GetString()!, Texts(stored, "references"));
            Assert.Equal(Number(stored, "f1"), SquadMetrics.CoqaF1(prediction, references), Digits);
        }
    }

    [Fact]
    public void DropIsTheHarnesss()
    {
        foreach (var stored in Cases("drop"))
        {
            var (predicted, gold) = (Texts(stored, "predicted"), Texts(stored, "gold"));
            Assert.Equal((string.Join('|', predicted), string.Join('|', gold), Number(stored, "f1")), (string.Join('|', predicted), string.Join('|', gold), DropMetrics.F1(predicted, gold)));
            Assert.Equal(Number(stored, "exact"), DropMetrics.ExactMatch(predicted, gold));
        }
    }

    [Fact]
    public void AnswerableAndUnanswerableQuestionsAreScoredAsBySquad2()
    {
        (string Ours, string Stored)[] names =
        [
            ("squad_exact", "exact"), ("squad_f1", "f1"), ("has_answer_exact", "HasAns_exact"), ("has_answer_f1", "HasAns_f1"), ("no_answer_exact", "NoAns_exact"), ("no_answer_f1", "NoAns_f1"),
            ("best_exact", "best_exact"), ("best_f1", "best_f1"),
        ];
        foreach (var stored in Cases("squad_v2"))
        {
            var items = stored.GetProperty("items").EnumerateArray().Select((item, i) => Item(item.GetProperty("prediction").GetString()!, Texts(item, "answers") is { Length: > 0 } answers ? answers : ["unanswerable", ""]) with
            {
                Id = $"{i}",
                Choices = [new() { Text = " unanswerable", Answer = "unanswerable", TokenIds = [], TokenLogProbabilities = [], LogProbability = Number(item, "log_no_answer") }],
            }).ToArray();
            foreach (var (ours, theirs) in names) Assert.Equal((ours, Math.Round(Number(stored.GetProperty("expected"), theirs) / 100, Digits)), (ours, Math.Round(TaskMetrics.Value(ours, items), Digits)));
        }
    }

    [Fact]
    public void ClassificationIsScikitLearns()
    {
        foreach (var stored in Cases("classification"))
        {
            var (gold, predicted) = (Integers(stored, "gold"), Integers(stored, "predicted"));
            Assert.Equal(Number(stored, "matthews"), Classification.Matthews(gold, predicted), Digits);
            Assert.Equal(Number(stored, "macro_f1"), Classification.MacroF1(gold, predicted), Digits);
            if (stored.TryGetProperty("f1", out var f1)) Assert.Equal(f1.GetDouble(), Classification.F1(gold, predicted), Digits);
        }
    }

    [Fact]
    public void CorrelationsAreScipys()
    {
        foreach (var stored in Cases("correlation"))
        {
            var (x, y) = (Numbers(stored, "x"), Numbers(stored, "y"));
            Assert.Equal(Number(stored, "pearson"), Correlation.Pearson(x, y), Digits);
            Assert.Equal(Number(stored, "spearman"), Correlation.Spearman(x, y), Digits);
        }
    }

    [Fact]
    public void PerplexitiesAreTheHarnesss()
    {
        var stored = Stored.GetProperty("perplexity");
        var (words, bytes) = (Integers(stored, "words"), Integers(stored, "bytes"));
        var items = Numbers(stored, "log_likelihoods").Select((log, i) => Item("", []) with
        {
            Id = $"{i}",
            Choices = [new() { Text = "", Answer = "", TokenIds = [], TokenLogProbabilities = [], LogProbability = log, WordCount = words[i], ByteCount = bytes[i] }],
        }).ToArray();
        foreach (var name in new[] { "word_perplexity", "byte_perplexity", "bits_per_byte" }) Assert.Equal(Number(stored, name), TaskMetrics.Value(name, items), Digits);
        Assert.Equal(1, TaskMetrics.Value("target_perplexity", items) / Number(stored, "perplexity"), Digits);
    }

    [Fact]
    public void MultiRcIsScoredOverAnswersAndOverQuestions()
    {
        var stored = Stored.GetProperty("multirc");
        var (questions, gold, predicted) = (Integers(stored, "questions"), Integers(stored, "gold"), Integers(stored, "predicted"));
        var items = gold.Select((label, i) => Item("", []) with
        {
            Id = $"{i}", Gold = label, Group = $"question/{questions[i]}", Cluster = $"passage/{questions[i] / 3}", Predictions = [new("sum", predicted[i], predicted[i] == label, false)],
        }).ToArray();
        Assert.Equal(Number(stored, "f1a"), TaskMetrics.Value("multi_rc_f1", items), Digits);
        Assert.Equal(Number(stored, "exact"), TaskMetrics.Value("multi_rc_exact_match", items), Digits);
    }

    [Fact]
    public void ExactMatchWithoutCaseIsTheHarnesss()
    {
        foreach (var stored in Cases("exact_match"))
        {
            var (text, answer) = (stored[0].GetString()!, stored[1].GetString()!);
            Assert.Equal((text, stored[2].GetDouble()), (text, GenerationMetrics.Score(GenerationMetric.CaselessMatch, text, [answer])));
            Assert.Equal((text, stored[3].GetDouble()), (text, GenerationMetrics.Score(GenerationMetric.CaselessMatchWithoutArticles, text, [answer])));
        }
    }

    private static ItemResult Item(string generated, IReadOnlyList<string> answers) => new() { Id = "", Prompt = "", Score = 0, Generated = generated, Answers = answers };
}
