using ResearchKit.Core.Tokenization;

namespace ResearchKit.Training.Tests.FineTuning;

/// <summary>Letters a to z are the ids 0 to 25.</summary>
internal sealed class LetterTokenizer : ITokenizer
{
    public string Name => "letters";

    public string Fingerprint => "letters";

    public int VocabularySize => 26;

    public int? EndOfTextId => null;

    public int[] Encode(string text) => text.Select(letter => letter - 'a').ToArray();

    public string Decode(ReadOnlySpan<int> ids) => string.Concat(ids.ToArray().Select(id => (char)('a' + id)));

    public IReadOnlyList<TokenSpan> EncodeWithSpans(string text) => Encode(text).Select((id, i) => new TokenSpan(id, i, 1)).ToArray();
}
