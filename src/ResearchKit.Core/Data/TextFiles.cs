using System.IO.Compression;
using System.Text;

namespace ResearchKit.Core.Data;

/// <summary>Reads UTF-8 text files, gzip-compressed where the name ends in <c>.gz</c>.</summary>
public static class TextFiles
{
    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>The whole text of a file; a byte order mark at its start is dropped.</summary>
    /// <param name="path">A UTF-8 file, or one compressed with gzip (<c>*.gz</c>).</param>
    /// <exception cref="ConfigException">The file is missing or unreadable, is no whole gzip file, or is not UTF-8.</exception>
    public static string Read(string path)
    {
        try
        {
            using var file = File.OpenRead(path);
            using Stream stream = path.EndsWith(".gz", StringComparison.OrdinalIgnoreCase) ? new GZipStream(file, CompressionMode.Decompress) : file;
            using var reader = new StreamReader(stream, Strict);
            return reader.ReadToEnd();
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new ConfigException($"{path}: there is no such file; check the path", e);
        }
        catch (DecoderFallbackException e)
        {
            throw new ConfigException($"{path}: not UTF-8 text ({e.Message.TrimEnd('.')}); convert it to UTF-8", e);
        }
        catch (InvalidDataException e)
        {
            throw new ConfigException($"{path}: not a whole gzip file ({e.Message.TrimEnd('.')}); fetch or compress it again", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ConfigException($"{path}: cannot be read: {e.Message}", e);
        }
    }
}
