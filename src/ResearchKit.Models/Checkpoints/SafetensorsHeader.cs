using System.Buffers.Binary;
using System.Text.Json;
using System.Text.Unicode;
using ResearchKit.Core;

namespace ResearchKit.Models.Checkpoints;

/// <summary>The table of contents of a safetensors file, checked in full before any weight is read.</summary>
/// <remarks>Layout: u64 header length N, N bytes of JSON, then the data, which the tensors must cover without overlap and without holes.</remarks>
internal sealed class SafetensorsHeader
{
    /// <summary>The reference implementation's limit, 100 MB.</summary>
    public const long MaxLength = 100_000_000;

    /// <summary>More dimensions than any library can hold.</summary>
    public const int MaxRank = 64;

    private readonly SortedDictionary<string, Entry> _entries = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, string> _metadata = new(StringComparer.Ordinal);

    private SafetensorsHeader(long dataStart) => DataStart = dataStart;

    public IReadOnlyDictionary<string, Entry> Entries => _entries;

    public IReadOnlyDictionary<string, string> Metadata => _metadata;

    /// <summary>Byte of the file where the data begins.</summary>
    public long DataStart { get; }

    /// <exception cref="ConfigException">Anything wrong with the header; the message says what.</exception>
    public static SafetensorsHeader Read(MappedFile file)
    {
        if (file.Length < 8) throw Damaged(file, $"it has {file.Length} bytes, too few for the 8-byte header length");
        var length = BinaryPrimitives.ReadUInt64LittleEndian(file.Read(0, 8));
        if (length > MaxLength) throw Damaged(file, $"its first 8 bytes give a header of {length} bytes; at most {MaxLength} are allowed");
        if ((long)length > file.Length - 8) throw Damaged(file, $"its header should have {length} bytes, but only {file.Length - 8} follow");
        using var view = file.View(8, (long)length);
        var json = view.Slice(0, (int)length);
        if (json.Length == 0 || json[0] != (byte)'{') throw Damaged(file, "its header does not begin with `{`");
        if (!Utf8.IsValid(json)) throw Damaged(file, "its header is not valid UTF-8");
        var header = new SafetensorsHeader(8 + (long)length);
        try
        {
            header.Parse(file, json);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)          // InvalidOperation: an escaped lone surrogate
        {
            throw Damaged(file, $"its header is not valid JSON ({e.Message})", e);
        }

        header.CheckCoverage(file);
        return header;
    }

    private void Parse(MappedFile file, ReadOnlySpan<byte> json)
    {
        var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = 8 });
        var metadataSeen = false;
        reader.Read();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var name = reader.GetString()!;
            reader.Read();
            if (name == "__metadata__")
            {
                if (metadataSeen) throw Damaged(file, "its header has the key `__metadata__` twice");
                metadataSeen = true;
                ParseMetadata(file, ref reader);
            }
            else if (!_entries.TryAdd(name, ParseEntry(file, name, ref reader)))
            {
                throw Damaged(file, $"its header has the tensor `{Shown(name)}` twice");
            }
        }

        while (reader.Read())
        {
            // Whatever follows the object other than white space is a JsonException.
        }
    }

    private void ParseMetadata(MappedFile file, ref Utf8JsonReader reader)
    {
        if (reader.TokenType != JsonTokenType.StartObject) throw Damaged(file, "`__metadata__` is not an object of strings");
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var key = reader.GetString()!;
            reader.Read();
            if (reader.TokenType != JsonTokenType.String) throw Damaged(file, $"`__metadata__.{Shown(key)}` is not a string");
            if (!_metadata.TryAdd(key, reader.GetString()!)) throw Damaged(file, $"`__metadata__` has the key `{Shown(key)}` twice");
        }
    }

    private static Entry ParseEntry(MappedFile file, string name, ref Utf8JsonReader reader)
    {
        if (reader.TokenType != JsonTokenType.StartObject) throw Damaged(file, $"the entry of `{Shown(name)}` is not an object");
        TensorType? type = null;
        List<long>? shape = null, offsets = null;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var key = reader.GetString()!;
            reader.Read();
            switch (key)
            {
                case "dtype" when type is null && reader.TokenType == JsonTokenType.String:
                    type = ParseType(file, name, reader.GetString()!);
                    break;
                case "shape" when shape is null:
                    shape = ParseNumbers(file, name, key, ref reader);
                    break;
                case "data_offsets" when offsets is null:
                    offsets = ParseNumbers(file, name, key, ref reader);
                    break;
                default:
                    throw Damaged(file, $"the entry of `{Shown(name)}` has an unknown, repeated or mistyped key `{Shown(key)}`; dtype, shape and data_offsets belong there");
            }
        }

        if (type is null || shape is null || offsets is not [var begin, var end])
        {
            throw Damaged(file, $"the entry of `{Shown(name)}` must have dtype, shape and two data_offsets");
        }

        if (ShapeProduct.Of(shape) is not { } count) throw Damaged(file, $"the shape [{string.Join(", ", shape)}] of `{Shown(name)}` overflows");
        var expected = count * type.Value.ElementSize();
        if (end < begin || end - begin != expected)
        {
            throw Damaged(file, $"`{Shown(name)}` is {type.Value.SafetensorsName()} [{string.Join(", ", shape)}], {expected} bytes, but its data_offsets [{begin}, {end}] hold {end - begin}");
        }

        return new Entry(new TensorInfo(type.Value, shape.ToArray()), begin);
    }

    private static TensorType ParseType(MappedFile file, string name, string type)
    {
        foreach (var known in Enum.GetValues<TensorType>())
        {
            if (known.SafetensorsName() == type) return known;
        }

        throw Damaged(file, $"`{Shown(name)}` has the type `{Shown(type)}`, which this reader does not know; it reads {string.Join(", ", Enum.GetValues<TensorType>().Select(t => t.SafetensorsName()))}");
    }

    private static List<long> ParseNumbers(MappedFile file, string name, string key, ref Utf8JsonReader reader)
    {
        if (reader.TokenType != JsonTokenType.StartArray) throw Damaged(file, $"`{key}` of `{Shown(name)}` is not a list");
        var numbers = new List<long>();
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (reader.TokenType != JsonTokenType.Number || !reader.TryGetInt64(out var number) || number < 0)
            {
                throw Damaged(file, $"`{key}` of `{Shown(name)}` holds something other than whole numbers of at least 0");
            }

            if (numbers.Count == MaxRank) throw Damaged(file, $"`{key}` of `{Shown(name)}` has more than {MaxRank} entries");
            numbers.Add(number);
        }

        return numbers;
    }

    private void CheckCoverage(MappedFile file)
    {
        var position = 0L;
        // Empty tensors first among equals, so that an empty tensor at the border of another is no overlap.
        foreach (var (name, entry) in _entries.OrderBy(pair => pair.Value.Begin).ThenBy(pair => pair.Value.Info.ByteCount))
        {
            if (entry.Begin < position) throw Damaged(file, $"the data of `{Shown(name)}` overlaps the tensor before it (begins at {entry.Begin}, the other ends at {position})");
            if (entry.Begin > position) throw Damaged(file, $"the data has a hole of {entry.Begin - position} bytes before `{Shown(name)}`");
            position = entry.Begin + entry.Info.ByteCount;
        }

        var stored = file.Length - DataStart;
        if (position != stored) throw Damaged(file, $"its tensors need {position} bytes of data, but {stored} are there");
    }

    /// <summary>A name from the file, short enough and printable for a message.</summary>
    public static string Shown(string name)
    {
        var shown = name.Length <= 120 ? name : name[..120] + "…";
        return string.Concat(shown.Select(c => char.IsControl(c) || char.IsSurrogate(c) ? '\uFFFD' : c));
    }

    private static ConfigException Damaged(MappedFile file, string what, Exception? inner = null) =>
        new($"{file.Path}: not a valid safetensors file: {what}. Fetch or export it again.", inner);

    /// <summary>One tensor.</summary>
    /// <param name="Info">Type and shape.</param>
    /// <param name="Begin">First byte, counted from <see cref="DataStart"/>.</param>
    public sealed record Entry(TensorInfo Info, long Begin);
}
