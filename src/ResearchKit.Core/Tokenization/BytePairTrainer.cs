using System.Runtime.InteropServices;
using System.Text;

namespace ResearchKit.Core.Tokenization;

/// <summary>Learns a byte-level byte-pair vocabulary in GPT-2's format from texts. The same texts give the same vocabulary, in any order.</summary>
/// <remarks>
/// Sennrich et al. 2016 on the bytes of GPT-2's pieces. The next merge is the most frequent pair; of equally frequent ones the pair with
/// the lowest left id, then the lowest right id. Pair counts are kept up to date, so a merge costs only the words that hold its pair.
/// </remarks>
public sealed class BytePairTrainer
{
    /// <summary>Smallest vocabulary: 256 bytes and the end-of-text token.</summary>
    public const int SmallestVocabulary = 257;

    private readonly List<(int[] Ids, long Count)> _words = [];
    private readonly Dictionary<(int Left, int Right), Pair> _pairs = [];
    private readonly PriorityQueue<(int Left, int Right), (long NegatedCount, int Left, int Right)> _queue = new();

    private BytePairTrainer(IEnumerable<string> texts)
    {
        var byteIds = new int[256];
        for (var id = 0; id < 256; id++) byteIds[ByteSymbols.InVocabularyOrder[id]] = id;
        foreach (var (piece, count) in CountPieces(texts))
            _words.Add((Encoding.UTF8.GetBytes(piece).Select(b => byteIds[b]).ToArray(), count));
    }

    private sealed class Pair
    {
        public long Count;
        public readonly List<int> Words = [];                             // words that held the pair when it was noted
    }

    /// <summary>Learns a vocabulary.</summary>
    /// <param name="texts">Training texts; read once. Merges never cross texts or pieces.</param>
    /// <param name="vocabularySize">Number of ids: 256 bytes, the merges, and <c>&lt;|endoftext|&gt;</c> last; at least 257.</param>
    /// <param name="name">Name for reports.</param>
    /// <param name="minimumPairCount">Rarest pair that becomes an entry; at least 1. Default 2.</param>
    /// <param name="cancellation">Stops between merges.</param>
    /// <exception cref="ConfigException">The size is below 257, or the texts hold too few different pairs for it.</exception>
    public static BytePairTokenizer Train(
        IEnumerable<string> texts, int vocabularySize, string name = "bpe", long minimumPairCount = 2, CancellationToken cancellation = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(minimumPairCount, 1);
        if (vocabularySize < SmallestVocabulary)
            throw new ConfigException($"vocabulary size {vocabularySize} is too small: 256 bytes and the end-of-text token need at least {SmallestVocabulary}");
        var trainer = new BytePairTrainer(texts);
        trainer.CountPairs();
        var entries = ByteSymbols.InVocabularyOrder.Select(b => ByteSymbols.ToSymbols([b])).ToList();
        var merges = new List<(string, string)>();
        while (entries.Count < vocabularySize - 1)
        {
            cancellation.ThrowIfCancellationRequested();
            if (trainer.MostFrequent(minimumPairCount) is not var (left, right))
                throw new ConfigException($"vocabulary size {vocabularySize} is too large for these texts: after {entries.Count + 1} entries no pair occurs {minimumPairCount} times; ask for at most {entries.Count + 1} or give more text");
            merges.Add((entries[left], entries[right]));
            entries.Add(entries[left] + entries[right]);
            trainer.Apply(left, right, entries.Count - 1);
        }

        entries.Add(BytePairVocabulary.EndOfText);
        return new BytePairTokenizer(name, new BytePairVocabulary(entries, merges, name));
    }

    private static Dictionary<string, long> CountPieces(IEnumerable<string> texts)
    {
        var counts = new Dictionary<string, long>(StringComparer.Ordinal);
        var bySpan = counts.GetAlternateLookup<ReadOnlySpan<char>>();
        foreach (var text in texts)
        {
            for (var (at, end) = (0, 0); at < text.Length; at = end)
            {
                end = PreTokenizer.PieceEnd(text, at);
                CollectionsMarshal.GetValueRefOrAddDefault(bySpan, text.AsSpan(at, end - at), out _)++;
            }
        }

        return counts;
    }

    private void CountPairs()
    {
        for (var word = 0; word < _words.Count; word++)
        {
            var (ids, count) = _words[word];
            for (var i = 0; i + 1 < ids.Length; i++) Note((ids[i], ids[i + 1]), word, count);
        }

        foreach (var (pair, noted) in _pairs) Enqueue(pair, noted.Count);
    }

    private void Note((int, int) pair, int word, long count)
    {
        ref var noted = ref CollectionsMarshal.GetValueRefOrAddDefault(_pairs, pair, out _);
        noted ??= new Pair();
        noted.Count += count;
        if (noted.Words.Count == 0 || noted.Words[^1] != word) noted.Words.Add(word);
    }

    // Counts of noted pairs only fall, so an outdated entry stands too early in the queue and is put back where it belongs.
    private (int Left, int Right)? MostFrequent(long minimumPairCount)
    {
        while (_queue.TryDequeue(out var pair, out var priority))
        {
            if (!_pairs.TryGetValue(pair, out var noted) || noted.Count < minimumPairCount) continue;
            if (noted.Count == -priority.NegatedCount) return pair;
            Enqueue(pair, noted.Count);
        }

        return null;
    }

    private void Apply(int left, int right, int result)
    {
        _pairs.Remove((left, right), out var merged);
        var made = new HashSet<(int, int)>();
        foreach (var word in merged!.Words)
        {
            var (ids, count) = _words[word];
            var shorter = Replace(ids, left, right, result);
            if (shorter.Length == ids.Length) continue;                   // an earlier merge broke the pair up
            for (var i = 0; i + 1 < ids.Length; i++)
            {
                if (_pairs.TryGetValue((ids[i], ids[i + 1]), out var old)) old.Count -= count;
            }

            for (var i = 0; i + 1 < shorter.Length; i++)
            {
                var pair = (shorter[i], shorter[i + 1]);
                if (shorter[i] == result || shorter[i + 1] == result)
                {
                    Note(pair, word, count);
                    made.Add(pair);
                }
                else
                {
                    _pairs[pair].Count += count;
                }
            }

            _words[word] = (shorter, count);
        }

        foreach (var pair in made) Enqueue(pair, _pairs[pair].Count);
    }

    private void Enqueue((int Left, int Right) pair, long count) => _queue.Enqueue(pair, (-count, pair.Left, pair.Right));

    private static int[] Replace(int[] ids, int left, int right, int result)
    {
        var shorter = new int[ids.Length];
        var count = 0;
        for (var i = 0; i < ids.Length; i++)
        {
            var matches = i + 1 < ids.Length && ids[i] == left && ids[i + 1] == right;
            shorter[count++] = matches ? result : ids[i];
            if (matches) i++;
        }

        Array.Resize(ref shorter, count);
        return shorter;
    }
}
