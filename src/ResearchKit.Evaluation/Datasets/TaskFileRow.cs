using System.Text.Json;
using ResearchKit.Core;
using ResearchKit.Core.Tasks;
using ResearchKit.Evaluation.Tasks;

namespace ResearchKit.Evaluation.Datasets;

/// <summary>Makes an item of one row of a user's data.</summary>
internal static class TaskFileRow
{
    /// <exception cref="ConfigException">The row lacks what the task file asks for.</exception>
    public static TaskItem Item(JsonElement row, TaskFile.Definition task)
    {
        if (row.ValueKind != JsonValueKind.Object) throw new ConfigException("a row must be a JSON object");
        var fields = row.EnumerateObject().Where(p => IsScalar(p.Value)).ToDictionary(p => p.Name, p => Scalar(p.Value));
        var choices = task.Answers.ChoicesField is { } listed ? Texts(row, listed) : task.Answers.Choices ?? [];
        if (task.Answers.ChoicesField is not null && choices.Count < 2) throw new ConfigException($"field `{task.Answers.ChoicesField}` holds fewer than two choices");
        int? gold = task.Answers.LabelField is { } label ? Gold(Field(row, label), label, choices) : null;
        var item = new TaskItem
        {
            Id = "", Fields = fields, Choices = choices, Gold = gold,
            Answers = task.Answers.AnswersField is { } answers ? Texts(row, answers) : [],
            Cluster = task.ClusterField is { } cluster ? Scalar(Field(row, cluster)) : null,
        };
        if (task.Answers.AnswersField is not null && (item.Answers.Count == 0 || item.Answers.Any(string.IsNullOrEmpty)))
            throw new ConfigException($"field `{task.Answers.AnswersField}` holds no answer");

        // Rendering now finds fields that the templates name and the row lacks.
        foreach (var template in new[] { task.Prompt.Context, task.Prompt.Answer }) TextTemplate.Parse(template).Render(fields, "", "of this line");
        return task.Structured is { } structured ? item with { Structured = Structured(structured, fields, choices) } : item;
    }

    private static StructuredInput Structured(TaskFile.StructuredTemplate template, Dictionary<string, string> fields, IReadOnlyList<string> choices)
    {
        var texts = template.Templates.Select(t => TextTemplate.Parse(t).Render(fields, null, "of this line")).ToArray();
        return template.Kind switch
        {
            "classification" => new ClassificationInput(texts[0]),
            "entailment" => new EntailmentInput(texts[0], texts[1]),
            "similarity" => new SimilarityInput(texts[0], texts[1]),
            _ => new MultipleChoiceInput(texts[0], choices),
        };
    }

    private static int Gold(JsonElement value, string field, IReadOnlyList<string> choices)
    {
        var gold = value.ValueKind switch
        {
            JsonValueKind.Number when value.TryGetInt32(out var index) => index,
            JsonValueKind.True => 1,
            JsonValueKind.False => 0,
            JsonValueKind.String => choices.ToList().IndexOf(value.GetString()!),
            _ => -1,
        };
        return gold >= 0 && gold < choices.Count
            ? gold
            : throw new ConfigException($"field `{field}` is {value.GetRawText()}; allowed is an index from 0 to {choices.Count - 1}, or one of {string.Join(", ", choices)}");
    }

    private static JsonElement Field(JsonElement row, string name) => row.TryGetProperty(name, out var value)
        ? value
        : throw new ConfigException($"field `{name}` is missing; the row's fields are {string.Join(", ", row.EnumerateObject().Select(p => p.Name))}");

    private static IReadOnlyList<string> Texts(JsonElement row, string name)
    {
        var value = Field(row, name);
        if (IsScalar(value)) return [Scalar(value)];
        return value.ValueKind == JsonValueKind.Array && value.EnumerateArray().All(IsScalar)
            ? [.. value.EnumerateArray().Select(Scalar)]
            : throw new ConfigException($"field `{name}` must be a text or a list of texts");
    }

    private static bool IsScalar(JsonElement value) => value.ValueKind is JsonValueKind.String or JsonValueKind.Number or JsonValueKind.True or JsonValueKind.False;

    private static string Scalar(JsonElement value) => value.ValueKind == JsonValueKind.String ? value.GetString()! : value.GetRawText();
}
