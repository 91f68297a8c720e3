using System.ComponentModel.DataAnnotations;
using System.Text.Json.Serialization;
using ResearchKit.Core;
using ResearchKit.Core.Configuration;
using ResearchKit.Models.Checkpoints;

namespace ResearchKit.Experiments.Configuration;

/// <summary>Pre-training of one model from text, ending in a model folder with its tokenizer, learning curve and card.</summary>
public sealed record PretrainingConfig : ExperimentConfig
{
    /// <summary>The model, by preset or in full.</summary>
    public required ModelSource Model { get; init; }

    /// <summary>The tokenizer; its vocabulary size must be the model's.</summary>
    public required TokenizerSource Tokenizer { get; init; }

    /// <summary>Training text by source, mixed by weight.</summary>
    public required IReadOnlyList<TextSource> Data { get; init; }

    /// <summary>Length, batches, optimizer, schedule and intervals.</summary>
    public required TrainingConfig Training { get; init; }

    /// <summary>Element type of the finished model's file: f32 (default), f16 or bf16. Half floats halve the file and round the weights; training is not touched.</summary>
    [AllowedValues(TensorType.F32, TensorType.F16, TensorType.BF16)]
    public TensorType Storage { get; init; } = TensorType.F32;

    /// <inheritdoc/>
    public override IEnumerable<string> Problems()
    {
        foreach (var problem in base.Problems()) yield return problem;
        if (Storage is not (TensorType.F32 or TensorType.F16 or TensorType.BF16)) yield return $"`storage` ({Storage}) must be f32, f16 or bf16.";
        foreach (var problem in Model.Problems()) yield return problem;
        if (Data.Count == 0) yield return "`data` is empty: name at least one source, such as {\"kind\": \"corpus\", \"path\": \"children\"}.";
        for (var i = 0; i < Data.Count; i++)
        {
            if (!(Data[i].Weight > 0)) yield return $"`data[{i}].weight` ({Data[i].Weight}) must be above 0.";
        }

        foreach (var problem in Training.Problems("training.")) yield return problem;
    }
}

/// <summary>Where a model's configuration comes from: exactly one of the two.</summary>
public sealed record ModelSource
{
    /// <summary>Name of a preset (<c>rk describe list</c>).</summary>
    public string? Preset { get; init; }

    /// <summary>A full configuration.</summary>
    public ModelConfig? Config { get; init; }

    /// <summary>The configuration meant.</summary>
    [JsonIgnore] public ModelConfig Resolved => Config ?? Presets.Get(Preset!).Config;

    internal IEnumerable<string> Problems()
    {
        if ((Preset is null) == (Config is null)) return ["`model` needs exactly one of `preset` (a name) and `config` (a full configuration)."];
        if (Preset is not null && !Presets.Contains(Preset)) return [$"`model.preset` (\"{Preset}\") is not known. Presets: {string.Join(", ", Presets.Names)}."];
        return Resolved.Problems(Config is null ? "model.preset." : "model.config.");
    }
}

/// <summary>Where the tokenizer comes from.</summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "kind")]
[JsonDerivedType(typeof(TrainedTokenizer), "train_bpe")]
[JsonDerivedType(typeof(NamedTokenizer), "named")]
public abstract record TokenizerSource
{
    private protected TokenizerSource()
    {
    }
}

/// <summary>A byte-level BPE in GPT-2's format, trained on the experiment's own text.</summary>
/// <param name="VocabularySize">Entries, 257 or more: 256 bytes, merges, end-of-text.</param>
/// <param name="SampleCharacters">Characters of each source to learn from. Default 8 million.</param>
public sealed record TrainedTokenizer(int VocabularySize, int SampleCharacters = 8_000_000) : TokenizerSource;

/// <summary>A published tokenizer by name (<c>gpt2</c>), or a tokenizer folder relative to the experiment file.</summary>
/// <param name="Name"><c>gpt2</c>, or a folder with a tokenizer's files, relative to the experiment file.</param>
public sealed record NamedTokenizer(string Name) : TokenizerSource;

/// <summary>A source of training text.</summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "kind")]
[JsonDerivedType(typeof(CorpusSource), "corpus")]
[JsonDerivedType(typeof(GeneratedSource), "generated")]
public abstract record TextSource
{
    private protected TextSource()
    {
    }

    /// <summary>Share of training sequences, relative to the other sources' weights; above 0. Default 1.</summary>
    public double Weight { get; init; } = 1;
}

/// <summary>Text files of a folder (.txt, .txt.gz), split by its MANIFEST.tsv where it has one.</summary>
/// <param name="Path">Folder, relative to the data folder's <c>corpora</c>, or absolute.</param>
public sealed record CorpusSource(string Path) : TextSource;

/// <summary>The kit's generated documents of repeated input-output pairs, easy ones first, with loss on the outputs alone. Taken in order, as a curriculum; beside other sources in order from one thousand sequences to the next, shuffled within.</summary>
/// <param name="Documents">How many to generate; at least 1.</param>
public sealed record GeneratedSource(int Documents) : TextSource;
