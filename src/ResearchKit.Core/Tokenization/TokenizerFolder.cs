namespace ResearchKit.Core.Tokenization;

/// <summary>Finds a tokenizer by name or by the files of a folder, and saves one.</summary>
public static class TokenizerFolder
{
    /// <summary>Opens a tokenizer.</summary>
    /// <param name="nameOrFolder"><c>gpt2</c>, or a folder with <c>vocab.json</c> and <c>merges.txt</c>, <c>encoder.json</c> and <c>vocab.bpe</c>, or <c>characters.json</c>.</param>
    /// <exception cref="ConfigException">There is no such name or folder, or its files are malformed.</exception>
    public static ITokenizer Load(string nameOrFolder)
    {
        if (nameOrFolder == "gpt2") return BytePairTokenizer.Gpt2();
        if (!Directory.Exists(nameOrFolder))
            throw new ConfigException($"tokenizer \"{nameOrFolder}\": no such name or folder; give gpt2 or a folder with a vocabulary");
        if (BytePairFiles.ExistIn(nameOrFolder)) return BytePairTokenizer.FromFolder(nameOrFolder);
        if (File.Exists(Path.Combine(nameOrFolder, CharacterTokenizer.FileName))) return CharacterTokenizer.FromFolder(nameOrFolder);
        throw new ConfigException($"{nameOrFolder}: no tokenizer here; a folder holds vocab.json and merges.txt, encoder.json and vocab.bpe, or {CharacterTokenizer.FileName}");
    }

    /// <summary>Whether a folder holds a tokenizer that <see cref="Load"/> opens.</summary>
    public static bool ExistsIn(string folder) => BytePairFiles.ExistIn(folder) || File.Exists(Path.Combine(folder, CharacterTokenizer.FileName));

    /// <summary>Saves a tokenizer so that <see cref="Load"/> of the folder gives the same ids.</summary>
    /// <exception cref="ConfigException">The tokenizer is of a kind that has no files.</exception>
    public static void Save(ITokenizer tokenizer, string folder)
    {
        switch (tokenizer)
        {
            case BytePairTokenizer bytePair: bytePair.Save(folder); break;
            case CharacterTokenizer characters: characters.Save(folder); break;
            default: throw new ConfigException($"tokenizer {tokenizer.Name}: a {tokenizer.GetType().Name} cannot be saved; only byte-pair and character tokenizers can");
        }
    }
}
