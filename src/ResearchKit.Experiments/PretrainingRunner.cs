using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using ResearchKit.Core;
using ResearchKit.Core.Configuration;
using ResearchKit.Core.Data;
using ResearchKit.Core.Files;
using ResearchKit.Core.Tokenization;
using ResearchKit.Evaluation.Datasets;
using ResearchKit.Evaluation.Suite;
using ResearchKit.Experiments.Configuration;
using ResearchKit.Experiments.Reporting;
using ResearchKit.Models;
using ResearchKit.Models.Checkpoints;
using ResearchKit.Training;
using static System.FormattableString;

namespace ResearchKit.Experiments;

/// <summary>Runs a pre-training: text to tokens to shards, training with in-loop evaluation, and a model folder at the end.</summary>
/// <remarks>
/// Folder of the run: <c>config.json</c>, <c>data/</c> (tokenizer and shards, made once), <c>metrics.jsonl</c>, <c>checkpoint/</c>, and at the end <c>model/</c>.
/// Killed at any moment, the same command carries on from the last checkpoint and, on the CPU, ends in the same bytes.
/// </remarks>
public sealed class PretrainingRunner
{
    /// <summary>Generated documents of other seeds are held out: these are validation.</summary>
    private const long HeldOutSeedOffset = 1_000_003;

    private const int HeldOutDocuments = 256;
    private const int ValidationWindows = 64;
    private const string TokenizerName = "tokenizer";

    private readonly PretrainingConfig _config;
    private readonly string _baseFolder;
    private readonly ComputeDevice _device;
    private readonly List<string> _names;

    /// <summary>Prepares a run; nothing is read or written yet.</summary>
    /// <param name="config">The experiment.</param>
    /// <param name="baseFolder">Folder that the experiment's relative paths start from.</param>
    /// <param name="device">Device and threads.</param>
    public PretrainingRunner(PretrainingConfig config, string baseFolder, ComputeDevice device) => (_config, _baseFolder, _device, _names) = (config, baseFolder, device, NamesOf(config.Data));

    /// <summary>Trains to the end, from the start or from where an earlier sitting stopped.</summary>
    /// <param name="preparing">Told what is being prepared before training starts.</param>
    /// <param name="progress">Told after every update.</param>
    /// <param name="cancellation">Stops after the current update and saves first.</param>
    /// <returns>The finished model folder and the last numbers.</returns>
    public PretrainingOutcome Run(Action<string>? preparing = null, IProgress<TrainingProgress>? progress = null, CancellationToken cancellation = default)
    {
        var folder = _config.RunFolder;
        var modelConfig = _config.Model.Resolved.Validated("model");
        RequireMemory(modelConfig);
        AtomicFile.WriteText(Path.Combine(folder, "config.json"), JsonSerializer.Serialize<ExperimentConfig>(_config, ConfigJson.Options) + "\n");

        preparing?.Invoke("tokenizer");
        var tokenizer = Tokenizer(Path.Combine(folder, "data"), cancellation);
        if (tokenizer.VocabularySize > modelConfig.VocabularySize)
        {
            throw new ConfigException($"The tokenizer has {tokenizer.VocabularySize} entries, more than `n_vocab` ({modelConfig.VocabularySize}) of the model. Make n_vocab at least as large, or the tokenizer smaller.");
        }

        preparing?.Invoke("token shards");
        var shards = new List<TokenShard>();
        try
        {
            var sources = _config.Data.Zip(_names, (source, name) => new MixtureSource(name, Shard(source, name, tokenizer, shards, cancellation), source.Weight, source is GeneratedSource)).ToList();
            return Train(modelConfig, tokenizer, sources, progress, cancellation);
        }
        finally
        {
            foreach (var shard in shards) shard.Dispose();
        }
    }

    private void RequireMemory(ModelConfig model)
    {
        if (_device.Name != "cpu") return;
        var (size, training) = (ModelSize.Of(model), _config.Training);
        var bytes = size.WeightBytes() + size.GradientBytes + size.OptimizerBytes
            + size.ActivationBytes(training.MicroBatchSize ?? training.BatchSize, training.SequenceLength ?? model.ContextLength, training.GradientCheckpointing);
        MachineMemory.Require(bytes, $"Training {_config.Name} ({model.ParameterCount:N0} parameters)",
            "Take a smaller model, a smaller `training.micro_batch_size` (the result is the same), or `training.gradient_checkpointing`; `rk describe NAME` shows what takes how much.");
    }

    private PretrainingOutcome Train(ModelConfig modelConfig, ITokenizer tokenizer, List<MixtureSource> sources, IProgress<TrainingProgress>? progress, CancellationToken cancellation)
    {
        var training = _config.Training;
        var length = training.SequenceLength ?? modelConfig.ContextLength;
        var batches = new MixtureSampler(sources, length, training.BatchSize, _config.Seed, training.MicroBatchSize);
        var warmup = training.LengthWarmup is { } shorter
            ? new MixtureSampler(sources, shorter.Length, training.BatchSize * length / shorter.Length, _config.Seed, training.MicroBatchSize * length / shorter.Length)
            : null;
        var warmupSteps = training.LengthWarmupSteps(length);
        using var model = new Gpt(modelConfig, _config.Seed);
        _device.MoveHere(model);
        var validation = ValidationSets(tokenizer, length);
        var trainer = new Trainer(model, warmup is null ? batches : new ConsecutiveBatches(warmup, warmupSteps, batches), training, _config.RunFolder)
        {
            Progress = progress,
            Evaluate = _ => validation.ToDictionary(set => "validation_loss/" + set.Name, set => LossEvaluation.Mean(model, set.Batches)),
            DataIdentity = Hash(string.Join('\n', sources.Select(source => $"{source.Name} {source.Weight.ToString("R", CultureInfo.InvariantCulture)} {source.Shard.Checksum}"))),
        };
        var result = trainer.Run(cancellation);

        var modelFolder = Path.Combine(_config.RunFolder, "model", _config.Name);
        var epochs = batches.EpochsPerSource(Math.Max(0, result.Steps - warmupSteps)).Zip(warmup?.EpochsPerSource(Math.Min(result.Steps, warmupSteps)) ?? new double[sources.Count], (full, shorter) => full + shorter).ToArray();
        var card = Card(modelConfig, tokenizer, sources, epochs, result);
        // A finished run that is run again writes the same folder again; saving refuses folders with files that are not its own.
        if (Directory.Exists(modelFolder)) File.Delete(Path.Combine(modelFolder, ModelCard.FileName));
        ModelFolder.Save(modelFolder, model, tokenizer, new Dictionary<string, string> { ["description"] = card.Text, ["license"] = "MIT" }, _config.Storage);
        card.Write(modelFolder);
        return new PretrainingOutcome(modelFolder, result.Steps, result.Tokens, result.FinalLoss, result.Evaluation, result.ResumedFrom);
    }

    private ITokenizer Tokenizer(string dataFolder, CancellationToken cancellation)
    {
        if (_config.Tokenizer is NamedTokenizer named)
        {
            var beside = Path.Combine(_baseFolder, named.Name);
            return TokenizerFolder.Load(Directory.Exists(beside) ? beside : named.Name);
        }

        var trained = (TrainedTokenizer)_config.Tokenizer;
        // Named by what determines it, so that an edited experiment or text does not take an old one.
        var identity = Hash(JsonSerializer.Serialize<TokenizerSource>(trained, ConfigJson.Compact) + JsonSerializer.Serialize(_config.Data, ConfigJson.Compact) + string.Concat(_config.Data.Select(StateOfFiles)) + _config.Seed.ToString(CultureInfo.InvariantCulture))[..12];
        var folder = Path.Combine(dataFolder, "tokenizer-" + identity);
        if (!TokenizerFolder.ExistsIn(folder))                            // a kill may have left one file of two
        {
            var texts = _config.Data.SelectMany(source => Sample(TrainingTexts(source), trained.SampleCharacters));
            TokenizerFolder.Save(BytePairTrainer.Train(texts, trained.VocabularySize, "bpe-" + trained.VocabularySize.ToString(CultureInfo.InvariantCulture), cancellation: cancellation), folder);
        }

        return TokenizerFolder.Load(folder);
    }

    private static IEnumerable<string> Sample(IEnumerable<string> texts, int characters)
    {
        foreach (var text in texts)
        {
            if (characters <= 0) yield break;
            yield return text.Length <= characters ? text : text[..characters];
            characters -= text.Length;
        }
    }

    private TokenShard Shard(TextSource source, string name, ITokenizer tokenizer, List<TokenShard> open, CancellationToken cancellation)
    {
        var path = Path.Combine(_config.RunFolder, "data", $"{name}-{Identity(source, tokenizer)}.tokens");
        if (!File.Exists(path))
        {
            if (source is GeneratedSource generated) PackedDocuments.Write(path, Documents(generated, _config.Seed).Select(document => Tokenized(document, tokenizer)), tokenizer, cancellation: cancellation);
            else PackedDocuments.Write(path, TrainingTexts(source), tokenizer, cancellation: cancellation);
        }

        var shard = TokenShard.Open(path);
        open.Add(shard);
        shard.RequireTokenizer(tokenizer);
        return shard;
    }

    /// <summary>Part of a shard's name: what determines its tokens, so that an edited experiment or text never takes the old ones.</summary>
    private string Identity(TextSource source, ITokenizer tokenizer) =>
        Hash(tokenizer.Fingerprint + JsonSerializer.Serialize(source, ConfigJson.Compact) + _config.Seed.ToString(CultureInfo.InvariantCulture) + StateOfFiles(source))[..12];

    /// <summary>Names, sizes and times of a corpus's files: what an edit in place changes, without reading gigabytes at every start. Equal texts under new times make equal shards again.</summary>
    internal static string StateOfFiles(TextSource source) => source is not CorpusSource corpus ? ""
        : string.Join('\n', TextCorpus.ReadFolder(CorpusFolder(corpus)).Documents.Select(document => new FileInfo(document.Path))
            .Select(file => Invariant($"{file.FullName} {file.Length} {file.LastWriteTimeUtc.Ticks}")));

    private IEnumerable<string> TrainingTexts(TextSource source) => source switch
    {
        CorpusSource corpus => TextCorpus.ReadFolder(CorpusFolder(corpus)).Texts("train"),
        GeneratedSource generated => Documents(generated, _config.Seed).Select(document => string.Concat(document.Pieces.Select(piece => piece.Text))),
        _ => throw new InvalidOperationException($"No text for {source.GetType().Name}."),
    };

    /// <summary>The documents of a source, in order.</summary>
    internal static IEnumerable<GeneratedDocument> Documents(GeneratedSource source, long seed) =>
        Enumerable.Range(0, source.Documents).Select(i => PretrainingDocuments.Generate(seed, i));

    private static TokenizedDocument Tokenized(GeneratedDocument document, ITokenizer tokenizer)
    {
        var ids = new List<int>();
        var loss = new List<bool>();
        foreach (var (text, carriesLoss) in document.Pieces)
        {
            var piece = tokenizer.Encode(text);
            ids.AddRange(piece);
            loss.AddRange(Enumerable.Repeat(carriesLoss, piece.Length));
        }

        return new TokenizedDocument([.. ids], [.. loss]);
    }

    /// <summary>A corpus stands in the data folder's <c>corpora</c>, or in <c>corpora</c> beside it.</summary>
    internal static string CorpusFolder(CorpusSource source)
    {
        if (Path.IsPathRooted(source.Path)) return source.Path;
        var data = DataFolder.Resolve(null).Path;
        string[] candidates = [Path.Combine(data, "corpora", source.Path), Path.Combine(Path.GetDirectoryName(data)!, "corpora", source.Path)];
        return candidates.FirstOrDefault(Directory.Exists)
            ?? throw new ConfigException($"There is no corpus \"{source.Path}\": looked for {string.Join(" and ", candidates)}. Put its .txt or .txt.gz files there, or give an absolute path.");
    }

    private List<(string Name, IReadOnlyList<TokenBatch> Batches)> ValidationSets(ITokenizer tokenizer, int length)
    {
        var sets = new List<(string, IReadOnlyList<TokenBatch>)>();
        foreach (var (source, name) in _config.Data.Zip(_names))
        {
            var path = Path.Combine(_config.RunFolder, "data", $"validation-{name}-{Identity(source, tokenizer)}.tokens");
            if (!File.Exists(path))
            {
                if (source is GeneratedSource)
                {
                    var documents = Enumerable.Range(0, HeldOutDocuments).Select(n => PretrainingDocuments.Generate(_config.Seed + HeldOutSeedOffset, PretrainingDocuments.EasyDocumentCount + n));
                    PackedDocuments.Write(path, documents.Select(document => Tokenized(document, tokenizer)), tokenizer);
                }
                else if (source is CorpusSource corpus && TextCorpus.ReadFolder(CorpusFolder(corpus)) is var texts && texts.Splits.Contains("valid"))
                {
                    PackedDocuments.Write(path, texts.Texts("valid"), tokenizer);
                }
                else
                {
                    continue;                                             // a corpus without a validation split is trained on, not measured
                }
            }

            using var shard = TokenShard.Open(path);
            sets.Add((name, [.. BatchSampler.InOrder(shard, length, 8, ValidationWindows)]));
        }

        return sets;
    }

    private ModelCard Card(ModelConfig modelConfig, ITokenizer tokenizer, List<MixtureSource> sources, double[] epochs, TrainingResult result)
    {
        var data = string.Join("; ", sources.Select((source, i) => Invariant($"{source.Name} ({source.Shard.Count:N0} tokens, weight {source.Weight}, {epochs[i]:0.00} epochs)")));
        var losses = string.Join("; ", result.Evaluation.Select(value => Invariant($"{value.Key} {value.Value:0.000}")));
        var text = Invariant($"""
            {_config.Name}: {modelConfig.ParameterCount:N0} parameters, pre-trained by ResearchKit on {result.Tokens:N0} tokens.
            Data: {data}. Generated documents carry loss on their answers alone.
            Final: {losses} (nats per token).
            Made for small experiments on fine-tuning against prompting; it knows little of the world and nothing reliable. Not for use on people.
            Repeat: rk train with training.json's configuration.
            """);
        return new ModelCard(
            text, result.Tokens, LearningCurve.Read(Path.Combine(_config.RunFolder, "metrics.jsonl")), JsonSerializer.SerializeToElement<ExperimentConfig>(_config, ConfigJson.Options),
            sources.ToDictionary(source => source.Name, source => source.Shard.Checksum).Append(KeyValuePair.Create(TokenizerName, tokenizer.Fingerprint)).ToDictionary(),
            new Dictionary<string, string> { ["researchkit"] = RunEnvironment.KitVersion, ["torchsharp"] = ComputeDevice.TorchVersion, ["device"] = _device.Name, ["threads"] = _device.Threads.ToString(CultureInfo.InvariantCulture) });
    }

    /// <summary>Names of the sources in files, metrics and the card, where they stand beside the tokenizer: no two are equal.</summary>
    private static List<string> NamesOf(IReadOnlyList<TextSource> data)
    {
        var taken = new HashSet<string>(StringComparer.Ordinal) { TokenizerName };
        return [.. data.Select((source, i) =>
        {
            var name = (source is CorpusSource corpus ? Path.GetFileName(Path.TrimEndingDirectorySeparator(corpus.Path)) : "generated") + (i == 0 ? "" : Invariant($"-{i}"));
            while (!taken.Add(name)) name += "-text";
            return name;
        })];
    }

    private static string Hash(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));
}

/// <summary>What a pre-training left behind.</summary>
/// <param name="ModelFolder">The finished model.</param>
/// <param name="Steps">Updates.</param>
/// <param name="Tokens">Tokens seen.</param>
/// <param name="FinalLoss">Loss of the last batch, nats per token.</param>
/// <param name="Validation">Last validation losses by source, nats per token.</param>
/// <param name="ResumedFrom">Update that this sitting started from.</param>
public sealed record PretrainingOutcome(string ModelFolder, long Steps, long Tokens, double FinalLoss, IReadOnlyDictionary<string, double> Validation, long ResumedFrom);
