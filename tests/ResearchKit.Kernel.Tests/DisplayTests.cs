using Microsoft.DotNet.Interactive.Formatting;
using ResearchKit.Notebooks;
using ResearchKit.Notebooks.Charts;

namespace ResearchKit.Kernel.Tests;

/// <summary>How values look, and who else may show them so.</summary>
public sealed class DisplayTests
{
    private record Animal(string Name);

    private sealed record Dog(string Name, int Age) : Animal(Name);

    private sealed record Failing(int Number);

    [Fact]
    public void TheNearestTypesFormWins()
    {
        Notebook.Displays.Add<Animal>(animal => "<i>" + animal.Name + "</i>", animal => "animal " + animal.Name);
        Assert.Equal("animal Rex", Notebook.Displays.Format(new Dog("Rex", 3)).PlainText);
        Notebook.Displays.Add<Dog>(dog => "<b>" + dog.Name + "</b>", null);
        Assert.Equal("<b>Rex</b>", Notebook.Displays.Format(new Dog("Rex", 3)).Html);
        Assert.Equal("<i>Tom</i>", Notebook.Displays.Format(new Animal("Tom")).Html);
    }

    [Fact]
    public void AFormThatFailsIsSaidAndTheValueNamed()
    {
        Notebook.Displays.Add<Failing>(MimeBundle (_) => throw new InvalidOperationException("not today"));
        var shown = Notebook.Displays.Format(new Failing(1)).PlainText;
        Assert.Contains("Failing", shown, StringComparison.Ordinal);
        Assert.Contains("not today", shown, StringComparison.Ordinal);
    }

    [Fact]
    public void SequencesOfRecordsAreTablesWithTheirTextEscaped()
    {
        var bundle = Notebook.Displays.Format(new[] { new { Word = "<script>", Count = 2 }, new { Word = "b", Count = 3 } });
        Assert.Contains("&lt;script&gt;", bundle.Html, StringComparison.Ordinal);
        Assert.DoesNotContain("<script>", bundle.Html, StringComparison.Ordinal);
        Assert.Contains("Count = 3", bundle.PlainText, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1.5, "1.5")]
    [InlineData("text", "text")]
    [InlineData(true, "true")]
    [InlineData(null, "null")]
    public void ScalarsAreTextAlone(object? value, string text)
    {
        var bundle = Notebook.Displays.Format(value);
        Assert.Equal((text, null), (bundle.PlainText, bundle.Html));
    }

    [Fact]
    public void LongSequencesAreCutAndCounted() => Assert.Contains("(1000 items)", Notebook.Displays.Format(Enumerable.Range(0, 1000).ToArray()).PlainText, StringComparison.Ordinal);

    [Fact]
    public void AFiguresTextCannotEndItsScript()
    {
        var html = new PlotlyFigure("[]", "{\"title\":\"</script><script>alert(1)</script><!--\"}").ToBundle().Html!;
        Assert.Equal(1, html.Split("</script>").Length - 1);
        Assert.DoesNotContain("<!--", html, StringComparison.Ordinal);
    }

    [Fact]
    public void AProgressBarShowsItsEndAndSavesUpdatesBetween()
    {
        var host = new CountingHost();
        var before = Notebook.Host;
        Notebook.Host = host;
        try
        {
            var bar = new ProgressBar("steps", 100_000);
            for (var i = 1L; i <= 100_000; i++) bar.Report(i);
        }
        finally
        {
            Notebook.Host = before;
        }

        Assert.InRange(host.Shown.Count, 2, 60);
        Assert.Contains("100,000 of 100,000", host.Shown[^1].PlainText, StringComparison.Ordinal);
        Assert.Throws<ArgumentOutOfRangeException>(() => new ProgressBar("none", 0));
    }

    [Fact]
    public void AStockKernelsFormatterShowsTheSame()
    {
        Notebook.Displays.Add<Animal>(animal => "<i>" + animal.Name + "</i>", animal => "animal " + animal.Name);
        // Its assembly is loaded by this use, as in a stock kernel it is from the start.
        Assert.DoesNotContain("<i>Tom", new Animal("Tom").ToDisplayString("text/html"), StringComparison.Ordinal);
        Assert.True(StockFormatting.Connect() > 0);
        Assert.Equal("<i>Tom</i>", new Animal("Tom").ToDisplayString("text/html"));
        Assert.Equal("animal Tom", new Animal("Tom").ToDisplayString("text/plain"));
    }

    private sealed class CountingHost : INotebookHost
    {
        public List<MimeBundle> Shown { get; } = [];

        public CancellationToken Cancellation => default;

        public string Cell => "cell";

        public long Execution => 1;

        public void Show(MimeBundle bundle, string? displayId, bool update) => Shown.Add(bundle);

        public void Clear(bool wait) => Shown.Clear();

        public string ReadLine(string prompt, bool hidden) => "";
    }
}
