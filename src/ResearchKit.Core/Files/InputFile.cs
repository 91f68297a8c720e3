using System.Text;

namespace ResearchKit.Core.Files;

/// <summary>Text that a person wrote or another program made.</summary>
public static class InputFile
{
    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>Reads a whole UTF-8 file, with or without a byte order mark.</summary>
    /// <exception cref="ConfigException">The file is missing, a folder, unreadable, or not UTF-8.</exception>
    public static string Text(string path)
    {
        if (Directory.Exists(path)) throw new ConfigException($"Cannot read {path}: it is a folder; give a file.");
        try
        {
            return File.ReadAllText(path, Strict);
        }
        catch (DecoderFallbackException error)
        {
            throw new ConfigException($"Cannot read {path}: it is not UTF-8 text ({error.Message}) Save it as UTF-8.", error);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new ConfigException($"Cannot read {path}: {error.Message}", error);
        }
    }
}
