using System.Net;
using System.Text.Json;
using ResearchKit.Core;
using ResearchKit.Core.Files;

namespace ResearchKit.Models.Hub;

/// <summary>Fetches a model from a hub-style server into the cache: resumable, every file checked against the server's own SHA-256 or git id before it gets its name.</summary>
/// <remarks>Nothing that is fetched is executed. Only the files that this kit reads are fetched: configuration, tokenizer, and weights in one format, safetensors first.</remarks>
public sealed class HubPull
{
    /// <summary>Environment variable that names the server.</summary>
    public const string EndpointVariable = "HF_ENDPOINT";

    /// <summary>Environment variable that forbids the network (1, true, yes, on).</summary>
    public const string OfflineVariable = "HF_HUB_OFFLINE";

    private const long LongestListing = 16 << 20;

    private static readonly string[] SmallFiles =
        ["config.json", "generation_config.json", "vocab.json", "merges.txt", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json"];

    private static readonly string[] WeightFormats = ["model.safetensors", "model.safetensors.index.json", "pytorch_model.bin", "pytorch_model.bin.index.json"];

    private readonly HttpClient _client;
    private readonly HubCache _cache;
    private readonly Uri _endpoint;

    /// <summary>Prepares fetching.</summary>
    /// <param name="client">Client with the caller's proxy and timeout; over <see cref="HubAccess"/> where a token is to be shown.</param>
    /// <param name="cache">Where models go.</param>
    /// <param name="endpoint">Server; null takes <see cref="EndpointVariable"/>, else https://huggingface.co.</param>
    /// <exception cref="ConfigException">The endpoint is not an http or https address.</exception>
    public HubPull(HttpClient client, HubCache cache, string? endpoint = null)
    {
        (_client, _cache) = (client, cache);
        _endpoint = EndpointOf(endpoint);
    }

    /// <summary>The server's address.</summary>
    /// <param name="endpoint">As given; null takes <see cref="EndpointVariable"/>, else https://huggingface.co.</param>
    /// <exception cref="ConfigException">Not an http or https address.</exception>
    public static Uri EndpointOf(string? endpoint)
    {
        var address = !string.IsNullOrEmpty(endpoint) ? endpoint : Environment.GetEnvironmentVariable(EndpointVariable) is { Length: > 0 } variable ? variable : "https://huggingface.co";
        return Uri.TryCreate(address.TrimEnd('/') + "/", UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https"
            ? uri : throw new ConfigException($"The hub's address ({address}) must begin with http:// or https://; it comes from --endpoint or {EndpointVariable}.");
    }

    /// <summary>Tries per file. Default 5.</summary>
    public int AttemptCount { get; init; } = 5;

    /// <summary>Pause before the second try; doubles. Default one second.</summary>
    public TimeSpan Pause { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Whether <see cref="OfflineVariable"/> forbids the network.</summary>
    public static bool IsOffline => IsOn(OfflineVariable);

    internal static bool IsOn(string variable) => Environment.GetEnvironmentVariable(variable)?.ToUpperInvariant() is "1" or "TRUE" or "YES" or "ON";

    /// <summary>Fetches what is missing of a model.</summary>
    /// <param name="name">Such as <c>gpt2</c> or <c>EleutherAI/gpt-neo-125m</c>.</param>
    /// <param name="revision">Branch, tag or commit. Default main.</param>
    /// <param name="progress">Told file, bytes received and bytes in all (0 where unknown); may be null.</param>
    /// <param name="cancellation">Stops; what was received stays for the next call.</param>
    /// <returns>The snapshot folder, complete.</returns>
    /// <exception cref="ConfigException">No such model or server, a listing that makes no sense, or bytes that are not the published ones.</exception>
    public async Task<HubModel> PullAsync(string name, string revision = "main", IProgress<HubProgress>? progress = null, CancellationToken cancellation = default)
    {
        var repository = HubCache.RepositoryOf(name);
        if (!HubCache.IsRevision(revision)) throw new ConfigException($"\"{revision}\" is not a revision: give a branch, a tag or a commit.");
        var listing = await ListAsync(repository, revision, cancellation).ConfigureAwait(false);
        var folder = _cache.RepositoryFolder(repository);
        var snapshot = Path.Combine(folder, "snapshots", listing.Commit);
        var (fetched, present) = (new List<string>(), new List<string>());
        try
        {
            Directory.CreateDirectory(Path.Combine(folder, "blobs"));
            Directory.CreateDirectory(snapshot);
            var weights = WeightFormats.FirstOrDefault(listing.Files.ContainsKey)
                ?? throw new ConfigException($"{repository} has no weights that this kit reads; it reads {string.Join(", ", WeightFormats)}.");
            foreach (var file in SmallFiles.Where(listing.Files.ContainsKey).Append(weights)) await EnsureAsync(file).ConfigureAwait(false);
            if (weights.EndsWith(".index.json", StringComparison.Ordinal))
            {
                foreach (var shard in Shards(Path.Combine(snapshot, weights), listing)) await EnsureAsync(shard).ConfigureAwait(false);
            }

            // The reference is written last: a model is found by its name only when it is whole.
            AtomicFile.WriteText(Path.Combine([folder, "refs", .. revision.Split('/')]), listing.Commit);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ConfigException($"{repository}: cannot be written to '{folder}': {e.Message}", e);
        }

        return new HubModel(repository, listing.Commit, snapshot, fetched, present);

        async Task EnsureAsync(string file)
        {
            var target = Path.Combine(snapshot, file);
            var remote = await DescribeAsync(repository, listing, file, cancellation).ConfigureAwait(false);
            var blob = Path.Combine(folder, "blobs", remote.Checksum);
            // A blob's name is its checksum, given only after the bytes were checked; of a file from elsewhere the size must fit at least.
            if (File.Exists(blob) && (remote.Size is null || new FileInfo(blob).Length == remote.Size))
            {
                present.Add(file);
            }
            else
            {
                var part = blob + ".incomplete";
                var download = new ResumableDownload(_client) { AttemptCount = AttemptCount, Pause = Pause };
                await download.CompleteAsync(remote, part, progress is null ? null : new InlineProgress<long>(count => progress.Report(new(file, count, remote.Size ?? 0))), cancellation).ConfigureAwait(false);
                File.Move(part, blob, overwrite: true);
                fetched.Add(file);
            }

            Link(blob, target);
        }
    }

    private async Task<Listing> ListAsync(string repository, string revision, CancellationToken cancellation)
    {
        var url = new Uri(_endpoint, $"api/models/{repository}/revision/{Uri.EscapeDataString(revision)}?blobs=true");
        byte[] body;
        try
        {
            using var response = await _client.GetAsync(url, HttpCompletionOption.ResponseHeadersRead, cancellation).ConfigureAwait(false);
            if (response.StatusCode is HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden or HttpStatusCode.NotFound)
                throw new ConfigException($"{repository}: {url} answered {(int)response.StatusCode}: there is no such model or revision on that server for you to read. Check the name, or give --endpoint; a private or gated model needs an access token in {HubAccess.TokenVariable}.");
            response.EnsureSuccessStatusCode();
            await using var stream = await response.Content.ReadAsStreamAsync(cancellation).ConfigureAwait(false);
            body = await ReadAtMostAsync(stream, LongestListing, repository, cancellation).ConfigureAwait(false);
        }
        catch (Exception e) when (e is HttpRequestException or IOException || (e is OperationCanceledException && !cancellation.IsCancellationRequested))
        {
            throw new ConfigException($"{repository}: {url} cannot be read: {e.Message.TrimEnd('.')}. Without the network, {OfflineVariable}=1 uses what the cache holds.", e);
        }

        return Listing.Parse(body, repository);
    }

    /// <summary>Size and checksum of a file: from the listing, or else from the headers of the file itself.</summary>
    private async Task<Download> DescribeAsync(string repository, Listing listing, string file, CancellationToken cancellation)
    {
        var url = new Uri(_endpoint, $"{repository}/resolve/{listing.Commit}/{Uri.EscapeDataString(file)}");
        var (size, checksum) = listing.Files[file];
        if (checksum is null)
        {
            try
            {
                using var request = new HttpRequestMessage(HttpMethod.Head, url);
                using var response = await _client.SendAsync(request, cancellation).ConfigureAwait(false);
                response.EnsureSuccessStatusCode();
                string? Header(string name) => response.Headers.TryGetValues(name, out var values) ? values.First() : null;
                checksum = (Header("X-Linked-Etag") ?? response.Headers.ETag?.Tag ?? "").Trim('"');
                size ??= long.TryParse(Header("X-Linked-Size"), out var linked) ? linked : response.Content.Headers.ContentLength;
            }
            catch (Exception e) when (e is HttpRequestException || (e is OperationCanceledException && !cancellation.IsCancellationRequested))
            {
                throw new ConfigException($"{file}: {url} cannot be read: {e.Message}", e);
            }
        }

        var kind = checksum.Length == 64 ? ChecksumKind.Sha256 : ChecksumKind.GitBlob;
        return checksum.Length is 40 or 64 && checksum.All(char.IsAsciiHexDigitLower)
            ? new Download(file, url, size, checksum, kind)
            : throw new ConfigException($"{file}: {url} has neither a SHA-256 nor a git id to check it by (\"{checksum}\"); this kit fetches nothing unchecked.");
    }

    /// <summary>Files of sharded weights: names within the repository, nothing else.</summary>
    private static string[] Shards(string index, Listing listing)
    {
        try
        {
            var map = JsonElement.Parse(File.ReadAllBytes(index)).GetProperty("weight_map");
            string[] shards = [.. map.EnumerateObject().Select(entry => entry.Value.GetString() ?? "").Distinct().Order(StringComparer.Ordinal)];
            return shards.FirstOrDefault(shard => !listing.Files.ContainsKey(shard)) is { } strange
                ? throw new ConfigException($"{Path.GetFileName(index)} names \"{strange}\", which the repository does not have.")
                : shards;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or KeyNotFoundException)
        {
            throw new ConfigException($"{Path.GetFileName(index)} is not an index of weights: {e.Message}", e);
        }
    }

    /// <summary>A relative link into the blobs, as the ecosystem's tools make; a copy where the file system has no links.</summary>
    private static void Link(string blob, string target)
    {
        if (File.Exists(target)) return;
        File.Delete(target);                                               // a link into nothing is no file, but it is in the way
        try
        {
            File.CreateSymbolicLink(target, Path.Combine("..", "..", "blobs", Path.GetFileName(blob)));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or PlatformNotSupportedException)
        {
            File.Copy(blob, target, overwrite: true);
        }
    }

    private static async Task<byte[]> ReadAtMostAsync(Stream stream, long limit, string repository, CancellationToken cancellation)
    {
        using var content = new MemoryStream();
        var buffer = new byte[64 * 1024];
        int count;
        while ((count = await stream.ReadAsync(buffer, cancellation).ConfigureAwait(false)) > 0)
        {
            if (content.Length + count > limit) throw new ConfigException($"{repository}: the server's listing is longer than {limit >> 20} MiB; this is not a hub.");
            content.Write(buffer, 0, count);
        }

        return content.ToArray();
    }

    /// <summary>What a repository holds at a commit; a checksum is null where the listing does not tell it.</summary>
    private sealed record Listing(string Commit, IReadOnlyDictionary<string, (long? Size, string? Checksum)> Files)
    {
        public static Listing Parse(byte[] body, string repository)
        {
            try
            {
                var root = JsonElement.Parse(body);
                var commit = root.GetProperty("sha").GetString() ?? "";
                if (!HubCache.IsCommit(commit)) throw new ConfigException($"{repository}: the server names \"{commit}\" where a commit of 40 hexadecimal digits is expected.");
                var files = new Dictionary<string, (long?, string?)>(StringComparer.Ordinal);
                foreach (var sibling in root.GetProperty("siblings").EnumerateArray())
                {
                    var file = sibling.GetProperty("rfilename").GetString() ?? "";
                    // Files in folders are never needed, and a name is used as a path here.
                    if (file.Length == 0 || file.AsSpan().IndexOfAny('/', '\\', ':') >= 0 || file.StartsWith('.')) continue;
                    var isLarge = sibling.TryGetProperty("lfs", out var lfs) && lfs.ValueKind == JsonValueKind.Object;
                    var holder = isLarge ? lfs : sibling;
                    string? Text(string name) => holder.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
                    long? size = holder.TryGetProperty("size", out var bytes) && bytes.ValueKind == JsonValueKind.Number && bytes.TryGetInt64(out var length) && length >= 0 ? length : null;
                    files[file] = (size, isLarge ? Text("sha256") : Text("blobId"));
                }

                return new(commit, files);
            }
            catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException)
            {
                throw new ConfigException($"{repository}: the server's listing is not that of a hub: {e.Message}", e);
            }
        }
    }
}

/// <summary>A model in the cache.</summary>
/// <param name="Repository">Owner and name.</param>
/// <param name="Commit">Commit, 40 hexadecimal digits.</param>
/// <param name="Folder">Snapshot folder; a model folder as <see cref="Checkpoints.ModelFolder.Load"/> takes it.</param>
/// <param name="Fetched">Files that were fetched now.</param>
/// <param name="AlreadyPresent">Files that were there.</param>
public sealed record HubModel(string Repository, string Commit, string Folder, IReadOnlyList<string> Fetched, IReadOnlyList<string> AlreadyPresent);

/// <summary>How far a file is.</summary>
/// <param name="File">File.</param>
/// <param name="ReceivedByteCount">Bytes received, earlier calls included.</param>
/// <param name="TotalByteCount">Bytes in all; 0 where unknown.</param>
public sealed record HubProgress(string File, long ReceivedByteCount, long TotalByteCount);
