using System.Text.Json.Nodes;
using ResearchKit.Core;
using ResearchKit.Kernel.Files;
using ResearchKit.Testing;

namespace ResearchKit.Kernel.Tests;

/// <summary>Notebook files: what is read, kept, removed and refused.</summary>
public sealed class NotebookFileTests
{
    // As Jupyter writes it, with fields that the kernel does not know.
    private const string Sample = """
        {
         "cells": [
          {
           "attachments": {},
           "cell_type": "markdown",
           "id": "one",
           "metadata": {
            "slideshow": {
             "slide_type": "slide"
            }
           },
           "source": [
            "# Titel mit Umlaut ü, 😀 and \\frac\n",
            "text"
           ]
          },
          {
           "cell_type": "code",
           "execution_count": 7,
           "id": "two",
           "metadata": {
            "collapsed": true,
            "tags": [
             "keep"
            ]
           },
           "outputs": [
            {
             "name": "stdout",
             "output_type": "stream",
             "text": [
              "printed\n"
             ]
            }
           ],
           "source": [
            "printfn \"<b>&'+\""
           ]
          }
         ],
         "metadata": {
          "kernelspec": {
           "display_name": "ResearchKit F#",
           "language": "F#",
           "name": "researchkit-fsharp"
          },
          "unknown": {
           "number": 1.50,
           "list": []
          }
         },
         "nbformat": 4,
         "nbformat_minor": 5
        }

        """;

    [Fact]
    public void ReadingAndWritingKeepsEveryByte() => Assert.Equal(Sample, NotebookFile.Parse("a.ipynb", Sample).ToString());

    [Fact]
    public void StripRemovesOutputsAndCountsAndNothingElse()
    {
        var notebook = NotebookFile.Parse("a.ipynb", Sample);
        Assert.Equal(1, notebook.Strip());
        var expected = JsonNode.Parse(Sample)!;
        expected["cells"]![1]!["outputs"] = new JsonArray();
        expected["cells"]![1]!["execution_count"] = null;
        Assert.True(JsonNode.DeepEquals(expected, JsonNode.Parse(notebook.ToString())));
        Assert.Equal(0, notebook.Strip());
    }

    [Fact]
    public void CodeIsColouredInTheLanguageThatItsMagicNames() =>
        Assert.Equal("<span class=\"m\">#!csharp</span>\n<span class=\"k\">var</span> x = <span class=\"n\">1</span>; <span class=\"c\">// let</span>\n<span class=\"m\">#!fsharp</span>\n<span class=\"k\">let</span> var = <span class=\"s\">&quot;a&quot;</span>",
            CodeMarkup.Of("#!csharp\nvar x = 1; // let\n#!fsharp\nlet var = \"a\"", "fsharp"));

    [Fact]
    public void ARunIsNotedForThePageAndStripped()
    {
        var notebook = NotebookFile.Parse("a.ipynb", Sample);
        notebook.MarkRun();
        var version = ResearchKit.Experiments.RunEnvironment.KitVersion;
        Assert.StartsWith($"ResearchKit {version}, 20", notebook.Origin, StringComparison.Ordinal);
        Assert.Contains($"Run with {System.Net.WebUtility.HtmlEncode(notebook.Origin)}.</footer>", HtmlPage.Of(notebook, sharesScript: false), StringComparison.Ordinal);
        notebook.Strip();
        Assert.Null(notebook.Origin);
        Assert.DoesNotContain(version, notebook.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{\"dotnet_interactive\":{\"language\":\"csharp\"}}", "csharp")]
    [InlineData("{\"polyglot_notebook\":{\"kernelName\":\"fsharp\"}}", "fsharp")]
    [InlineData("{\"dotnet_interactive\":{\"language\":\"fsharp\"},\"polyglot_notebook\":{\"kernelName\":\"csharp\"}}", "csharp")]
    [InlineData("{\"vscode\":{\"languageId\":\"csharp\"}}", "csharp")]
    [InlineData("{\"vscode\":{\"languageId\":\"polyglot-notebook\"}}", null)]
    [InlineData("{}", null)]
    public void TheLanguageOfACellIsReadFromDotNetInteractivesAndPolyglotsMetadata(string metadata, string? language)
    {
        var root = JsonNode.Parse(TestNotebook.Of("1"))!;
        root["cells"]![0]!["metadata"] = JsonNode.Parse(metadata);
        Assert.Equal(language, NotebookFile.Parse("a.ipynb", root.ToJsonString()).Cells[0].Language);
    }

    [Theory]
    [InlineData("{\"kernelspec\":{\"language\":\"C#\",\"name\":\".net-csharp\"}}", "csharp")]
    [InlineData("{\"polyglot_notebook\":{\"kernelInfo\":{\"defaultKernelName\":\"csharp\"}}}", "csharp")]
    [InlineData("{\"language_info\":{\"name\":\"F#\"}}", "fsharp")]
    [InlineData("{}", "fsharp")]
    [InlineData("{\"kernelspec\":\"csharp\"}", "fsharp")]
    [InlineData("{\"kernelspec\":{\"language\":5},\"polyglot_notebook\":[],\"language_info\":{\"name\":\"C#\"}}", "csharp")]
    public void TheLanguageOfANotebookIsReadFromItsMetadata(string metadata, string language)
    {
        var root = JsonNode.Parse(TestNotebook.Of("1"))!;
        root["metadata"] = JsonNode.Parse(metadata);
        Assert.Equal(language, NotebookFile.Parse("a.ipynb", root.ToJsonString()).Language);
    }

    [Fact]
    public void AnIdAndTagsThatAreNoTextAreReadAsNone()
    {
        var root = JsonNode.Parse(TestNotebook.Of("1"))!;
        root["cells"]![0]!["id"] = 5;
        root["cells"]![0]!["metadata"] = JsonNode.Parse("{\"tags\":[7,\"raises-exception\",[]]}");
        var cell = NotebookFile.Parse("a.ipynb", root.ToJsonString()).Cells[0];
        Assert.Equal("cell-1", cell.Name);
        Assert.Equal(["", "raises-exception"], cell.Tags);
    }

    [Fact]
    public void APageShowsWhatATerminalWouldLeaveOfCarriageReturns()
    {
        var notebook = NotebookFile.Parse("a.ipynb", Sample);
        notebook.Cells[1].Outputs[0]!["text"] = new JsonArray("10%\r20%\r30%\r\n", "ready\r\n");
        Assert.Contains("<pre class=\"output\">30%\nready\n</pre>", HtmlPage.Of(notebook, sharesScript: false), StringComparison.Ordinal);
    }

    [Fact]
    public void MarkedLanguagesAreThoseOfMagicsAndOfTheNotebook()
    {
        var notebook = NotebookFile.Parse("a.ipynb", TestNotebook.Of("1", "#!csharp\n1", "# prose"));
        notebook.MarkLanguages();
        var cells = JsonNode.Parse(notebook.ToString())!["cells"]!.AsArray();
        Assert.Equal(["fsharp", "csharp", null], cells.Select(cell => (string?)cell!["metadata"]!["polyglot_notebook"]?["kernelName"]));
        Assert.Equal(["fsharp", "csharp", null], cells.Select(cell => (string?)cell!["metadata"]!["dotnet_interactive"]?["language"]));
    }

    [Theory]
    [InlineData("{\n \"cells\": [\n <<<<<<< HEAD\n", "line 3")]
    [InlineData("[]", "not an object")]
    [InlineData("{\"nbformat\":3,\"worksheets\":[]}", "nbformat (3) must be 4")]
    [InlineData("{\"cells\":[]}", "nbformat (missing)")]
    [InlineData("{\"nbformat\":4}", "\"cells\"")]
    [InlineData("{\"nbformat\":4,\"cells\":[],\"metadata\":[]}", "\"metadata\" is no object")]
    [InlineData("{\"nbformat\":4,\"cells\":[{\"cell_type\":\"code\",\"source\":\"\"},{\"cell_type\":\"heading\",\"source\":\"\"}]}", "cell 2 has the cell_type \"heading\"")]
    [InlineData("{\"nbformat\":4,\"cells\":[{\"cell_type\":\"code\",\"source\":5}]}", "cell 1 has no \"source\"")]
    [InlineData("{\"nbformat\":4,\"cells\":[{\"cell_type\":\"code\",\"source\":\"\",\"outputs\":{}}]}", "cell 1 has \"outputs\"")]
    public void ABrokenFileIsRefusedWithItsPlace(string text, string said)
    {
        var message = Assert.Throws<ConfigException>(() => NotebookFile.Parse("broken.ipynb", text)).Message;
        Assert.Contains("broken.ipynb", message, StringComparison.Ordinal);
        Assert.Contains(said, message, StringComparison.Ordinal);
    }

    [Fact]
    public void AMissingFileIsNamed() => Assert.Contains("absent.ipynb", Assert.Throws<ConfigException>(() => NotebookFile.Read("absent.ipynb")).Message, StringComparison.Ordinal);

    [Fact]
    public void CheckNamesUnknownMagicsSyntaxErrorsMissingFilesAndOutputs()
    {
        var notebook = NotebookFile.Parse("a.ipynb", TestNotebook.Of("# prose", "let x =", "#!csharp\nvar y = ;", "#!unknown", "#r \"folder/absent.dll\"\n1", "undefinedName"));
        notebook.Cells[5].ExecutionCount = 1;
        var problems = NotebookCheck.Problems(notebook, allowOutputs: false);
        Assert.Equal(["cell 2(1", "cell 3(2", "cell 4: ", "cell 5, ", "cell 6 h"], problems.Select(problem => problem[..8]).Distinct());
        Assert.Empty(NotebookCheck.Problems(NotebookFile.Parse("b.ipynb", TestNotebook.Of("let x = 1\nx + undefinedName")), allowOutputs: false));
    }
}
