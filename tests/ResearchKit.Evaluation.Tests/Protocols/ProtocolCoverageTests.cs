using ResearchKit.Evaluation.Datasets;
using ResearchKit.Evaluation.Protocols;

namespace ResearchKit.Evaluation.Tests.Protocols;

/// <summary>Which benchmark the papers and the harness define how: every pair of the data that can be had and a protocol that reports it.</summary>
public class ProtocolCoverageTests
{
    /// <summary>Protocol and the tasks that its source reports (GPT-1 Tables 2 to 4 and §5, GPT-2 §3, GPT-3 Table H.1, the harness's tasks over the same data).</summary>
    private static readonly Dictionary<string, string> Expected = new()
    {
        ["gpt1-finetune"] = "snli mnli scitail qnli rte race-middle race-high mrpc qqp stsb sst2 sst2-sentences cola",
        ["gpt1-paper"] = "cola sst2 sst2-sentences sst2-very race-middle race-high wsc273",
        ["gpt2-paper"] = "lambada wikitext2 wikitext2-detokenized ptb wsc273 coqa cnn_dm wmt14-en-fr wmt14-fr-en nq_open",
        ["gpt3-paper"] = """
            hellaswag lambada lambada-cloze nq_open webquestions triviaqa
            wmt14-en-fr wmt14-fr-en wmt16-de-en wmt16-en-de wmt16-ro-en wmt16-en-ro wmt14-en-fr-zero wmt14-fr-en-zero wmt16-de-en-zero wmt16-en-de-zero wmt16-ro-en-zero wmt16-en-ro-zero
            wsc273 winogrande piqa arc-easy arc-challenge openbookqa coqa drop squad2 race-middle race-high
            boolq cb copa rte wic wsc multirc record anli-r1 anli-r2 anli-r3 ptb
            gpt3/two_digit_addition gpt3/two_digit_subtraction gpt3/three_digit_addition gpt3/three_digit_subtraction gpt3/four_digit_addition gpt3/four_digit_subtraction
            gpt3/five_digit_addition gpt3/five_digit_subtraction gpt3/two_digit_multiplication gpt3/single_digit_three_ops
            gpt3/cycle_letters_in_word gpt3/mid_word_1_anagrams gpt3/mid_word_2_anagrams gpt3/random_insertion_in_word gpt3/reversed_words
            """,
        ["lm-eval"] = """
            lambada lambada-cloze wikitext2 wikitext2-detokenized hellaswag piqa copa arc-easy arc-challenge openbookqa sciq winogrande wsc273
            rte cb mnli anli-r1 anli-r2 anli-r3 qnli mrpc qqp sst2 cola wic wsc boolq race-high multirc record coqa drop squad2 xquad-en
            triviaqa nq_open webquestions cnn_dm wmt14-en-fr wmt14-fr-en wmt16-de-en wmt16-en-de wmt16-ro-en wmt16-en-ro
            gpt3/two_digit_addition gpt3/two_digit_subtraction gpt3/three_digit_addition gpt3/three_digit_subtraction gpt3/four_digit_addition gpt3/four_digit_subtraction
            gpt3/five_digit_addition gpt3/five_digit_subtraction gpt3/two_digit_multiplication gpt3/single_digit_three_ops
            gpt3/cycle_letters_in_word gpt3/mid_word_1_anagrams gpt3/mid_word_2_anagrams gpt3/random_insertion_in_word gpt3/reversed_words
            """,
    };

    public static TheoryData<string> Protocols => [.. Expected.Keys];

    [Theory]
    [MemberData(nameof(Protocols))]
    public void AProtocolDefinesTheTasksThatItsSourceReportsAndNoOthers(string name)
    {
        var defined = DatasetTasks.Names.Where(task => TaskProtocols.Of(DatasetTasks.Describe(task)).Any(protocol => protocol.Name == name));
        Assert.Equal(Expected[name].Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).Order(StringComparer.Ordinal), defined.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void EveryPublishedProtocolIsListed() => Assert.Equal(TaskProtocols.Names, Expected.Keys);

    [Fact]
    public void EveryDataSetIsReadByATask() =>
        Assert.Equal(DatasetCatalog.All.Select(entry => entry.Name).Order(StringComparer.Ordinal), DatasetTasks.Names.Select(DatasetTasks.DatasetOf).Distinct().Order(StringComparer.Ordinal));

    [Fact]
    public void TasksWithoutAPublishedProtocolAreTheFewThatNoSourceReports() => Assert.Equal(
        ["copa-test", "gpt3/six_digit_addition", "gpt3/six_digit_subtraction", "gpt3/sum_of_digits", "multi30k-en-de", "multi30k-en-fr", "squad1-sample",
            "wmt14-de-en", "wmt14-de-en-zero", "wmt14-en-de", "wmt14-en-de-zero"],
        DatasetTasks.Names.Where(task => TaskProtocols.Of(DatasetTasks.Describe(task)).Count == 0).Order(StringComparer.Ordinal));
}
