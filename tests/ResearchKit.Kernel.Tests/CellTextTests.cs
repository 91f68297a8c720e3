using FsCheck.Xunit;
using ResearchKit.Core;
using ResearchKit.Kernel.Cells;

namespace ResearchKit.Kernel.Tests;

/// <summary>Magics are found, and code keeps its lines.</summary>
public sealed class CellTextTests
{
    [Fact]
    public void EveryLineOfCodeKeepsItsNumber()
    {
        var parts = CellText.Parse("let a = 1\n#!csharp\nvar b = 2;\n#!fsharp\n\na", "fsharp");
        Assert.Equal([("fsharp", "let a = 1", 1), ("csharp", "var b = 2;", 3), ("fsharp", "a", 6)],
            parts.Cast<CodePart>().Select(part => (part.Language, part.Text.Trim(), part.Text.TrimEnd().Split('\n').Length)));
    }

    [Fact]
    public void ReferencesComeBeforeTheCodeAroundThem()
    {
        var parts = CellText.Parse("let a = 1\n#r \"nuget: Some.Package, 1.0.0\"\n#i \"nuget: folder\"\na", "fsharp");
        Assert.Equal([("Some.Package, 1.0.0", false), ("folder", true)], parts.OfType<ReferencePart>().Select(part => (part.Target["nuget: ".Length..], part.IsSource)));
        Assert.IsType<CodePart>(parts[^1]);
    }

    [Theory]
    [InlineData("#!csharp\n1", "csharp")]
    [InlineData("\n#!f#\n1", "fsharp")]
    [InlineData("let a = 1\n#!csharp", null)]
    [InlineData("#!time\n#!csharp\n1", "csharp")]
    public void TheFirstMagicNamesTheLanguage(string text, string? language) => Assert.Equal(language, CellText.LanguageOf(text));

    [Fact]
    public void QuotedWordsStayTogether() => Assert.Equal(["--name", "x", "--value", "two words"], ((MagicPart)CellText.Parse("#!set --name x --value \"two words\"", "fsharp")[0]).Arguments);

    [Fact]
    public void AMagicThatNobodyKnowsIsRefusedWithItsLine() => Assert.Contains("Line 2: there is no magic #!pip", Assert.Throws<ConfigException>(() => CellText.Parse("1\n#!pip install", "fsharp")).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("markdown")]
    [InlineData("HTML")]
    public void TextThatIsShownIsNoCode(string magic)
    {
        var text = $"let a = 1\n#!{magic}\nIt's <b>prose</b>.\n#!csharp\nvar b = 2;";
        Assert.Equal("let a = 1", CellText.CodeOf(text, "fsharp", 0, out _).Trim());
        Assert.Equal("var b = 2;", CellText.CodeOf(text, "fsharp", text.Length, out _).Trim());
    }

    [Property]
    public bool BlankingOtherLanguagesKeepsEveryOffset(string?[] lines, int position)
    {
        var text = string.Join('\n', lines.Select((line, index) => index % 3 == 1 ? "#!csharp" : (line ?? "").Replace('\r', ' ')));
        var at = text.Length == 0 ? 0 : (int)((uint)position % (uint)text.Length);
        var code = CellText.CodeOf(text, "fsharp", at, out _);
        return code.Length == text.Length && Enumerable.Range(0, code.Length).All(i => code[i] == text[i] || (code[i] == ' ' && text[i] != '\n'));
    }
}
