using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using ResearchKit.Core;
using ResearchKit.Core.Files;
using ResearchKit.Models.Checkpoints;
using ResearchKit.Models.Hub;
using ResearchKit.Testing;

namespace ResearchKit.Models.Tests.Hub;

public sealed class HubPullTests : IDisposable
{
    private const string Commit = "0123456789abcdef0123456789abcdef01234567";

    private static readonly Dictionary<string, byte[]> Model = MakeModel();

    private readonly TemporaryFolder _folder = new();
    private readonly HttpClient _client = new();

    public void Dispose()
    {
        _client.Dispose();
        _folder.Dispose();
    }

    private HubCache Cache => new(_folder.Path);

    private static Dictionary<string, byte[]> MakeModel()
    {
        using var folder = new TemporaryFolder();
        using var gpt = TinyModel.Of(TinyModel.Config(7), 7);
        ModelFolder.Save(folder.File("tiny"), gpt, null);
        return Directory.GetFiles(folder.File("tiny")).ToDictionary(path => Path.GetFileName(path)!, File.ReadAllBytes);
    }

    private static string Sha256(byte[] content) => Convert.ToHexStringLower(SHA256.HashData(content));

    private static string GitId(byte[] content) => Convert.ToHexStringLower(SHA1.HashData([.. Encoding.ASCII.GetBytes($"blob {content.Length}\0"), .. content]));

    private static object Sibling(string name, byte[] content) => name.EndsWith(".safetensors", StringComparison.Ordinal)
        ? new { rfilename = name, size = content.Length, blobId = new string('0', 40), lfs = new { sha256 = Sha256(content), size = content.Length } }
        : new { rfilename = name, size = content.Length, blobId = GitId(content) };

    private static Dictionary<string, byte[]> Site(Dictionary<string, byte[]> files, object? listing = null)
    {
        var site = files.ToDictionary(file => $"acme/tiny/resolve/{Commit}/{file.Key}", file => file.Value);
        site["api/models/acme/tiny/revision/main"] = JsonSerializer.SerializeToUtf8Bytes(listing ?? new { sha = Commit, siblings = files.Select(file => Sibling(file.Key, file.Value)) });
        return site;
    }

    private Task<HubModel> Pull(UnreliableServer server) =>
        new HubPull(_client, Cache, server.Base.AbsoluteUri) { Pause = TimeSpan.Zero }.PullAsync("acme/tiny");

    [Fact]
    public async Task AModelArrivesInTheEcosystemsLayoutAndTheNextPullTransfersNoFile()
    {
        using var server = new UnreliableServer(Site(Model));
        var pulled = await Pull(server);
        Assert.Equal(["config.json", "model.safetensors"], pulled.Fetched.Order());
        Assert.Equal(Path.Combine(_folder.Path, "models--acme--tiny", "snapshots", Commit), pulled.Folder);
        Assert.Equal(Commit, File.ReadAllText(_folder.File("models--acme--tiny/refs/main")));
        Assert.Equal(
            new[] { GitId(Model["config.json"]), Sha256(Model["model.safetensors"]) }.Order(), Directory.GetFiles(_folder.File("models--acme--tiny/blobs")).Select(Path.GetFileName).Order());
        if (!OperatingSystem.IsWindows())
            Assert.Equal(Path.Combine("..", "..", "blobs", Sha256(Model["model.safetensors"])), new FileInfo(Path.Combine(pulled.Folder, "model.safetensors")).LinkTarget);
        using (var loaded = ModelFolder.Load(pulled.Folder)) Assert.Equal("tiny", loaded.Name);
        Assert.Equal(pulled.Folder, Cache.Find("acme/tiny"));

        var asked = server.Requests.Count;
        var again = await Pull(server);
        Assert.Equal((0, 2), (again.Fetched.Count, again.AlreadyPresent.Count));
        Assert.Equal(asked + 1, server.Requests.Count);                                               // the listing alone
    }

    [Fact]
    public async Task DroppedConnectionsAndWrongLengthsAreCarriedOnFrom()
    {
        using var server = new UnreliableServer(Site(Model), Answer.Honest, Answer.Drop, Answer.Honest, Answer.Drop, Answer.PromiseTooLittle, Answer.Busy, Answer.PromiseTooMuch);
        var pulled = await Pull(server);
        Assert.Equal(Model["model.safetensors"], File.ReadAllBytes(Path.Combine(pulled.Folder, "model.safetensors")));
        Assert.Contains(server.Requests, request => request.From > 0);
        Assert.DoesNotContain(Directory.GetFiles(_folder.Path, "*", SearchOption.AllDirectories), path => path.EndsWith(".incomplete", StringComparison.Ordinal));
    }

    [Fact]
    public async Task AServerThatIsAskedTooOftenIsAskedAgain()
    {
        using var server = new UnreliableServer(Site(Model), Answer.Honest, Answer.TooManyRequests, Answer.TooManyRequests);
        var pulled = await Pull(server);
        Assert.Equal(Model["config.json"], File.ReadAllBytes(Path.Combine(pulled.Folder, "config.json")));
        Assert.Equal(3, server.Requests.Count(request => request.Path.EndsWith("config.json", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task AFileThatWantsPermissionIsNotCalledMovedAndNotAskedForAgain()
    {
        using var server = new UnreliableServer(Site(Model), Answer.Honest, Answer.Forbidden);
        var message = (await Assert.ThrowsAsync<ConfigException>(() => Pull(server))).Message;
        Assert.Contains("answered 403", message);
        Assert.Contains("wants permission", message);
        Assert.DoesNotContain("moved", message);
        Assert.Equal(2, server.Requests.Count);
    }

    [Fact]
    public async Task ALaterPullCarriesOnAndNothingIsFoundBefore()
    {
        using var server = new UnreliableServer(Site(Model), Answer.Honest, Answer.Honest, Answer.Drop);
        var pull = new HubPull(_client, Cache, server.Base.AbsoluteUri) { AttemptCount = 1 };
        Assert.Contains("carry on", (await Assert.ThrowsAsync<ConfigException>(() => pull.PullAsync("acme/tiny"))).Message);
        Assert.Null(Cache.Find("acme/tiny"));
        var have = new FileInfo(_folder.File($"models--acme--tiny/blobs/{Sha256(Model["model.safetensors"])}.incomplete")).Length;
        await Pull(server);
        Assert.Equal(have, server.Requests.Last().From);
        Assert.NotNull(Cache.Find("acme/tiny"));
    }

    [Theory]
    [InlineData("config.json")]
    [InlineData("model.safetensors")]
    public async Task BytesThatAreNotThePublishedOnesAreRefusedAndLeaveNoModel(string file)
    {
        var site = Site(Model);
        site[$"acme/tiny/resolve/{Commit}/{file}"] = [.. Model[file].Select(value => (byte)(value ^ 1))];
        using var server = new UnreliableServer(site);
        var error = await Assert.ThrowsAsync<ConfigException>(() => Pull(server));
        Assert.Contains(file == "config.json" ? GitId(Model[file]) : Sha256(Model[file]), error.Message);
        Assert.Contains("is not the published file", error.Message);
        Assert.Null(Cache.Find("acme/tiny"));
    }

    [Fact]
    public async Task ALyingSizeIsFoundByTheChecksum()
    {
        var listing = new { sha = Commit, siblings = new[] { Sibling("config.json", Model["config.json"]), new { rfilename = "model.safetensors", lfs = new { sha256 = Sha256(Model["model.safetensors"]), size = 100 } } } };
        using var server = new UnreliableServer(Site(Model, listing));
        Assert.Contains("is not the published file", (await Assert.ThrowsAsync<ConfigException>(() => Pull(server))).Message);
    }

    [Fact]
    public async Task WithoutChecksumsInTheListingTheFilesTagsCountAndNothingIsFetchedUnchecked()
    {
        var listing = new { sha = Commit, siblings = Model.Keys.Select(name => new { rfilename = name }) };
        string? Tag(string path) => Model.TryGetValue(path.Split('/')[^1], out var content) ? path.EndsWith(".json", StringComparison.Ordinal) ? GitId(content) : Sha256(content) : null;
        using (var server = new UnreliableServer(Site(Model, listing)) { EtagOf = Tag }) Assert.Equal(2, (await Pull(server)).Fetched.Count);
        using var unchecked_ = new UnreliableServer(Site(Model, listing));
        Assert.Contains("fetches nothing unchecked", (await Assert.ThrowsAsync<ConfigException>(() => Pull(unchecked_))).Message);
    }

    [Fact]
    public async Task AChecksumToldBesideARedirectHoldsForWhatItLeadsTo()
    {
        var listing = new { sha = Commit, siblings = Model.Keys.Select(name => new { rfilename = name }) };
        string? Tag(string path) => Model.TryGetValue(path.Split('/')[^1], out var content) ? path.EndsWith(".json", StringComparison.Ordinal) ? GitId(content) : Sha256(content) : null;
        var site = Site(Model, listing);
        foreach (var (name, content) in Model) site["kept/" + name] = content;
        using var hub = new UnreliableServer(site)
        {
            RedirectOf = path => path.Contains("/resolve/", StringComparison.Ordinal) ? "/raw/kept/" + path.Split('/')[^1] : null, LinkedEtagOf = Tag, EtagOf = _ => "of-the-store",
        };
        using var client = new HttpClient(new HubAccess(hub.Base, null));
        Assert.Equal(2, (await new HubPull(client, Cache, hub.Base.AbsoluteUri) { Pause = TimeSpan.Zero }.PullAsync("acme/tiny")).Fetched.Count);
    }

    [Fact]
    public async Task AServerThatFallsSilentIsAskedAgain()
    {
        var content = Model["model.safetensors"];
        using var server = new UnreliableServer(new() { ["file"] = content }, Answer.FallSilent, Answer.Honest);
        var download = new ResumableDownload(_client) { Pause = TimeSpan.Zero, LongestSilence = TimeSpan.FromMilliseconds(200) };
        await download.CompleteAsync(new Download("file", new Uri(server.Base, "file"), content.Length, Sha256(content)), _folder.File("part"));
        Assert.Equal([("file", 0), ("file", content.Length / 2)], server.Requests);
    }

    [Fact]
    public async Task ShardsAreThoseThatTheIndexNamesWithinTheRepository()
    {
        Dictionary<string, byte[]> Sharded(string shard) => new()
        {
            ["config.json"] = Model["config.json"], ["shard-1.safetensors"] = Model["model.safetensors"],
            ["model.safetensors.index.json"] = JsonSerializer.SerializeToUtf8Bytes(new { weight_map = new Dictionary<string, string> { ["a"] = shard } }),
        };
        using (var server = new UnreliableServer(Site(Sharded("shard-1.safetensors")))) Assert.Contains("shard-1.safetensors", (await Pull(server)).Fetched);
        using var strange = new UnreliableServer(Site(Sharded("../../../etc/passwd")));
        Directory.Delete(_folder.File("models--acme--tiny"), recursive: true);
        Assert.Contains("which the repository does not have", (await Assert.ThrowsAsync<ConfigException>(() => Pull(strange))).Message);
    }

    [Theory]
    [InlineData("{\"sha\": \"../../x\", \"siblings\": []}", "40 hexadecimal digits")]
    [InlineData("{\"siblings\": []}", "not that of a hub")]
    [InlineData("<html>", "not that of a hub")]
    [InlineData("{\"sha\": \"0123456789abcdef0123456789abcdef01234567\", \"siblings\": [{\"rfilename\": \"../model.safetensors\"}]}", "no weights")]
    public async Task AListingThatMakesNoSenseIsRefused(string body, string said)
    {
        var site = Site(Model);
        site["api/models/acme/tiny/revision/main"] = Encoding.UTF8.GetBytes(body);
        using var server = new UnreliableServer(site);
        Assert.Contains(said, (await Assert.ThrowsAsync<ConfigException>(() => Pull(server))).Message);
        Assert.DoesNotContain(Directory.GetFiles(_folder.Path, "*", SearchOption.AllDirectories), path => path.EndsWith("safetensors", StringComparison.Ordinal));
    }

    [Fact]
    public async Task TheTokenGoesToTheHubAloneHoweverItRedirects()
    {
        const string secret = "hf_secret";
        var file = $"acme/tiny/resolve/{Commit}/model.safetensors";
        using var elsewhere = new UnreliableServer(new() { ["cdn"] = Model["model.safetensors"] }, Answer.Drop);
        var site = Site(Model);
        site["moved/config"] = Model["config.json"];
        using var hub = new UnreliableServer(site)
        {
            RedirectOf = path => path == file ? new Uri(elsewhere.Base, "cdn").AbsoluteUri : path.EndsWith("config.json", StringComparison.Ordinal) ? "/raw/moved/config" : null,
        };
        using var client = new HttpClient(new HubAccess(hub.Base, secret));
        var pulled = await new HubPull(client, Cache, hub.Base.AbsoluteUri) { Pause = TimeSpan.Zero }.PullAsync("acme/tiny");
        Assert.Equal(2, pulled.Fetched.Count);
        Assert.All(hub.Authorizations, asked => Assert.Equal((asked.Path, "Bearer " + secret), asked));
        Assert.Contains(hub.Authorizations, asked => asked.Path == "moved/config");
        Assert.Equal(new string?[] { null, null }, elsewhere.Authorizations.Select(asked => asked.Authorization));              // dropped once, then carried on
        Assert.True(elsewhere.Requests.Last().From > 0);                                                         // the range goes along
    }

    [Fact]
    public async Task ATokenIsNeverPartOfAMessage()
    {
        using var hub = new UnreliableServer([]);
        using var client = new HttpClient(new HubAccess(hub.Base, "hf_secret"));
        var error = await Assert.ThrowsAsync<ConfigException>(() => new HubPull(client, Cache, hub.Base.AbsoluteUri).PullAsync("acme/tiny"));
        Assert.Contains("HF_TOKEN", error.Message);
        Assert.DoesNotContain("hf_secret", error.ToString());
        using var round = new UnreliableServer([]) { RedirectOf = path => "/raw/" + path };
        using var looping = new HttpClient(new HubAccess(round.Base, "hf_secret"));
        error = await Assert.ThrowsAsync<ConfigException>(() => new HubPull(looping, Cache, round.Base.AbsoluteUri).PullAsync("acme/tiny"));
        Assert.Contains("more than 10 redirects", error.Message);
        Assert.DoesNotContain("hf_secret", error.ToString());
    }

    [Fact]
    public async Task AModelThatIsNotThereIsNamed()
    {
        using var server = new UnreliableServer([]);
        Assert.Contains("no such model", (await Assert.ThrowsAsync<ConfigException>(() => Pull(server))).Message);
        Assert.Contains("must begin with http", Assert.Throws<ConfigException>(() => new HubPull(_client, Cache, "ftp://x")).Message);
        var pull = new HubPull(_client, Cache, server.Base.AbsoluteUri);
        foreach (var name in new[] { "../x", "a/b/c", "", "a--b", ".hidden", "a b" }) await Assert.ThrowsAsync<ConfigException>(() => pull.PullAsync(name));
        await Assert.ThrowsAsync<ConfigException>(() => pull.PullAsync("a/b", "../main"));
    }

    [Fact]
    public void ModelsThatOtherToolsFetchedAreFoundByShortAndFullName()
    {
        void Put(string repository, string revision)
        {
            Directory.CreateDirectory(_folder.File($"{repository}/refs"));
            Directory.CreateDirectory(_folder.File($"{repository}/snapshots/{Commit}"));
            File.WriteAllText(_folder.File($"{repository}/refs/{revision}"), Commit);
            File.WriteAllText(_folder.File($"{repository}/snapshots/{Commit}/config.json"), "{}");
        }

        Assert.Null(Cache.Find("gpt2"));
        Put("models--gpt2", "main");                                                                 // where older tools kept it
        Assert.Contains("models--gpt2", Cache.Find("gpt2"));
        Put("models--openai-community--gpt2", "main");
        Assert.Contains("models--openai-community--gpt2", Cache.Find("gpt2"));
        Assert.Equal(Cache.Find("gpt2"), Cache.Find("openai-community/gpt2"));
        Assert.Equal(Cache.Find("gpt2"), Cache.Find("gpt2", Commit));
        Assert.Null(Cache.Find("gpt2", "other"));
        Assert.Null(Cache.Find("gpt2", "../../models--gpt2/refs/main"));
        Assert.Equal("gpt2", HubCache.NameOf(Cache.Find("gpt2")!));
        Assert.Null(HubCache.NameOf("results/models/gpt2-mini"));
    }

    [Fact]
    public async Task GitIdsAreGits() => Assert.Equal("b6fc4c620b67d95f953a5c1c1230aaab5db5a1b0", await ChecksumOf("hello"));        // git hash-object of "hello"

    private async Task<string> ChecksumOf(string text)
    {
        File.WriteAllText(_folder.File("text"), text);
        return await ResumableDownload.ChecksumAsync(_folder.File("text"), ChecksumKind.GitBlob);
    }
}
