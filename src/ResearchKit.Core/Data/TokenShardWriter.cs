using System.Buffers.Binary;
using System.Security.Cryptography;
using ResearchKit.Core.Tokenization;

namespace ResearchKit.Core.Data;

/// <summary>Writes a token shard piece by piece; the file appears whole under its name on <see cref="Complete"/>, or not at all.</summary>
public sealed class TokenShardWriter : IDisposable
{
    private const int BufferSize = 1 << 16;

    private readonly string _path;
    private readonly string _temporary;
    private readonly int _vocabularySize;
    private readonly string _fingerprint;
    private readonly int _tokenSize;
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private readonly byte[] _buffer = new byte[BufferSize];
    private readonly List<byte>? _lossFlags;
    private FileStream? _stream;
    private int _buffered;

    /// <summary>Opens a shard for writing.</summary>
    /// <param name="path">Target; replaced on completion. Its folder is made where missing.</param>
    /// <param name="tokenizer">Tokenizer that the ids come from; up to 65,536 ids take two bytes a token, more take four.</param>
    /// <param name="withLossFlags">Whether to keep a flag per token that says if it carries loss as a target. Without, all do.</param>
    /// <exception cref="ConfigException">The folder cannot be written.</exception>
    public TokenShardWriter(string path, ITokenizer tokenizer, bool withLossFlags = false)
    {
        _path = Path.GetFullPath(path);
        _temporary = Path.Combine(Path.GetDirectoryName(_path)!, $".{Path.GetFileName(_path)}.tmp-{Environment.ProcessId}");
        (_vocabularySize, _fingerprint) = (tokenizer.VocabularySize, tokenizer.Fingerprint);
        _tokenSize = _vocabularySize <= ushort.MaxValue + 1 ? 2 : 4;
        _lossFlags = withLossFlags ? [] : null;
        Guard(() =>
        {
            Directory.CreateDirectory(Path.GetDirectoryName(_path)!);
            _stream = new FileStream(_temporary, FileMode.Create, FileAccess.Write, FileShare.None, 0);
            _stream.Write(new byte[TokenShardHeader.Size]);
        });
    }

    /// <summary>Tokens written so far.</summary>
    public long Count { get; private set; }

    /// <summary>Appends tokens that all carry loss, or none.</summary>
    /// <exception cref="ArgumentException">No loss, but the shard was opened without flags.</exception>
    /// <exception cref="ArgumentOutOfRangeException">An id outside the vocabulary.</exception>
    public void Append(ReadOnlySpan<int> ids, bool carriesLoss = true)
    {
        if (!carriesLoss && _lossFlags is null) throw new ArgumentException("the shard was opened without loss flags", nameof(carriesLoss));
        foreach (var id in ids) Append(id, carriesLoss);
    }

    /// <summary>Appends tokens, each with its flag.</summary>
    /// <param name="ids">Token ids.</param>
    /// <param name="carriesLoss">Of the same length: whether the token carries loss as a target.</param>
    /// <exception cref="ArgumentException">The lengths differ, or the shard was opened without flags.</exception>
    public void Append(ReadOnlySpan<int> ids, ReadOnlySpan<bool> carriesLoss)
    {
        if (ids.Length != carriesLoss.Length) throw new ArgumentException($"{ids.Length} ids but {carriesLoss.Length} loss flags", nameof(carriesLoss));
        if (_lossFlags is null) throw new ArgumentException("the shard was opened without loss flags", nameof(carriesLoss));
        for (var i = 0; i < ids.Length; i++) Append(ids[i], carriesLoss[i]);
    }

    /// <summary>Finishes the file and gives it its name.</summary>
    /// <exception cref="ConfigException">The disk is full or the folder read-only; the target is then as it was.</exception>
    public void Complete()
    {
        ObjectDisposedException.ThrowIf(_stream is null, this);
        Guard(() =>
        {
            Flush();
            if (_lossFlags is not null)
            {
                var flags = _lossFlags.ToArray();
                _hash.AppendData(flags);
                _stream.Write(flags);
            }

            var header = new TokenShardHeader(_tokenSize, _lossFlags is not null, Count, _vocabularySize, _fingerprint).ToBytes();
            _hash.AppendData(header.AsSpan(0, TokenShardHeader.ChecksumOffset));
            _hash.GetHashAndReset().CopyTo(header, TokenShardHeader.ChecksumOffset);
            _stream.Position = 0;
            _stream.Write(header);
            _stream.Flush(flushToDisk: true);
            _stream.Dispose();
            _stream = null;
            File.Move(_temporary, _path, overwrite: true);
        });
    }

    /// <summary>Drops what was written unless <see cref="Complete"/> was called.</summary>
    public void Dispose()
    {
        _hash.Dispose();
        if (_stream is null) return;
        _stream.Dispose();
        _stream = null;
        File.Delete(_temporary);
    }

    private void Append(int id, bool carriesLoss)
    {
        if ((uint)id >= (uint)_vocabularySize)
            throw new ArgumentOutOfRangeException(nameof(id), id, $"id {id} is outside [0, {_vocabularySize}) of the tokenizer");
        if (_buffered + _tokenSize > BufferSize) Guard(Flush);
        if (_tokenSize == 2) BinaryPrimitives.WriteUInt16LittleEndian(_buffer.AsSpan(_buffered), (ushort)id);
        else BinaryPrimitives.WriteInt32LittleEndian(_buffer.AsSpan(_buffered), id);
        _buffered += _tokenSize;
        if (_lossFlags is not null)
        {
            if (Count % 8 == 0) _lossFlags.Add(0);
            if (carriesLoss) _lossFlags[^1] |= (byte)(1 << (int)(Count % 8));
        }

        Count++;
    }

    private void Flush()
    {
        ObjectDisposedException.ThrowIf(_stream is null, this);
        _hash.AppendData(_buffer.AsSpan(0, _buffered));
        _stream.Write(_buffer.AsSpan(0, _buffered));
        _buffered = 0;
    }

    private void Guard(Action write)
    {
        try
        {
            write();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            _stream?.Dispose();
            _stream = null;
            if (File.Exists(_temporary)) File.Delete(_temporary);
            throw new ConfigException($"{_path}: cannot be written: {e.Message.TrimEnd('.')}. Check that the folder is writable and the disk has room", e);
        }
    }
}
