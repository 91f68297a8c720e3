using ResearchKit.Core;
using ResearchKit.Core.Tokenization;

namespace ResearchKit.Evaluation;

/// <summary>Splits a text into context and continuation tokens as lm-evaluation-harness does (<c>TemplateLM._encode_pair</c>).</summary>
/// <remarks>Both are encoded together and the context's own token count is the boundary; white space that ends the context moves to the continuation;
/// an empty context becomes the prefix token.</remarks>
public sealed class ContinuationEncoder
{
    private readonly ITokenizer _tokenizer;
    private (string Text, int[] Ids) _lastContext = ("", []);

    /// <summary>Prepares a tokenizer.</summary>
    /// <param name="tokenizer">Text to ids.</param>
    /// <param name="prefixTokenId">Id for an empty context; null takes the end-of-text token, or else what ends a sentence: the newline's first token, or the full stop (GPT-1 has no end-of-text token).</param>
    /// <exception cref="ConfigException">The tokenizer has none of these.</exception>
    public ContinuationEncoder(ITokenizer tokenizer, int? prefixTokenId = null)
    {
        _tokenizer = tokenizer;
        PrefixTokenId = prefixTokenId ?? tokenizer.EndOfTextId ?? SentenceEnd(tokenizer)
            ?? throw new ConfigException($"Tokenizer {tokenizer.Name} has neither an end-of-text token nor a newline or full stop to stand for an empty context; set the prefix token id.");
        if (PrefixTokenId < 0 || PrefixTokenId >= tokenizer.VocabularySize)
        {
            throw new ConfigException($"Prefix token id {PrefixTokenId} is outside the vocabulary of {tokenizer.Name}, [0, {tokenizer.VocabularySize}).");
        }
    }

    /// <summary>Id that stands for an empty context.</summary>
    public int PrefixTokenId { get; }

    /// <summary>Ids of both parts. Where context and continuation fuse into the context's token count (<c>inter</c> + <c>national</c>), the continuation is empty, as in the harness.</summary>
    public (int[] Context, int[] Continuation) EncodePair(string context, string continuation)
    {
        var kept = context.TrimEnd();
        if (kept.Length == 0) return ([PrefixTokenId], _tokenizer.Encode(context + continuation));
        var contextIds = Context(kept);
        var whole = _tokenizer.Encode(context + continuation);
        return (contextIds, whole.Length > contextIds.Length ? whole[contextIds.Length..] : []);
    }

    /// <summary>Ids to score: <see cref="EncodePair"/>, but a continuation that fused with its context is encoded by itself, because there is nothing to score otherwise.</summary>
    public (int[] Context, int[] Continuation) Encode(string context, string continuation)
    {
        var (contextIds, continuationIds) = EncodePair(context, continuation);
        return continuationIds.Length > 0 ? (contextIds, continuationIds) : (contextIds, _tokenizer.Encode(continuation));
    }

    // GPT-1's original pre-processing drops a line break at either end of a text and keeps it between words; its Hugging Face form drops them all.
    private static int? SentenceEnd(ITokenizer tokenizer) =>
        tokenizer.Encode("\n") is [var newline, ..] ? newline : tokenizer.Encode("a\na") is [_, var between, _] ? between : tokenizer.Encode(".") is [var stop, ..] ? stop : null;

    // The choices of an item share their context: encode it once, and hand out one array so that the model can see the sharing.
    private int[] Context(string text)
    {
        if (_lastContext.Text != text) _lastContext = (text, _tokenizer.Encode(text));
        return _lastContext.Ids;
    }
}
