using System.Text;

namespace ResearchKit.Core.Tokenization;

/// <summary>The working memory of one encoding thread: word cache and buffers. Not for use from two threads at once.</summary>
internal sealed class BytePairEncoder(BytePairVocabulary vocabulary)
{
    private readonly PieceMerger _merger = new(vocabulary.Merges);
    private readonly WordCache _cache = new();
    private byte[] _bytes = new byte[3 * WordCache.LongestPiece];
    private int[] _ids = new int[3 * WordCache.LongestPiece];

    /// <summary>Appends the ids of a text to <paramref name="ids"/>, which grows as needed.</summary>
    /// <param name="text">Plain text.</param>
    /// <param name="ids">Buffer with <paramref name="count"/> ids.</param>
    /// <param name="count">Number of ids in the buffer, raised by those appended.</param>
    public void Encode(ReadOnlySpan<char> text, ref int[] ids, ref int count)
    {
        for (var at = 0; at < text.Length;)
        {
            var end = PreTokenizer.PieceEnd(text, at);
            var piece = text[at..end];
            at = end;
            if (count + WordCache.LongestPiece * 3 > ids.Length) Array.Resize(ref ids, 2 * ids.Length + WordCache.LongestPiece * 3);
            if (piece.Length > WordCache.LongestPiece)
            {
                var merged = Merge(piece);
                if (count + merged.Length > ids.Length) Array.Resize(ref ids, 2 * (count + merged.Length));
                merged.CopyTo(ids.AsSpan(count));
                count += merged.Length;
                continue;
            }

            var found = _cache.Find(piece, out var hash, out var single, out var several);
            if (found == 1)
            {
                ids[count++] = single;
                continue;
            }

            if (found == 0)
            {
                var merged = Merge(piece);
                _cache.Add(piece, hash, merged);
                several = merged;
            }

            several.CopyTo(ids.AsSpan(count));
            count += several.Length;
        }
    }

    /// <summary>Ids of one piece, by the merges; valid until the next call.</summary>
    public ReadOnlySpan<int> Merge(ReadOnlySpan<char> piece)
    {
        if (_bytes.Length < 3 * piece.Length) (_bytes, _ids) = (new byte[3 * piece.Length], new int[3 * piece.Length]);
        var length = Encoding.UTF8.GetBytes(piece, _bytes);               // a lone surrogate becomes U+FFFD: it has no UTF-8
        var ids = _ids.AsSpan(0, length);
        for (var i = 0; i < length; i++) ids[i] = vocabulary.ByteIds[_bytes[i]];
        return ids[.._merger.Merge(ids)];
    }
}
