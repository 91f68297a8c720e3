using System.Text;

namespace ResearchKit.Core.Tokenization.Gpt1;

/// <summary>A single-byte character set in which UTF-8 text may have been read by mistake.</summary>
internal sealed class CharacterSet
{
    private readonly char[] _characters = new char[256];
    private readonly Dictionary<int, byte> _bytes = [];

    /// <param name="codePage">Windows code page number.</param>
    /// <param name="cost">Evidence that a repair through this set needs: rare sets must mend more than one problem.</param>
    /// <param name="isSloppy">Whether unassigned bytes stand for themselves and byte 0x1A for U+FFFD, as ftfy's "sloppy" codecs have it.</param>
    private CharacterSet(int codePage, int cost, bool isSloppy)
    {
        (Cost, IsSloppy) = (cost, isSloppy);
        var encoding = codePage == 28591 ? Encoding.Latin1 : CodePagesEncodingProvider.Instance.GetEncoding(codePage)!;
        for (var b = 0; b < 256; b++)
        {
            // Below 0x80 all sets are ASCII; code page 437 has pictures for control characters elsewhere, but not here.
            _characters[b] = b < 0x80 ? (char)b : encoding.GetString([(byte)b])[0];
        }

        if (codePage == 10000) _characters[0xDB] = '€';                   // Apple's table since Mac OS 8.5, and Python's
        if (isSloppy) _characters[0x1A] = '\uFFFD';
        for (var b = 255; b >= 0; b--) _bytes[_characters[b]] = (byte)b;
    }

    /// <summary>ISO 8859-1.</summary>
    public static CharacterSet Latin1 { get; } = new(28591, 0, isSloppy: false);

    /// <summary>Windows-1252 with unassigned bytes kept.</summary>
    public static CharacterSet Windows1252 { get; } = new(1252, 0, isSloppy: true);

    /// <summary>The sets to try, in this order.</summary>
    public static IReadOnlyList<CharacterSet> All { get; } =
    [
        Latin1, Windows1252, new(1250, 2, isSloppy: true), new(28592, 2, isSloppy: false), new(1251, 3, isSloppy: true),
        new(10000, 2, isSloppy: false), new(437, 3, isSloppy: false),
    ];

    /// <summary>Points added to the cost of a repair.</summary>
    public int Cost { get; }

    /// <summary>Whether byte 0x1A stands for U+FFFD.</summary>
    public bool IsSloppy { get; }

    /// <summary>Byte of a character; null where the set lacks it.</summary>
    public byte? Encode(int point) => _bytes.TryGetValue(point, out var found) ? found : null;

    /// <summary>Character of a byte.</summary>
    public char Decode(byte value) => _characters[value];
}
