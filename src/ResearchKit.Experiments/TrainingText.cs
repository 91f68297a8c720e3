using System.Globalization;
using System.Text.Json;
using ResearchKit.Core;
using ResearchKit.Core.Configuration;
using ResearchKit.Core.Data;
using ResearchKit.Core.Files;
using ResearchKit.Evaluation.Contamination;
using ResearchKit.Experiments.Configuration;
using static System.FormattableString;

namespace ResearchKit.Experiments;

/// <summary>Documents that a model was trained on, for looking whether test items stand in them.</summary>
public static class TrainingText
{
    /// <summary>Documents of a source, read one at a time.</summary>
    /// <param name="source">A folder of texts or one text (.txt, .txt.gz; of a corpus with a manifest its training files), JSON Lines (.jsonl, .jsonl.gz: a string or {"text": …} a line),
    /// a model folder of this kit (what its card says it was trained on), or <c>generated:N</c> (the kit's first N generated documents, of seed 1).</param>
    /// <exception cref="ConfigException">There is no such source, or it cannot be read.</exception>
    public static IEnumerable<CorpusText> Open(string source)
    {
        if (source == "generated" || source.StartsWith("generated:", StringComparison.Ordinal))
        {
            var count = source == "generated" ? 40_000 : int.TryParse(source["generated:".Length..], NumberStyles.None, CultureInfo.InvariantCulture, out var n) && n > 0 ? n
                : throw new ConfigException($"corpus {source}: after generated: stands a number of documents, at least 1.");
            return Generated(new GeneratedSource(count), seed: 1);
        }

        if (Directory.Exists(source))
        {
            if (ModelCard.TryRead(source) is not { } card) return Folder(source);
            return Pretraining(card, source) is { } pretraining
                ? pretraining.Data.SelectMany(text => Of(text, pretraining.Seed))
                : throw new ConfigException($"{source}: its {ModelCard.FileName} tells of no pre-training.");
        }

        if (!File.Exists(source)) throw new ConfigException($"There is no corpus {source}: give a folder, a .txt or .jsonl file (.gz too), a model folder of this kit, or generated:N.");
        return source.EndsWith(".jsonl", StringComparison.OrdinalIgnoreCase) || source.EndsWith(".jsonl.gz", StringComparison.OrdinalIgnoreCase)
            ? Lines(source)
            : [new CorpusText(Path.GetFileName(source), InputFile.Text(source))];
    }

    /// <summary>The pre-training that a card tells of; null where it tells of none.</summary>
    /// <param name="card">The card.</param>
    /// <param name="folder">Its folder, for messages.</param>
    /// <exception cref="ConfigException">Its configuration is not one of this version of the kit.</exception>
    internal static PretrainingConfig? Pretraining(ModelCard card, string folder)
    {
        try
        {
            return card.Configuration.Deserialize<ExperimentConfig>(ConfigJson.Options) as PretrainingConfig;
        }
        catch (JsonException error)
        {
            throw new ConfigException($"{folder}: the configuration in its {ModelCard.FileName} is not one of this version of the kit. {error.Message}", error);
        }
    }

    /// <summary>Documents of one source of a pre-training.</summary>
    /// <param name="source">The source.</param>
    /// <param name="seed">Seed of the pre-training.</param>
    /// <exception cref="ConfigException">There is no data folder, or its files are missing or damaged.</exception>
    internal static IEnumerable<CorpusText> Of(TextSource source, long seed) =>
        source is GeneratedSource generated ? Generated(generated, seed) : Folder(PretrainingRunner.CorpusFolder((CorpusSource)source));

    private static IEnumerable<CorpusText> Folder(string folder) =>
        TextCorpus.ReadFolder(folder).Documents.Where(document => document.Split == "train").Select(document => new CorpusText(document.Name, document.Read()));

    private static IEnumerable<CorpusText> Generated(GeneratedSource source, long seed) =>
        PretrainingRunner.Documents(source, seed).Select((document, i) => new CorpusText(Invariant($"generated/{i}"), document.Text));

    private static IEnumerable<CorpusText> Lines(string path)
    {
        var number = 0;
        foreach (var line in InputFile.Text(path).Split('\n'))
        {
            number++;
            if (line.Trim().Length == 0) continue;
            string? text;
            try
            {
                var value = JsonElement.Parse(line);
                text = value.ValueKind == JsonValueKind.String ? value.GetString()
                    : value.ValueKind == JsonValueKind.Object && value.TryGetProperty("text", out var field) && field.ValueKind == JsonValueKind.String ? field.GetString() : null;
            }
            catch (JsonException error)
            {
                throw new ConfigException($"{path}, line {number}: no JSON: {error.Message}", error);
            }

            yield return new CorpusText(Invariant($"{Path.GetFileName(path)}:{number}"), text ?? throw new ConfigException($"{path}, line {number}: a line must be a JSON string or {{\"text\": …}}."));
        }
    }
}
