using ResearchKit.Core;
using ResearchKit.Core.Tokenization;
using ResearchKit.Evaluation.Tasks;

namespace ResearchKit.Evaluation.Tests;

/// <summary>One id per UTF-16 unit; 0 ends the text.</summary>
internal sealed class LetterTokenizer : ITokenizer
{
    public string Name => "letters";

    public string Fingerprint => "letters";

    public int VocabularySize => 65536;

    public int? EndOfTextId => 0;

    public int[] Encode(string text) => [.. text.Select(c => (int)c)];

    public string Decode(ReadOnlySpan<int> ids) => string.Concat(ids.ToArray().Select(id => (char)id));

    public IReadOnlyList<TokenSpan> EncodeWithSpans(string text) => [.. text.Select((c, i) => new TokenSpan(c, i, 1))];
}

/// <summary>A model that is a rule: log-probability of every token of a continuation from the texts of context and continuation.</summary>
internal sealed class RuleModel(Func<string, string, double[]> rule, Func<string, string>? answer = null) : ILanguageModel
{
    public List<(string Context, string Continuation)> Asked { get; } = [];

    public List<int> ChunkSizes { get; } = [];

    public List<GenerationOptions> Generations { get; } = [];

    public string Name => "rule";

    public string WeightsHash => "rule";

    public int VocabularySize => 65536;

    public int ContextLength { get; init; } = 1000;

    /// <summary>Every token the same.</summary>
    public static RuleModel Uniform(double logProbability = -1) => new((_, continuation) => [.. continuation.Select(_ => logProbability)]);

    public IReadOnlyList<LikelihoodScore> LogLikelihood(IReadOnlyList<LikelihoodRequest> requests, CancellationToken cancellation = default)
    {
        ChunkSizes.Add(requests.Count);
        return [.. requests.Select(request =>
        {
            var dropped = Math.Max(0, request.Context.Length + request.Continuation.Length - (ContextLength + 1));
            var (context, continuation) = (Text(request.Context), Text(request.Continuation));
            Asked.Add((context, continuation));
            return new LikelihoodScore(rule(context[dropped..], continuation), answer?.Invoke(context) == continuation, dropped);
        })];
    }

    public IReadOnlyList<double[]> RollingLogLikelihood(IReadOnlyList<int[]> texts, int prefixId, CancellationToken cancellation = default) =>
        [.. texts.Select(text => rule("", Text(text)))];

    public IReadOnlyList<GeneratedText> Generate(IReadOnlyList<GenerationRequest> requests, CancellationToken cancellation = default) =>
        [.. requests.Select(request =>
        {
            Asked.Add((Text(request.Prompt), ""));
            Generations.Add(request.Options);
            var ids = new List<int>();
            foreach (var c in answer!(Text(request.Prompt)).Take(request.Options.MaxNewTokenCount))
            {
                ids.Add(c);
                if (request.Stop?.Invoke(ids) == true) break;
            }

            return new GeneratedText([.. ids], -1, Math.Max(0, request.Prompt.Length + request.Options.MaxNewTokenCount - ContextLength));
        })];

    public void Dispose()
    {
    }

    private static string Text(int[] ids) => new LetterTokenizer().Decode(ids);
}

internal static class Examples
{
    /// <summary>Choice item <c>q</c> with the given answers.</summary>
    public static TaskItem Choice(string id, string question, int gold, params string[] choices) =>
        new() { Id = id, Fields = new Dictionary<string, string> { ["q"] = question }, Choices = choices, Gold = gold };

    public static TaskItem Free(string id, string question, params string[] answers) =>
        new() { Id = id, Fields = new Dictionary<string, string> { ["q"] = question }, Answers = answers };

    public static EvaluationTask Task(Scoring scoring, string context = "{q}:") =>
        new() { Name = "example", Description = "", Load = () => new TaskSplits([], [], []), Prompt = new PromptTemplate(context, Separator: "\n"), Scoring = scoring };

    public static TaskSplits Test(params TaskItem[] items) => new([], [], items);

    public static TaskResult Run(ILanguageModel model, EvaluationTask task, TaskSplits splits, EvaluationOptions? options = null) =>
        Evaluator.Run(model, new LetterTokenizer(), task, splits, options ?? new EvaluationOptions());
}
