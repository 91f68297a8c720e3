using System.IO.Compression;
using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using ResearchKit.Core;

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
        var url = new Uri(_base, file.DownloadPath);
        var wrongHash = "";
        for (var attempt = 0; ; attempt++)
        {
            string problem;
            try
            {
                await ReceiveAsync(url, part, file, expectedSize, progress, cancellation).ConfigureAwait(false);
                var length = new FileInfo(part).Length;
                var hash = await HashAsync(part, cancellation).ConfigureAwait(false);
                if (hash == expectedHash) break;
                problem = $"the server ended it after {length} of {expectedSize} bytes";
                if (length >= expectedSize)
                {
                    // The file may be the join of two answers, so begin again; the same wrong bytes twice are the server's.
                    File.Delete(part);
                    problem = $"its SHA-256 is {hash}, expected {expectedHash}";
                    if (hash == wrongHash) throw new ConfigException($"{file.Path}: {url} is not the published file: {problem}; get it from another copy of the source");
                    wrongHash = hash;
                }
            }
            catch (Exception e) when (e is HttpRequestException || (e is OperationCanceledException && !cancellation.IsCancellationRequested))
            {
                if (e is HttpRequestException { StatusCode: >= HttpStatusCode.BadRequest and < HttpStatusCode.InternalServerError } refused)
                    throw new ConfigException($"{file.Path}: {url} answered {(int)refused.StatusCode!} {refused.StatusCode}; the source may have moved", e);
                problem = e.Message;
            }

            if (attempt + 1 >= AttemptCount)
                throw new ConfigException($"{file.Path}: {url} could not be downloaded: {problem}; what was received is kept, run the same command again to carry on");
            await Task.Delay(Pause * Math.Pow(2, attempt), cancellation).ConfigureAwait(false);
        }

        if (isWrapped) await CompressAsync(part, target, cancellation).ConfigureAwait(false);
        else File.Move(part, target, overwrite: true);
    }

    /// <summary>Appends to the partial file what the server sends of the rest, and never more than the file's size.</summary>
    private async Task ReceiveAsync(Uri url, string part, DatasetFile file, long expectedSize, IProgress<PullProgress>? progress, CancellationToken cancellation)
    {
        var have = File.Exists(part) ? new FileInfo(part).Length : 0;
        if (have >= expectedSize) return;
        using var request = new HttpRequestMessage(HttpMethod.Get, url);
        if (have > 0) request.Headers.Range = new RangeHeaderValue(have, null);
        using var response = await _client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellation).ConfigureAwait(false);
        response.EnsureSuccessStatusCode();
        // A server may ignore the range, or answer another one: then the file begins anew.
        var isRest = response.StatusCode == HttpStatusCode.PartialContent && response.Content.Headers.ContentRange?.From == have;
        if (have > 0 && response.StatusCode == HttpStatusCode.PartialContent && !isRest)
        {
            File.Delete(part);
            throw new HttpRequestException($"the server answered the range {response.Content.Headers.ContentRange} where bytes from {have} on were asked for");
        }

        await using var output = new FileStream(part, isRest ? FileMode.Append : FileMode.Create, FileAccess.Write);
        await using var input = await response.Content.ReadAsStreamAsync(cancellation).ConfigureAwait(false);
        var received = isRest ? have : 0;
        var buffer = new byte[64 * 1024];
        while (received < expectedSize)
        {
            int count;
            try
            {
                count = await input.ReadAsync(buffer.AsMemory(0, (int)Math.Min(buffer.Length, expectedSize - received)), cancellation).ConfigureAwait(false);
            }
            catch (IOException e)
            {
                throw new HttpRequestException($"the connection broke after {received} of {expectedSize} bytes: {e.Message}", e);   // the network's fault, not the disk's
            }

            if (count == 0) return;
            await output.WriteAsync(buffer.AsMemory(0, count), cancellation).ConfigureAwait(false);
            received += count;
            progress?.Report(new(file, received, expectedSize));
        }
    }

    private static async Task<string> HashAsync(string path, CancellationToken cancellation)
    {
        await using var stream = File.OpenRead(path);
        return Convert.ToHexStringLower(await SHA256.HashDataAsync(stream, cancellation).ConfigureAwait(false));
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
