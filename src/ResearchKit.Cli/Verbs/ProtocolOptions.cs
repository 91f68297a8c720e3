using System.CommandLine;
using ResearchKit.Core;

namespace ResearchKit.Cli.Verbs;

/// <summary>Options that choose a protocol, shared by the verbs that prompt.</summary>
internal static class ProtocolOptions
{
    public static Option<string?> Protocol(string more = "") => new("--protocol")
    {
        Description = $"How the benchmark is run: gpt1-paper, gpt2-paper, gpt3-paper, lm-eval{more}; default the kit's own words. `rk task list` says which define a task.",
        HelpName = "NAME",
    };

    public static Option<string[]> Assume() => new("--assume")
    {
        Description = "Read a point that the source leaves open in another way: --assume answer_context=A:. May be given several times; the points are printed with the protocol.",
        AllowMultipleArgumentsPerToken = false,
        HelpName = "a=b",
    };

    /// <summary>Readings by name.</summary>
    public static Dictionary<string, string> Parse(string[]? assignments)
    {
        var chosen = new Dictionary<string, string>();
        foreach (var assignment in assignments ?? [])
        {
            var at = assignment.IndexOf('=', StringComparison.Ordinal);
            if (at <= 0) throw new ConfigException($"--assume ({assignment}) must be name=value, such as answer_context=A:.");
            chosen[assignment[..at]] = assignment[(at + 1)..];
        }

        return chosen;
    }
}
