using ResearchKit.Core;
using ResearchKit.Core.Tasks;
using ResearchKit.Evaluation.Datasets;
using ResearchKit.Evaluation.Tasks;

namespace ResearchKit.Evaluation.Tests.Datasets;

public sealed class TaskFileTests : IDisposable
{
    private const string TenLines = """
        {
          "name": "weather",
          "data": { "train": "train.jsonl", "test": "test.jsonl" },
          "prompt": { "context": "{text}\nIs it about rain?", "answer": " {answer}" },
          "choices": ["no", "yes"],
          "label_field": "label",
          "scoring": { "kind": "choices", "normalization": "sum" },
          "structured": { "kind": "classification", "text": "{text}" }
        }
        """;

    private readonly TemporaryFolder _folder = new();

    public TaskFileTests()
    {
        File.WriteAllText(_folder.File("train.jsonl"), "{\"text\":\"It pours.\",\"label\":1}\n{\"text\":\"The sun shines.\",\"label\":\"no\"}\n");
        File.WriteAllText(_folder.File("test.jsonl"), "{\"text\":\"Drops fall.\",\"label\":true}\n\n{\"text\":\"A dry day.\",\"label\":0}\n");
    }

    public void Dispose() => _folder.Dispose();

    private string Write(string json)
    {
        File.WriteAllText(_folder.File("task.json"), json);
        return _folder.File("task.json");
    }

    [Fact]
    public void MetricsAreNamedAndARegressionNeedsNoLabel()
    {
        File.WriteAllText(_folder.File("test.jsonl"), "{\"text\":\"a\",\"score\":4.5}\n{\"text\":\"b\",\"score\":1}\n");
        var regression = TenLines.Replace("\"structured\": { \"kind\": \"classification\", \"text\": \"{text}\" }", "\"metrics\": [\"pearson\", \"spearman\"]", StringComparison.Ordinal)
            .Replace("[\"no\", \"yes\"]", "[\"0\", \"5\"]", StringComparison.Ordinal).Replace("\"label_field\": \"label\"", "\"answers_field\": \"score\"", StringComparison.Ordinal)
            .Replace("\"train\": \"train.jsonl\", ", "", StringComparison.Ordinal);
        var task = TaskFile.Load(Write(regression));
        Assert.Equal([TaskMetric.Pearson, TaskMetric.Spearman], task.Metrics);
        // The model gives " 5" after "a" and " 0" after "b": as the scores have it.
        var model = new RuleModel((context, text) => [.. text.Select(_ => context.StartsWith('a') == (text == " 5") ? -0.1 : -3.0)]);
        Assert.Equal(1, Examples.Run(model, task, task.Load()).Metrics["pearson"], 9);
        Assert.Contains("allowed are accuracy", Assert.Throws<ConfigException>(() => TaskFile.Load(Write(regression.Replace("spearman", "kendall", StringComparison.Ordinal)))).Message);
        Assert.Contains("answers_field with the right number", Assert.Throws<ConfigException>(() => TaskFile.Load(Write(regression.Replace("answers_field", "label_field", StringComparison.Ordinal)))).Message);
    }

    [Theory]
    [InlineData("\"metrics\": [\"word_perplexity\"],", "\"word_perplexity\" does not go with this scoring")]
    [InlineData("\"metrics\": [\"accuracy\", \"ter\"],", "\"ter\" does not go with this scoring")]
    [InlineData("\"metrics\": [\"target_perplexity\"],", "\"target_perplexity\" does not go with this scoring")]
    public void AMetricThatTheScoringCannotGiveIsRefusedBeforeAnythingIsScored(string metrics, string problem) =>
        Assert.Contains(problem, Assert.Throws<ConfigException>(() => TaskFile.Load(Write(TenLines.Replace("\"label_field\"", metrics + " \"label_field\"", StringComparison.Ordinal)))).Message, StringComparison.Ordinal);

    [Fact]
    public void ChoicesThatStandNowhereAreRefused()
    {
        Assert.Contains("prompt.answer needs {answer}", Assert.Throws<ConfigException>(() => TaskFile.Load(Write(TenLines.Replace("\" {answer}\"", "\" yes\"", StringComparison.Ordinal)))).Message, StringComparison.Ordinal);
        Assert.Contains("prompt.context needs {answer}", Assert.Throws<ConfigException>(() => TaskFile.Load(Write(TenLines.Replace("\"choices\", \"normalization\": \"sum\"", "\"partial\"", StringComparison.Ordinal)))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ARowThatNamesAFieldTwiceIsNamedWithItsLine()
    {
        File.WriteAllText(_folder.File("test.jsonl"), "{\"text\":\"a\",\"label\":1}\n{\"text\":\"a\",\"text\":\"b\",\"label\":1}\n");
        Assert.Contains("line 2", Assert.Throws<ConfigException>(() => TaskFile.Load(Write(TenLines)).Load()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void TenLinesMakeATask()
    {
        var task = TaskFile.Load(Write(TenLines));
        var splits = task.Load();
        Assert.Equal("weather", task.Name);
        Assert.Equal(new ChoiceScoring(Normalization.Sum), task.Scoring);
        Assert.Equal([1, 0], splits.Train.Select(i => i.Gold!.Value));
        Assert.Equal([1, 0], splits.Test.Select(i => i.Gold!.Value));
        Assert.Equal(["test/0", "test/1"], splits.Test.Select(i => i.Id));
        Assert.Equal(new ClassificationInput("Drops fall."), splits.Test[0].Structured);

        var prompt = new PromptBuilder(task, splits, new EvaluationOptions()).Build(splits.Test[0], 1);
        Assert.EndsWith("Drops fall.\nIs it about rain?", prompt.Contexts[0], StringComparison.Ordinal);
        Assert.Equal([" no", " yes"], prompt.Continuations);
    }

    [Fact]
    public void ListsOfAnswersMakeAGenerationTask()
    {
        File.WriteAllText(_folder.File("test.jsonl"), "{\"q\":\"2+2\",\"a\":[\"4\",\"four\"],\"p\":7}\n{\"q\":\"1+1\",\"a\":2,\"p\":7}\n");
        var task = TaskFile.Load(Write("""
            { "name": "sums", "data": { "test": "test.jsonl" }, "prompt": { "context": "{q} =" }, "answers_field": "a", "cluster_field": "p",
              "scoring": { "kind": "generation", "metric": "f1", "max_new_tokens": 5, "stop": ["\n", "."], "beam_width": 4 }, "demonstrations": { "split": "test", "per_item": false } }
            """));
        var items = task.Load().Test;
        Assert.Equal(["4", "four"], items[0].Answers);
        Assert.Equal(["2"], items[1].Answers);
        Assert.Equal("7", items[0].Cluster);
        var scoring = Assert.IsType<GenerationScoring>(task.Scoring);
        Assert.Equal((GenerationMetric.F1, 5, 4, 2), (scoring.Metric, scoring.MaxNewTokenCount, scoring.BeamWidth, scoring.StopStrings.Length));
        Assert.Equal(new DemonstrationSource("test", false), task.Demonstrations);
    }

    public static TheoryData<string, Scoring> ScoringsWithAllOptions() => new()
    {
        { """{ "kind": "generation", "beam_width": 2, "length_penalty": 0.8 }""", new GenerationScoring(GenerationMetric.ExactMatch, 32, "\n") { BeamWidth = 2, LengthPenalty = 0.8 } },
        { """{ "kind": "generation", "top_k": 2, "sentences": 3, "no_answer": "none" }""", new GenerationScoring(GenerationMetric.ExactMatch) { TopK = 2, SentenceCount = 3, NoAnswer = "none" } },
        { """{ "kind": "target", "span": "last_token", "stop_words": "nltk" }""", new TargetScoring(TargetSpan.LastToken) { StopWords = "nltk" } },
        { """{ "kind": "perplexity", "counted_field": "raw", "stride": 32, "count_line_ends": true }""", new PerplexityScoring("raw") { Stride = 32, CountLineEnds = true } },
    };

    [Theory]
    [MemberData(nameof(ScoringsWithAllOptions))]
    public void EveryOptionOfAScoringCanBeSet(string scoring, Scoring expected)
    {
        File.WriteAllText(_folder.File("test.jsonl"), "{\"q\":\"2+2\",\"a\":\"4\",\"raw\":\"2 + 2\"}\n");
        var task = TaskFile.Load(Write($$"""
            { "name": "sums", "data": { "test": "test.jsonl" }, "prompt": { "context": "{q} =", "demonstration_context": "{q} is", "demonstration_answer": " {answer}!" }, "answers_field": "a",
              "scoring": {{scoring}}, "demonstrations": { "split": "test" } }
            """));
        Assert.IsType(expected.GetType(), task.Scoring);
        Assert.Equivalent(expected, task.Scoring, strict: true);
        Assert.Equal(("{q} is", " {answer}!"), (task.Prompt.DemonstrationContext, task.Prompt.DemonstrationAnswer));
    }

    [Fact]
    public void ChoicesOfTheRowMakeAMultipleChoiceTask()
    {
        File.WriteAllText(_folder.File("test.jsonl"), "{\"q\":\"sky\",\"o\":[\"blue\",\"green\",\"red\"],\"g\":2}\n");
        var task = TaskFile.Load(Write("""
            { "name": "colours", "data": { "test": "test.jsonl" }, "prompt": { "context": "{q}" }, "choices_field": "o", "label_field": "g",
              "structured": { "kind": "multiple_choice", "context": "{q}" } }
            """));
        var item = Assert.Single(task.Load().Test);
        Assert.Equal(["blue", "green", "red"], item.Choices);
        Assert.Equal(2, item.Gold);
        Assert.Equal(item.Choices, Assert.IsType<MultipleChoiceInput>(item.Structured).Answers);
    }

    [Fact]
    public void AllProblemsOfAFileAreReportedAtOnce()
    {
        var error = Assert.Throws<ConfigException>(() => TaskFile.Load(Write("""
            {
              "data": { "test": "nothing.jsonl", "dev": "x" },
              "prompt": { "context": "{text", "seperator": "\n" },
              "choices": ["only"],
              "scoring": { "kind": "rank" },
              "structured": { "kind": "entailment", "premise": "{text}" },
              "colour": 3
            }
            """)));
        string[] expected =
        [
            "name is missing", "nothing.jsonl' does not exist", "data.dev is no known key", "prompt.context:", "prompt.seperator is no known key", "choices: at least two",
            "label_field is missing", "scoring.kind is \"rank\"", "structured.hypothesis is missing", "colour is no known key",
        ];
        Assert.All(expected, e => Assert.Contains(e, error.Message, StringComparison.Ordinal));
        Assert.Equal(expected.Length, error.Problems.Count);
    }

    [Fact]
    public void AllProblemsOfTheRowsAreReportedAtOnceWithTheirLines()
    {
        File.WriteAllText(_folder.File("test.jsonl"), "{\"text\":\"a\",\"label\":2}\n{\"label\":0}\n{\"text\":\n{\"text\":\"b\"}\n[1]\n");
        var task = TaskFile.Load(Write(TenLines));
        var error = Assert.Throws<ConfigException>(() => task.Load());
        Assert.Equal(5, error.Problems.Count);
        for (var line = 1; line <= 5; line++) Assert.Contains($"line {line}:", error.Problems[line - 1], StringComparison.Ordinal);
        Assert.Contains("`label` is 2; allowed is an index from 0 to 1", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{ \"name\": ", "is no JSON")]
    [InlineData("[]", "must be a JSON object")]
    public void WhatIsNoTaskFileIsSaidSo(string json, string message) =>
        Assert.Contains(message, Assert.Throws<ConfigException>(() => TaskFile.Load(Write(json))).Message, StringComparison.Ordinal);

    [Fact]
    public void AFileThatIsNotThereIsNamed() =>
        Assert.Contains("nowhere.json", Assert.Throws<ConfigException>(() => TaskFile.Load(_folder.File("nowhere.json"))).Message, StringComparison.Ordinal);

    [Fact]
    public void EmptyDataIsAnError()
    {
        File.WriteAllText(_folder.File("test.jsonl"), "\n");
        Assert.Contains("holds no items", Assert.Throws<ConfigException>(() => TaskFile.Load(Write(TenLines)).Load()).Message, StringComparison.Ordinal);
    }
}
