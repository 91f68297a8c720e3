using System.Text;
using System.Text.Json;
using FsCheck;
using FsCheck.Fluent;
using FsCheck.Xunit;
using ResearchKit.Experiments.Reporting;

namespace ResearchKit.Experiments.Tests.Reporting;

/// <summary>Markdown, CSV, LaTeX and lm-evaluation-harness forms.</summary>
public sealed class OtherFormsTests
{
    private static readonly ReportModel Model = SyntheticReport.Make(40, 6);

    private static ReportModel WithNote(string text) => new() { Title = text, Question = text, Notes = [new(NoteKind.Warning, text, null)] };

    private static List<List<string>> ParseCsv(string text)
    {
        var rows = new List<List<string>> { new() };
        var field = new StringBuilder();
        var quoted = false;
        for (var i = 0; i < text.Length; i++)
        {
            var c = text[i];
            if (quoted && c == '"' && i + 1 < text.Length && text[i + 1] == '"') field.Append(text[++i]);
            else if (c == '"') quoted = !quoted;
            else if (quoted || c is not (',' or '\r')) field.Append(c);
            else
            {
                rows[^1].Add(field.ToString());
                field.Clear();
                if (c == '\r')
                {
                    i++;
                    rows.Add([]);
                }
            }
        }

        rows.RemoveAt(rows.Count - 1);
        return rows;
    }

    [Fact]
    public void EveryFormIsTheSameForTheSameModel()
    {
        var again = SyntheticReport.Make(40, 6);
        Assert.Equal(MarkdownReport.Render(Model), MarkdownReport.Render(again));
        Assert.Equal(LatexTables.Render(Model), LatexTables.Render(again));
        Assert.Equal(CsvTables.Render(Model), CsvTables.Render(again));
        Assert.Equal(LmEvalResults.Render(Model), LmEvalResults.Render(again));
    }

    [Fact]
    public void CsvHoldsTheExactNumbers()
    {
        var files = CsvTables.Render(Model).ToDictionary(file => file.Name, file => ParseCsv(file.Text));
        var scores = files["scores.csv"];
        Assert.All(scores, row => Assert.Equal(scores[0].Count, row.Count));
        var summaries = ConditionSummaries.All(Model);
        Assert.Equal(summaries.Count, scores.Count - 1);
        for (var i = 0; i < summaries.Count; i++)
        {
            Assert.Equal(summaries[i].Score, double.Parse(scores[i + 1][scores[0].IndexOf("score")], System.Globalization.CultureInfo.InvariantCulture));
            Assert.Equal(summaries[i].Interval!.Low, double.Parse(scores[i + 1][scores[0].IndexOf("interval_low")], System.Globalization.CultureInfo.InvariantCulture));
        }

        Assert.Equal(Model.InContext.Sum(cell => cell.ItemScores.Count) + Model.FineTuning.Sum(cell => cell.ItemScores.Count), files["item-scores.csv"].Count - 1);
        Assert.Equal(Model.Comparisons[0].PValue, double.Parse(files["paired-comparisons.csv"][1][files["paired-comparisons.csv"][0].IndexOf("p")], System.Globalization.CultureInfo.InvariantCulture));
        Assert.Contains("learning-curves.csv", files.Keys);
    }

    [Property(MaxTest = 200)]
    public Property AnyTextReadsBackFromCsv(string? any)
    {
        var text = "x" + any;
        var rows = ParseCsv(Assert.Single(CsvTables.Render(WithNote(text))).Text);
        return (rows.Count == 2 && rows[1][^1] == text).ToProperty();
    }

    [Fact]
    public void MarkdownTablesHaveOneLineForEachRow()
    {
        var text = MarkdownReport.Render(Model);
        Assert.StartsWith("# Fine-tuning against few-shot on six tasks\n", text, StringComparison.Ordinal);
        Assert.Contains("> **Target missed.** No model solves", text, StringComparison.Ordinal);
        Assert.Contains("| suite/label-induction | gpt3-mini |", text, StringComparison.Ordinal);
        Assert.Contains(ReportFormat.Score(Model.Tasks[0], ConditionSummaries.All(Model)[0].Score), text, StringComparison.Ordinal);
        Assert.Contains("```json\n{\n  \"kind\": \"comparison\"", text, StringComparison.Ordinal);
        Assert.DoesNotContain("NaN", text, StringComparison.Ordinal);
    }

    [Property(MaxTest = 200)]
    public Property NoTextBreaksOutOfItsLineInMarkdown(string? any)
    {
        var text = MarkdownReport.Render(WithNote("x" + any + "<b>|`*"));
        return (text.Split('\n').Length == MarkdownReport.Render(WithNote("x")).Split('\n').Length && !text.Contains("<b", StringComparison.Ordinal)).ToProperty();
    }

    [Fact]
    public void AFenceIsLongerThanAnyInside()
    {
        var text = MarkdownReport.Render(new ReportModel { Title = "t", Question = "q", Manifest = new ReportManifest { Command = "echo ```` " } });
        Assert.Contains("`````sh\necho ```` \n`````\n", text, StringComparison.Ordinal);
    }

    [Fact]
    public void LatexTablesHaveAsManyCellsAsColumnsAndNoBareSpecials()
    {
        var text = LatexTables.Render(Model);
        var columns = 0;
        foreach (var line in text.Split('\n'))
        {
            if (line.StartsWith("\\begin{longtable}", StringComparison.Ordinal)) columns = line.Replace("p{0.25\\linewidth}", "p", StringComparison.Ordinal).Split('{')[^1].TrimEnd('}').Length;
            if (line.EndsWith(" \\\\", StringComparison.Ordinal)) Assert.Equal(columns, line.Replace("\\&", "", StringComparison.Ordinal).Split(" & ").Length);
        }

        Assert.True(columns > 0);
        Assert.Contains("6.0 \\texttimes{} 10\\textsuperscript{14}", text, StringComparison.Ordinal);
        Assert.Contains("\\textless{} 0.001", text, StringComparison.Ordinal);
        Assert.Contains("\\label{tab:paired-comparisons}", text, StringComparison.Ordinal);
        Assert.DoesNotMatch("(?<!\\\\)[#_]", text);
    }

    [Fact]
    public void HarnessResultsHaveOneFileForEachStateOfAModel()
    {
        var files = LmEvalResults.Render(Model);
        Assert.Equal(files.Count, files.Select(file => file.Name).Distinct().Count());
        // Three models: k = 0 with one seed, five k with three; four sizes with three seeds.
        Assert.Equal(3 * (1 + 5 * 3 + 4 * 3), files.Count);

        var json = JsonDocument.Parse(files.Single(file => file.Name == "results_gpt2-mini_8shot_seed2.json").Text).RootElement;
        var cell = Model.InContext.Single(entry => entry is { Model: "gpt2-mini", K: 8, Seed: 2, Task: "sst2" });
        var result = json.GetProperty("results").GetProperty("sst2");
        Assert.Equal(cell.Score, result.GetProperty("acc,none").GetDouble());
        var p = cell.Score;
        Assert.Equal(Math.Sqrt(p * (1 - p) / (cell.ItemCount - 1)), result.GetProperty("acc_stderr,none").GetDouble(), 12);
        Assert.Equal(8, json.GetProperty("n-shot").GetProperty("sst2").GetInt32());
        Assert.Equal(40, json.GetProperty("n-samples").GetProperty("sst2").GetProperty("effective").GetInt32());
        Assert.True(json.GetProperty("higher_is_better").GetProperty("sst2").GetProperty("acc").GetBoolean());
        Assert.Equal(["results", "group_subtasks", "configs", "versions", "n-shot", "higher_is_better", "n-samples", "config", "model_source", "model_name", "model_name_sanitized"], json.EnumerateObject().Select(entry => entry.Name));

        var tuned = JsonDocument.Parse(files.Single(file => file.Name == "results_gpt1-mini_finetuned64_gpt1_seed1.json").Text).RootElement;
        Assert.Equal("gpt1-mini_finetuned64_gpt1", tuned.GetProperty("model_name").GetString());
        Assert.Equal(0, tuned.GetProperty("n-shot").GetProperty("rte").GetInt32());
    }

    [Fact]
    public void AStandardErrorThatIsNotThatOfAMeanIsLeftOut()
    {
        var model = new ReportModel
        {
            Title = "t", Question = "q", Models = [new ModelEntry { Name = "m", Family = "gpt2", Parameters = 1 }], Tasks = [new TaskEntry { Name = "t", Metric = "word_perplexity", Unit = ScoreUnit.Raw, ItemCount = 2, ItemIds = ["1", "2"] }],
            InContext = [new InContextCell { Id = "c", Model = "m", Task = "t", K = 0, Seed = 1, Score = 50, ItemCount = 2, ItemScores = [3.5, 4.5] }],
        };
        var result = JsonDocument.Parse(Assert.Single(LmEvalResults.Render(model)).Text).RootElement.GetProperty("results").GetProperty("t");
        Assert.Equal("N/A", result.GetProperty("word_perplexity_stderr,none").GetString());
    }

    [Fact]
    public void FoldersOfFilesAreWritten()
    {
        var folder = Directory.CreateTempSubdirectory("forms");
        try
        {
            CsvTables.Write(Model, Path.Combine(folder.FullName, "tables"));
            LmEvalResults.Write(Model, Path.Combine(folder.FullName, "lm-eval"));
            MarkdownReport.Write(Model, Path.Combine(folder.FullName, "report.md"));
            LatexTables.Write(Model, Path.Combine(folder.FullName, "tables.tex"));
            Assert.Equal(CsvTables.Render(Model).Count, Directory.GetFiles(Path.Combine(folder.FullName, "tables")).Length);
            Assert.Equal(LmEvalResults.Render(Model).Count, Directory.GetFiles(Path.Combine(folder.FullName, "lm-eval")).Length);
            Assert.Equal(LatexTables.Render(Model), File.ReadAllText(Path.Combine(folder.FullName, "tables.tex")));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }
}
