// Results in the layout of lm-evaluation-harness' results_*.json (version 0.4), for programs that read those files.
using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using ResearchKit.Core.Files;

namespace ResearchKit.Experiments.Reporting;

/// <summary>Writes results as lm-evaluation-harness does: one file for one model in one state, tasks with one number of shots each.</summary>
/// <remarks>A file holds <c>results</c>, <c>group_subtasks</c>, <c>configs</c>, <c>versions</c>, <c>n-shot</c>, <c>higher_is_better</c>, <c>n-samples</c> and <c>config</c>.
/// Metric keys carry the harness' filter name (<c>acc,none</c>). A fine-tuned model is a model of its own, named after what it was trained on, with no shots.
/// There is no date and no time: the same model gives the same bytes.</remarks>
public static class LmEvalResults
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true, NewLine = "\n", Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Writes one file for each model, number of shots, protocol and seed, and for each fine-tuned model.</summary>
    /// <param name="model">What to write.</param>
    /// <param name="folder">Target; made where missing, files replaced atomically.</param>
    /// <exception cref="ArgumentException">The model's parts do not fit together; lists every problem.</exception>
    public static void Write(ReportModel model, string folder)
    {
        var files = Render(model);
        foreach (var (name, text) in files) AtomicFile.WriteText(Path.Combine(folder, name), text);
        // Programs take all results_*.json of a folder; those of an earlier version of the experiment are not this one's.
        foreach (var old in Directory.EnumerateFiles(folder, "results_*_seed*.json").ExceptBy(files.Select(file => file.Name), Path.GetFileName).ToList()) System.IO.File.Delete(old);
    }

    /// <summary>File names and contents.</summary>
    /// <exception cref="ArgumentException">The model's parts do not fit together; lists every problem.</exception>
    public static IReadOnlyList<(string Name, string Text)> Render(ReportModel model)
    {
        ReportCheck.ThrowIfInconsistent(model);
        var tasks = model.Tasks.ToDictionary(task => task.Name, StringComparer.Ordinal);
        var cells = model.InContext.Select(cell => new Cell(cell.Model, cell.Protocol is { } protocol ? $"{cell.K}shot_{protocol}" : $"{cell.K}shot", cell.K, cell.Seed, tasks[cell.Task], cell.Score, cell.ItemCount, cell.ItemScores))
            .Concat(model.FineTuning.Select(cell => new Cell(cell.Model, $"finetuned{cell.LabelledCount}_{cell.Recipe}", null, cell.Seed, tasks[cell.Task], cell.Score, cell.ItemCount, cell.ItemScores)));
        return [.. cells.GroupBy(cell => (cell.Model, cell.State, cell.Seed)).Select(group => (
            $"results_{FileName(group.Key.Model)}_{FileName(group.Key.State)}_seed{group.Key.Seed.ToString(CultureInfo.InvariantCulture)}.json",
            File(model, model.Models.First(entry => entry.Name == group.Key.Model), group.Key.State, group.Key.Seed, [.. group])))];
    }

    private static string File(ReportModel model, ModelEntry entry, string state, long seed, IReadOnlyList<Cell> cells)
    {
        JsonObject results = [], subtasks = [], configs = [], versions = [], shots = [], better = [], samples = [];
        foreach (var cell in cells)
        {
            var (task, metric) = (cell.Task, MetricName(cell.Task.Metric));
            results[task.Name] = new JsonObject { ["alias"] = task.Name, [metric + ",none"] = Number(cell.Score), [metric + "_stderr,none"] = StandardError(cell) is { } error ? Number(error) : "N/A" };
            subtasks[task.Name] = new JsonArray();
            configs[task.Name] = new JsonObject
            {
                ["task"] = task.Name,
                ["description"] = task.Description ?? "",
                ["test_split"] = task.Split,
                ["num_fewshot"] = cell.K ?? 0,
                ["metric_list"] = new JsonArray(new JsonObject { ["metric"] = metric, ["aggregation"] = "mean", ["higher_is_better"] = task.HigherIsBetter }),
                ["metadata"] = new JsonObject { ["version"] = 1 },
            };
            versions[task.Name] = 1;
            shots[task.Name] = cell.K ?? 0;
            better[task.Name] = new JsonObject { [metric] = task.HigherIsBetter };
            samples[task.Name] = new JsonObject { ["original"] = task.SplitItemCount ?? cell.ItemCount, ["effective"] = cell.ItemCount };
        }

        // One number for the whole file, as the harness has it: none where its tasks differ.
        int? limit = cells.Select(cell => cell.Task.SplitItemCount is null ? (int?)null : cell.Task.ItemCount).Distinct().ToArray() is [var only] ? only : null;
        var name = cells[0].K is null ? $"{entry.Name}_{state}" : entry.Name;
        return new JsonObject
        {
            ["results"] = results,
            ["group_subtasks"] = subtasks,
            ["configs"] = configs,
            ["versions"] = versions,
            ["n-shot"] = shots,
            ["higher_is_better"] = better,
            ["n-samples"] = samples,
            ["config"] = new JsonObject
            {
                ["model"] = "researchkit",
                ["model_args"] = $"pretrained={name}",
                ["model_num_parameters"] = entry.Parameters,
                ["model_sha"] = entry.WeightsHash ?? "",
                ["device"] = model.Manifest?.Device,
                ["limit"] = limit,
                ["random_seed"] = seed,
                ["fewshot_seed"] = seed,
            },
            ["model_source"] = "researchkit",
            ["model_name"] = name,
            ["model_name_sanitized"] = FileName(name),
        }.ToJsonString(Indented) + "\n";
    }

    // The harness' own names, for metrics that it has.
    private static string MetricName(string metric) => metric switch
    {
        "accuracy" => "acc",
        "matthews" => "mcc",
        "binary_f1" => "f1",
        "normalized_exact_match" => "exact_match",
        "perplexity_per_word" => "word_perplexity",
        "target_perplexity" => "perplexity",
        _ => metric,
    };

    // As the harness computes it for means: the sample standard deviation over √n. Other metrics have none here.
    private static double? StandardError(Cell cell)
    {
        var scores = cell.ItemScores.OfType<double>().ToList();
        if (scores.Count < 2 || Math.Abs(scores.Average() - cell.Score) > 1e-9) return null;
        return ConditionSummaries.Deviation(scores)!.Value / Math.Sqrt(scores.Count);
    }

    private static JsonNode? Number(double value) => double.IsFinite(value) ? JsonValue.Create(value) : null;

    private static string FileName(string name) => string.Concat(name.Select(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '.' or '_' ? c : '_'));

    private sealed record Cell(string Model, string State, int? K, long Seed, TaskEntry Task, double Score, int ItemCount, IReadOnlyList<double?> ItemScores);
}
