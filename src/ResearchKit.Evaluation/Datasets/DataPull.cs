using System.IO.Compression;
using ResearchKit.Core;
using ResearchKit.Core.Files;

namespace ResearchKit.Evaluation.Datasets;

/// <summary>Downloads the files of a data set from the source repositories at their pinned commits; what is already there is kept, what was begun is carried on.</summary>
/// <remarks>A file appears under its name only when its checksum is right. Licences are <see cref="DatasetEntry.LicenceNotice"/>: show it before pulling.</remarks>
public sealed class DataPull
{
    /// <summary>Host of raw repository files; paths are <see cref="DatasetFile.DownloadPath"/>.</summary>
    public static Uri DefaultBase { get; } = new("https://raw.githubusercontent.com/");

    private readonly HttpClient _client;
    private readonly Uri _base;

    /// <summary>Prepares downloads.</summary>
    /// <param name="client">Client with the caller's proxy and timeout.</param>
    /// <param name="baseAddress">Server of the files; default <see cref="DefaultBase"/>.</param>
    public DataPull(HttpClient client, Uri? baseAddress = null)
    {
        _client = client;
        _base = baseAddress ?? DefaultBase;
        if (!_base.AbsoluteUri.EndsWith('/')) _base = new(_base.AbsoluteUri + "/");
    }

    /// <summary>Tries per file before giving up; every one carries on where the last one stopped. Default 5.</summary>
    public int AttemptCount { get; init; } = 5;

    /// <summary>Pause before the second attempt; doubles with each further one. Default one second.</summary>
    public TimeSpan Pause { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Downloads what is missing of a data set.</summary>
    /// <param name="entry">Data set.</param>
    /// <param name="folder">Data folder; created if need be.</param>
    /// <param name="progress">Told after every block; may be null.</param>
    /// <param name="cancellation">Stops; a partial file stays for the next call.</param>
    /// <exception cref="ConfigException">The server cannot be reached, refuses, or sends other bytes than the published ones; the folder cannot be written.</exception>
    public async Task<PullResult> PullAsync(DatasetEntry entry, string folder, IProgress<PullProgress>? progress = null, CancellationToken cancellation = default)
    {
        var (downloaded, present, unavailable) = (new List<DatasetFile>(), new List<DatasetFile>(), new List<DatasetFile>());
        foreach (var file in entry.Files)
        {
            var target = Path.Combine([folder, .. file.Path.Split('/')]);
            try
            {
                if (File.Exists(target) && FileChecksum.Matches(target, file))
                {
                    present.Add(file);
                }
                else if (file.DownloadPath is null)
                {
                    unavailable.Add(file);
                }
                else
                {
                    Directory.CreateDirectory(Path.GetDirectoryName(target)!);
                    await DownloadAsync(file, target, progress, cancellation).ConfigureAwait(false);
                    downloaded.Add(file);
                }
            }
            catch (Exception e) when (e is UnauthorizedAccessException or IOException)
            {
                throw new ConfigException($"{file.Path}: cannot be written to '{folder}': {e.Message}", e);
            }
        }

        return new(entry, downloaded, present, unavailable);
    }

    private async Task DownloadAsync(DatasetFile file, string target, IProgress<PullProgress>? progress, CancellationToken cancellation)
    {
        // A source may store the content plainly where we store it with gzip; then the content is what is downloaded and checked.
        var isWrapped = file.ContentSha256 is not null && !file.SourcePath!.EndsWith(".gz", StringComparison.Ordinal);
        var (expectedHash, expectedSize) = isWrapped ? (file.ContentSha256!, file.ContentSize!.Value) : (file.Sha256, file.Size);
        var part = target + ".part";
        var download = new Download(file.Path, new Uri(_base, file.DownloadPath), expectedSize, expectedHash);
        var received = progress is null ? null : new InlineProgress<long>(count => progress.Report(new(file, count, expectedSize)));
        await new ResumableDownload(_client) { AttemptCount = AttemptCount, Pause = Pause }.CompleteAsync(download, part, received, cancellation).ConfigureAwait(false);
        if (isWrapped) await CompressAsync(part, target, cancellation).ConfigureAwait(false);
        else File.Move(part, target, overwrite: true);
    }

    private static async Task CompressAsync(string part, string target, CancellationToken cancellation)
    {
        var compressed = target + ".gz-part";
        await using (var input = File.OpenRead(part))
        await using (var output = new GZipStream(File.Create(compressed), CompressionLevel.Optimal))
            await input.CopyToAsync(output, cancellation).ConfigureAwait(false);
        File.Move(compressed, target, overwrite: true);
        File.Delete(part);
    }
}

/// <summary>What a pull did.</summary>
/// <param name="Entry">Data set.</param>
/// <param name="Downloaded">Files that were downloaded now.</param>
/// <param name="AlreadyPresent">Files that were there, with the right checksum.</param>
/// <param name="Unavailable">Missing files that no source publishes in this form; each one's <see cref="DatasetFile.Note"/> says why.</param>
public sealed record PullResult(DatasetEntry Entry, IReadOnlyList<DatasetFile> Downloaded, IReadOnlyList<DatasetFile> AlreadyPresent, IReadOnlyList<DatasetFile> Unavailable);

/// <summary>How far a download is.</summary>
/// <param name="File">The file.</param>
/// <param name="ReceivedByteCount">Bytes received of it, earlier calls included.</param>
/// <param name="TotalByteCount">Its size at the source.</param>
public sealed record PullProgress(DatasetFile File, long ReceivedByteCount, long TotalByteCount);
