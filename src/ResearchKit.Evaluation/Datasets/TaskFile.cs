using System.Text.Json;
using ResearchKit.Core;
using ResearchKit.Core.Files;
using ResearchKit.Core.Tasks;
using ResearchKit.Evaluation.Tasks;

namespace ResearchKit.Evaluation.Datasets;

/// <summary>A user's own task: a JSON file that names JSON Lines files, a prompt template, the answers and the scoring.</summary>
/// <remarks>
/// <code>
/// {
///   "name": "weather",
///   "data": { "train": "train.jsonl", "test": "test.jsonl" },
///   "prompt": { "context": "{text}\nIs it about rain?", "answer": " {answer}" },
///   "choices": ["no", "yes"],
///   "label_field": "label",
///   "structured": { "kind": "classification", "text": "{text}" }
/// }
/// </code>
/// Answers are one of: <c>choices</c> (or <c>choices_field</c>, a list in every row) with <c>label_field</c> (an index, or the choice's text); or <c>answers_field</c> (a text or a list of texts).
/// Optional: <c>description</c>, <c>cluster_field</c>, <c>prompt.separator</c>, <c>prompt.instruction</c>, <c>prompt.demonstration_context</c> and <c>prompt.demonstration_answer</c> (where demonstrations read differently),
/// <c>scoring</c> (<c>kind</c>: choices with <c>normalization</c> and <c>answer_context</c>; partial; generation with <c>metric</c>, <c>max_new_tokens</c>, <c>stop</c>, <c>beam_width</c>, <c>length_penalty</c>, <c>top_k</c>,
/// <c>sentences</c> and <c>no_answer</c>; target with <c>span</c> and <c>stop_words</c>; perplexity with <c>counted_field</c>, <c>stride</c> and <c>count_line_ends</c>; see <see cref="ChoiceScoring"/>, <see cref="GenerationScoring"/>,
/// <see cref="TargetScoring"/> and <see cref="PerplexityScoring"/>),
/// <c>metrics</c> (names, headline first, such as <c>["matthews"]</c>; <c>pearson</c> and <c>spearman</c> compare the mean of numeric choices under the model with the number in <c>answers_field</c>,
/// and need no <c>label_field</c>), <c>demonstrations</c> (<c>split</c>, <c>per_item</c>) and <c>structured</c> for fine-tuning (<c>kind</c>: classification with <c>text</c>, entailment with <c>premise</c> and <c>hypothesis</c>,
/// similarity with <c>first</c> and <c>second</c>, multiple_choice with <c>context</c>). Paths are relative to the task file.
/// </remarks>
public static class TaskFile
{
    private const int ReportedProblemCount = 20;

    /// <summary>Reads and checks a task file; the data files are read and checked when the task is loaded.</summary>
    /// <param name="path">JSON file.</param>
    /// <exception cref="ConfigException">The file is missing, no JSON, or wrong: all its problems at once.</exception>
    public static EvaluationTask Load(string path)
    {
        JsonElement root;
        try
        {
            root = JsonElement.Parse(InputFile.Text(path), new JsonDocumentOptions { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true });
        }
        catch (JsonException e)
        {
            throw new ConfigException($"task file '{path}' is no JSON: {e.Message}", e);
        }

        var problems = new List<string>();
        var definition = Define(new ObjectReader(root, "", problems), Path.GetDirectoryName(Path.GetFullPath(path))!, problems);
        if (problems.Count > 0) throw new ConfigException($"task file '{path}'", problems);
        return new()
        {
            Name = definition.Name, Description = definition.Description, Prompt = definition.Prompt, Scoring = definition.Scoring,
            Demonstrations = definition.Demonstrations, Metrics = definition.Metrics, Load = () => ReadData(path, definition),
        };
    }

    private static Definition Define(ObjectReader file, string folder, List<string> problems)
    {
        var data = file.Object("data", required: true);
        var files = new[] { "train", "validation", "test" }.Select(s => data?.Text(s, required: s == "test")).Select(p => p is null ? null : Path.Combine(folder, p)).ToArray();
        data?.Finish();
        for (var i = 0; i < files.Length; i++)
        {
            if (files[i] is { } missing && !File.Exists(missing)) problems.Add($"data.{new[] { "train", "validation", "test" }[i]}: the file '{missing}' does not exist");
        }

        var prompt = file.Object("prompt", required: true);
        var template = new PromptTemplate(prompt?.Template("context", required: true) ?? "", prompt?.Template("answer") ?? " {answer}", prompt?.Text("separator") ?? "\n\n", prompt?.Text("instruction") ?? "")
        {
            DemonstrationContext = prompt?.Template("demonstration_context"),
            DemonstrationAnswer = prompt?.Template("demonstration_answer"),
        };
        prompt?.Finish();

        var answers = new AnswerFields(file.Texts("choices"), file.Text("choices_field"), file.Text("label_field"), file.Text("answers_field"));
        var hasChoices = answers.Choices is not null || answers.ChoicesField is not null;
        if (answers.Choices is { Count: < 2 }) problems.Add("choices: at least two are needed");
        if (answers.Choices is not null && answers.ChoicesField is not null) problems.Add("choices and choices_field exclude one another");
        var metrics = Metrics(file.Texts("metrics"), problems);
        var isCorrelated = metrics.Length > 0 && metrics.All(metric => metric is TaskMetric.Pearson or TaskMetric.Spearman);
        if (metrics.Any(metric => metric is TaskMetric.Pearson or TaskMetric.Spearman) && (!hasChoices || answers.AnswersField is null))
            problems.Add("metrics: pearson and spearman need choices that are numbers, and answers_field with the right number");
        if (hasChoices && answers.LabelField is null && !isCorrelated) problems.Add("label_field is missing: which field of a row tells the right choice?");
        if (!hasChoices && answers.LabelField is not null) problems.Add("label_field needs choices or choices_field");

        var scoring = Scoring(file.Object("scoring"), hasChoices, answers.AnswersField is not null, problems);
        problems.AddRange(metrics.Where(metric => !Fits(metric, scoring, answers.AnswersField is not null)).Select(metric =>
            $"metrics: \"{JsonNamingPolicy.SnakeCaseLower.ConvertName(metric.ToString())}\" does not go with this scoring{(scoring is GenerationScoring ? "; without `metrics` the one of `scoring.metric` is reported" : "")}"));
        if (scoring is PartialScoring && !template.Context.Contains("{answer}", StringComparison.Ordinal)) problems.Add("prompt.context needs {answer}: scoring.kind partial puts the choice there");
        if (scoring is ChoiceScoring && !template.Answer.Contains("{answer}", StringComparison.Ordinal)) problems.Add("prompt.answer needs {answer}: without it all choices are the same text");
        var source = file.Object("demonstrations");
        var demonstrations = new DemonstrationSource(source?.Choice("split", ["train", "validation", "test"]) ?? "train", source?.Flag("per_item") ?? true);
        source?.Finish();
        var structured = Structured(file.Object("structured"), hasChoices, problems);
        var definition = new Definition(file.Text("name", required: true) ?? "", file.Text("description") ?? "A task file.", files[0], files[1], files[2] ?? "", template, scoring, demonstrations, answers, structured, file.Text("cluster_field"), metrics);
        file.Finish();
        return definition;
    }

    private static TaskMetric[] Metrics(IReadOnlyList<string>? names, List<string> problems)
    {
        var known = Enum.GetValues<TaskMetric>().ToDictionary(metric => JsonNamingPolicy.SnakeCaseLower.ConvertName(metric.ToString()));
        foreach (var name in names ?? [])
        {
            if (!known.ContainsKey(name)) problems.Add($"metrics: \"{name}\" is not known; allowed are {string.Join(", ", known.Keys)}");
        }

        return [.. (names ?? []).Where(known.ContainsKey).Select(name => known[name])];
    }

    private static bool Fits(TaskMetric metric, Scoring scoring, bool hasAnswers) => metric switch
    {
        TaskMetric.Accuracy or TaskMetric.Score => scoring is not PerplexityScoring,
        TaskMetric.Matthews or TaskMetric.F1 or TaskMetric.MacroF1 or TaskMetric.MultiRcExactMatch or TaskMetric.MultiRcF1
            or TaskMetric.Pearson or TaskMetric.Spearman or TaskMetric.Brier or TaskMetric.CalibrationError => scoring is ChoiceScoring or PartialScoring,
        TaskMetric.RecordExactMatch or TaskMetric.RecordF1 => scoring is ChoiceScoring or PartialScoring && hasAnswers,
        TaskMetric.TargetPerplexity => scoring is TargetScoring,
        TaskMetric.TokenPerplexity or TaskMetric.WordPerplexity or TaskMetric.BytePerplexity or TaskMetric.BitsPerByte => scoring is PerplexityScoring,
        TaskMetric.BestExact or TaskMetric.BestF1 => scoring is GenerationScoring { NoAnswer: not null },
        _ => scoring is GenerationScoring,
    };

    private static Scoring Scoring(ObjectReader? scoring, bool hasChoices, bool hasAnswers, List<string> problems)
    {
        var kind = scoring?.Choice("kind", ["choices", "partial", "generation", "target", "perplexity"], required: true) ?? (hasChoices ? "choices" : "generation");
        if (kind is "choices" or "partial" && !hasChoices) problems.Add($"scoring.kind {kind} needs choices or choices_field");
        if (kind is "generation" or "target" && !hasAnswers) problems.Add(hasChoices || scoring is not null ? $"scoring.kind {kind} needs answers_field" : "choices, choices_field or answers_field is missing: what is the answer of an item?");
        Scoring result = kind switch
        {
            "choices" => new ChoiceScoring(scoring?.Named<Normalization>("normalization") ?? Normalization.PerToken, scoring?.Text("answer_context")),
            "partial" => new PartialScoring(),
            "generation" => Generation(scoring),
            "target" => new TargetScoring(scoring?.Named<TargetSpan>("span") ?? TargetSpan.Whole) { StopWords = scoring?.Choice("stop_words", StopWordList.Names) },
            _ => new PerplexityScoring(scoring?.Text("counted_field")) { Stride = scoring?.Count("stride"), CountLineEnds = scoring?.Flag("count_line_ends") },
        };
        scoring?.Finish();
        return result;
    }

    private static GenerationScoring Generation(ObjectReader? scoring)
    {
        var sentences = scoring?.Count("sentences");
        var stops = scoring?.Texts("stop") ?? (sentences is null ? ["\n"] : []);
        var plain = new GenerationScoring(scoring?.Named<GenerationMetric>("metric") ?? GenerationMetric.ExactMatch, scoring?.Count("max_new_tokens") ?? 32, [.. stops]);
        return plain with
        {
            BeamWidth = scoring?.Count("beam_width") ?? plain.BeamWidth,
            LengthPenalty = scoring?.Number("length_penalty") ?? plain.LengthPenalty,
            TopK = scoring?.Count("top_k"),
            SentenceCount = sentences,
            NoAnswer = scoring?.Text("no_answer"),
        };
    }

    private static StructuredTemplate? Structured(ObjectReader? structured, bool hasChoices, List<string> problems)
    {
        if (structured is null) return null;
        if (!hasChoices) problems.Add("structured: fine-tuning needs choices or choices_field");
        var kind = structured.Choice("kind", ["classification", "entailment", "similarity", "multiple_choice"], required: true);
        string[] names = kind switch
        {
            "classification" => ["text"],
            "entailment" => ["premise", "hypothesis"],
            "similarity" => ["first", "second"],
            "multiple_choice" => ["context"],
            _ => [],
        };
        var templates = names.Select(n => structured.Template(n, required: true) ?? "").ToArray();
        if (kind is not null) structured.Finish();
        return new(kind ?? "", templates);
    }

    private static TaskSplits ReadData(string path, Definition definition)
    {
        var problems = new List<string>();
        var splits = new TaskSplits(Read("train", definition.Train), Read("validation", definition.Validation), Read("test", definition.Test));
        if (problems.Count == 0) return splits;
        if (problems.Count > ReportedProblemCount) problems = [.. problems.Take(ReportedProblemCount), $"and {problems.Count - ReportedProblemCount} more"];
        throw new ConfigException($"data of task file '{path}'", problems);

        IReadOnlyList<TaskItem> Read(string split, string? file)
        {
            if (file is null) return [];
            var items = new List<TaskItem>();
            string[] lines;
            try
            {
                lines = File.ReadAllLines(file);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                problems.Add($"'{file}' cannot be read: {e.Message}");
                return [];
            }

            for (var i = 0; i < lines.Length; i++)
            {
                if (lines[i].Trim().Length == 0) continue;
                try
                {
                    items.Add(TaskFileRow.Item(JsonElement.Parse(lines[i], new JsonDocumentOptions { AllowDuplicateProperties = false }), definition) with { Id = $"{split}/{items.Count}" });
                }
                catch (Exception e) when (e is JsonException or ConfigException)
                {
                    problems.Add($"'{file}' line {i + 1}: {e.Message}");
                }
            }

            if (items.Count == 0 && problems.Count == 0) problems.Add($"'{file}' holds no items");
            return items;
        }
    }

    /// <summary>Where a row's answer stands.</summary>
    internal sealed record AnswerFields(IReadOnlyList<string>? Choices, string? ChoicesField, string? LabelField, string? AnswersField);

    /// <summary>Templates of the texts of a fine-tuning input.</summary>
    internal sealed record StructuredTemplate(string Kind, IReadOnlyList<string> Templates);

    /// <summary>A checked task file.</summary>
    internal sealed record Definition(
        string Name, string Description, string? Train, string? Validation, string Test, PromptTemplate Prompt, Scoring Scoring,
        DemonstrationSource Demonstrations, AnswerFields Answers, StructuredTemplate? Structured, string? ClusterField, IReadOnlyList<TaskMetric> Metrics);
}
