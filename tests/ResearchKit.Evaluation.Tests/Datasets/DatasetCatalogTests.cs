using System.IO.Compression;
using System.Text;
using ResearchKit.Core;
using ResearchKit.Evaluation.Datasets;

namespace ResearchKit.Evaluation.Tests.Datasets;

public sealed class DatasetCatalogTests
{
    private static readonly byte[] TwoRows = "{\"a\":1}\n{\"a\":2}\n"u8.ToArray();

    private static DatasetEntry Toy(int present = 2, byte[]? content = null, string path = "rte/toy.jsonl") =>
        new("rte", "Toy", [new("val", 2, present)], [new(path, TwoRows.Length, FileChecksum.Hash(content ?? TwoRows), "openai/gpt-3", "data/toy.jsonl", path.EndsWith(".gz", StringComparison.Ordinal) ? FileChecksum.Hash(TwoRows) : null)]);

    private static DatasetReader Write(TemporaryFolder folder, DatasetEntry entry, byte[] bytes)
    {
        Directory.CreateDirectory(folder.File("rte"));
        File.WriteAllBytes(folder.File(entry.Files[0].Path), bytes);
        return new(DataFolder.Resolve(folder.Path), entry);
    }

    [Fact]
    public void TheCatalogueIsWellFormed()
    {
        Assert.Equal(DatasetCatalog.All.Count, DatasetCatalog.All.Select(e => e.Name).Distinct().Count());
        foreach (var entry in DatasetCatalog.All)
        {
            Assert.NotEmpty(entry.LicenceNotice);
            Assert.All(entry.Splits, s => Assert.InRange(s.Present, 0, s.Canonical));
            Assert.All(entry.Files, f =>
            {
                Assert.StartsWith(entry.Name + "/", f.Path, StringComparison.Ordinal);
                Assert.Matches("^[0-9a-f]{64}$", f.Sha256);
                Assert.Matches("^[0-9a-f]{40}$", DatasetCatalog.Source(f.Source).Commit);
                Assert.True(f.DownloadPath is null != f.Note is null, $"{f.Path}: either downloadable or explained");
                Assert.Equal(f.Path.EndsWith(".gz", StringComparison.Ordinal), f.ContentSha256 is not null);
            });
        }
    }

    [Fact]
    public void EveryTaskNamesADataSetAndEveryDataSetHasATask() =>
        Assert.Equal(DatasetCatalog.All.Select(e => e.Name).Order(), DatasetTasks.Names.Select(DatasetTasks.DatasetOf).Distinct().Order());

    [Fact]
    public void AMissingFileIsNamedWithTheWayToGetIt()
    {
        using var folder = new TemporaryFolder();
        var task = DatasetTasks.Get("rte", DataFolder.Resolve(folder.Path));
        var error = Assert.Throws<ConfigException>(() => task.Load());
        Assert.Contains("rk data pull rte", error.Message, StringComparison.Ordinal);
        Assert.Contains("train.jsonl", error.Message, StringComparison.Ordinal);
        Assert.Contains("laid out again", Assert.Throws<ConfigException>(() => DatasetTasks.Get("winogrande", DataFolder.Resolve(folder.Path)).Load()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void AnotherChecksumIsAnErrorThatNamesBoth()
    {
        using var folder = new TemporaryFolder();
        var reader = Write(folder, Toy(), "{\"a\":1}\n{\"a\":3}\n"u8.ToArray());
        var error = Assert.Throws<ConfigException>(() => reader.JsonLines("rte/toy.jsonl"));
        Assert.Contains(FileChecksum.Hash(TwoRows), error.Message, StringComparison.Ordinal);
        Assert.Contains(FileChecksum.Hash("{\"a\":1}\n{\"a\":3}\n"u8.ToArray()), error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void AnotherCountIsAnErrorThatNamesBoth()
    {
        using var folder = new TemporaryFolder();
        var reader = Write(folder, Toy(present: 5), TwoRows);
        var error = Assert.Throws<ConfigException>(() => reader.Expect("val", reader.JsonLines("rte/toy.jsonl")));
        Assert.Contains("holds 2 items where 5 are expected", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void AnyGzipOfTheSameContentIsAccepted()
    {
        using var folder = new TemporaryFolder();
        using var stored = new MemoryStream();
        using (var gzip = new GZipStream(stored, CompressionLevel.NoCompression, leaveOpen: true)) gzip.Write(TwoRows);
        var reader = Write(folder, Toy(content: "other stored bytes"u8.ToArray(), path: "rte/toy.jsonl.gz"), stored.ToArray());
        Assert.Equal(2, reader.JsonLines("rte/toy.jsonl.gz").Count);

        var truncated = Write(folder, reader.Entry, stored.ToArray()[..^12]);
        Assert.Throws<ConfigException>(() => truncated.Text("rte/toy.jsonl.gz"));
    }

    [Fact]
    public void ABrokenLineIsNamed()
    {
        using var folder = new TemporaryFolder();
        var bytes = "{\"a\":1}\n{\"a\":\n"u8.ToArray();
        var reader = Write(folder, Toy(content: bytes), bytes);
        Assert.Contains("line 2", Assert.Throws<ConfigException>(() => reader.JsonLines("rte/toy.jsonl")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void StatusTellsMissingFromDamaged()
    {
        using var folder = new TemporaryFolder();
        var entry = Toy();
        Assert.Single(DatasetCatalog.Status(entry, DataFolder.Resolve(folder.Path)).Missing);
        Write(folder, entry, "damaged"u8.ToArray());
        var status = DatasetCatalog.Status(entry, DataFolder.Resolve(folder.Path), verify: true);
        Assert.Empty(status.Missing);
        Assert.Single(status.Damaged);
        Assert.False(status.IsComplete);
        Assert.Single(DatasetCatalog.Status(entry, null).Missing);
    }

    [Fact]
    public void AFolderThatDoesNotExistIsNamed() =>
        Assert.Contains("/no/such/folder", Assert.Throws<ConfigException>(() => DataFolder.Resolve("/no/such/folder")).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("a,b\nc,d\n", "a|b/c|d")]
    [InlineData("\"a, \"\"b\"\"\",c\r\nd,\"e\nf\"", "a, \"b\"|c/d|e\nf")]
    [InlineData("a \"b\" c,\n", "a \"b\" c|")]
    public void CommaSeparatedRowsFollowTheStandard(string text, string rows) =>
        Assert.Equal(rows, string.Join('/', DatasetReader.ParseCsv(text).Select(r => string.Join('|', r))));
}
