using ResearchKit.Core;
using ResearchKit.Evaluation.Datasets;
using ResearchKit.Evaluation.Protocols;
using ResearchKit.Evaluation.Tasks;
using static ResearchKit.Evaluation.Tests.Examples;

namespace ResearchKit.Evaluation.Tests.Protocols;

public class ProtocolOptionsTests
{
    private static EvaluationTask Described(string name, params TaskItem[] items) => DatasetTasks.Describe(name) with { Load = () => Test(items) };

    private static Protocol Read(string task, string protocol, params (string Name, string Value)[] chosen) =>
        TaskProtocols.Get(Described(task), protocol, chosen.ToDictionary(option => option.Name, option => option.Value));

    [Fact]
    public void EveryOpenPointIsReadByItsFirstValueUntilAnotherIsChosen()
    {
        Assert.Equal("Answer:", ((ChoiceScoring)Read("arc-easy", "gpt3-paper").Scoring).AnswerContext);
        var changed = Read("arc-easy", "gpt3-paper", ("answer_context", "A:"));
        Assert.Equal("A:", ((ChoiceScoring)changed.Scoring).AnswerContext);
        Assert.Equal("A:", changed.Options.Single(option => option.Name == "answer_context").Value);
        Assert.All(Read("arc-easy", "gpt3-paper").Options, option => Assert.Equal(option.Allowed[0], option.Value));
        Assert.Equal("A:", ((ChoiceScoring)Read("race-high", "gpt3-paper").Scoring).AnswerContext);
    }

    [Fact]
    public void LambadaHasLastWordAndLastTokenWithAndWithoutTheFilter()
    {
        TargetScoring Scoring(params (string, string)[] chosen) => (TargetScoring)Read("lambada", "gpt2-paper", chosen).Scoring;
        Assert.Equal(new TargetScoring(TargetSpan.LastToken) { StopWords = "nltk" }, Scoring());
        Assert.Equal(new TargetScoring(TargetSpan.Whole) { StopWords = "nltk" }, Scoring(("scored_span", "last_word")));
        Assert.Equal(new TargetScoring(TargetSpan.LastToken), Scoring(("stop_words", "none")));
        Assert.Equal(new TargetScoring(TargetSpan.Whole), Scoring(("scored_span", "last_word"), ("stop_words", "none")));
    }

    [Fact]
    public void ReleasedFilesAreAnsweredWithFourBeamsOrGreedily()
    {
        int Beams(params (string, string)[] chosen) => ((GenerationScoring)Read("gpt3/two_digit_addition", "gpt3-paper", chosen).Scoring).BeamWidth;
        Assert.Equal(4, Beams());
        Assert.Equal(1, Beams(("decoding", "greedy")));
    }

    [Fact]
    public void WinogradIsScoredPartlyOrWhole()
    {
        var item = new TaskItem { Id = "0", Fields = new Dictionary<string, string> { ["continuation"] = "is big." }, Choices = ["The cup does not fit because the cup", "The cup does not fit because the box"], Gold = 0 };
        IReadOnlyList<string> Scored(string reading)
        {
            var task = TaskProtocols.Get(Described("wsc273", item), "gpt2-paper", new Dictionary<string, string> { ["winograd_scoring"] = reading }).ApplyTo(Described("wsc273", item));
            return ItemView.Of(task, task.Load(), new EvaluationOptions(), item, new LetterTokenizer()).Sequences.Select(sequence => sequence.Scored).ToArray();
        }

        Assert.Equal([" is big.", " is big."], Scored("partial"));
        Assert.Equal(["The cup does not fit because the cup is big.", "The cup does not fit because the box is big."], Scored("full"));
    }

    [Fact]
    public void LabelsAreRankedOrWrittenOut()
    {
        Assert.IsType<ChoiceScoring>(Read("wic", "gpt3-paper").Scoring);
        var item = new TaskItem { Id = "0", Fields = new Dictionary<string, string> { ["premise"] = "p", ["hypothesis"] = "h" }, Choices = ["True", "False"], Gold = 1 };
        var task = TaskProtocols.Get(Described("rte", item), "gpt3-paper", new Dictionary<string, string> { ["label_scorer"] = "generation" }).ApplyTo(Described("rte", item));
        var right = Run(new RuleModel((_, text) => [.. text.Select(_ => -1.0)], _ => " False\nmore"), task, task.Load());
        Assert.Equal(("accuracy", 1.0, " False"), (right.Metric, right.Score, right.Items[0].Generated));
        Assert.Equal(0, Run(new RuleModel((_, text) => [.. text.Select(_ => -1.0)], _ => " True\n"), task, task.Load()).Score);
    }

    [Fact]
    public void NounPhrasesAgreeWithTheItemsNounOrNotAsItsLabelSays()
    {
        TaskItem Item(string id, int gold) => new()
        {
            Id = id, Fields = new Dictionary<string, string> { ["text"] = "Ann saw Bo. *She* ran.", ["pronoun"] = "She", ["noun"] = "Ann" }, Choices = ["no", "yes"], Gold = gold,
        };
        var task = TaskProtocols.Get(Described("wsc"), "gpt3-paper").ApplyTo(Described("wsc") with { Load = () => new([Item("train/0", 0), Item("train/1", 1)], [], [Item("0", 1), Item("1", 0)]) });
        var splits = task.Load();
        Assert.Equal("train/1", Assert.Single(splits.Train).Id);                                     // the right phrase of the other is not known
        var result = Run(new RuleModel((_, _) => [], _ => " the Ann\n"), task, splits);
        Assert.Equal([1, 0], result.Items.Select(item => item.Score));
        Assert.EndsWith("refer to?\nAnswer:", result.Items[0].Prompt, StringComparison.Ordinal);
    }

    [Fact]
    public void PennTreebankIsDetokenizedStridedAndCountedInStoredUnits()
    {
        var item = new TaskItem { Id = "0", Fields = new Dictionary<string, string> { ["text"] = " it is n't N $ N \n it 's \n" } };
        TaskResult Score(params (string, string)[] chosen)
        {
            var task = TaskProtocols.Get(Described("ptb", item), "gpt2-paper", chosen.ToDictionary(option => option.Item1, option => option.Item2)).ApplyTo(Described("ptb", item));
            return Run(RuleModel.Uniform(), task, task.Load());
        }

        var scored = Score();
        Assert.Equal(" it isn't1 $ N\nit's\n", scored.Items[0].Choices[0].Text);
        Assert.Equal(6 + 2 + 2, scored.Items[0].Choices[0].WordCount);                                 // words and line ends of the stored text
        Assert.Equal(Math.Exp(20 / 10.0), scored.Metrics["word_perplexity"], 9);
        Assert.Equal(10, Score(("unit", "word")).Items[0].Choices[0].WordCount);                       // re.split counts the empty ends
        Assert.Equal(" it is n't N $ N \n it 's \n", Score(("detokenizer", "none")).Items[0].Choices[0].Text);
        Assert.Equal(scored.Items[0].Score, Score(("stride", "3")).Items[0].Score, 9);
    }

    [Fact]
    public void WrongReadingsAreRefusedWithTheRightOnes()
    {
        Assert.Contains("one of partial, full", Assert.Throws<ConfigException>(() => Read("wsc273", "gpt2-paper", ("winograd_scoring", "half"))).Message);
        Assert.Contains("its options are winograd_scoring", Assert.Throws<ConfigException>(() => Read("wsc273", "gpt2-paper", ("stride", "3"))).Message);
        Assert.Contains("a whole number of at least 1, or n_ctx", Assert.Throws<ConfigException>(() => Read("ptb", "gpt2-paper", ("stride", "-3"))).Message);
    }

    [Fact]
    public void TheKitsOwnWordsAreAProtocolOfEveryTask()
    {
        var task = Described("rte");
        Assert.Equal((task.Prompt, task.Scoring), (TaskProtocols.Get(task, "kit").Prompt, TaskProtocols.Get(task, "kit").Scoring));
    }

    [Fact]
    public void FactsSayEverythingThatDecidesAScore()
    {
        var task = Described("arc-easy");
        var facts = ProtocolFacts.Of(TaskProtocols.Get(task, "gpt3-paper"), task, 2);
        var labels = facts.Lines().Select(line => line.Label).Distinct();
        Assert.Equal(["protocol", "prompt", "split", "demonstrations", "scored", "normalization", "truncation", "metric", "open point"], labels);
        Assert.Equal("\"Question: {question}\\nAnswer:\" -> \" {answer}\"", facts.Prompt);
        Assert.Equal("log P(choice | prompt) - log P(choice | \"Answer:\")", facts.Normalization);
        Assert.Equal(["normalization", "truncation"], facts.DiffersFrom(ProtocolFacts.Of(TaskProtocols.Get(task, "lm-eval"), task, 2)));
        Assert.Contains("2 from train, drawn anew for every item", facts.Demonstrations);
    }
}
