namespace ResearchKit.Core.Tokenization;

/// <summary>Text to token ids and back.</summary>
public interface ITokenizer
{
    /// <summary>Name for reports, such as <c>gpt2</c>.</summary>
    string Name { get; }

    /// <summary>Lower-case hexadecimal SHA-256 of everything that determines the ids.</summary>
    string Fingerprint { get; }

    /// <summary>Number of ids, including special tokens.</summary>
    int VocabularySize { get; }

    /// <summary>Id of the end-of-text token, which plain text never produces; null where the vocabulary has none.</summary>
    int? EndOfTextId { get; }

    /// <summary>Encodes plain text; special tokens written in the text are text.</summary>
    int[] Encode(string text);

    /// <summary>Decodes ids; invalid UTF-8 becomes U+FFFD.</summary>
    /// <exception cref="ArgumentOutOfRangeException">An id outside [0, <see cref="VocabularySize"/>).</exception>
    string Decode(ReadOnlySpan<int> ids);

    /// <summary>Ids with the span of the text (UTF-16 units) that each came from, for viewers.</summary>
    IReadOnlyList<TokenSpan> EncodeWithSpans(string text);
}

/// <summary>A token and where it came from.</summary>
/// <param name="Id">Token id.</param>
/// <param name="Start">First UTF-16 unit of the text.</param>
/// <param name="Length">UTF-16 units; 0 for a token that completes a character begun by the token before.</param>
public readonly record struct TokenSpan(int Id, int Start, int Length);
