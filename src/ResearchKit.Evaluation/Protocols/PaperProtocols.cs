using ResearchKit.Evaluation.Tasks;

namespace ResearchKit.Evaluation.Protocols;

/// <summary>Zero- and few-shot protocols of the three papers, with what they leave open.</summary>
internal static class PaperProtocols
{
    // K of Table H.1 in the few-shot column.
    private static readonly IReadOnlyDictionary<string, int> Gpt3Shots = new Dictionary<string, int>
    {
        ["hellaswag"] = 20, ["lambada"] = 0, ["lambada-cloze"] = 15, ["arc-easy"] = 50, ["arc-challenge"] = 50, ["openbookqa"] = 100, ["race-middle"] = 10, ["race-high"] = 10,
        ["piqa"] = 50, ["winogrande"] = 50, ["wsc273"] = 7, ["copa"] = 32, ["rte"] = 32, ["cb"] = 32, ["boolq"] = 32, ["wic"] = 32, ["wsc"] = 32, ["multirc"] = 32, ["record"] = 32,
        ["anli-r1"] = 50, ["anli-r2"] = 50, ["anli-r3"] = 50, ["nq_open"] = 64, ["webquestions"] = 64, ["triviaqa"] = 64, ["squad2"] = 16, ["coqa"] = 5, ["drop"] = 20, ["ptb"] = 0,
    };

    private const string LineBreaks = "the exact line breaks of the prompt are not published";
    private const string Ties = "how ties are broken is not stated: the first choice is taken";

    /// <summary>Zero-shot heuristics of Radford et al. 2018 §5.</summary>
    public static Protocol? Gpt1(EvaluationTask task) => task.Name switch
    {
        "cola" => Of("gpt1-paper", task, "Radford et al. 2018 §5", new PromptTemplate("{sentence}"), new ThresholdScoring(), "dev", 0,
            "the threshold on the mean log-probability is not published: it is the one with the best Matthews correlation on up to 1,000 training sentences")
            with { Metrics = [TaskMetric.Matthews, TaskMetric.Accuracy] },
        "sst2" or "sst2-sentences" or "sst2-very" => Of("gpt1-paper", task, "Radford et al. 2018 §5", new PromptTemplate("{sentence} very"), new ChoiceScoring(Normalization.Sum), "dev", 0, Ties),
        "race-middle" or "race-high" => Of("gpt1-paper", task, "Radford et al. 2018 §5", new PromptTemplate("{article} {question}"), new ChoiceScoring(Normalization.PerToken), "test", 0,
            "how document, question and answer are joined is not stated: by single spaces", Ties),
        "wsc273" => Of("gpt1-paper", task, "Radford et al. 2018 §5", task.Prompt, new PartialScoring(), "test", 0,
            "the paper uses DPRD's Winograd schemas; these are the 273 of WSC", "the mean per token equals the sum here, because the scored text is the same for both referents"),
        _ => null,
    };

    /// <summary>Zero-shot evaluation of Radford et al. 2019 §3.</summary>
    public static Protocol? Gpt2(EvaluationTask task) => task.Name switch
    {
        "lambada" => Of("gpt2-paper", task, "Radford et al. 2019 §3.3", new PromptTemplate("{text}"), new TargetScoring(TargetSpan.LastToken), "test", 0,
            "the last token is scored, the reading that reproduces the published values; the text says the last word", "the stop-word filter is not applied: its list is not published")
            with { Metrics = [TaskMetric.TargetPerplexity, TaskMetric.Accuracy] },
        "wikitext2-detokenized" => Of("gpt2-paper", task, "Radford et al. 2019 §3.1", task.Prompt, task.Scoring, "test", 0,
            "the de-tokenizer is not published: this is the common one", "the stride of the windows is not published: windows do not overlap in what they score"),
        "wikitext2" or "ptb" => Of("gpt2-paper", task, "Radford et al. 2019 §3.1", task.Prompt, task.Scoring, "test", 0,
            "no de-tokenizer is applied here, which the paper does and reports to gain 2.5 to 5 perplexity", "the stride of the windows is not published: windows do not overlap in what they score"),
        "wsc273" => Of("gpt2-paper", task, "Radford et al. 2019 §3.4", task.Prompt, new PartialScoring(), "test", 0,
            "whether the reported 70.70% is of full or partial scoring is not stated: partial is taken"),
        "coqa" => Of("gpt2-paper", task, "Radford et al. 2019 §3.5", task.Prompt, new GenerationScoring(GenerationMetric.CoqaF1, 32, "\n"), "dev", 0, "answers end at a line break", LineBreaks),
        "cnn_dm" => Of("gpt2-paper", task, "Radford et al. 2019 §3.6", task.Prompt, new GenerationScoring(GenerationMetric.RougeL, 100, "\n"), "test", 0,
            "decoded greedily, where the paper samples with k = 2 and keeps three sentences"),
        "wmt14-en-fr" or "wmt14-fr-en" => Of("gpt2-paper", task, "Radford et al. 2019 §3.7", new PromptTemplate("{source} =", Separator: "\n"), new GenerationScoring(GenerationMetric.Bleu, 100, "\n"), "test", null,
            "the number of example pairs is not published", "the first sentence ends at a line break"),
        "nq_open" => Of("gpt2-paper", task, "Radford et al. 2019 §3.8", task.Prompt, new GenerationScoring(GenerationMetric.NormalizedExactMatch, 32, "\n"), "dev", null,
            "the number and words of the example questions are not published"),
        _ => null,
    };

    /// <summary>Brown et al. 2020 §2.4 and Appendix G: the words of the tasks as loaded here.</summary>
    public static Protocol? Gpt3(EvaluationTask task)
    {
        int? shots = Gpt3Shots.TryGetValue(task.Name, out var k) ? k
            : task.Name.StartsWith("gpt3/", StringComparison.Ordinal) ? IsWordTask(task.Name) ? 100 : 50
            : task.Name.StartsWith("wmt", StringComparison.Ordinal) ? (task.Name.EndsWith("-zero", StringComparison.Ordinal) ? 0 : 64)
            : null;
        if (shots is null) return null;
        var assumptions = new List<string> { LineBreaks };
        if (task.Name.StartsWith("gpt3/", StringComparison.Ordinal)) assumptions.Clear();                     // the released files hold them
        if (task.Scoring is ChoiceScoring) assumptions.Add(Ties);
        if (task.Scoring is ChoiceScoring { Normalization: Normalization.Unconditional, AnswerContext: var context })
            assumptions.Add($"which answer context belongs to the task is not printed: \"{context}\" is taken");
        if (task.Name is "boolq" or "cb" or "rte" or "wic")
            assumptions.Add("labels are ranked by likelihood; the zero-shot values near 0 of the paper suggest free generation");
        if (task.Name is "wsc") assumptions.Add("asked as a yes/no question; the paper generates the noun phrase");
        if (task.Name is "wsc273") assumptions.Add("the item itself is never among its demonstrations; the paper does not say");
        if (task.Scoring is GenerationScoring) assumptions.Add("stop sequences are not published: answers end at a line break");
        if (task.Demonstrations.Split != "train" || task.Description.Contains("No training set here", StringComparison.OrdinalIgnoreCase))
            assumptions.Add("demonstrations are other items of the published evaluation file, because no training set is at hand");
        return Of("gpt3-paper", task, "Brown et al. 2020 §2.4, Appendix G", task.Prompt, task.Scoring, "test where public, else dev", shots, [.. assumptions])
            with { Demonstrations = task.Demonstrations, Truncation = OverflowPolicy.ReduceShots, Metrics = task.Metrics };
    }

    private static bool IsWordTask(string name) => name is "gpt3/cycle_letters_in_word" or "gpt3/mid_word_1_anagrams" or "gpt3/mid_word_2_anagrams" or "gpt3/random_insertion_in_word" or "gpt3/reversed_words";

    private static Protocol Of(string name, EvaluationTask task, string source, PromptTemplate prompt, Scoring scoring, string split, int? shots, params string[] assumptions) => new()
    {
        Name = name, Task = task.Name, Source = source, Prompt = prompt, Split = split, Demonstrations = task.Demonstrations, Shots = shots, Scoring = scoring,
        Truncation = OverflowPolicy.TruncateLeft, Assumptions = assumptions,
    };
}
