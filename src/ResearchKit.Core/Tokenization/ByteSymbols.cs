using System.Text;

namespace ResearchKit.Core.Tokenization;

/// <summary>GPT-2's one-to-one map between the 256 bytes and printable characters, in which its vocabulary files are written.</summary>
/// <remarks>openai/gpt-2 <c>encoder.py</c>, <c>bytes_to_unicode</c>: printable bytes stand for themselves, the other 68 for U+0100 upward.</remarks>
internal static class ByteSymbols
{
    private static readonly char[] Symbols = new char[256];
    private static readonly short[] Bytes = new short[256 + 68];

    static ByteSymbols()
    {
        Array.Fill(Bytes, (short)-1);
        var order = new List<byte>(256);
        for (var b = 0; b < 256; b++)
        {
            if (IsPrintable(b)) order.Add((byte)b);
        }

        for (var b = 0; b < 256; b++)
        {
            if (!IsPrintable(b)) order.Add((byte)b);
        }

        var next = 256;
        foreach (var b in order) Symbols[b] = IsPrintable(b) ? (char)b : (char)next++;
        for (var b = 0; b < 256; b++) Bytes[Symbols[b]] = (short)b;
        InVocabularyOrder = order;
    }

    /// <summary>The bytes in the order of ids 0 to 255 of GPT-2: printable ones first.</summary>
    public static IReadOnlyList<byte> InVocabularyOrder { get; }

    /// <summary>Writes bytes as symbols.</summary>
    public static string ToSymbols(ReadOnlySpan<byte> bytes) => string.Create(bytes.Length, bytes, static (target, source) =>
    {
        for (var i = 0; i < source.Length; i++) target[i] = Symbols[source[i]];
    });

    /// <summary>Bytes that symbols stand for; null where a character is no byte symbol.</summary>
    public static byte[]? ToBytes(string symbols)
    {
        var bytes = new byte[symbols.Length];
        for (var i = 0; i < bytes.Length; i++)
        {
            var b = symbols[i] < Bytes.Length ? Bytes[symbols[i]] : (short)-1;
            if (b < 0) return null;
            bytes[i] = (byte)b;
        }

        return bytes;
    }

    /// <summary>Bytes of a vocabulary entry: its symbols' bytes, or its UTF-8 text where it is a special token with other characters.</summary>
    public static byte[] EntryBytes(string entry) => ToBytes(entry) ?? Encoding.UTF8.GetBytes(entry);

    private static bool IsPrintable(int b) => b is >= '!' and <= '~' or >= 0xA1 and <= 0xAC or >= 0xAE;
}
