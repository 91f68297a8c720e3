using ResearchKit.Experiments.Reporting;

namespace ResearchKit.Experiments.Tests.Reporting;

public sealed class PaperResultsTests
{
    [Fact]
    public void AllPublishedRecordsAreThere()
    {
        Assert.Equal(1785, PaperResults.All.Count);
        Assert.Equal([("gpt1", 95), ("gpt2", 83), ("gpt3", 1607)], PaperResults.All.GroupBy(record => record.Paper).Select(paper => (paper.Key, paper.Count())));
        Assert.All(PaperResults.All, record => Assert.True(double.IsFinite(record.Value) && record.Source.StartsWith(record.Paper == "gpt1" && record.Source.StartsWith("openai", StringComparison.Ordinal) ? "openai" : "GPT-" + record.Paper[^1], StringComparison.Ordinal)));
    }

    // Spot values read from the papers' tables.
    [Theory]
    [InlineData("sst2", "accuracy", "finetune", "GPT-1 (Finetuned Transformer LM)", 91.3)]
    [InlineData("rte", "accuracy", "finetune", "GPT-1 (Finetuned Transformer LM)", 56.0)]
    [InlineData("cola", "matthews", "finetune", "GPT-1 (Finetuned Transformer LM)", 45.4)]
    [InlineData("wikitext2", "word_perplexity", "zero", "GPT-2 117M (released as 124M)", 29.41)]
    [InlineData("lambada", "accuracy", "few", "GPT-3 175B", 86.4)]
    [InlineData("hellaswag", "accuracy", "few", "GPT-3 Small", 33.5)]
    [InlineData("copa", "accuracy", "few", "GPT-3 175B", 92.0)]
    [InlineData("arithmetic-2d+", "exact_match", "few", "GPT-3 175B", 100.0)]
    public void SpotValuesAreThePapers(string task, string metric, string setting, string model, double value) =>
        Assert.Contains(PaperResults.For(task, metric, setting), record => record.Model == model && record.Value == value);

    [Theory]
    [InlineData("sst2", "SST-2")]
    [InlineData("glue/sst2", "SST-2")]
    [InlineData("arc-easy", "ARC (Easy)")]
    [InlineData("arc_challenge", "ARC (Challenge)")]
    [InlineData("anli/r1", "ANLI R1")]
    [InlineData("race/middle", "RACE-m")]
    [InlineData("suite/arithmetic-2d+", "Arithmetic 2D+")]
    [InlineData("suite/arithmetic-2d-", "Arithmetic 2D-")]
    [InlineData("gpt3/two_digit_addition", "Arithmetic 2D+")]
    [InlineData("suite/arithmetic-2dx", "Arithmetic 2Dx")]
    [InlineData("suite/arithmetic-1dc", "Arithmetic 1DC")]
    [InlineData("suite/word-cl", "Cycled Letters")]
    [InlineData("suite/cycle-letters", "Cycled Letters")]
    [InlineData("gpt3/mid_word_1_anagrams", "Anagrams 1")]
    [InlineData("suite/reversed-words", "Reversed Words")]
    public void OurNamesFindThePapersTasks(string ours, string theirs) => Assert.Equal(theirs, PaperResults.PaperTasks(ours)[0]);

    [Theory]
    [InlineData("suite/label-induction")]
    [InlineData("sciq")]
    [InlineData("")]
    public void TasksThatNoPaperHasFindNothing(string task) => Assert.Empty(PaperResults.For(task));

    [Theory]
    [InlineData("cola", "matthews", 0.454)]
    [InlineData("mrpc", "binary_f1", 0.823)]
    [InlineData("lambada", "target_perplexity", 35.13)]
    [InlineData("multirc", "multi_rc_f1", 0.754)]
    [InlineData("coqa", "coqa_f1", 0.85)]
    public void EvaluationsMetricsFindThePapersOnOurScale(string task, string metric, double value)
    {
        var values = PaperResults.Beside(new TaskEntry { Name = task, Metric = metric, ItemCount = 1 }, []);
        Assert.Contains(values, record => Math.Abs(record.Value - value) < 1e-9);
        Assert.Single(values.Select(record => record.Metric).Distinct());
    }

    // Every task over real data that the three papers report, under any of its prompts, and every synthetic task of GPT-3.
    [Fact]
    public void TheRegisteredTasksOfThePapersHaveRecords()
    {
        string[] notInThePapers =
        [
            "sst2-very", "sciq", "xquad-en", "squad1-sample", "wmt14-en-de", "wmt14-en-de-zero", "wmt14-de-en", "wmt14-de-en-zero", "multi30k-en-de", "multi30k-en-fr",
            "gpt3/six_digit_addition", "gpt3/six_digit_subtraction", "gpt3/sum_of_digits",
        ];
        var without = ResearchKit.Evaluation.Datasets.DatasetTasks.Names.Where(name => PaperResults.For(name).Count == 0);
        Assert.Equal(notInThePapers.Order(), without.Order());
        Assert.Equal(15, ResearchKit.Evaluation.Suite.GeneratedSuite.Names.Count(name => PaperResults.For(name).Count > 0));
    }

    [Fact]
    public void EveryNamedPaperTaskHasRecords()
    {
        string[] ours = ["sst2", "cola", "rte", "mrpc", "stsb", "qqp", "qnli", "snli", "scitail", "mnli", "copa", "cb", "boolq", "wic", "wsc", "multirc", "record", "wsc273", "winogrande", "hellaswag", "piqa", "arc-easy", "arc-challenge", "openbookqa", "lambada", "wikitext2", "ptb", "coqa", "drop", "squad2", "nq-open", "triviaqa", "webquestions", "cnn-dm", "wmt14-en-fr", "wmt16-de-en"];
        Assert.All(ours, task => Assert.NotEmpty(PaperResults.For(task)));
    }

    [Fact]
    public void ValuesStandInOurUnitWithFlagsForWhatIsTheSame()
    {
        var task = new TaskEntry { Name = "rte", Metric = "accuracy", ItemCount = 277, Split = "validation" };
        var models = new[] { new ModelEntry { Name = "gpt2-small", Family = "gpt2", Parameters = 124_439_808 } };
        var values = PaperResults.Beside(task, models, record => record.Paper == "gpt3");
        var small = Assert.Single(values, value => value is { Model: "GPT-3 Small", Setting: "few", Split: "dev" });
        Assert.Equal(PaperResults.For("rte").First(record => record is { Model: "GPT-3 Small", Setting: "few" }).Value / 100, small.Value);
        Assert.True(small is { SameSize: true, SameSplit: true, SameProtocol: true });
        // A part of the split is not the papers' items, whether by a limit or because no more is at hand.
        Assert.All(PaperResults.Beside(task, models, isWholeSplit: false), value => Assert.False(value.SameSplit));
        Assert.All(PaperResults.Beside(task with { ItemCount = 50, SplitItemCount = 277 }, models), value => Assert.False(value.SameSplit));
        var large = Assert.Single(values, value => value is { Model: "GPT-3 175B", Setting: "few", Split: "dev" });
        Assert.False(large.SameSize);
        Assert.All(values.Where(value => value.Source.StartsWith("GPT-1", StringComparison.Ordinal)), value => Assert.True(value is { SameProtocol: false, SameSplit: false }));
        Assert.Equal(29.41, Assert.Single(PaperResults.Beside(new TaskEntry { Name = "wikitext2", Metric = "word_perplexity", Unit = ScoreUnit.Raw, ItemCount = 1 }, models), value => value.Model.StartsWith("GPT-2 117M", StringComparison.Ordinal)).Value);
    }
}
