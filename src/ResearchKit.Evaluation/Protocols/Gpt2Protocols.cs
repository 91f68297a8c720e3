using ResearchKit.Evaluation.Datasets;
using ResearchKit.Evaluation.Tasks;
using static System.FormattableString;

namespace ResearchKit.Evaluation.Protocols;

/// <summary>Zero-shot evaluation of Radford et al. 2019 §3.</summary>
internal static class Gpt2Protocols
{
    public static Protocol? Of(EvaluationTask task, OpenPoints open) => task.Name switch
    {
        "lambada" => Lambada(task, open),
        "wikitext2" or "wikitext2-detokenized" or "ptb" => Perplexity(task, open),
        "wsc273" => Winograd(task, open),
        "coqa" => Make(task, open, "§3.5", task.Prompt, new GenerationScoring(GenerationMetric.CoqaF1, 32, AnswerEnd(open)), "dev"),
        "cnn_dm" => Summaries(task, open),
        "wmt14-en-fr" or "wmt14-fr-en" => Translation(task, open),
        "nq_open" => NaturalQuestions(task, open),
        _ => null,
    };

    private static Protocol Lambada(EvaluationTask task, OpenPoints open)
    {
        var span = open.Choose("scored_span", "the text says the last word; the published values are reproduced by scoring its last token alone", "last_token", "last_word");
        var words = open.Choose("stop_words", "the filter's list is not published", ["nltk", "none", .. StopWordList.Names.Where(name => name != "nltk")]);
        var scoring = new TargetScoring(span == "last_token" ? TargetSpan.LastToken : TargetSpan.Whole) { StopWords = words == "none" ? null : words };
        return Make(task, open, "§3.3", new("{text}"), scoring, "test", "only stop words that are one token can be left out of the prediction")
            with { Metrics = [TaskMetric.Accuracy, TaskMetric.TargetPerplexity] };
    }

    private static Protocol Perplexity(EvaluationTask task, OpenPoints open)
    {
        var isPennTreebank = task.Name == "ptb";
        var rules = open.Choose("detokenizer", "the invertible de-tokenizers are not published; these are the rules of Megatron-LM", "megatron", "none");
        var stride = open.Count("stride", "the stride of the windows is not published; with n_ctx they do not overlap in what they score", "n_ctx");
        var unit = open.Choose("unit", "perplexity is per unit of the stored text: its words and the end-of-line tokens that its publisher counts, or the words between white space", "word_and_line_end", "word");
        TaskItem Read(TaskItem item)
        {
            var stored = item.Fields.GetValueOrDefault("stored", item.Fields["text"]);
            return item.With(("stored", stored), ("text", rules == "none" ? stored : isPennTreebank ? Detokenizer.PennTreebank(stored) : Detokenizer.WikiText(stored)));
        }

        var scoring = new PerplexityScoring("stored") { Stride = stride, CountLineEnds = unit == "word_and_line_end" ? true : null };
        return Make(task, open, "§3.1", new("{text}"), scoring, "test")
            with { Metrics = [TaskMetric.WordPerplexity, TaskMetric.BytePerplexity, TaskMetric.BitsPerByte, TaskMetric.TokenPerplexity], Adapt = HarnessAdapters.Each(Read) };
    }

    private static Protocol Winograd(EvaluationTask task, OpenPoints open)
    {
        var isFull = open.Choose("winograd_scoring", "Figure 3 shows full and partial scoring; which gives the 70.70% of the text is not stated", "partial", "full") == "full";
        return isFull
            ? Make(task, open, "§3.4", new("", task.Prompt.Context + task.Prompt.Answer), new ChoiceScoring(Normalization.Sum), "test")
            : Make(task, open, "§3.4", task.Prompt, new PartialScoring(), "test");
    }

    private static Protocol Summaries(EvaluationTask task, OpenPoints open)
    {
        var hint = open.Choose("hint", "the paper reports both", "tldr", "none") == "tldr" ? "\nTL;DR:" : "\n";
        var isSampled = open.Choose("decoding", "top-k sampling with k = 2, seeded here; greedy for comparisons", "top_k_2", "greedy") == "top_k_2";
        open.Choose("sentence_end", "how the first three sentences are found is not stated", "full_stop_or_line_break");
        var isStemmed = open.Choose("rouge_stemmer", "which ROUGE was run is not stated; that of the table's other rows stems words (ROUGE-1.5.5 -m)", "porter", "none") == "porter";
        var scoring = new GenerationScoring(isStemmed ? GenerationMetric.StemmedRougeL : GenerationMetric.RougeL, 100) { TopK = isSampled ? 2 : null, SentenceCount = 3 };
        return Make(task, open, "§3.6", new("{article}" + hint), scoring, "test") with { Metrics = isStemmed ? [TaskMetric.StemmedRouge1, TaskMetric.StemmedRouge2, TaskMetric.StemmedRougeL] : [TaskMetric.Rouge1, TaskMetric.Rouge2, TaskMetric.RougeL] };
    }

    private static Protocol Translation(EvaluationTask task, OpenPoints open)
    {
        open.Choose("example_pairs", "the number of example pairs is not published: give it by --shots", "shots");
        open.Choose("sentence_end", "the first generated sentence ends at a line break here", "line_break");
        return Make(task, open, "§3.7", new("{source} =", Separator: "\n"), new GenerationScoring(GenerationMetric.Bleu, 100, "\n"), "test") with { Shots = null };
    }

    private static Protocol NaturalQuestions(EvaluationTask task, OpenPoints open)
    {
        open.Choose("example_questions", "number and words of the example questions are not published: give the number by --shots", "shots");
        return Make(task, open, "§3.8", task.Prompt, new GenerationScoring(GenerationMetric.NormalizedExactMatch, 32, AnswerEnd(open)), "dev") with { Shots = null };
    }

    private static string AnswerEnd(OpenPoints open) =>
        open.Choose("answer_end", "where a generated answer ends is not stated", "line_break", "sentence") == "line_break" ? "\n" : ".";

    private static Protocol Make(EvaluationTask task, OpenPoints open, string section, PromptTemplate prompt, Scoring scoring, string split, params string[] notes) => new()
    {
        Name = "gpt2-paper", Task = task.Name, Source = Invariant($"Radford et al. 2019 {section}"), Prompt = prompt, Split = split, Demonstrations = task.Demonstrations,
        Shots = 0, Scoring = scoring, Truncation = OverflowPolicy.TruncateLeft, Options = open.Options, Assumptions = notes,
    };
}
