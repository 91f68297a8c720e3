// The item explorer's data: one compact JSON object in which every text stands once.
using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace ResearchKit.Experiments.Reporting.Html;

/// <summary>Writes the data that report.js' explorer reads.</summary>
/// <remarks>
/// <c>{"strings": […], "tasks": [{name, metric, percent, a, b}], "cells": [{task, label, series, condition, tuned, seed, score, items}], "items": […]}</c>.
/// <c>a</c> and <c>b</c> are the cells compared at first. A cell's <c>items</c> is a text of 1, 0 and - for one score each, or an array where scores are fractions.
/// An item is [task, id, text, choices, gold, answers, place in the task's ids or -1, predictions]; a prediction is
/// [cell, score, predicted, answer, prompt, dropped tokens, choices]; a scored choice is [score, tokens, log-probabilities].
/// Texts are indices into strings; a prompt is a list of them, one for each line, because demonstrations recur.
/// </remarks>
internal static class ExplorerData
{
    private static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true };

    /// <summary>The data as JSON that may stand in a script element: no <c>&lt;</c> outside an escape.</summary>
    public static string Json(ReportModel model, ReportTables tables)
    {
        var items = new ArrayBufferWriter<byte>(1 << 16);
        var strings = new StringTable();
        using (var writer = new Utf8JsonWriter(items, Options)) WriteItems(writer, model, strings);

        var buffer = new ArrayBufferWriter<byte>(items.WrittenCount + (1 << 16));
        using (var writer = new Utf8JsonWriter(buffer, Options))
        {
            writer.WriteStartObject();
            WriteTasksAndCells(writer, model, tables);
            writer.WritePropertyName("items");
            writer.WriteRawValue(items.WrittenSpan, skipInputValidation: true);
            writer.WriteStartArray("strings");
            foreach (var text in strings.Texts) writer.WriteStringValue(text);
            writer.WriteEndArray();
            writer.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan).Replace("<", "\\u003c", StringComparison.Ordinal);
    }

    private static void WriteTasksAndCells(Utf8JsonWriter writer, ReportModel model, ReportTables tables)
    {
        var cells = model.InContext.Select(cell => (cell.Id, cell.Task, Condition: ConditionSummaries.Of(cell), cell.Seed, cell.Score, cell.ItemScores))
            .Concat(model.FineTuning.Select(cell => (cell.Id, cell.Task, Condition: ConditionSummaries.Of(cell), cell.Seed, cell.Score, cell.ItemScores))).ToList();
        var detailed = model.Items.SelectMany(item => item.Predictions).Where(prediction => prediction.Choices.Count > 0 || prediction.Answer is not null).Select(prediction => prediction.Cell).ToHashSet(StringComparer.Ordinal);

        writer.WriteStartArray("tasks");
        foreach (var task in model.Tasks)
        {
            // First the best fine-tuned cell against the best in-context cell of the same model, among those with details where there are any.
            int First(bool tuned, string? ofModel) => cells.Index()
                .Where(entry => entry.Item.Task == task.Name && entry.Item.Condition.IsFineTuned == tuned && (ofModel is null || entry.Item.Condition.Model == ofModel))
                .OrderByDescending(entry => detailed.Contains(entry.Item.Id)).ThenByDescending(entry => task.HigherIsBetter ? entry.Item.Score : -entry.Item.Score)
                .Select(entry => entry.Index).DefaultIfEmpty(-1).First();
            var a = First(true, null);
            var b = First(false, a < 0 ? null : cells[a].Condition.Model);
            if (b < 0) b = First(false, null);
            writer.WriteStartObject();
            writer.WriteString("name", Markup.Sound(task.Name));
            writer.WriteString("metric", ReportLabels.Metric(task.Metric));
            writer.WriteBoolean("percent", task.Unit == ScoreUnit.Fraction);
            writer.WriteNumber("a", a);
            writer.WriteNumber("b", b);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.WriteStartArray("cells");
        var tasks = Positions(model.Tasks.Select(task => task.Name));
        foreach (var cell in cells)
        {
            writer.WriteStartObject();
            writer.WriteNumber("task", tasks[cell.Task]);
            writer.WriteString("series", Markup.Sound(tables.Labels.Series(cell.Condition)));
            writer.WriteString("condition", Markup.Sound(tables.Labels.Regime(cell.Condition)));
            writer.WriteString("label", Markup.Sound(tables.Labels.Full(cell.Condition)));
            writer.WriteBoolean("tuned", cell.Condition.IsFineTuned);
            writer.WriteNumber("seed", cell.Seed);
            writer.WritePropertyName("score");
            WriteNumber(writer, cell.Score);
            WriteScores(writer, cell.ItemScores);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    }

    private static void WriteScores(Utf8JsonWriter writer, IReadOnlyList<double?> scores)
    {
        if (scores.All(score => score is null or 0 or 1))
        {
            writer.WriteString("items", string.Concat(scores.Select(score => score switch { null => '-', 0 => '0', _ => '1' })));
            return;
        }

        writer.WriteStartArray("items");
        foreach (var score in scores) WriteNumber(writer, score);
        writer.WriteEndArray();
    }

    private static void WriteItems(Utf8JsonWriter writer, ReportModel model, StringTable strings)
    {
        var tasks = Positions(model.Tasks.Select(task => task.Name));
        var cells = Positions(model.InContext.Select(cell => cell.Id).Concat(model.FineTuning.Select(cell => cell.Id)));
        var places = model.Tasks.ToDictionary(task => task.Name, task => Positions(task.ItemIds), StringComparer.Ordinal);

        writer.WriteStartArray();
        foreach (var item in model.Items)
        {
            writer.WriteStartArray();
            writer.WriteNumberValue(tasks[item.Task]);
            writer.WriteNumberValue(strings.Of(item.Id));
            writer.WriteNumberValue(strings.Of(item.Text));
            WriteTexts(writer, item.Choices, strings);
            if (item.Gold is { } gold) writer.WriteNumberValue(gold);
            else writer.WriteNullValue();
            WriteTexts(writer, item.Answers, strings);
            writer.WriteNumberValue(places[item.Task].GetValueOrDefault(item.Id, -1));
            writer.WriteStartArray();
            foreach (var prediction in item.Predictions) WritePrediction(writer, prediction, cells, strings);
            writer.WriteEndArray();
            writer.WriteEndArray();
        }

        writer.WriteEndArray();
    }

    private static void WritePrediction(Utf8JsonWriter writer, ItemPrediction prediction, Dictionary<string, int> cells, StringTable strings)
    {
        writer.WriteStartArray();
        writer.WriteNumberValue(cells[prediction.Cell]);
        WriteNumber(writer, prediction.Score);
        if (prediction.Predicted is { } predicted) writer.WriteNumberValue(predicted);
        else writer.WriteNullValue();
        if (prediction.Answer is { } answer) writer.WriteNumberValue(strings.Of(answer));
        else writer.WriteNullValue();
        if (prediction.Prompt is { } prompt) WriteTexts(writer, Lines(prompt), strings);
        else writer.WriteNullValue();
        writer.WriteNumberValue(prediction.DroppedTokenCount);
        writer.WriteStartArray();
        foreach (var choice in prediction.Choices)
        {
            writer.WriteStartArray();
            WriteNumber(writer, choice.Score);
            WriteTexts(writer, choice.Tokens, strings);
            writer.WriteStartArray();
            foreach (var value in choice.LogProbabilities) WriteNumber(writer, value);
            writer.WriteEndArray();
            writer.WriteEndArray();
        }

        writer.WriteEndArray();
        writer.WriteEndArray();
    }

    /// <summary>Cuts a prompt behind every line, because demonstrations recur in whole lines; the pieces in order are the prompt.</summary>
    internal static IEnumerable<string> Lines(string prompt)
    {
        var start = 0;
        while (start < prompt.Length)
        {
            var end = prompt.IndexOf('\n', start) + 1;
            if (end == 0) end = prompt.Length;
            yield return prompt[start..end];
            start = end;
        }
    }

    private static void WriteTexts(Utf8JsonWriter writer, IEnumerable<string> texts, StringTable strings)
    {
        writer.WriteStartArray();
        foreach (var text in texts) writer.WriteNumberValue(strings.Of(text));
        writer.WriteEndArray();
    }

    // Four decimals are more than the page shows; what is not finite is null.
    private static void WriteNumber(Utf8JsonWriter writer, double? value)
    {
        if (value is { } number && double.IsFinite(number)) writer.WriteNumberValue(Math.Round(number, 4));
        else writer.WriteNullValue();
    }

    private static Dictionary<string, int> Positions(IEnumerable<string> names)
    {
        var positions = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var name in names) positions.TryAdd(name, positions.Count);
        return positions;
    }

    private sealed class StringTable
    {
        private readonly Dictionary<string, int> _indices = new(StringComparer.Ordinal);

        public List<string> Texts { get; } = [];

        public int Of(string text)
        {
            if (_indices.TryGetValue(text, out var index)) return index;
            _indices[text] = Texts.Count;
            Texts.Add(Markup.Sound(text));
            return Texts.Count - 1;
        }
    }
}
