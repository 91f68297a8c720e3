using System.IO.Compression;
using System.Text;

namespace ResearchKit.Core.Files;

/// <summary>Text that a person wrote or another program made.</summary>
public static class InputFile
{
    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>Reads a whole UTF-8 file; a byte order mark at its start is dropped.</summary>
    /// <param name="path">A file, or one compressed with gzip (<c>*.gz</c>).</param>
    /// <exception cref="ConfigException">The file is missing, a folder, unreadable, no whole gzip file, or not UTF-8.</exception>
    public static string Text(string path)
    {
        if (Directory.Exists(path)) throw new ConfigException($"Cannot read {path}: it is a folder; give a file.");
        try
        {
            using var file = File.OpenRead(path);
            using Stream stream = path.EndsWith(".gz", StringComparison.OrdinalIgnoreCase) ? new GZipStream(file, CompressionMode.Decompress) : file;
            using var reader = new StreamReader(stream, Strict);
            return reader.ReadToEnd();
        }
        catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new ConfigException($"Cannot read {path}: there is no such file; check the path.", error);
        }
        catch (DecoderFallbackException error)
        {
            throw new ConfigException($"Cannot read {path}: it is not UTF-8 text ({error.Message.TrimEnd('.')}). Save it as UTF-8.", error);
        }
        catch (InvalidDataException error)
        {
            throw new ConfigException($"Cannot read {path}: it is not a whole gzip file ({error.Message.TrimEnd('.')}). Fetch or compress it again.", error);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new ConfigException($"Cannot read {path}: {error.Message}", error);
        }
    }
}
