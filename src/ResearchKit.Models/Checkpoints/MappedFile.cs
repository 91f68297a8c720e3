using System.IO.MemoryMappedFiles;
using ResearchKit.Core;

namespace ResearchKit.Models.Checkpoints;

/// <summary>A read-only file, mapped in windows: only what is being copied is resident, so a mapped checkpoint does not count twice.</summary>
internal sealed class MappedFile : IDisposable
{
    /// <summary>Bytes mapped at once when a long range is read; a multiple of every element size.</summary>
    public const int WindowLength = 1 << 24;

    private readonly MemoryMappedFile? _file;

    private MappedFile(string path, long length, MemoryMappedFile? file) => (Path, Length, _file) = (path, length, file);

    public string Path { get; }

    public long Length { get; }

    /// <exception cref="ConfigException">The file cannot be opened.</exception>
    public static MappedFile Open(string path)
    {
        try
        {
            var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete, bufferSize: 0);
            try
            {
                // An empty file cannot be mapped; readers then report it as too short.
                return stream.Length == 0
                    ? Empty(path, stream)
                    : new MappedFile(path, stream.Length, MemoryMappedFile.CreateFromFile(stream, null, 0, MemoryMappedFileAccess.Read, HandleInheritability.None, leaveOpen: false));
            }
            catch
            {
                stream.Dispose();
                throw;
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            throw new ConfigException($"{path}: cannot be read ({e.Message}). Check the path and its permissions.", e);
        }
    }

    private static MappedFile Empty(string path, FileStream stream)
    {
        stream.Dispose();
        return new MappedFile(path, 0, null);
    }

    /// <summary>Maps a range.</summary>
    /// <exception cref="ConfigException">The range lies outside the file.</exception>
    public MappedView View(long offset, long length)
    {
        if (offset < 0 || length < 0 || offset > Length || length > Length - offset)
        {
            throw new ConfigException($"{Path}: bytes {offset} to {offset}+{length} lie outside the file of {Length} bytes. The file is damaged or cut short: fetch it again.");
        }

        try
        {
            return new MappedView(length == 0 ? null : _file!.CreateViewAccessor(offset, length, MemoryMappedFileAccess.Read), length);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new ConfigException($"{Path}: cannot be mapped at byte {offset} ({e.Message}). The file may have changed while it was open.", e);
        }
    }

    /// <summary>A short range as bytes of its own.</summary>
    public byte[] Read(long offset, int length)
    {
        using var view = View(offset, length);
        return view.Slice(0, length).ToArray();
    }

    /// <summary>Converts a range of elements to float32, window by window.</summary>
    public void CopyTo(long offset, TensorType type, Span<float> destination)
    {
        var size = type.ElementSize();
        for (var done = 0; done < destination.Length;)
        {
            var count = Math.Min(WindowLength / size, destination.Length - done);
            using var view = View(offset + (long)done * size, count * size);
            ElementConversion.ToFloat32(type, view.Slice(0, count * size), destination.Slice(done, count));
            done += count;
        }
    }

    public void Dispose() => _file?.Dispose();
}

/// <summary>One mapped range.</summary>
internal sealed unsafe class MappedView : IDisposable
{
    private readonly MemoryMappedViewAccessor? _view;
    private readonly byte* _start;

    public MappedView(MemoryMappedViewAccessor? view, long length)
    {
        (_view, Length) = (view, length);
        if (view is null) return;
        byte* page = null;
        view.SafeMemoryMappedViewHandle.AcquirePointer(ref page);
        _start = page + view.PointerOffset;
    }

    public long Length { get; }

    /// <summary>Part of the range; valid until this view is disposed.</summary>
    public ReadOnlySpan<byte> Slice(long offset, int length)
    {
        if (offset < 0 || length < 0 || offset > Length - length) throw new ArgumentOutOfRangeException(nameof(offset), offset, "Outside the view.");
        return new ReadOnlySpan<byte>(_start + offset, length);
    }

    public void Dispose()
    {
        if (_view is null) return;
        _view.SafeMemoryMappedViewHandle.ReleasePointer();
        _view.Dispose();
    }
}
