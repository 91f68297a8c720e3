using ResearchKit.Core;
using ResearchKit.Evaluation.Tasks;

namespace ResearchKit.Evaluation.Datasets;

/// <summary>Language modelling (LAMBADA, WikiText-2, Penn Treebank) and summarisation.</summary>
internal static class TextDatasets
{
    public static IReadOnlyList<DatasetTask> Tasks { get; } =
    [
        new("lambada", "lambada", "LAMBADA (OpenAI variant, 5153 texts): the last word, right when it is decoded greedily. GPT-3 drew demonstrations from a dev set that is not here: they are other texts of the set.",
            new("{text}"), new TargetScoring(), Lambada) { Demonstrations = new("test") },
        new("lambada-cloze", "lambada", "LAMBADA with GPT-3's fill-in-the-blank prompt (§3.1.2), for one and more demonstrations; these are other texts of the set.",
            new("{text} ____. ->", Instruction: "Fill in blank:\n\n"), new TargetScoring(), Lambada) { Demonstrations = new("test") },
        new("wikitext2", "wikitext2", "WikiText-2 test, word level with its own tokens, one text an article: perplexity per word and byte of the stored text.",
            new("{text}"), new PerplexityScoring(), r => WikiText(r, detokenize: false)),
        new("wikitext2-detokenized", "wikitext2", "WikiText-2 test with the tokenisation marks undone as GPT-2 §3.1 does (its code is not published; this is the common one), perplexity per word and byte of the stored text.",
            new("{text}"), new PerplexityScoring("stored"), r => WikiText(r, detokenize: true)),
        new("ptb", "ptb", "Penn Treebank (Mikolov) test as one text: perplexity per word.",
            new("{text}"), new PerplexityScoring(), PennTreebank),
        new("cnn_dm", "cnn_dm", "CNN/Daily Mail, 100 test articles (lower-case, tokenised) with GPT-2's TL;DR prompt; the first 10 are for demonstrations, the others are scored; decoded greedily, where GPT-2 sampled with k = 2.",
            new("{article}\nTL;DR:"), new GenerationScoring(GenerationMetric.RougeL, 100, "\n"), CnnDailyMail),
    ];

    private static TaskSplits Lambada(DatasetReader reader) => new([], [], DatasetSplits.Items("test", reader.Expect("test", reader.JsonLines("lambada/lambada_test.jsonl.gz")), row =>
    {
        var text = row.Text("text");
        var space = text.LastIndexOf(' ');
        return new() { Id = "", Fields = new Dictionary<string, string> { ["text"] = text[..space] }, Answers = [text[(space + 1)..]] };
    }));

    private static TaskSplits WikiText(DatasetReader reader, bool detokenize)
    {
        return new([], Split("valid"), Split("test"));

        IReadOnlyList<TaskItem> Split(string split)
        {
            var lines = reader.Lines($"wikitext2/{split}.txt.gz");
            reader.ExpectCount(split, TokenCount(lines));
            var articles = new List<List<string>>();
            for (var i = 0; i < lines.Length; i++)
            {
                // A title stands between empty lines with one "=" on each side; " = = " begins a section.
                var isTitle = lines[i].StartsWith(" = ", StringComparison.Ordinal) && lines[i].EndsWith(" = ", StringComparison.Ordinal)
                    && !lines[i].StartsWith(" = = ", StringComparison.Ordinal) && i > 0 && lines[i - 1].Trim().Length == 0;
                if (isTitle || articles.Count == 0) articles.Add([]);
                articles[^1].Add(lines[i]);
            }

            if (articles[0].All(l => l.Trim().Length == 0))
            {
                articles[1].InsertRange(0, articles[0]);
                articles.RemoveAt(0);
            }

            return DatasetSplits.Items(split, articles, article =>
            {
                var stored = string.Join('\n', article) + "\n";
                return new()
                {
                    Id = "", Fields = new Dictionary<string, string> { ["text"] = detokenize ? Detokenizer.WikiText(stored) : stored, ["stored"] = stored },
                };
            });
        }
    }

    private static TaskSplits PennTreebank(DatasetReader reader)
    {
        return new([], Split("valid"), Split("test"));

        IReadOnlyList<TaskItem> Split(string split)
        {
            var lines = reader.Lines($"ptb/ptb.{split}.txt");
            reader.ExpectCount(split, TokenCount(lines));
            return [new() { Id = split + "/0", Fields = new Dictionary<string, string> { ["text"] = string.Join('\n', lines) + "\n" } }];
        }
    }

    /// <summary>Words and one end-of-line token a line, as both publishers count.</summary>
    private static int TokenCount(string[] lines) => lines.Sum(l => l.Split(' ', StringSplitOptions.RemoveEmptyEntries).Length + 1);

    private static TaskSplits CnnDailyMail(DatasetReader reader)
    {
        var articles = reader.Expect("test", reader.Lines("cnn_dm/realsumm_src.txt"));
        var summaries = reader.Expect("test", reader.Lines("cnn_dm/realsumm_ref.txt"));
        return DatasetSplits.FirstForTraining(DatasetSplits.Items("test", [.. articles.Zip(summaries)], pair => new()
        {
            Id = "", Fields = new Dictionary<string, string> { ["article"] = Plain(pair.First) }, Answers = [Plain(pair.Second)],
        }), 10);
    }

    /// <summary>Without the marks round sentences; one space between these.</summary>
    private static string Plain(string line) => string.Join(' ', line.Split(["<t>", "</t>"], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries));
}
