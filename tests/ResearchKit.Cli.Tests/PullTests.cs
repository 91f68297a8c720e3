using System.Security.Cryptography;
using System.Text.Json;
using ResearchKit.Experiments.Tests;
using ResearchKit.Testing;

namespace ResearchKit.Cli.Tests;

public sealed class PullTests : IDisposable
{
    private const string Commit = "89abcdef0123456789abcdef0123456789abcdef";

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private UnreliableServer Server(params Answer[] answers)
    {
        TinyModelFolder.Make(_folder.File("tiny"));
        var files = Directory.GetFiles(_folder.File("tiny")).ToDictionary(path => Path.GetFileName(path)!, File.ReadAllBytes);
        var site = files.ToDictionary(file => $"acme/tiny/resolve/{Commit}/{file.Key}", file => file.Value);
        var siblings = files.Select(file => new { rfilename = file.Key, size = file.Value.Length, lfs = new { sha256 = Convert.ToHexStringLower(SHA256.HashData(file.Value)), size = file.Value.Length } });
        site["api/models/acme/tiny/revision/main"] = JsonSerializer.SerializeToUtf8Bytes(new { sha = Commit, siblings });
        return new UnreliableServer(site, answers);
    }

    private Outcome Run(UnreliableServer? server, params string[] arguments)
    {
        var process = Rk.Start(new Dictionary<string, string?>
        {
            ["HF_HOME"] = _folder.File("home"), ["HF_HUB_CACHE"] = null, ["HUGGINGFACE_HUB_CACHE"] = null, ["HF_ENDPOINT"] = server?.Base.AbsoluteUri ?? "http://127.0.0.1:9", ["HF_HUB_OFFLINE"] = server is null ? "1" : null,
            ["HF_TOKEN"] = "hf_secret", ["HF_HUB_DISABLE_IMPLICIT_TOKEN"] = null,
        }, arguments);
        return Rk.Finish(process);
    }

    [Fact]
    public void APulledModelIsNamedLikeAFolderAndKeptWithoutTheNetwork()
    {
        using var server = Server(Answer.Honest, Answer.Drop);
        var pulled = Run(server, "pull", "acme/tiny");
        Assert.True(pulled.ExitCode == 0, pulled.Error);
        Assert.Contains("acme/tiny at 89abcdef0123", pulled.Output);
        Assert.True(File.Exists(_folder.File($"home/hub/models--acme--tiny/snapshots/{Commit}/config.json")));
        Assert.All(server.Authorizations, asked => Assert.Equal("Bearer hf_secret", asked.Authorization));
        Assert.DoesNotContain("hf_secret", pulled.Output + pulled.Error);
        Assert.Contains("in the cache", Run(null, "pull", "acme/tiny").Output);
        var scored = Run(null, "eval", "--model", "acme/tiny", "--task", "suite/label-induction", "--limit", "2", "--threads", "1", "--device", "cpu");
        Assert.True(scored.ExitCode == 0, scored.Error);
        Assert.Contains("tiny on suite/label-induction", scored.Output);
    }

    [Fact]
    public void WhatIsNotInTheCacheIsNamedWithWhatToDo()
    {
        var (code, _, error) = Run(null, "pull", "acme/other");
        Assert.Equal(2, code);
        Assert.Contains("HF_HUB_OFFLINE", error);
        (code, _, error) = Run(null, "eval", "--model", "acme/other", "--task", "suite/label-induction", "--device", "cpu");
        Assert.Equal(2, code);
        Assert.Contains("rk pull acme/other", error);
    }
}
