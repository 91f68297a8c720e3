using System.Buffers.Binary;

namespace ResearchKit.Core.Data;

/// <summary>The first 128 bytes of a token shard, little-endian.</summary>
/// <remarks>
/// 0: magic <c>RKTOKENS</c>; 8: version; 12: bytes per token (2 or 4); 16: 1 where loss flags follow the tokens; 24: token count;
/// 32: vocabulary size; 64: tokenizer fingerprint (SHA-256); 96: SHA-256 of payload and of the header up to here.
/// The payload is the tokens, then one bit per token (least significant first) where there are loss flags.
/// </remarks>
internal readonly record struct TokenShardHeader(int TokenSize, bool HasLossFlags, long Count, int VocabularySize, string TokenizerFingerprint)
{
    public const int Size = 128;

    /// <summary>Where the checksum stands; what is before it is covered by it.</summary>
    public const int ChecksumOffset = 96;

    private const int Version = 1;

    private static ReadOnlySpan<byte> Magic => "RKTOKENS"u8;

    /// <summary>Bytes of the file with its payload.</summary>
    public long FileSize => Size + Count * TokenSize + (HasLossFlags ? (Count + 7) / 8 : 0);

    /// <summary>The header without its checksum.</summary>
    public byte[] ToBytes()
    {
        var bytes = new byte[Size];
        Magic.CopyTo(bytes);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(8), Version);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(12), TokenSize);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(16), HasLossFlags ? 1 : 0);
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(24), Count);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(32), VocabularySize);
        Convert.FromHexString(TokenizerFingerprint).CopyTo(bytes, 64);
        return bytes;
    }

    /// <summary>Reads and checks a header against the size of its file.</summary>
    /// <exception cref="ConfigException">The file is no token shard, is of another version, or has another size than its header says.</exception>
    public static TokenShardHeader Parse(ReadOnlySpan<byte> bytes, long fileSize, string path)
    {
        if (bytes.Length < Size || !bytes.StartsWith(Magic))
            throw new ConfigException($"{path}: not a token shard ({fileSize} bytes, without the mark RKTOKENS); make shards from text with the tokenizer of the run");
        var version = BinaryPrimitives.ReadInt32LittleEndian(bytes[8..]);
        if (version != Version) throw new ConfigException($"{path}: token shard of version {version}; this program reads version {Version}; make the shard again");
        var header = new TokenShardHeader(
            BinaryPrimitives.ReadInt32LittleEndian(bytes[12..]),
            BinaryPrimitives.ReadInt32LittleEndian(bytes[16..]) != 0,
            BinaryPrimitives.ReadInt64LittleEndian(bytes[24..]),
            BinaryPrimitives.ReadInt32LittleEndian(bytes[32..]),
            Convert.ToHexStringLower(bytes[64..ChecksumOffset]));
        if (header.TokenSize is not (2 or 4) || header.Count < 0 || header.Count > long.MaxValue / 8 || header.VocabularySize < 1)
            throw new ConfigException($"{path}: damaged header ({header.Count} tokens of {header.TokenSize} bytes, vocabulary {header.VocabularySize}); make the shard again");
        if (header.FileSize != fileSize)
            throw new ConfigException($"{path}: {fileSize} bytes, but its header says {header.FileSize} ({header.Count} tokens); the file is truncated or was changed; make or copy it again");
        return header;
    }
}
