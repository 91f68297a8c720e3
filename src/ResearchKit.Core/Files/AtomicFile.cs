namespace ResearchKit.Core.Files;

/// <summary>Writes files so that a reader, or a crash at any moment, sees the old content or the new, never a part.</summary>
public static class AtomicFile
{
    /// <summary>Writes through a temporary file in the same folder and renames it over <paramref name="path"/>. Folders are made where missing.</summary>
    /// <param name="path">Target.</param>
    /// <param name="write">Writes the whole content.</param>
    /// <exception cref="IOException">Disk full, read-only folder; the old content is then untouched and the temporary file removed.</exception>
    public static void Write(string path, Action<Stream> write)
    {
        var folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
        Directory.CreateDirectory(folder);
        var temporary = Path.Combine(folder, $".{Path.GetFileName(path)}.tmp-{Environment.ProcessId}");
        try
        {
            using (var stream = new FileStream(temporary, FileMode.Create, FileAccess.Write, FileShare.None, 1 << 16))
            {
                write(stream);
                stream.Flush(flushToDisk: true);
            }

            File.Move(temporary, path, overwrite: true);
        }
        catch
        {
            File.Delete(temporary);
            throw;
        }
    }

    /// <summary>Writes UTF-8 text without a byte-order mark; see <see cref="Write(string, Action{Stream})"/>.</summary>
    public static void WriteText(string path, string text) => Write(path, stream => stream.Write(System.Text.Encoding.UTF8.GetBytes(text)));
}
