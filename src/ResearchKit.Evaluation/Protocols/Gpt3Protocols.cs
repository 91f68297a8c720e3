using ResearchKit.Evaluation.Tasks;

namespace ResearchKit.Evaluation.Protocols;

/// <summary>Brown et al. 2020 §2.4 and Appendix G: the words of the tasks as loaded here.</summary>
internal static class Gpt3Protocols
{
    // K of Table H.1 in the few-shot column.
    private static readonly Dictionary<string, int> Shots = new()
    {
        ["hellaswag"] = 20, ["lambada"] = 0, ["lambada-cloze"] = 15, ["arc-easy"] = 50, ["arc-challenge"] = 50, ["openbookqa"] = 100, ["race-middle"] = 10, ["race-high"] = 10,
        ["piqa"] = 50, ["winogrande"] = 50, ["wsc273"] = 7, ["copa"] = 32, ["rte"] = 32, ["cb"] = 32, ["boolq"] = 32, ["wic"] = 32, ["wsc"] = 32, ["multirc"] = 32, ["record"] = 32,
        ["anli-r1"] = 50, ["anli-r2"] = 50, ["anli-r3"] = 50, ["nq_open"] = 64, ["webquestions"] = 64, ["triviaqa"] = 64, ["squad2"] = 16, ["coqa"] = 5, ["drop"] = 20, ["ptb"] = 0,
    };

    private static readonly string[] WordTasks =
        ["gpt3/cycle_letters_in_word", "gpt3/mid_word_1_anagrams", "gpt3/mid_word_2_anagrams", "gpt3/random_insertion_in_word", "gpt3/reversed_words"];

    // Released with the others but not reported.
    private static readonly string[] Unreported = ["gpt3/six_digit_addition", "gpt3/six_digit_subtraction", "gpt3/sum_of_digits"];

    public static Protocol? Of(EvaluationTask task, OpenPoints open)
    {
        var isReleased = task.Name.StartsWith("gpt3/", StringComparison.Ordinal);
        int? shots = Shots.TryGetValue(task.Name, out var k) ? k
            : isReleased ? (Unreported.Contains(task.Name) ? null : WordTasks.Contains(task.Name) ? 100 : 50)
            : IsReportedTranslation(task.Name) ? (task.Name.EndsWith("-zero", StringComparison.Ordinal) ? 0 : 64)
            : null;
        if (shots is null) return null;

        var protocol = new Protocol
        {
            Name = "gpt3-paper", Task = task.Name, Source = "Brown et al. 2020 §2.4, Appendix G", Prompt = task.Prompt, Split = "test where public, else dev", Demonstrations = task.Demonstrations,
            Shots = shots, Scoring = task.Scoring, Truncation = OverflowPolicy.ReduceShots, Metrics = task.Metrics,
        };
        if (!isReleased) open.Choose("line_breaks", "the figures break lines; the exact characters are certain for the released files alone", "as_printed");
        open.Choose("too_long", "items longer than the context are not spoken of: fewer demonstrations, then cut from the left", "reduce_shots");
        if (task.Scoring is ChoiceScoring { Normalization: Normalization.Unconditional, AnswerContext: { } context })
        {
            var other = context == "A:" ? "Answer:" : "A:";
            protocol = protocol with { Scoring = new ChoiceScoring(Normalization.Unconditional, open.Choose("answer_context", "which answer context belongs to the task is not printed", context, other)) };
        }

        if (task.Name is "boolq" or "cb" or "rte" or "wic") protocol = Labels(protocol, open);
        if (task.Name == "wsc") protocol = NounPhrases(protocol, open);
        if (task.Name == "wsc273") open.Choose("own_demonstration", "whether an item may be among its own demonstrations is not stated", "never");
        if (task.Name == "ptb") protocol = PennTreebank(protocol, open);
        if (protocol.Scoring is ChoiceScoring) Gpt1Protocols.Ties(open);
        if (isReleased && protocol.Scoring is GenerationScoring released
            && open.Choose("decoding", "§2.4 gives beams of width 4 to free answers and does not except the released files", "beams", "greedy") == "beams")
            protocol = protocol with { Scoring = released with { BeamWidth = 4 } };
        if (protocol.Scoring is GenerationScoring) open.Choose("answer_end", "stop sequences are not published", "line_break");
        var notes = protocol.Assumptions.ToList();
        if (task.Demonstrations.Split != "train" || task.HoldsBackTraining)
            notes.Add("demonstrations are other items of the published evaluation file, because no training set is at hand");
        return protocol with { Options = open.Options, Assumptions = notes };
    }

    /// <summary>Pairs and directions of Table H.1: WMT14 English and French, WMT16 English with German and Romanian.</summary>
    private static bool IsReportedTranslation(string name) =>
        name.StartsWith("wmt16-", StringComparison.Ordinal) || name.StartsWith("wmt14-en-fr", StringComparison.Ordinal) || name.StartsWith("wmt14-fr-en", StringComparison.Ordinal);

    /// <summary>Ranked labels, or labels written out by the model.</summary>
    private static Protocol Labels(Protocol protocol, OpenPoints open)
    {
        const string note = "§2.4 ranks labels by likelihood; the zero-shot values near 0 of WiC and CB suggest free generation";
        if (open.Choose("label_scorer", note, "likelihood", "generation") == "likelihood") return protocol;
        return protocol with { Scoring = new GenerationScoring(GenerationMetric.ExactMatch, 8, "\n") { BeamWidth = 4 }, Metrics = [TaskMetric.Accuracy] };
    }

    /// <summary>WSC as in Appendix G: the noun phrase is written out, and agrees with the item's noun or not as its label says.</summary>
    private static Protocol NounPhrases(Protocol protocol, OpenPoints open)
    {
        if (open.Choose("wsc_form", "the figure generates the noun phrase; how a phrase that is not the item's is scored for items labelled false is not stated: as right", "noun_phrase", "yes_no") == "yes_no") return protocol;
        static TaskItem Named(TaskItem item) => item with { Choices = [], Answers = [item.Fields["noun"]] };
        return protocol with
        {
            Prompt = protocol.Prompt with { Context = "Passage: {text}\nQuestion: In the passage above, what does the pronoun \"*{pronoun}*\" refer to?\nAnswer:" },
            Scoring = new GenerationScoring(GenerationMetric.NormalizedExactMatch, 16, "\n") { BeamWidth = 4, LabelSaysMatch = true },
            Metrics = [TaskMetric.Accuracy],
            // Of items labelled false the right phrase is not known, so they cannot be demonstrations.
            Adapt = splits => new([.. splits.Train.Where(item => item.Gold == 1).Select(Named)], [.. splits.Validation.Select(Named)], [.. splits.Test.Select(Named)]),
        };
    }

    private static Protocol PennTreebank(Protocol protocol, OpenPoints open)
    {
        var isCounted = open.Choose("unit", "the unit of the perplexity is not stated", "word_and_line_end", "word") == "word_and_line_end";
        var stride = open.Count("stride", "the stride of the windows is not published", "n_ctx");
        return protocol with { Scoring = new PerplexityScoring { CountLineEnds = isCounted ? true : null, Stride = stride }, Assumptions = ["whether a de-tokenizer was used is not stated: none here"] };
    }
}
