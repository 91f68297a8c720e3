using System.IO.Compression;
using System.Text;
using ResearchKit.Core.Data;
using ResearchKit.Core.Files;
using ResearchKit.Testing;

namespace ResearchKit.Core.Tests.Data;

public class TextCorpusTests
{
    [Fact]
    public void WithoutAManifestEveryTextFileIsForTraining()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder.File("b.txt"), "second");
        Directory.CreateDirectory(folder.File("a"));
        WriteGzip(folder.File("a/x.txt.gz"), "first\n");
        File.WriteAllText(folder.File("notes.md"), "no text of the corpus");
        var corpus = TextCorpus.ReadFolder(folder.Path);
        Assert.Equal(["a/x.txt.gz", "b.txt"], corpus.Documents.Select(d => d.Name));
        Assert.Equal(["first\n", "second"], corpus.Texts("train"));
        Assert.Contains("train", Assert.Throws<ConfigException>(() => corpus.Texts("valid")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void AManifestGivesSplitsToTheFolderAndItsSubfolders()
    {
        using var folder = Manifest("file\tsplit\nbooks/a.txt\tvalid\nbooks/b.txt\ttrain\n");
        Assert.Equal(["train", "valid"], TextCorpus.ReadFolder(folder.Path).Splits);
        Assert.Equal(["AA"], TextCorpus.ReadFolder(folder.Path).Texts("valid"));
        var books = TextCorpus.ReadFolder(folder.File("books"));
        Assert.Equal(["a.txt", "b.txt"], books.Documents.Select(d => d.Name));
        Assert.Equal(["BBB"], books.Texts("train"));
    }

    [Fact]
    public void ASizeThatIsNotTheManifestsIsAnErrorThatNamesBoth()
    {
        using var folder = Manifest("file\tsplit\tutf8_bytes\nbooks/a.txt\ttrain\t7\n");
        var message = Assert.Throws<ConfigException>(() => TextCorpus.ReadFolder(folder.Path).Texts("train").ToList()).Message;
        Assert.Contains("2 bytes", message, StringComparison.Ordinal);
        Assert.Contains("says 7", message, StringComparison.Ordinal);
    }

    [Fact]
    public void AllProblemsOfAManifestAreListed()
    {
        using var folder = Manifest("file\tsplit\tutf8_bytes\nbooks/a.txt\ttrain\nbooks/none.txt\ttrain\t3\nbooks/b.txt\ttrain\tmany\n");
        Assert.Equal(3, Assert.Throws<ConfigException>(() => TextCorpus.ReadFolder(folder.Path)).Problems.Count);
    }

    [Fact]
    public void TextThatIsNotUtf8AndBrokenGzipAreRefused()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllBytes(folder.File("a.txt"), [0x61, 0xFF, 0x62]);
        Assert.Contains("not UTF-8", Assert.Throws<ConfigException>(() => InputFile.Text(folder.File("a.txt"))).Message, StringComparison.Ordinal);
        File.WriteAllText(folder.File("b.txt.gz"), "this is no gzip file");
        Assert.Contains("gzip", Assert.Throws<ConfigException>(() => InputFile.Text(folder.File("b.txt.gz"))).Message, StringComparison.Ordinal);
        Assert.Contains("no such file", Assert.Throws<ConfigException>(() => InputFile.Text(folder.File("c.txt"))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void AnEmptyOrMissingFolderIsRefused()
    {
        using var folder = new TemporaryFolder();
        Assert.Throws<ConfigException>(() => TextCorpus.ReadFolder(folder.Path));
        Assert.Throws<ConfigException>(() => TextCorpus.ReadFolder(folder.File("none")));
    }

    [Fact]
    public void TheCorporaReadWithTheirSplits()
    {
        var corpus = TextCorpus.ReadFolder(SharedData.FolderOrSkip("corpora"));
        Assert.Equal(["train", "valid"], corpus.Splits);
        Assert.NotEmpty(corpus.Texts("valid").First());                   // its size is checked on the way
        Assert.All(corpus.Documents.DistinctBy(d => Path.GetDirectoryName(d.Path)), d => Assert.NotEmpty(d.Read()));
    }

    private static TemporaryFolder Manifest(string manifest)
    {
        var folder = new TemporaryFolder();
        Directory.CreateDirectory(folder.File("books"));
        File.WriteAllText(folder.File("books/a.txt"), "AA");
        File.WriteAllText(folder.File("books/b.txt"), "BBB");
        File.WriteAllText(folder.File(TextCorpus.ManifestName), manifest);
        return folder;
    }

    private static void WriteGzip(string path, string text)
    {
        using var gzip = new GZipStream(File.Create(path), CompressionLevel.Fastest);
        gzip.Write(Encoding.UTF8.GetBytes(text));
    }
}
