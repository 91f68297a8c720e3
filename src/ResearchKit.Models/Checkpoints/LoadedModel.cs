using ResearchKit.Core;
using ResearchKit.Core.Tokenization;

namespace ResearchKit.Models.Checkpoints;

/// <summary>A model as it came from its folder.</summary>
/// <param name="Model">CPU, float32, evaluation mode. Disposed with this object.</param>
/// <param name="Name">Name of the folder.</param>
/// <param name="WeightsHash">See <see cref="Models.WeightsHash.Of"/>: the same for every file format that holds the same numbers.</param>
/// <param name="Tokenizer">The tokenizer of the folder; null where it has none.</param>
public sealed record LoadedModel(Gpt Model, string Name, string WeightsHash, ITokenizer? Tokenizer) : IDisposable
{
    /// <summary>The folder that it was read from, for messages.</summary>
    public required string Folder { get; init; }

    /// <summary>Tensors of the file that the language model does not use, such as GPT-1's multiple-choice head; masks and the tied output matrix do not count.</summary>
    public IReadOnlyList<string> LeftOutTensors { get; init; } = [];

    /// <summary>This model with its matrices rounded in place, under a name and a hash of its own; see <see cref="Gpt.RoundToInt8"/>. Dispose one of the two.</summary>
    /// <exception cref="ConfigException">The weights cannot be rounded.</exception>
    public LoadedModel RoundedToInt8()
    {
        Model.RoundToInt8();
        return this with { Name = $"{Name} (int8)", WeightsHash = Models.WeightsHash.Of(Model) };
    }

    /// <summary>The tokenizer, for work that can't do without one.</summary>
    /// <param name="advice">What to do where there is none.</param>
    /// <exception cref="ConfigException">The folder has no tokenizer.</exception>
    public ITokenizer RequireTokenizer(string advice = "add those that the model was trained with") =>
        Tokenizer ?? throw new ConfigException($"{Folder} has no tokenizer files (vocab.json and merges.txt); {advice}.");

    /// <summary>Disposes <see cref="Model"/>.</summary>
    public void Dispose() => Model.Dispose();
}
