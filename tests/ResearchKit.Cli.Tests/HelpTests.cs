using System.Text.Json;

namespace ResearchKit.Cli.Tests;

public class HelpTests
{
    public static TheoryData<string> Verbs => [.. Commands()];

    [Fact]
    public void TheProgramExplainsItselfAndEndsWell()
    {
        var (code, output, error) = Rk.Finish(Rk.Start("--help"));
        Assert.Equal((0, ""), (code, error));
        string[] verbs = ["run", "train", "finetune", "eval", "generate", "describe", "report", "pull", "data", "logits", "loglikelihood", "tokenize", "detokenize"];
        Assert.All(verbs, verb => Assert.Contains("\n  " + verb + " ", output, StringComparison.Ordinal));
        Assert.Contains("rk run experiments/quickstart.json", output, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Verbs))]
    public void EveryVerbsHelpHasAnExample(string verb)
    {
        var (code, output, error) = Rk.Call([.. verb.Split(' '), "--help"]);
        Assert.Equal((0, ""), (code, error));
        Assert.Contains($"Example:  rk {verb.Split(' ')[0]}", output, StringComparison.Ordinal);
    }

    [Fact]
    public void TheSchemaVerbPrintsThePublishedSchema()
    {
        var (code, output, _) = Rk.Call("schema");
        Assert.Equal(0, code);
        Assert.Equal(Experiments.Configuration.ExperimentSchema.Generate(), output);
        using var parsed = JsonDocument.Parse(output);
    }

    [Theory]
    [InlineData("walk")]
    [InlineData("run", "a.json", "--fast")]
    [InlineData("logits", "--model", "m")]
    [InlineData("eval", "--model", "m", "--task", "t", "--shots", "two")]
    public void ArgumentsThatCannotBeReadAreThePersonsToMend(params string[] arguments)
    {
        var (code, _, error) = Rk.Call(arguments);
        Assert.Equal(2, code);
        Assert.NotEmpty(error);
    }

    /// <summary>Every verb, and the verbs within a verb, as the help lists them.</summary>
    private static IEnumerable<string> Commands(string within = "")
    {
        var help = Rk.Call([.. within.Split(' ', StringSplitOptions.RemoveEmptyEntries), "--help"]).Output;
        var list = help.IndexOf("Commands:\n", StringComparison.Ordinal);
        if (list < 0) yield break;
        foreach (var line in help[list..].Split('\n').Skip(1).TakeWhile(line => line.StartsWith("  ", StringComparison.Ordinal)).Where(line => line.Length > 2 && line[2] != ' '))
        {
            var verb = within + line.Trim().Split(' ')[0];
            yield return verb;
            foreach (var inner in Commands(verb + " ")) yield return inner;
        }
    }
}
