using ResearchKit.Core;

namespace ResearchKit.Models.Checkpoints;

/// <summary>Files appear complete or not at all: written beside the target, flushed to the disk, renamed over it.</summary>
internal static class AtomicFile
{
    /// <exception cref="ConfigException">The file cannot be written; an existing one is untouched.</exception>
    public static void Write(string path, Action<Stream> write)
    {
        var target = Path.GetFullPath(path);
        var temporary = $"{target}.{Environment.ProcessId}.tmp";
        try
        {
            try
            {
                using (var stream = new FileStream(temporary, FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 1 << 16))
                {
                    write(stream);
                    stream.Flush(flushToDisk: true);
                }

                File.Move(temporary, target, overwrite: true);
            }
            catch
            {
                File.Delete(temporary);
                throw;
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            throw new ConfigException($"{path}: cannot be written ({e.Message}). Check that the folder exists, may be written to, and that the disk has room; nothing existing was changed.", e);
        }
    }
}
