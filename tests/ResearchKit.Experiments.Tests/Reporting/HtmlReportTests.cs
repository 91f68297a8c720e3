using System.Text.Json;
using System.Text.RegularExpressions;
using FsCheck;
using FsCheck.Fluent;
using FsCheck.Xunit;
using ResearchKit.Experiments.Reporting;
using ResearchKit.Experiments.Reporting.Html;

namespace ResearchKit.Experiments.Tests.Reporting;

public sealed partial class HtmlReportTests
{
    private static readonly ReportModel Model = SyntheticReport.Make(40, 6);
    private static readonly Lazy<string> Page = new(() => HtmlReport.Render(Model));

    // What the kit itself wrote: without plotly.js and without the data, whose strings may say anything.
    private static string OwnMarkup(string page) => DataScripts().Replace(page.Replace(Asset.PlotlyScript(), "", StringComparison.Ordinal).Replace(Asset.PlotlyLicence(), "", StringComparison.Ordinal), "");

    private static JsonElement Data(string page, string id)
    {
        var start = page.IndexOf($"<script type=\"application/json\" id=\"{id}\">", StringComparison.Ordinal);
        Assert.True(start >= 0, $"{id} is missing");
        start = page.IndexOf('>', start) + 1;
        return JsonDocument.Parse(page[start..page.IndexOf("</script>", start, StringComparison.Ordinal)]).RootElement;
    }

    private static ReportModel Minimal(string title = "t", string question = "q") => new() { Title = title, Question = question };

    [Fact]
    public void TheSameModelGivesTheSameBytes()
    {
        var again = SyntheticReport.Make(40, 6);
        Assert.NotSame(Model, again);
        Assert.Equal(Page.Value, HtmlReport.Render(again));
    }

    [Fact]
    public void AReadBackModelGivesTheSameBytes() => Assert.Equal(Page.Value, HtmlReport.Render(ReportModelJson.Deserialize(ReportModelJson.Serialize(Model))));

    [Fact]
    public void NothingIsLoadedFromTheNetwork()
    {
        var own = OwnMarkup(Page.Value);
        Assert.DoesNotContain("http://", own, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("https://", own, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("@import", own, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("url(", own, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("fetch(", own, StringComparison.Ordinal);
        Assert.DoesNotContain("XMLHttpRequest", own, StringComparison.Ordinal);
        Assert.DoesNotContain("<link", own, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotMatch(Sources(), own);
        Assert.Contains("default-src 'none'", own, StringComparison.Ordinal);
    }

    [Fact]
    public void EveryScriptOfThePageEndsWhereItShould()
    {
        // Texts of the synthetic items hold </script>; none may end a script element early.
        Assert.Contains(Model.Items, item => item.Text.Contains("</script>", StringComparison.Ordinal));
        Assert.Equal(ScriptStarts().Count(Page.Value), ScriptEnds().Count(Page.Value));
        Assert.Equal(5, ScriptEnds().Count(Page.Value));                      // figures, items, licences, plotly.js, the page's own
    }

    [Fact]
    public void TextsAreEscapedWhereverTheyStand()
    {
        const string evil = "<img src=x onerror=alert(1)>\"'&</script></style>{{body}}\u0001";
        var page = HtmlReport.Render(new ReportModel
        {
            Title = evil, Question = evil, Answer = evil, Facts = [new(evil, evil, evil)], Notes = [new(NoteKind.MissedTarget, evil, evil)],
            Models = [new ModelEntry { Name = evil, Family = evil, Parameters = 1, Configuration = evil, WeightsHash = evil, Card = evil, LearningCurve = [new(1, 1, 2, 3), new(2, 2, 1, 2)] }],
            Tasks = [new TaskEntry { Name = evil, Metric = evil, ItemCount = 1, Description = evil, Split = evil, ItemIds = [evil] }],
            InContext = [new InContextCell { Id = evil, Model = evil, Task = evil, K = 1, Seed = 1, Score = 1, ItemCount = 1, ItemScores = [1], Protocol = evil }],
            FineTuning = [new FineTuningCell { Id = evil + "2", Model = evil, Task = evil, LabelledCount = 4, Recipe = evil, Seed = 1, Score = 0.5, ItemCount = 1 }],
            Comparisons = [new ComparisonRow { Task = evil, A = new(evil, K: 1), B = new(evil, LabelledCount: 4), Difference = 0.1, ItemCount = 1, Test = evil }],
            PaperValues = [new PaperValue { Task = evil, Setting = evil, Model = evil, Value = 0.5, Metric = evil, Source = evil, Note = evil, Split = evil, Parameters = 100 }],
            Items = [new ItemRecord { Task = evil, Id = evil, Text = evil, Choices = [evil], Gold = 0, Predictions = [new ItemPrediction { Cell = evil, Score = 1, Answer = evil, Prompt = evil, Choices = [new ChoiceScore { Tokens = [evil], LogProbabilities = [-1] }] }] }],
            Manifest = new ReportManifest { Command = evil, Configuration = evil, Device = evil, Hashes = [new(evil, evil)], Versions = [new(evil, evil)] },
        });
        Assert.DoesNotContain("<img", page.Replace(Asset.PlotlyScript(), "", StringComparison.Ordinal), StringComparison.Ordinal);
        Assert.Contains("&lt;img src=x onerror=alert(1)&gt;&quot;&#39;&amp;&lt;/script&gt;", page, StringComparison.Ordinal);
        Assert.Contains("{{body}}", page, StringComparison.Ordinal);
        Assert.DoesNotContain('\u0001', page.Replace(Asset.PlotlyScript(), "", StringComparison.Ordinal));
        Assert.Equal(ScriptStarts().Count(page), ScriptEnds().Count(page));
        Assert.Contains(Data(page, "item-data").GetProperty("strings").EnumerateArray(), text => text.GetString() == evil);
    }

    [Property(MaxTest = 200)]
    public Property EscapedTextHoldsNoMarkupAndReadsBack(string? any)
    {
        var text = any ?? "";
        var escaped = Markup.Text(text).Value;
        var allowed = string.Concat(Markup.Sound(text).Select(c => c is < ' ' and not '\t' and not '\n' and not '\r' or (>= '\u007f' and <= '\u009f') ? '\ufffd' : c));
        return (!escaped.AsSpan().ContainsAny("<>\"'") && System.Net.WebUtility.HtmlDecode(escaped) == allowed).ToProperty();
    }

    [Property(MaxTest = 100)]
    public Property ItemTextsAndPromptsSurviveTheExplorersData(string? any, string? other)
    {
        // FsCheck's strings hold unpaired surrogates and control characters, which is what broken tokens look like.
        string text = "x" + any, prompt = (other ?? "") + "\n\n" + any + "\n\n\n" + other;
        var model = Minimal() with
        {
            Models = [new ModelEntry { Name = "m", Family = "gpt2", Parameters = 1 }],
            Tasks = [new TaskEntry { Name = "t", Metric = "accuracy", ItemCount = 1, ItemIds = ["1"] }],
            InContext = [new InContextCell { Id = "c", Model = "m", Task = "t", K = 0, Seed = 1, Score = 1, ItemCount = 1, ItemScores = [1] }],
            Items = [new ItemRecord { Task = "t", Id = "1", Text = text, Predictions = [new ItemPrediction { Cell = "c", Score = 1, Prompt = prompt }] }],
        };
        var json = ExplorerData.Json(model, new ReportTables(model));
        var data = JsonDocument.Parse(json).RootElement;
        var strings = data.GetProperty("strings").EnumerateArray().Select(entry => entry.GetString()!).ToList();
        var item = data.GetProperty("items")[0];
        var readPrompt = string.Concat(item[7][0][4].EnumerateArray().Select(index => strings[index.GetInt32()]));
        return (!json.Contains('<') && strings[item[2].GetInt32()] == Markup.Sound(text) && readPrompt == Markup.Sound(prompt)).ToProperty();
    }

    [Fact]
    public void ThePageOfAnEmptyModelHasNoSectionsFiguresOrData()
    {
        var page = HtmlReport.Render(Minimal("A title", "A question?"));
        Assert.Contains("<h1>A question?</h1>", page, StringComparison.Ordinal);
        Assert.DoesNotContain("<section", page, StringComparison.Ordinal);
        Assert.DoesNotContain("<figure", page, StringComparison.Ordinal);
        Assert.DoesNotContain("plotly.js v", page, StringComparison.Ordinal);
        Assert.DoesNotContain("item-data\">", page, StringComparison.Ordinal);
        Assert.True(page.Length < 60_000);
    }

    public static TheoryData<string, string> Parts => new()
    {
        { "scores", nameof(ReportModel.InContext) }, { "paired", nameof(ReportModel.Comparisons) }, { "papers", nameof(ReportModel.PaperValues) }, { "seeds", nameof(ReportModel.VarianceSplits) },
        { "models", nameof(ReportModel.Models) }, { "fine-tuning", nameof(ReportModel.FineTuning) }, { "contamination", nameof(ReportModel.Contamination) }, { "calibration", nameof(ReportModel.Calibration) },
        { "explorer", nameof(ReportModel.Items) }, { "notes", nameof(ReportModel.Notes) }, { "repeat", nameof(ReportModel.Manifest) },
    };

    [Theory]
    [MemberData(nameof(Parts))]
    public void ASectionIsThereExactlyWhenItsDataIs(string section, string part)
    {
        Assert.Contains($"<section id=\"{section}\"", Page.Value, StringComparison.Ordinal);
        Assert.Contains($"<a href=\"#{section}\">", Page.Value, StringComparison.Ordinal);
        var without = part switch
        {
            nameof(ReportModel.InContext) => Model with { InContext = [], FineTuning = [], Items = [], Comparisons = [] },
            nameof(ReportModel.Comparisons) => Model with { Comparisons = [] },
            nameof(ReportModel.PaperValues) => Model with { PaperValues = [] },
            nameof(ReportModel.VarianceSplits) => Model with { VarianceSplits = [], InContext = [.. Model.InContext.Where(cell => cell.Seed == 1)], FineTuning = [.. Model.FineTuning.Where(cell => cell.Seed == 1)] },
            nameof(ReportModel.Models) => Model with { Models = [], InContext = [], FineTuning = [], Items = [], Calibration = [], VarianceSplits = [], Comparisons = [] },
            nameof(ReportModel.FineTuning) => Model with { FineTuning = [], Items = [] },
            nameof(ReportModel.Contamination) => Model with { Contamination = [] },
            nameof(ReportModel.Calibration) => Model with { Calibration = [] },
            nameof(ReportModel.Items) => Model with { Items = [] },
            nameof(ReportModel.Notes) => Model with { Notes = [] },
            _ => Model with { Manifest = null },
        };
        var page = HtmlReport.Render(without);
        Assert.DoesNotContain($"<section id=\"{section}\"", page, StringComparison.Ordinal);
        Assert.DoesNotContain($"<a href=\"#{section}\">", page, StringComparison.Ordinal);
    }

    [Fact]
    public void ModelsOfOneSizeGiveASentenceAndModelsOfSeveralAFigure()
    {
        Assert.Contains("they cannot show how scores grow with size", Page.Value, StringComparison.Ordinal);
        Assert.DoesNotContain("id=\"size\"", Page.Value, StringComparison.Ordinal);
        var page = HtmlReport.Render(Model with { PaperValues = [], Models = [.. Model.Models.Select((entry, i) => entry with { Parameters = entry.Parameters << i })] });
        Assert.Contains("id=\"size\"", page, StringComparison.Ordinal);
        Assert.Contains("Best scores against the number of parameters", page, StringComparison.Ordinal);
        Assert.DoesNotContain("cannot show how scores grow with size", page, StringComparison.Ordinal);
    }

    [Fact]
    public void FiguresShowTheModelsNumbers()
    {
        var figure = Data(Page.Value, "figure-data").GetProperty("figure-1");
        var summaries = ConditionSummaries.All(Model).Where(row => row.Task == "sst2" && row.Condition.Model == "gpt1-mini" && !row.Condition.IsFineTuned).ToList();
        var trace = figure.GetProperty("data").EnumerateArray().First(entry => entry.GetProperty("meta").GetRawText() == "[\"gpt1-mini\",\"in context\"]");
        Assert.Equal(summaries.Select(row => row.Score), trace.GetProperty("y").EnumerateArray().Select(value => value.GetDouble()));
        Assert.Equal(summaries.Select(row => row.Interval!.High - row.Score), trace.GetProperty("error_y").GetProperty("array").EnumerateArray().Select(value => value.GetDouble()));
        Assert.Equal(summaries.Select(row => row.Score - row.Interval!.Low), trace.GetProperty("error_y").GetProperty("arrayminus").EnumerateArray().Select(value => value.GetDouble()));
    }

    [Fact]
    public void EveryLegendEntrySwitchesASeriesOfItsFigures()
    {
        var keys = Data(Page.Value, "figure-data").EnumerateObject().SelectMany(figure => figure.Value.GetProperty("data").EnumerateArray())
            .SelectMany(trace => trace.GetProperty("meta").EnumerateArray()).Select(key => key.GetString()!).ToHashSet();
        var entries = Entries().Matches(OwnMarkup(Page.Value)).Select(match => match.Groups[1].Value).ToHashSet();
        Assert.Contains("fine-tuned", entries);
        Assert.Equal(keys.Order(), entries.Order());
    }

    [Fact]
    public void AScoreAtOnlyOneNumberOfExamplesOpensBesideThePublishedOnes()
    {
        var task = new TaskEntry { Name = "wikitext2", Metric = "word_perplexity", Unit = ScoreUnit.Raw, HigherIsBetter = false, ItemCount = 60 };
        var model = Minimal() with
        {
            Models = [new ModelEntry { Name = "m", Family = "gpt2", Parameters = 5_000_000 }], Tasks = [task],
            InContext = [new InContextCell { Id = "a", Model = "m", Task = "wikitext2", K = 0, Seed = 1, Score = 62.4, Interval = new(60, 65), ItemCount = 60 }],
            PaperValues = PaperResults.Beside(task, []),
        };
        string First(ReportModel shown) => Data(HtmlReport.Render(shown), "figure-data").GetProperty("figure-1").GetProperty("layout").GetProperty("xaxis").GetRawText();
        Assert.Contains("Parameters", First(model), StringComparison.Ordinal);
        Assert.Contains("m, zero-shot", First(model with { PaperValues = [] }), StringComparison.Ordinal);
        var more = model.InContext[0] with { Id = "b", K = 1 };
        Assert.Contains("Demonstrations", First(model with { InContext = [model.InContext[0], more] }), StringComparison.Ordinal);
    }

    [Fact]
    public void EveryFigureHasASpecificationAnAlternativeTextAndACaption()
    {
        var ids = Plots().Matches(Page.Value).Select(match => match.Groups[1].Value).ToList();
        Assert.True(ids.Count > 10);
        Assert.Equal(ids, Data(Page.Value, "figure-data").EnumerateObject().Select(entry => entry.Name));
        Assert.Equal(ids.Count, Captions().Count(Page.Value));
        Assert.Equal(Enumerable.Range(1, ids.Count).Select(i => $"figure-{i}"), ids);
        Assert.DoesNotContain("aria-label=\"\"", Page.Value, StringComparison.Ordinal);
    }

    [Fact]
    public void PairedComparisonsShowTheModelsStatistics()
    {
        var model = Minimal() with
        {
            Models = [new ModelEntry { Name = "m", Family = "gpt2", Parameters = 1 }],
            Tasks = [new TaskEntry { Name = "rte", Metric = "accuracy", ItemCount = 277 }],
            Comparisons =
            [
                new ComparisonRow
                {
                    Task = "rte", A = new("m", LabelledCount: 64, Recipe: "gpt1"), B = new("m", K: 8), Difference = -0.0361, Interval = new(-0.0903, 0.0181), PValue = 0.04321, HolmPValue = 0.0004, ItemCount = 277, OnlyARight = 31, OnlyBRight = 41,
                    EffectSize = 0.0712, MinimumDetectable = 0.0812,
                },
            ],
        };
        var page = HtmlReport.Render(model);
        foreach (var shown in new[] { "fine-tuned on 64", "8-shot", "−3.6", "[−9.0, 1.8]", "0.043", "&lt; 0.001", "277", "31", "41", "0.07", "8.1", "McNemar exact" })
        {
            Assert.Contains($">{shown}<", page, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void ExplorerScoresAreTheCellsItemScores()
    {
        var data = Data(Page.Value, "item-data");
        var cells = data.GetProperty("cells").EnumerateArray().ToList();
        Assert.Equal(Model.InContext.Count + Model.FineTuning.Count, cells.Count);
        for (var i = 0; i < Model.InContext.Count; i++)
        {
            Assert.Equal(string.Concat(Model.InContext[i].ItemScores.Select(score => score == 1 ? '1' : '0')), cells[i].GetProperty("items").GetString());
        }

        Assert.Equal(Model.Items.Count, data.GetProperty("items").GetArrayLength());
        Assert.All(data.GetProperty("tasks").EnumerateArray().Take(5), task => Assert.True(cells[task.GetProperty("a").GetInt32()].GetProperty("tuned").GetBoolean()));
        Assert.All(data.GetProperty("tasks").EnumerateArray(), task => Assert.False(cells[task.GetProperty("b").GetInt32()].GetProperty("tuned").GetBoolean()));
    }

    [Fact]
    public void FractionalAndMissingItemScoresAreNumbersAndNulls()
    {
        var model = Minimal() with
        {
            Models = [new ModelEntry { Name = "m", Family = "gpt2", Parameters = 1 }],
            Tasks = [new TaskEntry { Name = "t", Metric = "f1", ItemCount = 3, ItemIds = ["1", "2", "3"] }],
            InContext = [new InContextCell { Id = "c", Model = "m", Task = "t", K = 0, Seed = 1, Score = 0.5, ItemCount = 2, ItemScores = [0.25, null, 0.75] }],
            Items = [new ItemRecord { Task = "t", Id = "2", Text = "two" }],
        };
        var data = JsonDocument.Parse(ExplorerData.Json(model, new ReportTables(model))).RootElement;
        Assert.Equal("[0.25,null,0.75]", data.GetProperty("cells")[0].GetProperty("items").GetRawText());
        Assert.Equal(1, data.GetProperty("items")[0][6].GetInt32());
    }

    [Fact]
    public void DemonstrationsThatRecurAreStoredOnce()
    {
        var demonstrations = string.Concat(Enumerable.Range(0, 16).Select(i => $"A demonstration with many words, number {i}.\nanswer: yes\n\n"));
        var model = Minimal() with
        {
            Models = [new ModelEntry { Name = "m", Family = "gpt2", Parameters = 1 }],
            Tasks = [new TaskEntry { Name = "t", Metric = "accuracy", ItemCount = 1000 }],
            InContext = [new InContextCell { Id = "c", Model = "m", Task = "t", K = 16, Seed = 1, Score = 1, ItemCount = 1000 }],
            Items = [.. Enumerable.Range(0, 1000).Select(i => new ItemRecord { Task = "t", Id = $"{i}", Text = $"item {i}", Predictions = [new ItemPrediction { Cell = "c", Score = 1, Prompt = demonstrations + $"item {i}\nanswer:" }] })],
        };
        var length = ExplorerData.Json(model, new ReportTables(model)).Length;
        Assert.True(length < 200_000, $"{length} characters for 1,000 items of {demonstrations.Length} characters of demonstrations each");
    }

    [Fact]
    public void ValuesThatAreNotFiniteLeaveGapsAndStayReadable()
    {
        var model = Minimal() with
        {
            Models = [new ModelEntry { Name = "m", Family = "gpt2", Parameters = 10, LearningCurve = [new(1, 10, double.NaN), new(2, 20, double.PositiveInfinity), new(3, 30, 2.5)] }],
            Tasks = [new TaskEntry { Name = "t", Metric = "word_perplexity", Unit = ScoreUnit.Raw, HigherIsBetter = false, ItemCount = 3 }],
            InContext = [new InContextCell { Id = "a", Model = "m", Task = "t", K = 0, Seed = 1, Score = double.PositiveInfinity, ItemCount = 3 }, new InContextCell { Id = "b", Model = "m", Task = "t", K = 1, Seed = 1, Score = 812.31, ItemCount = 3 }],
        };
        var page = HtmlReport.Render(model);
        Assert.Contains(">812.3<", page, StringComparison.Ordinal);
        Assert.Contains(">∞<", page, StringComparison.Ordinal);
        Assert.Equal(2, Data(page, "figure-data").EnumerateObject().Count());
        Assert.Equal(page, HtmlReport.Render(ReportModelJson.Deserialize(ReportModelJson.Serialize(model))));
    }

    [Fact]
    public void AModelThatDoesNotFitTogetherIsRefusedWithEveryProblem()
    {
        var model = Minimal() with
        {
            Tasks = [new TaskEntry { Name = "t", Metric = "accuracy", ItemCount = 2, ItemIds = ["1", "2"] }],
            InContext = [new InContextCell { Id = "c", Model = "ghost", Task = "t", K = 0, Seed = 1, Score = 1, ItemCount = 1, ItemScores = [1] }],
            Items = [new ItemRecord { Task = "t", Id = "1", Text = "", Predictions = [new ItemPrediction { Cell = "elsewhere", Score = 1 }] }],
            Comparisons = [new ComparisonRow { Task = "u", A = new("m"), B = new("m", K: 1), Difference = 0, ItemCount = 1 }],
        };
        var message = Assert.Throws<ArgumentException>(() => HtmlReport.Render(model)).Message;
        foreach (var part in new[] { "model \"ghost\"", "1 item scores for the 2 item ids", "cell \"elsewhere\"", "task \"u\"", "exactly one of K" }) Assert.Contains(part, message, StringComparison.Ordinal);
    }

    [Fact]
    public void WritingReplacesTheFileAndLeavesNothingBeside()
    {
        var folder = Directory.CreateTempSubdirectory("report");
        try
        {
            var path = Path.Combine(folder.FullName, "deeper", "report.html");
            HtmlReport.Write(Minimal("first"), path);
            HtmlReport.Write(Minimal("second"), path);
            Assert.Equal(HtmlReport.Render(Minimal("second")), File.ReadAllText(path));
            Assert.Single(Directory.GetFileSystemEntries(Path.GetDirectoryName(path)!));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [GeneratedRegex("data-series=\"([^\"]+)\"")]
    private static partial Regex Entries();

    [GeneratedRegex("<script type=\"application/json\".*?</script>", RegexOptions.Singleline)]
    private static partial Regex DataScripts();

    [GeneratedRegex("<[a-z]+\\b[^>]*\\s(src|href|action|srcset|poster|data)\\s*=\\s*[\"']?(?!#)[^\\s\"'>]", RegexOptions.IgnoreCase)]
    private static partial Regex Sources();

    [GeneratedRegex("<script\\b", RegexOptions.IgnoreCase)]
    private static partial Regex ScriptStarts();

    [GeneratedRegex("</script", RegexOptions.IgnoreCase)]
    private static partial Regex ScriptEnds();

    [GeneratedRegex("class=\"plot [a-z]+\" id=\"(figure-\\d+)\" role=\"img\" aria-label=\"[^\"]{20,}\"")]
    private static partial Regex Plots();

    [GeneratedRegex("<figcaption><b>Figure \\d+\\.</b> .{10,}?</figcaption>", RegexOptions.Singleline)]
    private static partial Regex Captions();
}
