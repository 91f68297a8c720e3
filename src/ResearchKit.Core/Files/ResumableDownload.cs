using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;

namespace ResearchKit.Core.Files;

/// <summary>What a download must turn out to be.</summary>
/// <param name="Name">Name for messages.</param>
/// <param name="Url">Where it is.</param>
/// <param name="Size">Bytes; null where the source does not say.</param>
/// <param name="Checksum">Lower-case hexadecimal digest.</param>
/// <param name="Kind">What the digest is.</param>
public sealed record Download(string Name, Uri Url, long? Size, string Checksum, ChecksumKind Kind = ChecksumKind.Sha256);

/// <summary>Digest of a file.</summary>
public enum ChecksumKind
{
    /// <summary>SHA-256 of the content.</summary>
    Sha256,

    /// <summary>Git's name of the content: SHA-1 of <c>blob LENGTH</c>, a zero byte and the content.</summary>
    GitBlob,
}

/// <summary>Fetches a file over HTTP into a partial file, carries on where an attempt stopped, and gives it only when its checksum is right.</summary>
public sealed class ResumableDownload(HttpClient client)
{
    /// <summary>Tries before giving up; every one carries on where the last one stopped. Default 5.</summary>
    public int AttemptCount { get; init; } = 5;

    /// <summary>Pause before the second attempt; doubles with each further one. Default one second.</summary>
    public TimeSpan Pause { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>How long a server may send nothing before the attempt counts as failed. Default one minute.</summary>
    public TimeSpan LongestSilence { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>Completes a partial file.</summary>
    /// <param name="download">What and where.</param>
    /// <param name="part">Partial file; what it holds is kept. On return it holds the whole content, checked.</param>
    /// <param name="progress">Told the bytes received, earlier calls included; may be null.</param>
    /// <param name="cancellation">Stops; the partial file stays for the next call.</param>
    /// <exception cref="ConfigException">The server cannot be reached, refuses, or sends other bytes than the published ones.</exception>
    /// <exception cref="IOException">The partial file cannot be written.</exception>
    public async Task CompleteAsync(Download download, string part, IProgress<long>? progress = null, CancellationToken cancellation = default)
    {
        var wrongChecksum = "";
        for (var attempt = 0; ; attempt++)
        {
            string problem;
            try
            {
                await ReceiveAsync(download, part, progress, cancellation).ConfigureAwait(false);
                var length = new FileInfo(part).Length;
                var checksum = await ChecksumAsync(part, download.Kind, cancellation).ConfigureAwait(false);
                if (checksum == download.Checksum) return;
                problem = $"the server ended it after {length} of {download.Size} bytes";
                if (download.Size is null || length >= download.Size)
                {
                    // The file may be the join of two answers, so begin again; the same wrong bytes twice are the server's.
                    File.Delete(part);
                    problem = $"its {(download.Kind == ChecksumKind.Sha256 ? "SHA-256" : "git blob id")} is {checksum}, expected {download.Checksum}";
                    if (checksum == wrongChecksum) throw new ConfigException($"{download.Name}: {download.Url} is not the published file: {problem}; get it from another copy of the source");
                    wrongChecksum = checksum;
                }
            }
            catch (Exception e) when (e is HttpRequestException || (e is OperationCanceledException && !cancellation.IsCancellationRequested))
            {
                if (e is HttpRequestException { StatusCode: >= HttpStatusCode.BadRequest and < HttpStatusCode.InternalServerError and not (HttpStatusCode.RequestTimeout or HttpStatusCode.TooManyRequests) } refused)
                {
                    var reason = refused.StatusCode is HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden ? "it wants permission: an access token, or a licence accepted on its page" : "the source may have moved";
                    throw new ConfigException($"{download.Name}: {download.Url} answered {(int)refused.StatusCode!} {refused.StatusCode}; {reason}", e);
                }

                problem = e.Message;
            }

            if (attempt + 1 >= AttemptCount)
                throw new ConfigException($"{download.Name}: {download.Url} could not be downloaded: {problem}; what was received is kept, run the same command again to carry on");
            await Task.Delay(Pause * Math.Pow(2, attempt), cancellation).ConfigureAwait(false);
        }
    }

    /// <summary>Digest of a file as lower-case hexadecimal.</summary>
    /// <param name="path">File.</param>
    /// <param name="kind">Which digest.</param>
    /// <param name="cancellation">Stops.</param>
    public static async Task<string> ChecksumAsync(string path, ChecksumKind kind, CancellationToken cancellation = default)
    {
        await using var stream = File.OpenRead(path);
        using var hash = IncrementalHash.CreateHash(kind == ChecksumKind.Sha256 ? HashAlgorithmName.SHA256 : HashAlgorithmName.SHA1);
        if (kind == ChecksumKind.GitBlob) hash.AppendData(Encoding.ASCII.GetBytes($"blob {stream.Length}\0"));
        var buffer = new byte[1 << 20];
        int count;
        while ((count = await stream.ReadAsync(buffer, cancellation).ConfigureAwait(false)) > 0) hash.AppendData(buffer.AsSpan(0, count));
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    /// <summary>Appends to the partial file what the server sends of the rest, and never more than the file's size.</summary>
    private async Task ReceiveAsync(Download download, string part, IProgress<long>? progress, CancellationToken cancellation)
    {
        var size = download.Size ?? long.MaxValue;
        var have = File.Exists(part) ? new FileInfo(part).Length : 0;
        if (have >= size) return;
        using var request = new HttpRequestMessage(HttpMethod.Get, download.Url);
        if (have > 0) request.Headers.Range = new RangeHeaderValue(have, null);
        using var response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellation).ConfigureAwait(false);
        if (have > 0 && response.StatusCode == HttpStatusCode.RequestedRangeNotSatisfiable) return;        // of unknown size, and all there: the checksum decides
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
        // A client's own timeout ends at the headers.
        using var silence = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        while (received < size)
        {
            int count;
            try
            {
                silence.CancelAfter(LongestSilence);
                count = await input.ReadAsync(buffer.AsMemory(0, (int)Math.Min(buffer.Length, size - received)), silence.Token).ConfigureAwait(false);
            }
            catch (IOException e)
            {
                throw new HttpRequestException($"the connection broke after {received} of {download.Size} bytes: {e.Message}", e);   // the network's fault, not the disk's
            }
            catch (OperationCanceledException e) when (!cancellation.IsCancellationRequested)
            {
                throw new HttpRequestException($"the server sent nothing for {LongestSilence.TotalSeconds:0} seconds after {received} of {download.Size} bytes", e);
            }

            if (count == 0) return;
            await output.WriteAsync(buffer.AsMemory(0, count), cancellation).ConfigureAwait(false);
            received += count;
            progress?.Report(received);
        }
    }
}
