using System.IO.Compression;
using System.Security.Cryptography;

namespace ResearchKit.Evaluation.Datasets;

/// <summary>SHA-256 of data files, with or without their gzip wrapping.</summary>
internal static class FileChecksum
{
    /// <summary>Whether the file at <paramref name="path"/> is the catalogue's, byte for byte or by its uncompressed content.</summary>
    public static bool Matches(string path, DatasetFile file) => Matches(File.ReadAllBytes(path), file);

    /// <summary>Whether the stored bytes are the catalogue's, or another gzip of the same content.</summary>
    public static bool Matches(byte[] stored, DatasetFile file)
    {
        if (Hash(stored) == file.Sha256) return true;
        if (file.ContentSha256 is null) return false;
        try
        {
            return Hash(Decompress(stored)) == file.ContentSha256;
        }
        catch (InvalidDataException)
        {
            return false;
        }
    }

    /// <summary>Lower-case hexadecimal SHA-256.</summary>
    public static string Hash(byte[] bytes) => Convert.ToHexStringLower(SHA256.HashData(bytes));

    /// <summary>Content of a gzip file.</summary>
    /// <exception cref="InvalidDataException">Not gzip, or truncated.</exception>
    public static byte[] Decompress(byte[] stored)
    {
        using var gzip = new GZipStream(new MemoryStream(stored), CompressionMode.Decompress);
        using var content = new MemoryStream();
        gzip.CopyTo(content);
        return content.ToArray();
    }
}
