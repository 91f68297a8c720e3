// Published numbers of the three papers, and which of them stand beside our tasks. Does not judge protocols: the caller says.
using System.Text.Json;

namespace ResearchKit.Experiments.Reporting;

/// <summary>One published number.</summary>
/// <param name="Paper">gpt1, gpt2 or gpt3.</param>
/// <param name="Model">Name in the paper.</param>
/// <param name="Parameters">Parameters as printed; null where the paper gives none.</param>
/// <param name="Task">Name in the paper, such as <c>SST-2</c>.</param>
/// <param name="Split">test, dev, validation, test-server, n/a, not stated.</param>
/// <param name="Setting">zero, one, few or finetune.</param>
/// <param name="K">Demonstrations; null where none are printed.</param>
/// <param name="Metric">Such as <c>acc</c>, <c>f1</c>, <c>matthews</c>, <c>ppl</c>, <c>BLEU-mb</c>.</param>
/// <param name="Value">As printed: accuracies, F1, Matthews and Pearson in percent.</param>
/// <param name="Source">Table or section.</param>
/// <param name="Note">Remark; null for none.</param>
public sealed record PaperRecord(
    string Paper, string Model, double? Parameters, string Task, string Split, string Setting, int? K, string Metric, double Value, string Source, string? Note);

/// <summary>The results printed in the GPT-1, GPT-2 and GPT-3 papers (GPT-1 Tables 2-5; GPT-2 Tables 3-4 and text; GPT-3 Table H.1 and the tables it does not cover).</summary>
public static class PaperResults
{
    // Our names (lower case, folders and underscores apart) and the papers' names. Suite tasks follow GPT-3 §3.9's own short names.
    private static readonly Dictionary<string, string[]> Names = new(StringComparer.Ordinal)
    {
        ["sst2"] = ["SST-2"], ["sst2sentences"] = ["SST-2"], ["cola"] = ["CoLA"], ["rte"] = ["RTE"], ["mrpc"] = ["MRPC"], ["stsb"] = ["STS-B"], ["qqp"] = ["QQP"],
        ["qnli"] = ["QNLI"], ["snli"] = ["SNLI"], ["scitail"] = ["SciTail"], ["mnli"] = ["MNLI-m", "MNLI"], ["mnlimm"] = ["MNLI-mm"],
        ["copa"] = ["COPA"], ["copatest"] = ["COPA"], ["cb"] = ["CB"], ["boolq"] = ["BoolQ"], ["wic"] = ["WiC"], ["wsc"] = ["WSC"], ["multirc"] = ["MultiRC"], ["record"] = ["ReCoRD"],
        ["wsc273"] = ["Winograd (WSC273)"], ["winograd"] = ["Winograd (WSC273)"], ["winogrande"] = ["Winogrande (XL)"],
        ["hellaswag"] = ["HellaSwag"], ["piqa"] = ["PIQA"], ["arceasy"] = ["ARC (Easy)"], ["arcchallenge"] = ["ARC (Challenge)"],
        ["openbookqa"] = ["OpenBookQA"], ["obqa"] = ["OpenBookQA"], ["storycloze"] = ["Story Cloze", "StoryCloze 2016"],
        ["race"] = ["RACE"], ["racem"] = ["RACE-m"], ["racemiddle"] = ["RACE-m"], ["raceh"] = ["RACE-h"], ["racehigh"] = ["RACE-h"],
        ["anlir1"] = ["ANLI R1"], ["anlir2"] = ["ANLI R2"], ["anlir3"] = ["ANLI R3"], ["anli1"] = ["ANLI R1"], ["anli2"] = ["ANLI R2"], ["anli3"] = ["ANLI R3"],
        ["lambada"] = ["LAMBADA"], ["lambadacloze"] = ["LAMBADA"], ["wikitext2"] = ["WikiText-2"], ["wikitext2detokenized"] = ["WikiText-2"], ["wikitext103"] = ["WikiText-103"], ["ptb"] = ["PTB"],
        ["coqa"] = ["CoQA"], ["drop"] = ["DROP"], ["quac"] = ["QuAC"], ["squad2"] = ["SQuADv2"], ["squad"] = ["SQuADv2"],
        ["nqopen"] = ["Natural Questions"], ["nq"] = ["Natural Questions"], ["triviaqa"] = ["TriviaQA"], ["webquestions"] = ["WebQuestions"], ["webqs"] = ["WebQuestions"],
        ["cnndm"] = ["CNN/DailyMail"],
        ["wmt14enfr"] = ["WMT14 En->Fr"], ["wmt14fren"] = ["WMT14 Fr->En"], ["wmt16ende"] = ["WMT16 En->De"], ["wmt16deen"] = ["WMT16 De->En"],
        ["wmt16enro"] = ["WMT16 En->Ro"], ["wmt16roen"] = ["WMT16 Ro->En"], ["wmt14enfrzero"] = ["WMT14 En->Fr"], ["wmt14frenzero"] = ["WMT14 Fr->En"],
        ["wmt16endezero"] = ["WMT16 En->De"], ["wmt16deenzero"] = ["WMT16 De->En"], ["wmt16enrozero"] = ["WMT16 En->Ro"], ["wmt16roenzero"] = ["WMT16 Ro->En"],
        ["2d+"] = ["Arithmetic 2D+"], ["3d+"] = ["Arithmetic 3D+"], ["4d+"] = ["Arithmetic 4D+"], ["5d+"] = ["Arithmetic 5D+"],
        ["2d-"] = ["Arithmetic 2D-"], ["3d-"] = ["Arithmetic 3D-"], ["4d-"] = ["Arithmetic 4D-"], ["5d-"] = ["Arithmetic 5D-"],
        ["2dx"] = ["Arithmetic 2Dx"], ["1dc"] = ["Arithmetic 1DC"],
        ["cl"] = ["Cycled Letters"], ["a1"] = ["Anagrams 1"], ["a2"] = ["Anagrams 2"], ["ri"] = ["Symbol Insertion"], ["rw"] = ["Reversed Words"], ["sat"] = ["SAT Analogies"],
    };

    // Longer names of the synthetic tasks: words in file and suite names, mapped onto GPT-3's short names.
    private static readonly (string Word, string Short)[] LongNames =
    [
        ("twodigitaddition", "2d+"), ("threedigitaddition", "3d+"), ("fourdigitaddition", "4d+"), ("fivedigitaddition", "5d+"),
        ("twodigitsubtraction", "2d-"), ("threedigitsubtraction", "3d-"), ("fourdigitsubtraction", "4d-"), ("fivedigitsubtraction", "5d-"),
        ("twodigitmultiplication", "2dx"), ("singledigitthreeops", "1dc"), ("onedigitcomposite", "1dc"),
        ("cyclelettersinword", "cl"), ("cycledletters", "cl"), ("cycleletters", "cl"), ("midword1anagrams", "a1"), ("anagrams1", "a1"), ("midword2anagrams", "a2"), ("anagrams2", "a2"),
        ("randominsertioninword", "ri"), ("randominsertion", "ri"), ("symbolinsertion", "ri"), ("reversedwords", "rw"), ("satanalogies", "sat"),
        ("addition2d", "2d+"), ("addition3d", "3d+"), ("addition4d", "4d+"), ("addition5d", "5d+"),
        ("subtraction2d", "2d-"), ("subtraction3d", "3d-"), ("subtraction4d", "4d-"), ("subtraction5d", "5d-"), ("multiplication2d", "2dx"), ("composite1d", "1dc"),
    ];

    private static readonly Lazy<IReadOnlyList<PaperRecord>> Records = new(Load);

    /// <summary>All records, in the order GPT-1, GPT-2, GPT-3.</summary>
    public static IReadOnlyList<PaperRecord> All => Records.Value;

    /// <summary>The papers' names of one of our tasks; empty where no paper has it.</summary>
    /// <param name="task">Such as <c>sst2</c>, <c>arc-easy</c>, <c>suite/arithmetic-2d+</c>, <c>gpt3/two_digit_addition</c>.</param>
    public static IReadOnlyList<string> PaperTasks(string task)
    {
        var slash = task.LastIndexOf('/');
        var parts = slash < 0 ? [task] : new[] { task.Replace("/", "", StringComparison.Ordinal), task[(slash + 1)..] };
        foreach (var part in parts.Select(Normalize))
        {
            if (Names.TryGetValue(part, out var names)) return names;
            foreach (var (word, shortName) in LongNames)
            {
                if (part == word) return Names[shortName];
            }
        }

        return [];
    }

    /// <summary>The records of one of our tasks.</summary>
    /// <param name="task">Our name; see <see cref="PaperTasks"/>.</param>
    /// <param name="metric">Our or the papers' name of the metric; null for all.</param>
    /// <param name="setting">zero, one, few or finetune; null for all.</param>
    public static IReadOnlyList<PaperRecord> For(string task, string? metric = null, string? setting = null)
    {
        var names = PaperTasks(task);
        var metrics = metric is null ? null : PaperMetrics(metric);
        return [.. All.Where(record => names.Contains(record.Task, StringComparer.Ordinal)
            && (metrics is null || metrics.Contains(record.Metric, StringComparer.Ordinal))
            && (setting is null || record.Setting == setting))];
    }

    /// <summary>The records of a task as they stand beside ours: percentages as fractions, with flags for what is the same.</summary>
    /// <param name="task">Our task; its split and metric decide the flags.</param>
    /// <param name="models">Our models; sizes within 25% of one of them count as the same.</param>
    /// <param name="sameProtocol">Which records were prompted and scored as ours; null for none.</param>
    /// <param name="isWholeSplit">Whether our task holds all items of the published split.</param>
    public static IReadOnlyList<PaperValue> Beside(TaskEntry task, IReadOnlyList<ModelEntry> models, Func<PaperRecord, bool>? sameProtocol = null, bool isWholeSplit = true) =>
    [
        .. For(task.Name, task.Metric).Select(record => new PaperValue
        {
            Task = task.Name,
            Setting = record.Setting,
            K = record.K,
            Model = record.Model,
            Parameters = record.Parameters,
            Value = IsPercentage(record.Metric) ? record.Value / 100 : record.Value,
            Metric = record.Metric,
            Source = record.Source,
            Note = record.Note,
            Split = record.Split,
            SameProtocol = sameProtocol?.Invoke(record) ?? false,
            SameSplit = isWholeSplit && SplitName(record.Split) == SplitName(task.Split) && task.SplitItemCount is null,
            SameSize = record.Parameters is { } parameters && models.Any(model => Math.Abs(parameters / model.Parameters - 1) <= 0.25),
        }),
    ];

    // dev and validation are the same split; an unknown split of ours is equal to none of theirs.
    private static string? SplitName(string? split) => split is "validation" or "dev" ? "dev" : split;

    private static bool IsPercentage(string metric) => metric is not ("ppl" or "token_ppl" or "bpb" or "bpc");

    // Which of the papers' metrics measure the same as one of ours.
    private static string[] PaperMetrics(string metric) => metric switch
    {
        "accuracy" or "acc" or "exact_match" or "normalized_exact_match" or "multi_rc_exact_match" or "record_exact_match" or "squad_exact" or "caseless_match" or "caseless_match_without_articles" => ["acc", "em"],
        "f1" or "binary_f1" or "macro_f1" or "record_f1" or "coqa_f1" or "drop_f1" or "squad_f1" => ["f1"],
        "multi_rc_f1" => ["f1a"],
        "bleu" => ["bleu", "BLEU-mb", "BLEU-sb"],
        "rouge1" or "stemmed_rouge1" => ["rouge1_f1"],
        "rouge2" or "stemmed_rouge2" => ["rouge2_f1"],
        "rouge_l" or "stemmed_rouge_l" => ["rougeL_f1"],
        "word_perplexity" or "perplexity_per_word" or "target_perplexity" => ["ppl"],
        "token_perplexity" => ["token_ppl"],
        "bits_per_byte" => ["bpb"],
        _ => [metric],
    };

    // Lower case without separators; + and - stay where they stand for an operation after a digit-d name such as 2d-.
    private static string Normalize(string name)
    {
        var text = name.ToLowerInvariant();
        var operation = text.Length >= 3 && text[^2] == 'd' && char.IsAsciiDigit(text[^3]) && text[^1] is '+' or '-' ? text[^1].ToString() : "";
        var letters = string.Concat(text.Where(char.IsAsciiLetterOrDigit)) + operation;
        foreach (var prefix in new[] { "suite", "gpt3synthetic", "gpt3", "arithmetic", "words", "word", "glue", "superglue" })
        {
            if (letters.StartsWith(prefix, StringComparison.Ordinal) && letters.Length > prefix.Length) letters = letters[prefix.Length..];
        }

        return letters;
    }

    private static List<PaperRecord> Load()
    {
        using var json = JsonDocument.Parse(Asset.Text("paper-results.json"));
        var root = json.RootElement;
        string[] Names(string table) => [.. root.GetProperty(table).EnumerateArray().Select(name => name.GetString()!)];
        string[] papers = Names("papers"), tasks = Names("tasks"), splits = Names("splits"), settings = Names("settings");
        string[] metrics = Names("metrics"), sources = Names("sources"), notes = Names("notes");
        var models = root.GetProperty("models").EnumerateArray()
            .Select(model => (Name: model.GetProperty("name").GetString()!, Parameters: NullableDouble(model.GetProperty("parameters")))).ToArray();

        var records = new List<PaperRecord>();
        foreach (var row in root.GetProperty("records").EnumerateArray())
        {
            int Index(int column) => row[column].GetInt32();
            var model = models[Index(1)];
            records.Add(new PaperRecord(
                papers[Index(0)], model.Name, model.Parameters, tasks[Index(2)], splits[Index(3)], settings[Index(4)],
                row[5].ValueKind == JsonValueKind.Null ? null : Index(5), metrics[Index(6)], row[7].GetDouble(), sources[Index(8)],
                row.GetArrayLength() > 9 ? notes[Index(9)] : null));
        }

        return records;
    }

    private static double? NullableDouble(JsonElement value) => value.ValueKind == JsonValueKind.Null ? null : value.GetDouble();
}
