using ResearchKit.Core.Tokenization;

namespace ResearchKit.Core.Data;

/// <summary>Packs documents into a token shard, each followed by the end-of-text token, as GPT-3's training data was (Brown et al. 2020, Appendix B).</summary>
public static class PackedDocuments
{
    /// <summary>Encodes and packs texts.</summary>
    /// <param name="path">Shard to write; appears whole or not at all.</param>
    /// <param name="documents">Texts, in order; empty ones are left out.</param>
    /// <param name="tokenizer">Tokenizer with an end-of-text token.</param>
    /// <param name="progress">Told after every document.</param>
    /// <param name="cancellation">Stops between documents; nothing is then written.</param>
    /// <exception cref="ConfigException">The tokenizer has no end-of-text token, there is no text, or the file cannot be written.</exception>
    public static PackingProgress Write(
        string path, IEnumerable<string> documents, ITokenizer tokenizer, IProgress<PackingProgress>? progress = null, CancellationToken cancellation = default) =>
        Write(path, documents.Select(text => new TokenizedDocument(tokenizer.Encode(text))), tokenizer, withLossFlags: false, progress, cancellation);

    /// <summary>Packs documents that are tokenized already, with marks on the tokens that carry loss.</summary>
    /// <param name="path">Shard to write; appears whole or not at all.</param>
    /// <param name="documents">Documents, in order; empty ones are left out.</param>
    /// <param name="tokenizer">Tokenizer that the ids come from, with an end-of-text token.</param>
    /// <param name="progress">Told after every document.</param>
    /// <param name="cancellation">Stops between documents; nothing is then written.</param>
    /// <exception cref="ConfigException">The tokenizer has no end-of-text token, there is no token, or the file cannot be written.</exception>
    public static PackingProgress Write(
        string path, IEnumerable<TokenizedDocument> documents, ITokenizer tokenizer, IProgress<PackingProgress>? progress = null, CancellationToken cancellation = default) =>
        Write(path, documents, tokenizer, withLossFlags: true, progress, cancellation);

    private static PackingProgress Write(
        string path, IEnumerable<TokenizedDocument> documents, ITokenizer tokenizer, bool withLossFlags, IProgress<PackingProgress>? progress, CancellationToken cancellation)
    {
        if (tokenizer.EndOfTextId is not { } endOfText)
            throw new ConfigException($"tokenizer {tokenizer.Name} has no end-of-text token to put between documents; use one that has");
        using var writer = new TokenShardWriter(path, tokenizer, withLossFlags);
        var state = new PackingProgress(0, 0);
        foreach (var document in documents)
        {
            cancellation.ThrowIfCancellationRequested();
            if (document.Ids.Length == 0) continue;
            if (document.CarriesLoss is { } flags) writer.Append(document.Ids, flags);
            else writer.Append(document.Ids);
            writer.Append([endOfText], carriesLoss: document.CarriesLoss is null);
            state = new PackingProgress(state.DocumentCount + 1, writer.Count);
            progress?.Report(state);
        }

        if (state.DocumentCount == 0) throw new ConfigException($"{path}: no text to pack: every document is empty, or there is none; check the source folder and split");
        writer.Complete();
        return state;
    }
}

/// <summary>A document as token ids.</summary>
/// <param name="Ids">Token ids, without an end-of-text token.</param>
/// <param name="CarriesLoss">For each token whether it carries loss as a target. Null: all do, and so does the end-of-text token after them; otherwise that one does not.</param>
public sealed record TokenizedDocument(int[] Ids, bool[]? CarriesLoss = null);

/// <summary>How far packing has come.</summary>
/// <param name="DocumentCount">Documents written.</param>
/// <param name="TokenCount">Tokens written, end-of-text tokens included.</param>
public readonly record struct PackingProgress(long DocumentCount, long TokenCount);
