using System.Runtime.InteropServices;

namespace ResearchKit.Evaluation.Contamination;

/// <summary>The n-grams of all examples, and where each was first seen in the corpus. Words come as ids; a hash finds candidates, the ids themselves decide.</summary>
internal sealed class GramIndex
{
    private const ulong Base = 0x9E3779B97F4A7C15;               // odd, so that powers never vanish modulo 2^64

    private readonly int _n;
    private readonly ulong _dropped;                               // Base^(n-1): weight of the word that leaves the window
    private readonly Dictionary<ulong, int> _heads = [];
    private readonly List<Gram> _grams = [];
    private readonly int[][] _gramOf;                              // gram of every start of every example
    private readonly int[][] _ids;
    private readonly int[] _window;
    private readonly int[] _starts;
    private (string Document, int Start)?[] _found = [];
    private string _document = "";
    private ulong _hash;
    private long _pushed;
    private int _known;                                            // words of the window since the last one that no example has

    public GramIndex(ExampleWords[] examples, int n)
    {
        _n = n;
        (_window, _starts) = (new int[n], new int[n]);
        _dropped = 1;
        for (var i = 1; i < n; i++) _dropped *= Base;
        _ids = [.. examples.Select(example => example.Ids)];
        _gramOf = new int[examples.Length][];
        for (var example = 0; example < examples.Length; example++)
        {
            var count = Math.Max(0, _ids[example].Length - n + 1);
            _gramOf[example] = new int[count];
            for (var start = 0; start < count; start++) _gramOf[example][start] = Add(example, start);
        }

        _found = new (string, int)?[_grams.Count];
    }

    /// <summary>Where the n-gram that starts at a word of an example was first seen; null where it was not.</summary>
    public (string Document, int Start)? Found(int example, int start) => _found[_gramOf[example][start]];

    /// <summary>Starts a document: no n-gram reaches into it.</summary>
    public void BeginDocument(string name) => (_document, _known, _hash, _pushed) = (name, 0, 0, 0);

    /// <summary>Takes the next word of the document; -1 is a word of no example.</summary>
    public void Push(int id, int start)
    {
        if (id < 0)
        {
            (_known, _hash, _pushed) = (0, 0, 0);
            return;
        }

        var slot = (int)(_pushed++ % _n);
        if (_known == _n) _hash -= Weight(_window[slot]) * _dropped;
        else _known++;
        (_window[slot], _starts[slot]) = (id, start);
        _hash = _hash * Base + Weight(id);
        if (_known < _n || !_heads.TryGetValue(_hash, out var candidate)) return;
        for (; candidate >= 0; candidate = _grams[candidate].Next)
        {
            if (_found[candidate] is null && IsWindow(_grams[candidate])) _found[candidate] = (_document, _starts[_pushed % _n]);
        }
    }

    private static ulong Weight(int id) => (ulong)id + 1;

    private bool IsWindow(Gram gram)
    {
        var ids = _ids[gram.Example].AsSpan(gram.Start, _n);
        for (var i = 0; i < _n; i++)
        {
            if (ids[i] != _window[(_pushed + i) % _n]) return false;
        }

        return true;
    }

    private int Add(int example, int start)
    {
        var ids = _ids[example].AsSpan(start, _n);
        var hash = 0UL;
        foreach (var id in ids) hash = hash * Base + Weight(id);
        ref var head = ref CollectionsMarshal.GetValueRefOrAddDefault(_heads, hash, out var isKnown);
        if (!isKnown) head = -1;
        for (var other = head; other >= 0; other = _grams[other].Next)
        {
            if (_ids[_grams[other].Example].AsSpan(_grams[other].Start, _n).SequenceEqual(ids)) return other;
        }

        _grams.Add(new Gram(example, start, head));
        return head = _grams.Count - 1;
    }

    private readonly record struct Gram(int Example, int Start, int Next);
}

/// <summary>Words of an example as ids, and where they stand in its text.</summary>
internal sealed record ExampleWords(int[] Ids, int[] Starts, int[] Ends)
{
    public static ExampleWords Read(string text, Dictionary<string, int> vocabulary)
    {
        var lookup = vocabulary.GetAlternateLookup<ReadOnlySpan<char>>();
        var (ids, starts, ends) = (new List<int>(), new List<int>(), new List<int>());
        var scanner = new WordScanner(text);
        while (scanner.Next())
        {
            if (!lookup.TryGetValue(scanner.Word, out var id)) vocabulary.Add(scanner.Word.ToString(), id = vocabulary.Count);
            ids.Add(id);
            starts.Add(scanner.Start);
            ends.Add(scanner.End);
        }

        return new([.. ids], [.. starts], [.. ends]);
    }
}
