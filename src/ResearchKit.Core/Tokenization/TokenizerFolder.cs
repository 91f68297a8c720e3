using ResearchKit.Core.Tokenization.Gpt1;

namespace ResearchKit.Core.Tokenization;

/// <summary>Finds a tokenizer by name or by the files of a folder, and saves one.</summary>
public static class TokenizerFolder
{
    private static readonly (string Name, Gpt1PreProcessing PreProcessing)[] Gpt1Names =
        [("gpt1-original", Gpt1PreProcessing.Original), ("gpt1-hf-fallback", Gpt1PreProcessing.HuggingFaceFallback)];

    /// <summary>Opens a tokenizer.</summary>
    /// <param name="nameOrFolder"><c>gpt2</c>; <c>gpt1-original:FOLDER</c> or <c>gpt1-hf-fallback:FOLDER</c> with the folder of GPT-1's vocabulary
    /// (without, <c>vocab/gpt1</c> in or beside the data folder <c>RESEARCHKIT_DATA</c>); or a folder with
    /// <c>vocab.json</c> and <c>merges.txt</c>, <c>encoder.json</c> and <c>vocab.bpe</c>, <c>encoder_bpe_40000.json</c> and <c>vocab_40000.bpe</c>, or <c>characters.json</c>.
    /// A folder of GPT-1 is read with the original pre-processing, or with the one saved there.</param>
    /// <exception cref="ConfigException">There is no such name or folder, or its files are malformed.</exception>
    public static ITokenizer Load(string nameOrFolder)
    {
        if (nameOrFolder == "gpt2") return BytePairTokenizer.Gpt2();
        foreach (var (name, preProcessing) in Gpt1Names)
        {
            if (nameOrFolder == name) return Gpt1Tokenizer.FromFolder(Gpt1VocabularyFolder(name), preProcessing);
            if (nameOrFolder.StartsWith(name + ":", StringComparison.Ordinal)) return Gpt1Tokenizer.FromFolder(nameOrFolder[(name.Length + 1)..], preProcessing);
        }

        if (!Directory.Exists(nameOrFolder))
            throw new ConfigException($"tokenizer \"{nameOrFolder}\": no such name or folder; give gpt2, gpt1-original:FOLDER, gpt1-hf-fallback:FOLDER, or a folder with a vocabulary");
        if (Gpt1Vocabulary.ExistsIn(nameOrFolder)) return Gpt1Tokenizer.FromFolder(nameOrFolder);
        if (BytePairFiles.ExistIn(nameOrFolder)) return BytePairTokenizer.FromFolder(nameOrFolder);
        if (File.Exists(Path.Combine(nameOrFolder, CharacterTokenizer.FileName))) return CharacterTokenizer.FromFolder(nameOrFolder);
        throw new ConfigException($"{nameOrFolder}: no tokenizer here; a folder holds vocab.json and merges.txt, encoder.json and vocab.bpe, encoder_bpe_40000.json and vocab_40000.bpe, or {CharacterTokenizer.FileName}");
    }

    /// <summary>Whether a folder holds a tokenizer that <see cref="Load"/> opens.</summary>
    public static bool ExistsIn(string folder) => Gpt1Vocabulary.ExistsIn(folder) || BytePairFiles.ExistIn(folder) || File.Exists(Path.Combine(folder, CharacterTokenizer.FileName));

    private static string Gpt1VocabularyFolder(string name)
    {
        var data = Environment.GetEnvironmentVariable("RESEARCHKIT_DATA");
        string[] candidates = string.IsNullOrEmpty(data) ? [] : [Path.Combine(data, "vocab", "gpt1"), Path.Combine(data, "..", "vocab", "gpt1")];
        return candidates.FirstOrDefault(Directory.Exists)
            ?? throw new ConfigException($"tokenizer {name}: GPT-1's vocabulary is not in this program and not in vocab/gpt1 of the data folder (RESEARCHKIT_DATA is {(string.IsNullOrEmpty(data) ? "not set" : data)}); name its folder, as {name}:FOLDER");
    }

    /// <summary>Saves a tokenizer so that <see cref="Load"/> of the folder gives the same ids.</summary>
    /// <exception cref="ConfigException">The tokenizer is of a kind that has no files.</exception>
    public static void Save(ITokenizer tokenizer, string folder)
    {
        switch (tokenizer)
        {
            case BytePairTokenizer bytePair: bytePair.Save(folder); break;
            case Gpt1Tokenizer gpt1: gpt1.Save(folder); break;
            case CharacterTokenizer characters: characters.Save(folder); break;
            default: throw new ConfigException($"tokenizer {tokenizer.Name}: a {tokenizer.GetType().Name} cannot be saved; only byte-pair, GPT-1 and character tokenizers can");
        }
    }
}
