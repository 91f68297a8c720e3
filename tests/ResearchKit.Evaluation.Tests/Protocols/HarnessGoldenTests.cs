using System.Text.Json;
using ResearchKit.Core;
using ResearchKit.Evaluation.Protocols;
using ResearchKit.Evaluation.Tasks;
using ResearchKit.Testing;

namespace ResearchKit.Evaluation.Tests.Protocols;

/// <summary>Prompts, requests and metric values of lm-evaluation-harness, for every task of the golden file.</summary>
public class HarnessGoldenTests
{
    private static readonly JsonElement[] Tasks =
        [.. JsonDocument.Parse(File.ReadAllText(Path.Combine(SharedData.Golden, "lm-eval-prompts.json"))).RootElement.GetProperty("tasks").EnumerateArray()];

    public static TheoryData<string> TaskNames => [.. Tasks.Select(task => task.GetProperty("task").GetString()!)];

    private static JsonElement Golden(string name) => Tasks.First(task => task.GetProperty("task").GetString() == name);

    private static JsonElement[] Documents(string name) => [.. Golden(name).GetProperty("docs").EnumerateArray()];

    private static TaskItem[] Items(string name) => [.. Documents(name).Select((document, i) => HarnessTasks.Get(name).Item(document.GetProperty("raw_doc"), $"doc/{i}"))];

    private static PromptBuilder Builder(string name) => new(HarnessTasks.Get(name).Over(() => new([], [], [])), new([], [], []), new EvaluationOptions());

    private static string[] OneOrMany(JsonElement value) =>
        value.ValueKind == JsonValueKind.Array ? [.. value.EnumerateArray().Select(text => text.GetString()!)] : [value.GetString()!];

    [Theory]
    [MemberData(nameof(TaskNames))]
    public void VersionsAreTheHarnesss(string name) =>
        Assert.Equal(Golden(name).GetProperty("version").GetDouble(), double.Parse(HarnessTasks.Get(name).Version, System.Globalization.CultureInfo.InvariantCulture));

    [Theory]
    [MemberData(nameof(TaskNames))]
    public void RequestsEqualTheHarnesssToTheCharacter(string name)
    {
        foreach (var (document, item) in Documents(name).Zip(Items(name)))
        {
            var prompt = Builder(name).Build(item, []);
            var arguments = document.GetProperty("requests").EnumerateArray().Select(request => request.GetProperty("arguments")).ToArray();
            switch (Golden(name).GetProperty("output_type").GetString())
            {
                case "generate_until":
                    Assert.Equal(arguments[0][0].GetString(), prompt.Contexts[0]);
                    var scoring = Assert.IsType<GenerationScoring>(HarnessTasks.Get(name).Scoring);
                    Assert.Equal(OneOrMany(arguments[0][1].GetProperty("until")), scoring.StopStrings);
                    break;
                case "loglikelihood_rolling":
                    Assert.Equal(arguments[0][0].GetString(), prompt.Contexts[0]);
                    break;
                default:
                    Assert.Equal(arguments.Select(argument => (argument[0].GetString()!, argument[1].GetString()!)), prompt.Contexts.Zip(prompt.Continuations));
                    break;
            }
        }
    }

    [Theory]
    [MemberData(nameof(TaskNames))]
    public void TwoShotContextsEqualTheHarnesssToTheCharacter(string name)
    {
        var (documents, items) = (Documents(name), Items(name));
        for (var i = 0; i < documents.Length; i++)
        {
            // Perplexity has no demonstrations; for some tasks the harness itself raises.
            if (!documents[i].TryGetProperty("two_shot_context", out var expected) || expected.ValueKind == JsonValueKind.Null) continue;
            var prompt = Builder(name).Build(items[i], [.. items.Where((_, j) => j != i).Take(2)]);
            Assert.Equal(OneOrMany(expected), expected.ValueKind == JsonValueKind.Array ? prompt.Contexts : [prompt.Contexts[0]]);
        }
    }

    [Theory]
    [MemberData(nameof(TaskNames))]
    public void RightAnswersAreTheHarnesss(string name)
    {
        foreach (var (document, item) in Documents(name).Zip(Items(name)))
        {
            if (document.TryGetProperty("gold", out var gold) && gold.ValueKind == JsonValueKind.Number) Assert.Equal(gold.GetInt32(), item.Gold);
        }
    }

    [Theory]
    [MemberData(nameof(TaskNames))]
    public void MetricValuesOfTheExampleScoresAreTheHarnesss(string name)
    {
        var (documents, items, task) = (Documents(name), Items(name), HarnessTasks.Get(name));
        var model = new RecordedModel(documents);
        var result = Evaluator.Run(model, new LetterTokenizer(), task.Over(() => new([], [], items)), new([], [], items), new EvaluationOptions { UnconditionalContexts = [] });
        foreach (var metric in Golden(name).GetProperty("example_aggregate").EnumerateObject())
        {
            var ours = (metric.Name, task.Scoring) switch
            {
                ("acc", TargetScoring) => "accuracy",
                ("exact_match", TargetScoring) => "accuracy",
                ("acc", _) => "accuracy/sum",
                ("acc_norm", _) => "accuracy/per_character",
                ("mcc", _) => "matthews",
                ("f1", _) when name == "record" => "record_f1",
                ("em", _) when name == "record" => "record_exact_match",
                ("f1", _) => task.Metrics.Contains(TaskMetric.MacroF1) ? "macro_f1" : "binary_f1",
                ("perplexity", _) => "target_perplexity",
                // Generated texts went past the harness's own filters when these values were made, so only `contains` is comparable.
                ("exact_match", GenerationScoring) => null,
                var (other, _) => other,
            };
            if (ours is null) continue;
            var (expected, actual) = (metric.Value.GetDouble(), result.Metrics[ours]);
            Assert.Equal(expected, actual, 1e-9 * Math.Max(1, Math.Abs(expected)));
        }
    }

    /// <summary>Gives the example scores of the golden file for the requests that they were made for.</summary>
    private sealed class RecordedModel : ILanguageModel
    {
        private readonly Dictionary<string, JsonElement> _scores = [];

        public RecordedModel(IEnumerable<JsonElement> documents)
        {
            foreach (var document in documents)
            {
                var scores = document.GetProperty("example_scores").EnumerateArray().ToArray();
                foreach (var (request, score) in document.GetProperty("requests").EnumerateArray().Zip(scores))
                {
                    var arguments = request.GetProperty("arguments");
                    var continuation = arguments.GetArrayLength() > 1 && arguments[1].ValueKind == JsonValueKind.String ? arguments[1].GetString() : "";
                    _scores[arguments[0].GetString() + continuation] = score;
                }
            }
        }

        public string Name => "recorded";

        public string WeightsHash => "";

        public int VocabularySize => 65536;

        public int ContextLength => 100000;

        public IReadOnlyList<LikelihoodScore> LogLikelihood(IReadOnlyList<LikelihoodRequest> requests, CancellationToken cancellation = default) => [.. requests.Select(request =>
        {
            var score = _scores[Text(request.Context) + Text(request.Continuation)];
            return new LikelihoodScore(AllOnFirst(score[0].GetDouble(), request.Continuation.Length), score[1].GetBoolean(), 0);
        })];

        public IReadOnlyList<double[]> RollingLogLikelihood(IReadOnlyList<int[]> texts, int prefixId, CancellationToken cancellation = default) =>
            [.. texts.Select(text => AllOnFirst(_scores[Text(text)].GetDouble(), text.Length))];

        public IReadOnlyList<GeneratedText> Generate(IReadOnlyList<GenerationRequest> requests, CancellationToken cancellation = default) =>
            [.. requests.Select(request => new GeneratedText(new LetterTokenizer().Encode(_scores[Text(request.Prompt)].GetString()!), 0, 0))];

        public void Dispose()
        {
        }

        private static string Text(int[] ids) => new LetterTokenizer().Decode(ids);

        private static double[] AllOnFirst(double sum, int count) => [sum, .. new double[count - 1]];
    }
}
