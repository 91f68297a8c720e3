using System.Text;
using ResearchKit.Core;
using ResearchKit.Evaluation.Datasets;
using ResearchKit.Testing;

namespace ResearchKit.Evaluation.Tests.Datasets;

public sealed class DataPullTests : IDisposable
{
    private static readonly byte[] Content = Encoding.UTF8.GetBytes(string.Concat(Enumerable.Range(0, 40_000).Select(i => $"line {i}\n")));
    private static readonly DatasetFile Plain = new("toy/a.txt", Content.Length, FileChecksum.Hash(Content), "openai/gpt-3", "data/a.txt");
    private static readonly DatasetFile Wrapped = new("toy/b.txt.gz", 1, new string('0', 64), "openai/gpt-3", "data/b.txt", FileChecksum.Hash(Content), Content.Length);
    private static readonly DatasetFile LaidOut = new("toy/c.jsonl", 1, new string('0', 64), "openai/gpt-3", Note: "laid out again");

    private readonly TemporaryFolder _folder = new();
    private readonly HttpClient _client = new();

    public void Dispose()
    {
        _client.Dispose();
        _folder.Dispose();
    }

    private static DatasetEntry Entry(params DatasetFile[] files) => new("toy", "Toy", [], files);

    private static UnreliableServer Server(params Answer[] answers) =>
        new(new() { [Plain.DownloadPath!] = Content, [Wrapped.DownloadPath!] = Content }, answers);

    private Task<PullResult> Pull(UnreliableServer server, DatasetEntry entry, int attempts = 5) =>
        new DataPull(_client, server.Base) { Pause = TimeSpan.Zero, AttemptCount = attempts }.PullAsync(entry, _folder.Path);

    [Fact]
    public async Task AFileArrivesWholeAndTheNextPullTransfersNothing()
    {
        using var server = Server();
        var reports = new List<PullProgress>();
        var pull = new DataPull(_client, server.Base);
        var first = await pull.PullAsync(Entry(Plain), _folder.Path, new InlineProgress<PullProgress>(reports.Add));
        Assert.Equal([Plain], first.Downloaded);
        Assert.Equal(Content, File.ReadAllBytes(_folder.File("toy/a.txt")));
        Assert.Equal(Content.Length, reports[^1].ReceivedByteCount);
        Assert.Equal("openai/gpt-3/d7a9bb505df6f630f9bab3b30c889e52f22eb9ea/data/a.txt", Assert.Single(server.Requests).Path);

        var second = await pull.PullAsync(Entry(Plain), _folder.Path);
        Assert.Equal([Plain], second.AlreadyPresent);
        Assert.Single(server.Requests);
    }

    [Fact]
    public async Task DroppedConnectionsAndWrongLengthsAreCarriedOnFrom()
    {
        using var server = Server(Answer.Drop, Answer.PromiseTooLittle, Answer.Busy, Answer.PromiseTooMuch);
        await Pull(server, Entry(Plain));
        Assert.Equal(Content, File.ReadAllBytes(_folder.File("toy/a.txt")));
        var starts = server.Requests.Select(r => r.From).ToArray();
        Assert.Equal(0, starts[0]);
        Assert.True(starts[1] > 0 && starts[2] > starts[1] && starts[3] == starts[2], string.Join(' ', starts));
        Assert.Equal(["a.txt"], Directory.GetFiles(_folder.File("toy")).Select(Path.GetFileName));
    }

    [Fact]
    public async Task ALaterPullCarriesOnWhereAnEarlierOneGaveUp()
    {
        using var server = Server(Answer.Drop);
        var error = await Assert.ThrowsAsync<ConfigException>(() => Pull(server, Entry(Plain), attempts: 1));
        Assert.Contains("carry on", error.Message, StringComparison.Ordinal);
        Assert.False(File.Exists(_folder.File("toy/a.txt")));
        var have = new FileInfo(_folder.File("toy/a.txt.part")).Length;
        await Pull(server, Entry(Plain));
        Assert.Equal(have, server.Requests.Last().From);
        Assert.Equal(Content, File.ReadAllBytes(_folder.File("toy/a.txt")));
    }

    [Theory]
    [InlineData(Answer.IgnoreRange)]
    [InlineData(Answer.OtherRange)]
    public async Task AServerThatAnswersAnotherRangeMakesTheFileBeginAnew(object answer)
    {
        using var server = Server(Answer.Drop, (Answer)answer);
        await Pull(server, Entry(Plain));
        Assert.Equal(Content, File.ReadAllBytes(_folder.File("toy/a.txt")));
    }

    [Fact]
    public async Task WrongBytesOnceAreFetchedAgain()
    {
        using var server = Server(Answer.Corrupt);
        await Pull(server, Entry(Plain));
        Assert.Equal(Content, File.ReadAllBytes(_folder.File("toy/a.txt")));
    }

    [Fact]
    public async Task WrongBytesTwiceAreAnErrorThatNamesBothChecksumsAndLeaveNoFile()
    {
        using var server = Server(Answer.Corrupt, Answer.Corrupt);
        var error = await Assert.ThrowsAsync<ConfigException>(() => Pull(server, Entry(Plain)));
        Assert.Contains(Plain.Sha256, error.Message, StringComparison.Ordinal);
        Assert.Contains(FileChecksum.Hash(new byte[Content.Length]), error.Message, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFiles(_folder.File("toy")));
    }

    [Fact]
    public async Task AFileStoredWithGzipIsWrappedHereAndReadable()
    {
        using var server = Server();
        await Pull(server, Entry(Wrapped));
        Assert.True(FileChecksum.Matches(_folder.File("toy/b.txt.gz"), Wrapped));
        Assert.Equal(Content, FileChecksum.Decompress(File.ReadAllBytes(_folder.File("toy/b.txt.gz"))));
        Assert.Equal(["b.txt.gz"], Directory.GetFiles(_folder.File("toy")).Select(Path.GetFileName));
    }

    [Fact]
    public async Task FilesThatWereLaidOutAgainAreNamedAndNotAskedFor()
    {
        using var server = Server();
        var result = await Pull(server, Entry(LaidOut, Plain));
        Assert.Equal([LaidOut], result.Unavailable);
        Assert.Equal([Plain], result.Downloaded);
        Assert.Single(server.Requests);
    }

    [Fact]
    public async Task ARefusalIsFinal()
    {
        using var server = new UnreliableServer([]);
        var error = await Assert.ThrowsAsync<ConfigException>(() => Pull(server, Entry(Plain)));
        Assert.Contains("404", error.Message, StringComparison.Ordinal);
        Assert.Single(server.Requests);
    }

    [Fact]
    public async Task AServerThatIsNotThereIsNamed()
    {
        using var server = Server();
        server.Dispose();
        var error = await Assert.ThrowsAsync<ConfigException>(() => Pull(server, Entry(Plain), attempts: 2));
        Assert.Contains("127.0.0.1", error.Message, StringComparison.Ordinal);
    }
}
