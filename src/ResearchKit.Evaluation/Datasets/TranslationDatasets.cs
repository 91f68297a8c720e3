using ResearchKit.Evaluation.Tasks;

namespace ResearchKit.Evaluation.Datasets;

/// <summary>Translation in both directions: WMT 2014 and 2016, Multi30k.</summary>
internal static class TranslationDatasets
{
    private const int DemonstrationCount = 100;

    private static readonly (string Year, string Pair, string First, string Second)[] Wmt =
        [("2014", "enfr", "en", "fr"), ("2014", "ende", "en", "de"), ("2016", "deen", "de", "en"), ("2016", "roen", "ro", "en")];

    public static IReadOnlyList<DatasetTask> Tasks { get; } =
    [
        .. from set in Wmt
           from languages in new[] { (set.First, set.Second), (set.Second, set.First) }
           from zeroShot in new[] { false, true }
           select WmtTask(set.Year, set.Pair, languages.Item1, languages.Item2, zeroShot),
        .. from target in new[] { "de", "fr" } select Multi30k("en", target),
    ];

    private static DatasetTask WmtTask(string year, string pair, string source, string target, bool zeroShot) => new(
        $"wmt{year[2..]}-{source}-{target}{(zeroShot ? "-zero" : "")}", "wmt",
        $"WMT {year} newstest, {Language(source)} to {Language(target)}, with GPT-3's {(zeroShot ? "zero-shot question" : "one- and few-shot")} prompt; the first {DemonstrationCount} sentence pairs are for demonstrations, the others are scored.",
        zeroShot ? new($"Q: What is the {Language(target)} translation of {{source}} A:") : new("{source} =", Separator: "\n"),
        ConversationDatasets.Generation(GenerationMetric.Bleu, 100),
        r =>
        {
            var split = $"{year}-{pair}";
            return DatasetSplits.FirstForTraining(Pairs(r, split, $"wmt/newstest{year}-{pair}.{source}", $"wmt/newstest{year}-{pair}.{target}"), DemonstrationCount);
        });

    private static DatasetTask Multi30k(string source, string target) => new($"multi30k-{source}-{target}", "multi30k",
        $"Multi30k task 1, {Language(source)} to {Language(target)}: captions, published train, validation and 2016 test sets; not in the three papers.",
        new("{source} =", Separator: "\n"), ConversationDatasets.Generation(GenerationMetric.Bleu, 60), r =>
        {
            IReadOnlyList<TaskItem> Split(string split, string file) => Pairs(r, split, $"multi30k/{file}.{source}.gz", $"multi30k/{file}.{target}.gz");
            return new(Split("train", "train"), Split("val", "val"), Split("test", "test_2016_flickr"));
        });

    private static IReadOnlyList<TaskItem> Pairs(DatasetReader reader, string split, string source, string target)
    {
        var pairs = reader.Expect(split, reader.Lines(source)).Zip(reader.Expect(split, reader.Lines(target))).ToArray();
        return DatasetSplits.Items(split, pairs, p => new() { Id = "", Fields = new Dictionary<string, string> { ["source"] = p.First.Trim() }, Answers = [p.Second.Trim()] });
    }

    private static string Language(string code) => code switch { "en" => "English", "fr" => "French", "de" => "German", _ => "Romanian" };
}
