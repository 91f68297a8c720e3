using System.IO.MemoryMappedFiles;
using System.Security.Cryptography;
using ResearchKit.Core.Tokenization;

namespace ResearchKit.Core.Data;

/// <summary>A file of token ids, memory-mapped: opening costs no memory, reading costs what is read. Safe to read from several threads.</summary>
public sealed class TokenShard : IDisposable
{
    private readonly TokenShardHeader _header;
    private readonly MemoryMappedFile _map;
    private readonly MemoryMappedViewAccessor _view;

    private TokenShard(string path, TokenShardHeader header, string checksum, MemoryMappedFile map)
    {
        (Path, _header, Checksum, _map) = (path, header, checksum, map);
        _view = map.CreateViewAccessor(0, header.FileSize, MemoryMappedFileAccess.Read);
    }

    /// <summary>File the shard was opened from.</summary>
    public string Path { get; }

    /// <summary>Number of tokens.</summary>
    public long Count => _header.Count;

    /// <summary>Number of ids of the tokenizer.</summary>
    public int VocabularySize => _header.VocabularySize;

    /// <summary><see cref="ITokenizer.Fingerprint"/> of the tokenizer.</summary>
    public string TokenizerFingerprint => _header.TokenizerFingerprint;

    /// <summary>Whether tokens are marked as carrying loss or not; without marks all do.</summary>
    public bool HasLossFlags => _header.HasLossFlags;

    /// <summary>Lower-case hexadecimal SHA-256 of the content, as stored in the file.</summary>
    public string Checksum { get; }

    /// <summary>Opens a shard.</summary>
    /// <param name="path">File that <see cref="TokenShardWriter"/> wrote.</param>
    /// <param name="verify">Whether to read the whole file and compare its checksum (default), about a second per gigabyte or more.</param>
    /// <exception cref="ConfigException">The file is missing, foreign, truncated, or (with <paramref name="verify"/>) damaged.</exception>
    public static TokenShard Open(string path, bool verify = true)
    {
        try
        {
            using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read);
            var start = new byte[TokenShardHeader.Size];
            var read = stream.ReadAtLeast(start, start.Length, throwOnEndOfStream: false);
            var header = TokenShardHeader.Parse(start.AsSpan(0, read), stream.Length, path);
            var checksum = Convert.ToHexStringLower(start.AsSpan(TokenShardHeader.ChecksumOffset));
            if (verify) Verify(stream, start, checksum, path);
            return new TokenShard(path, header, checksum, MemoryMappedFile.CreateFromFile(path, FileMode.Open, null, 0, MemoryMappedFileAccess.Read));
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new ConfigException($"{path}: there is no such token shard; make it from text first, or correct the path", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ConfigException($"{path}: cannot be read: {e.Message}", e);
        }
    }

    /// <summary>Demands that the shard was made with this tokenizer.</summary>
    /// <exception cref="ConfigException">It was made with another one.</exception>
    public void RequireTokenizer(ITokenizer tokenizer)
    {
        if (tokenizer.Fingerprint == TokenizerFingerprint) return;
        throw new ConfigException($"{Path}: made with another tokenizer ({VocabularySize} ids, fingerprint {TokenizerFingerprint[..12]}…) than {tokenizer.Name} ({tokenizer.VocabularySize} ids, {tokenizer.Fingerprint[..12]}…); make the shard again with this tokenizer");
    }

    /// <summary>Copies tokens out.</summary>
    /// <param name="start">First token.</param>
    /// <param name="tokens">Filled with the tokens from <paramref name="start"/> on.</param>
    /// <exception cref="ArgumentOutOfRangeException">The range is not within the shard.</exception>
    public void CopyTo(long start, Span<long> tokens)
    {
        RequireRange(start, tokens.Length);
        const int Chunk = 1024;
        var offset = (ulong)(TokenShardHeader.Size + start * _header.TokenSize);
        if (_header.TokenSize == 2)
        {
            Span<ushort> chunk = stackalloc ushort[Math.Min(Chunk, tokens.Length)];
            for (var done = 0; done < tokens.Length; done += chunk.Length)
            {
                if (chunk.Length > tokens.Length - done) chunk = chunk[..(tokens.Length - done)];
                _view.SafeMemoryMappedViewHandle.ReadSpan(offset + 2 * (ulong)done, chunk);
                for (var i = 0; i < chunk.Length; i++) tokens[done + i] = chunk[i];
            }
        }
        else
        {
            Span<int> chunk = stackalloc int[Math.Min(Chunk, tokens.Length)];
            for (var done = 0; done < tokens.Length; done += chunk.Length)
            {
                if (chunk.Length > tokens.Length - done) chunk = chunk[..(tokens.Length - done)];
                _view.SafeMemoryMappedViewHandle.ReadSpan(offset + 4 * (ulong)done, chunk);
                for (var i = 0; i < chunk.Length; i++) tokens[done + i] = chunk[i];
            }
        }
    }

    /// <summary>Whether a token carries loss as a target.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The token is not within the shard.</exception>
    public bool CarriesLoss(long index)
    {
        RequireRange(index, 1);
        if (!HasLossFlags) return true;
        return (_view.ReadByte(TokenShardHeader.Size + Count * _header.TokenSize + index / 8) >> (int)(index % 8) & 1) != 0;
    }

    /// <summary>Unmaps the file.</summary>
    public void Dispose()
    {
        _view.Dispose();
        _map.Dispose();
    }

    private static void Verify(FileStream stream, byte[] start, string checksum, string path)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var buffer = new byte[1 << 18];
        for (int read; (read = stream.Read(buffer)) > 0;) hash.AppendData(buffer.AsSpan(0, read));
        hash.AppendData(start.AsSpan(0, TokenShardHeader.ChecksumOffset));
        var found = Convert.ToHexStringLower(hash.GetHashAndReset());
        if (found != checksum) throw new ConfigException($"{path}: damaged: SHA-256 {found}, but its header says {checksum}; make or copy the shard again");
    }

    private void RequireRange(long start, int length)
    {
        if (start < 0 || start + length > Count)
            throw new ArgumentOutOfRangeException(nameof(start), start, $"tokens {start} to {start + length} are not within the {Count} tokens of {Path}");
    }
}
