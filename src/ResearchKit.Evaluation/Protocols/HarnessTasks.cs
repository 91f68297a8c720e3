using ResearchKit.Core;
using ResearchKit.Evaluation.Tasks;

namespace ResearchKit.Evaluation.Protocols;

/// <summary>The tasks of lm-evaluation-harness that this kit reproduces to the character.</summary>
public static class HarnessTasks
{
    private static readonly string[] NoYes = ["no", "yes"];
    private static readonly string[] TrueFalse = ["True", "False"];
    private static readonly string[] TrueNeitherFalse = ["True", "Neither", "False"];

    // The target begins with a space and the harness puts its delimiter before it in demonstrations: two spaces there.
    private static readonly PromptTemplate Lambada = new("{text}") { DemonstrationAnswer = "  {answer}" };
    private static readonly PromptTemplate Question = new("Question: {question}\nAnswer:");

    /// <summary>All tasks, in a fixed order.</summary>
    public static IReadOnlyList<HarnessTask> All { get; } = [.. Language(), .. Choices(), .. Pairs(), .. Passages(), .. Answers(), .. Texts()];

    /// <summary>The task of that name.</summary>
    /// <exception cref="ConfigException">No such task.</exception>
    public static HarnessTask Get(string name) => All.FirstOrDefault(task => task.Name == name)
        ?? throw new ConfigException($"lm-eval task \"{name}\" is not known here; known are {string.Join(", ", All.Select(task => task.Name))}.");

    private static IEnumerable<HarnessTask> Language()
    {
        static TaskItem LastWord(HarnessRow row)
        {
            var words = row["text"].Split(' ');
            return Item([], null, [words[^1]], ("text", string.Join(' ', words[..^1])));
        }

        TaskMetric[] metrics = [TaskMetric.TargetPerplexity, TaskMetric.Accuracy];
        foreach (var (name, prompt, task) in new[]
        {
            ("lambada_openai", Lambada, "lambada"), ("lambada_standard", Lambada, null),
            ("lambada_openai_cloze_yaml", Lambada with { Context = "{text} ____. ->" }, "lambada-cloze"), ("lambada_standard_cloze_yaml", Lambada with { Context = "{text} ____. ->" }, null),
        })
        {
            yield return new HarnessTask { Name = name, Version = "1.0", Split = "test", Prompt = prompt, Scoring = new TargetScoring(), Metrics = metrics, Tasks = task is null ? [] : [task], FromRow = LastWord };
        }

        yield return new HarnessTask
        {
            Name = "wikitext", Version = "2.0", Split = "test", Prompt = new("{text}"), Scoring = new PerplexityScoring("page"),
            Metrics = [TaskMetric.WordPerplexity, TaskMetric.BytePerplexity, TaskMetric.BitsPerByte], Tasks = ["wikitext2", "wikitext2-detokenized"],
            Assumptions = ["the harness takes the raw WikiText-2, one page a text; ours is the word-level file with <unk>, so numbers are comparable only among themselves"],
            FromRow = row => Item([], null, [], ("text", HarnessText.WikiText(row["page"])), ("page", row["page"])),
            Adapt = HarnessAdapters.Each(item => item.With(("text", HarnessText.WikiText(item.Page())), ("page", item.Page()))),
        };

        foreach (var (name, file) in new[]
        {
            ("2da", "two_digit_addition"), ("2ds", "two_digit_subtraction"), ("3da", "three_digit_addition"), ("3ds", "three_digit_subtraction"), ("4da", "four_digit_addition"),
            ("4ds", "four_digit_subtraction"), ("5da", "five_digit_addition"), ("5ds", "five_digit_subtraction"), ("2dm", "two_digit_multiplication"), ("1dc", "single_digit_three_ops"),
        })
        {
            yield return new HarnessTask
            {
                Name = "arithmetic_" + name, Version = "2.0", Prompt = new("{context}", "{answer}"), Scoring = new TargetScoring(), Metrics = [TaskMetric.Accuracy], Tasks = ["gpt3/" + file],
                FromRow = row => Item([], null, [row["completion"]], ("context", HarnessText.Arithmetic(row["context"]))),
                Adapt = HarnessAdapters.Each(item => item.With(("context", HarnessText.Arithmetic(item.Fields["context"]))) with { Answers = [" " + item.Answers[0].Trim()] }),
            };
        }
    }

    private static IEnumerable<HarnessTask> Choices()
    {
        yield return new HarnessTask
        {
            Name = "hellaswag", Version = "1.0", Prompt = new("{context}"), Tasks = ["hellaswag"],
            Assumptions = ["our file has both parts of the context joined: the capital letter of the second is put back where a sentence begins with a small letter"],
            FromRow = row => Item([.. row.Texts("endings").Select(HarnessText.HellaSwag)], row.Number("label"), [],
                ("context", HarnessText.HellaSwag($"{row["activity_label"]}: {row["ctx_a"]} {HarnessText.Capitalize(row["ctx_b"])}"))),
            Adapt = HarnessAdapters.Each(item => item.With(("context", HarnessAdapters.CapitalizeLastSentence(item.Fields["context"])))),
        };
        yield return new HarnessTask
        {
            Name = "piqa", Version = "1.0", Prompt = new("Question: {goal}\nAnswer:"), Tasks = ["piqa"],
            FromRow = row => Item([row["sol1"], row["sol2"]], row.Number("label"), [], ("goal", row["goal"])),
            Adapt = HarnessAdapters.Each(item => item.Stored.Count == 0 ? item : item with { Choices = [item.Stored["sol1"], item.Stored["sol2"]] }),
        };
        yield return new HarnessTask
        {
            Name = "copa", Version = "1.0", Prompt = new("{premise}", "  {answer}"), Tasks = ["copa"],
            FromRow = row => Item([HarnessText.SmallFirst(row["choice1"]), HarnessText.SmallFirst(row["choice2"])], row.Number("label"), [],
                ("premise", row["premise"].Trim()[..^1] + (row["question"] == "cause" ? " because" : " therefore"))),
        };
        foreach (var (name, task) in new[] { ("arc_easy", "arc-easy"), ("arc_challenge", "arc-challenge") })
        {
            yield return new HarnessTask
            {
                Name = name, Version = "1.0", Split = "test", Prompt = Question, Tasks = [task],
                FromRow = row => Item(row.Child("choices").Texts("text"), Array.IndexOf(row.Child("choices").Texts("label"), row["answerKey"]), [], ("question", row["question"])),
            };
        }

        yield return new HarnessTask
        {
            Name = "openbookqa", Version = "1.0", Split = "test", Prompt = new("{stem}"), Tasks = ["openbookqa"],
            FromRow = row => Item(row.Child("choices").Texts("text"), Array.IndexOf(row.Child("choices").Texts("label"), row["answerKey"].TrimStart()), [], ("stem", row["question_stem"])),
        };
        yield return new HarnessTask
        {
            Name = "sciq", Version = "1.0", Split = "test", Prompt = new("{support}\nQuestion: {question}\nAnswer:"), Tasks = ["sciq"],
            Assumptions = ["our items order the choices differently, which matters for ties alone"],
            FromRow = row => Item([row["distractor1"], row["distractor2"], row["distractor3"], row["correct_answer"]], 3, [], ("question", row["question"]), ("support", row["support"].TrimStart())),
            Adapt = HarnessAdapters.Each(item => item.With(("support", item.Fields.GetValueOrDefault("support", "").TrimStart()))),
        };
        yield return new HarnessTask
        {
            Name = "storycloze_2016", Version = "1.0", Split = "test", Prompt = new("{story}"),
            FromRow = row => Item([row["sentence_quiz1"], row["sentence_quiz2"]], row.Number("answer_right_ending") - 1, [],
                ("story", string.Join(' ', Enumerable.Range(1, 4).Select(i => row[$"input_sentence_{i}"])))),
        };
        yield return new HarnessTask
        {
            Name = "swag", Version = "1.0", Prompt = new("{start}"),
            FromRow = row => Item([.. Enumerable.Range(0, 4).Select(i => row[$"ending{i}"])], row.Number("label"), [], ("start", row["startphrase"])),
        };
        yield return new HarnessTask
        {
            Name = "winogrande", Version = "1.0", Prompt = new("{before}{answer}", " {after}"), Scoring = new PartialScoring(), Tasks = ["winogrande"],
            FromRow = row =>
            {
                var parts = row["sentence"].Split('_', 2);
                return Item([row["option1"], row["option2"]], row["answer"] == "1" ? 0 : 1, [], ("before", parts[0]), ("after", parts[1].Trim()));
            },
            Adapt = HarnessAdapters.Each(item => item.With(("after", item.Fields["after"].Trim()))),
        };
        yield return new HarnessTask
        {
            // The rest of the sentence keeps its space and the harness adds its delimiter: two spaces.
            Name = "wsc273", Version = "1.0", Split = "test", Prompt = new("{answer}", " {continuation}"), Scoring = new PartialScoring(), Tasks = ["wsc273"],
            FromRow = row =>
            {
                var (text, at, pronoun) = (row["text"].Replace("  ", " ", StringComparison.Ordinal), row.Number("pronoun_loc"), row["pronoun"]);
                return Item([.. row.Texts("options").Select(option => text[..at] + HarnessText.WinogradOption(option, text, pronoun, at))], row.Number("label"), [],
                    ("continuation", text[(at + pronoun.Length)..]));
            },
            Adapt = HarnessAdapters.Each(item => item.With(("continuation", " " + item.Fields["continuation"]))),
        };
    }

    private static IEnumerable<HarnessTask> Pairs()
    {
        static Func<HarnessRow, TaskItem> Row(string first, string second, string[] labels) =>
            row => Item(labels, row.Number("label"), [], ("premise", row[first]), ("hypothesis", row[second]));
        PromptTemplate entailment = new("{premise}\nQuestion: {hypothesis} True or False?\nAnswer:");

        yield return new HarnessTask { Name = "rte", Version = "1.0", Prompt = entailment, FromRow = Row("sentence1", "sentence2", TrueFalse) };
        yield return new HarnessTask { Name = "sglue_rte", Version = "0.0", Prompt = entailment, Tasks = ["rte"], FromRow = Row("premise", "hypothesis", TrueFalse) };
        yield return new HarnessTask { Name = "wnli", Version = "2.0", Prompt = entailment, FromRow = Row("sentence1", "sentence2", ["False", "True"]) };
        yield return new HarnessTask
        {
            Name = "cb", Version = "1.0", Prompt = new("{premise}\nQuestion: {hypothesis}. True, False, or Neither?\nAnswer:"), Metrics = [TaskMetric.Accuracy, TaskMetric.MacroF1], Tasks = ["cb"],
            FromRow = Row("premise", "hypothesis", ["True", "False", "Neither"]), Adapt = HarnessAdapters.Relabel(["True", "False", "Neither"], [0, 1, 2]),
        };
        yield return new HarnessTask
        {
            Name = "mnli", Version = "1.0", Prompt = new("{premise}\nQuestion: {hypothesis} True, False or Neither?\nAnswer:"), Tasks = ["mnli"],
            FromRow = row => Item(TrueNeitherFalse, row.Number("label"), [], ("premise", row["premise"]), ("hypothesis", WithPoint(row["hypothesis"]))),
            Adapt = splits => HarnessAdapters.Relabel(TrueNeitherFalse, [0, 2, 1])(HarnessAdapters.Each(item => item.With(("hypothesis", WithPoint(item.Fields["hypothesis"]))))(splits)),
        };
        for (var round = 1; round <= 3; round++)
        {
            yield return new HarnessTask
            {
                Name = $"anli_r{round}", Version = "1.0", Split = "test", Prompt = new("{premise}\nQuestion: {hypothesis} True, False, or Neither?\nAnswer:"), Tasks = [$"anli-r{round}"],
                Assumptions = ["the harness scores the test set; our items are of the development set"],
                FromRow = Row("premise", "hypothesis", TrueNeitherFalse), Adapt = HarnessAdapters.Relabel(TrueNeitherFalse, [0, 2, 1]),
            };
        }

        yield return new HarnessTask
        {
            Name = "qnli", Version = "1.0", Prompt = new("{premise}\n{hypothesis}\nQuestion: Does this response answer the question?\nAnswer:"), Tasks = ["qnli"],
            FromRow = Row("question", "sentence", ["yes", "no"]),
        };
        PromptTemplate pair = new("Sentence 1: {first}\nSentence 2: {second}\nQuestion: Do both sentences mean the same thing?\nAnswer:");
        yield return new HarnessTask
        {
            Name = "mrpc", Version = "1.0", Prompt = pair, Metrics = [TaskMetric.Accuracy, TaskMetric.F1], Tasks = ["mrpc"],
            Assumptions = ["the harness scores GLUE's development set; our items are of the test set"],
            FromRow = row => Item(NoYes, row.Number("label"), [], ("first", row["sentence1"]), ("second", row["sentence2"])),
        };
        yield return new HarnessTask
        {
            Name = "qqp", Version = "2.0", Prompt = new("Question 1: {first}\nQuestion 2: {second}\nQuestion: Do both questions ask the same thing?\nAnswer:"),
            Metrics = [TaskMetric.Accuracy, TaskMetric.F1], Tasks = ["qqp"], Assumptions = ["our items are tokenised questions of the partition of Wang et al. 2017"],
            FromRow = row => Item(NoYes, row.Number("label"), [], ("first", row["question1"]), ("second", row["question2"])),
        };
        yield return new HarnessTask
        {
            Name = "sst2", Version = "1.0", Prompt = new("{sentence}\nQuestion: Is this sentence positive or negative?\nAnswer:"), Tasks = ["sst2"],
            FromRow = row => Item(["negative", "positive"], row.Number("label"), [], ("sentence", row["sentence"])),
            Adapt = HarnessAdapters.Each(item => item.With(("sentence", item.Fields["sentence"].TrimEnd() + " "))),       // GLUE's rows end in a space
        };
        yield return new HarnessTask
        {
            Name = "cola", Version = "1.0", Prompt = new("{sentence}\nQuestion: Does this sentence make sense?\nAnswer:"), Metrics = [TaskMetric.Matthews], Tasks = ["cola"],
            FromRow = row => Item(NoYes, row.Number("label"), [], ("sentence", row["sentence"])),
        };
        yield return new HarnessTask
        {
            Name = "wic", Version = "1.0", Tasks = ["wic"],
            Prompt = new("Sentence 1: {sentence1}\nSentence 2: {sentence2}\nQuestion: Is the word '{word}' used in the same way in the two sentences above?\nAnswer:"),
            Assumptions = ["the harness shows the word as it stands in the first sentence; items without its place show the dictionary form"],
            FromRow = row => Item(NoYes, row.Number("label"), [],
                ("sentence1", row["sentence1"]), ("sentence2", row["sentence2"]), ("word", row["sentence1"][row.Number("start1")..row.Number("end1")])),
            Adapt = HarnessAdapters.Each(item => item.With(("word", item.Fields.GetValueOrDefault("form1", item.Fields["word"])))),
        };
        yield return new HarnessTask
        {
            Name = "wsc", Version = "1.0", Tasks = ["wsc"],
            Prompt = new("Passage: {text}\nQuestion: In the passage above, does the pronoun \"*{pronoun}*\" refer to \"*{noun}*\"?\nAnswer:"),
            FromRow = row => Item(NoYes, row.Number("label"), [], ("text", HarnessText.MarkPronoun(row["text"], row.Number("span2_index"), row["span2_text"])),
                ("pronoun", row["span2_text"]), ("noun", row["span1_text"])),
            Adapt = HarnessAdapters.Each(item => item.With(("text", HarnessText.Detokenize(item.Fields["text"])))),
        };
    }

    private static IEnumerable<HarnessTask> Passages()
    {
        yield return new HarnessTask
        {
            Name = "boolq", Version = "2.0", Prompt = new("{passage}\nQuestion: {question}?\nAnswer:"), Tasks = ["boolq"],
            FromRow = row => Item(NoYes, row.Number("label"), [], ("passage", row["passage"]), ("question", row["question"])),
        };
        yield return new HarnessTask
        {
            Name = "race", Version = "3.0", Split = "test", Prompt = new("{prompt}"), Tasks = ["race-high"],
            Assumptions = ["only the last question of every article is scored"],
            FromRow = row =>
            {
                var problems = HarnessAdapters.RaceProblems(row["problems"]);
                var (question, options, gold) = problems[^1];
                return Item(options, gold, [], ("prompt", HarnessText.Race(row["article"], problems[..^1].Select(p => (p.Question, p.Options[p.Gold])), question)));
            },
            Adapt = HarnessAdapters.RaceLastQuestions,
        };
        yield return new HarnessTask
        {
            Name = "multirc", Version = "2.0", Prompt = new("{passage}\nQuestion: {question}\nAnswer:", " {option}\nIs the answer correct? {answer}"), Tasks = ["multirc"],
            Assumptions = ["as published there, label 1 (a right answer) stands for \"no\" and label 0 for \"yes\""],
            FromRow = row => Item(["yes", "no"], row.Number("label"), [], ("passage", row["paragraph"]), ("question", row["question"]), ("option", row["answer"])),
            Adapt = HarnessAdapters.Relabel(["yes", "no"], [0, 1]),
        };
        yield return new HarnessTask
        {
            // The answer begins with two spaces and the harness adds its delimiter.
            Name = "record", Version = "2.0", Prompt = new("{passage}", "   - {before}{answer}{after}"), Metrics = [TaskMetric.RecordF1, TaskMetric.RecordExactMatch], Tasks = ["record"],
            FromRow = row =>
            {
                string[] Sorted(string field) => [.. row.Texts(field).Distinct().Order(StringComparer.Ordinal)];
                var (entities, accepted, query) = (Sorted("entities"), Sorted("answers"), row["query"].Split("@placeholder", 2));
                return Item(entities, Array.IndexOf(entities, accepted[0]) is >= 0 and var gold ? gold : null, accepted,
                    ("passage", HarnessText.Record(row["passage"])), ("before", query[0]), ("after", query.Length > 1 ? query[1] : ""));
            },
            Adapt = HarnessAdapters.Each(HarnessAdapters.RecordItem),
        };
        yield return new HarnessTask
        {
            Name = "squad_completion", Version = "1", Prompt = new("{text}"), Scoring = new GenerationScoring(GenerationMetric.Contains, 256, "\n\n"),
            FromRow = row => Item([], null, [row["value"].Trim()], ("text", row["text"].Trim())),
        };
        yield return new HarnessTask
        {
            Name = "coqa", Version = "3.0", Prompt = new("{story}\n\n{history}Q: {question}\n\nA:"), Scoring = new GenerationScoring(GenerationMetric.CoqaF1, 48, "\nQ:", "\n"),
            Metrics = [TaskMetric.Score, TaskMetric.CoqaExactMatch], Tasks = ["coqa"],
            Assumptions = ["answers end at the first line break, to which the harness cuts them; 48 new tokens at most"],
            FromRow = HarnessAdapters.CoqaItem, Adapt = HarnessAdapters.CoqaLastQuestions,
        };
        yield return new HarnessTask
        {
            Name = "drop", Version = "3.0", Prompt = new("{passage} {question}", "{answer}"), Scoring = new GenerationScoring(GenerationMetric.DropF1, 48, "."),
            Metrics = [TaskMetric.Score, TaskMetric.DropExactMatch], Tasks = ["drop"],
            Assumptions = ["48 new tokens at most"],
            FromRow = row => Item([], null, [.. row.Texts("answers")], ("passage", row["passage"]), ("question", row["question"])),
        };
    }

    private static IEnumerable<HarnessTask> Answers()
    {
        string[] ends = ["\n", ".", ","];
        yield return new HarnessTask
        {
            Name = "triviaqa", Version = "3.0", Prompt = new("Question: {question}?\nAnswer:"), Scoring = new GenerationScoring(GenerationMetric.CaselessMatch, 32, ends), Tasks = ["triviaqa"],
            Assumptions = ["the harness puts a question mark behind questions that have one already; 32 new tokens at most"],
            FromRow = row => Item([], null, row.Child("answer").Texts("aliases"), ("question", row["question"])),
            // Demonstrations show the first alias.
            Adapt = HarnessAdapters.Each(item => item with { Answers = [.. item.Answers.OrderBy(answer => answer == item.Stored.GetValueOrDefault("first_alias") ? 0 : 1)] }),
        };
        yield return new HarnessTask
        {
            Name = "nq_open", Version = "4.0", Prompt = new("Q: {question}?\nA:", Separator: "\n", Instruction: "Answer these questions:\n\n"),
            Scoring = new GenerationScoring(GenerationMetric.CaselessMatchWithoutArticles, 32, ends), Tasks = ["nq_open"],
            Assumptions = ["32 new tokens at most"], FromRow = row => Item([], null, row.Texts("answer"), ("question", row["question"])),
        };
        yield return new HarnessTask
        {
            Name = "webqs", Version = "2.0", Split = "test", Prompt = Question, Scoring = new TargetScoring(), Metrics = [TaskMetric.Accuracy], Tasks = ["webquestions"],
            Assumptions = ["right when greedy decoding gives any accepted answer, those that begin with another left out; the harness itself raises an error for demonstrations"],
            FromRow = row => Item([], null, HarnessAdapters.WithoutPrefixed(row.Texts("answers")), ("question", row["question"])),
            Adapt = HarnessAdapters.Each(item => item with { Answers = HarnessAdapters.WithoutPrefixed(item.Answers) }),
        };
        foreach (var (name, file) in new[]
        {
            ("anagrams1", "mid_word_1_anagrams"), ("anagrams2", "mid_word_2_anagrams"), ("cycle_letters", "cycle_letters_in_word"),
            ("random_insertion", "random_insertion_in_word"), ("reversed_words", "reversed_words"),
        })
        {
            yield return new HarnessTask
            {
                Name = name, Version = "2.0", Prompt = new("{context}"), Scoring = new GenerationScoring(GenerationMetric.ExactMatch, 32, "\n"), Tasks = ["gpt3/" + file],
                Assumptions = ["white space round an answer is ignored here; the harness keeps it, and so counts an answer behind a space as wrong", "32 new tokens at most"],
                FromRow = row => Item([], null, [row["completion"]], ("context", row["context"])),
                Adapt = HarnessAdapters.Each(item => item.With(("context", "Please unscramble the letters into a word, and write that word:" + item.Fields["context"]))),
            };
        }
    }

    private static IEnumerable<HarnessTask> Texts()
    {
        static string Language(string code) => code switch { "en" => "English", "fr" => "French", "de" => "German", _ => "Romanian" };
        foreach (var (year, source, target) in new[] { (14, "en", "fr"), (14, "fr", "en"), (16, "de", "en"), (16, "en", "de"), (16, "ro", "en"), (16, "en", "ro") })
        {
            var name = $"wmt{year}-{source}-{target}";
            yield return new HarnessTask
            {
                Name = name, Version = "1.0", Split = "test",
                // As LAMBADA's, the target begins with a space behind the delimiter's.
                Prompt = new($"{Language(source)} phrase: {{source}}\n{Language(target)} phrase:") { DemonstrationAnswer = "  {answer}" },
                Scoring = new GenerationScoring(GenerationMetric.Bleu, 100, "\n"), Metrics = [TaskMetric.Score, TaskMetric.Ter, TaskMetric.Chrf], Tasks = [name],
                Assumptions = ["values are divided by 100; 100 new tokens at most"],
                FromRow = row => Item([], null, [row.Child("translation")[target]], ("source", row.Child("translation")[source])),
            };
        }

        yield return new HarnessTask
        {
            Name = "squadv2", Version = "3", Prompt = new("Title: {title}\n\nBackground: {passage}\n\nQuestion: {question}\n\nAnswer:"),
            Scoring = new GenerationScoring(GenerationMetric.F1, 48, "\n") { NoAnswer = "unanswerable" }, Tasks = ["squad2"],
            Metrics =
            [
                TaskMetric.SquadExact, TaskMetric.SquadF1, TaskMetric.HasAnswerExact, TaskMetric.HasAnswerF1, TaskMetric.NoAnswerExact, TaskMetric.NoAnswerF1, TaskMetric.BestExact, TaskMetric.BestF1,
            ],
            Assumptions = ["values are shares, where the harness prints percentages; 48 new tokens at most"],
            FromRow = row => Item([], null, row.Child("answers").Texts("text") is { Length: > 0 } answers ? answers : ["unanswerable", ""],
                ("title", row["title"]), ("passage", row["context"]), ("question", row["question"])),
            Adapt = HarnessAdapters.Each(item => item.AsStored() with
            {
                Answers = item.Answers is ["N/A"] ? ["unanswerable", ""] : item.Answers,
            }),
        };
        yield return new HarnessTask
        {
            Name = "xquad_en", Version = "1.0", Prompt = new("Context: {passage}\n\nQuestion: {question}\n\nAnswer:"), Scoring = new GenerationScoring(GenerationMetric.F1, 48, "\n"),
            Metrics = [TaskMetric.NormalizedExactMatch, TaskMetric.Score], Tasks = ["xquad-en"], Assumptions = ["48 new tokens at most"],
            FromRow = row => Item([], null, [row.Child("answers").Texts("text")[0]], ("passage", row["context"]), ("question", row["question"])),
            Adapt = HarnessAdapters.Each(HarnessAdapters.AsStored),
        };
        yield return new HarnessTask
        {
            Name = "cnn_dailymail_abisee", Version = "1.0", Split = "test", Prompt = new("Summarize the following article:\n\n{article}\n\nSummary:"),
            Scoring = new GenerationScoring(GenerationMetric.StemmedRougeL, 128, "\n\n"), Metrics = [TaskMetric.StemmedRouge1, TaskMetric.StemmedRouge2, TaskMetric.StemmedRougeL], Tasks = ["cnn_dm"],
            Assumptions = ["BERTScore is not computed", "our articles are lower-case and tokenised"],
            FromRow = row => Item([], null, [row["highlights"]], ("article", row["article"])),
        };
    }

    private static string WithPoint(string hypothesis) => hypothesis.Trim() is var text && text.EndsWith('.') ? text : text + ".";

    private static TaskItem Item(string[] choices, int? gold, string[] answers, params (string Name, string Text)[] fields) =>
        new() { Id = "", Fields = fields.ToDictionary(field => field.Name, field => field.Text), Choices = choices, Gold = gold, Answers = answers };
}
