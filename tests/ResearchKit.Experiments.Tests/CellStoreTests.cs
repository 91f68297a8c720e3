using FsCheck.Fluent;
using FsCheck.Xunit;
using ResearchKit.Experiments.Cells;
using ResearchKit.Testing;

namespace ResearchKit.Experiments.Tests;

public sealed class CellStoreTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly List<string> _warnings = [];
    private readonly CellStore _store;

    public CellStoreTests() => _store = new CellStore(_folder.Path, _warnings.Add);

    public void Dispose() => _folder.Dispose();

    private sealed record Key(string Name, long Seed);

    private sealed record Payload(string Text, double[] Numbers, int? Optional)
    {
        public bool SameAs(Payload? other) => other is not null && (Text, Optional) == (other.Text, other.Optional)
            && Numbers.Select(BitConverter.DoubleToInt64Bits).SequenceEqual(other.Numbers.Select(BitConverter.DoubleToInt64Bits));
    }

    [Property(MaxTest = 50)]
    public bool WhatIsWrittenIsReadBitForBit(FsCheck.NonNull<string> text, double[] numbers, int? optional, long seed)
    {
        var payload = new Payload(Valid(text.Get), [.. numbers.Where(number => !double.IsNaN(number)), double.PositiveInfinity, double.NegativeInfinity, double.NaN, double.Epsilon, -0.0], optional);
        var key = new Key(payload.Text, seed);
        _store.Write(key, payload);
        return payload.SameAs(_store.TryRead<Key, Payload>(key)) && _warnings.Count == 0;
    }

    [Fact]
    public void AnyFlippedByteIsEitherNoticedOrHarmless()
    {
        var key = new Key("cell", 1);
        var payload = new Payload("all of it", [0.1, double.PositiveInfinity, -3], null);
        _store.Write(key, payload);
        var file = Assert.Single(Directory.GetFiles(_folder.Path));
        var whole = File.ReadAllBytes(file);
        var noticed = 0;
        for (var i = 0; i < whole.Length; i++)
        {
            var damaged = whole.ToArray();
            damaged[i] ^= (byte)(1 << (i % 8));
            File.WriteAllBytes(file, damaged);
            var read = _store.TryRead<Key, Payload>(key);
            if (read is null) noticed++;
            else Assert.True(payload.SameAs(read), $"byte {i} changed the payload unnoticed");
        }

        Assert.Equal(noticed, _warnings.Count);
        Assert.True(noticed > whole.Length - 20, $"only {noticed} of {whole.Length} flips noticed; gzip's own header has 10 bytes that carry nothing");
    }

    [Fact]
    public void EveryTruncationIsEitherNoticedOrHarmless()
    {
        var key = new Key("cell", 1);
        var payload = new Payload("all of it", [0.1], 3);
        _store.Write(key, payload);
        var file = Assert.Single(Directory.GetFiles(_folder.Path));
        var whole = File.ReadAllBytes(file);
        for (var length = 0; length < whole.Length; length++)
        {
            File.WriteAllBytes(file, whole[..length]);
            var read = _store.TryRead<Key, Payload>(key);
            if (length < whole.Length - 16) Assert.Null(read);            // after that only gzip's own end is cut, not the content
            else Assert.True(read is null || payload.SameAs(read));
        }
    }

    [Fact]
    public void DifferentKeysNeverShareACell()
    {
        _store.Write(new Key("a", 1), new Payload("first", [], null));
        Assert.Null(_store.TryRead<Key, Payload>(new Key("a", 2)));
        Assert.Null(_store.TryRead<Key, Payload>(new Key("b", 1)));
        Assert.Empty(_warnings);
    }

    /// <summary>Lone surrogates are no text; JSON replaces them.</summary>
    private static string Valid(string text) => System.Text.Encoding.UTF8.GetString(System.Text.Encoding.UTF8.GetBytes(text));
}
