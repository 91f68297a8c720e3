using System.Buffers.Binary;
using ResearchKit.Core.Random;

namespace ResearchKit.Models.Tests.Checkpoints;

/// <summary>Damages a file in a way that depends on the seed alone.</summary>
internal static class Mutation
{
    private static readonly long[] Numbers = [0, 1, -1, 2, 7, 8, 9, 127, 128, 255, 256, 65535, int.MaxValue, int.MinValue, uint.MaxValue, 1L << 32, 1L << 40, long.MaxValue, long.MinValue, 100_000_001];

    /// <summary>Pieces that mean something in one of the formats: JSON, pickles, zip, TensorFlow's index.</summary>
    private static readonly byte[][] Pieces =
    [
        [.. "NaN"u8], [.. "-1"u8], [.. "1e999"u8], [.. "9223372036854775807"u8], [.. "18446744073709551616"u8], [.. "null"u8], [.. "[[[[[[[[[["u8], [.. "{\"a\":{\"a\":"u8], [.. "\"dtype\":"u8],
        [.. "0.5"u8], [.. "\\ud800"u8], [.. "\"shape\":[0]"u8], [.. "../"u8], [.. "BOOL"u8], [.. "F64"u8], [.. "cos\nsystem\n"u8], [0x81], [0x93], [(byte)'R'], [(byte)'b'], [(byte)'Q'], [(byte)'.'],
        [(byte)'('], [(byte)'t'], [0x8b, 0xFF, 0xFF, 0xFF, 0x7F], [(byte)'X', 0xFF, 0xFF, 0xFF, 0xFF], [.. "PK\x01\x02"u8], [.. "PK\x05\x06"u8], [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01],
    ];

    public static byte[] Of(byte[] file, CounterRandom random)
    {
        var bytes = file.ToList();
        for (var count = 1 + random.Next(4); count > 0 && bytes.Count > 0; count--) Once(bytes, random);
        return [.. bytes];
    }

    /// <summary>Damages text in turn as a whole and only in its digits, which leaves JSON valid and its numbers wrong.</summary>
    public static byte[] OfText(byte[] file, CounterRandom random)
    {
        if (random.Next(2) == 0) return Of(file, random);
        var bytes = file.ToList();
        for (var count = 1 + random.Next(3); count > 0; count--) ChangeDigit(bytes, random.Next(bytes.Count), random);
        return [.. bytes];
    }

    private static void Once(List<byte> bytes, CounterRandom random)
    {
        // Most of what a reader believes stands at the beginning and at the end.
        var at = random.Next(3) switch { 0 => random.Next(Math.Min(bytes.Count, 400)), 1 => bytes.Count - 1 - random.Next(Math.Min(bytes.Count, 200)), _ => random.Next(bytes.Count) };
        var length = Math.Min(1 + random.Next(random.Next(4) == 0 ? 300 : 12), bytes.Count - at);
        switch (random.Next(10))
        {
            case 0: bytes[at] ^= (byte)(1 << random.Next(8)); break;
            case 1: bytes[at] = (byte)random.Next(256); break;
            case 2: bytes[at] = random.Pick<byte>([0, 1, 0x7F, 0x80, 0xFF]); break;
            case 3: Overwrite(bytes, at, random.Pick(Numbers), random.Pick([2, 4, 8])); break;
            case 4: bytes.RemoveRange(at, length); break;
            case 5: bytes.InsertRange(random.Next(bytes.Count + 1), bytes.GetRange(at, length)); break;
            case 6: bytes.RemoveRange(at, bytes.Count - at); break;
            case 7: bytes.InsertRange(at, random.Pick(Pieces)); break;
            case 8: Replace(bytes, at, random.Pick(Pieces)); break;
            default: ChangeDigit(bytes, at, random); break;
        }
    }

    private static void Overwrite(List<byte> bytes, int at, long number, int width)
    {
        var value = new byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(value, number);
        for (var i = 0; i < width && at + i < bytes.Count; i++) bytes[at + i] = value[i];
    }

    private static void Replace(List<byte> bytes, int at, byte[] piece)
    {
        for (var i = 0; i < piece.Length && at + i < bytes.Count; i++) bytes[at + i] = piece[i];
    }

    /// <summary>The next decimal digit becomes another: shapes and offsets that no longer fit.</summary>
    private static void ChangeDigit(List<byte> bytes, int at, CounterRandom random)
    {
        var digit = bytes.FindIndex(at, b => b is >= (byte)'0' and <= (byte)'9');
        if (digit >= 0) bytes[digit] = (byte)('0' + random.Next(10));
    }
}
