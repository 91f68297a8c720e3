using System.CommandLine;
using System.CommandLine.Invocation;
using System.CommandLine.Parsing;
using System.Runtime.InteropServices;
using ResearchKit.Cli.Verbs;
using ResearchKit.Core;

namespace ResearchKit.Cli;

/// <summary>Entry point of <c>rk</c>: parses arguments and turns outcomes into exit codes. Everything else is in the libraries.</summary>
/// <remarks>Exit codes: 0 done; 1 failed (bug, disk, memory); 2 something the user can mend (bad file, unknown key, missing data); 130 interrupted, what was done is kept.</remarks>
internal static class Program
{
    private static readonly string Description = """
        ResearchKit: what does a language model learn by fine-tuning, and what can it do from the prompt alone?

        Start with:  rk run experiments/quickstart.json
        """;

    private static async Task<int> Main(string[] args)
    {
        var root = new RootCommand(Description);
        foreach (var verb in Verb.All) root.Subcommands.Add(verb.Command());
        var parsed = root.Parse(args);
        try
        {
            var code = await parsed.InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = TimeSpan.FromMinutes(2) }).ConfigureAwait(false);
            return parsed.Action is ParseErrorAction ? 2 : code;
        }
        catch (ConfigException error)
        {
            await Console.Error.WriteLineAsync("error: " + error.Message).ConfigureAwait(false);
            return 2;
        }
        catch (OperationCanceledException)
        {
            // Other verbs keep nothing.
            var carriesOn = parsed.CommandResult.Parent is CommandResult { Command: RootCommand } && parsed.CommandResult.Command.Name is "run" or "train" or "pull";
            await Console.Error.WriteLineAsync(carriesOn ? "Interrupted. What was finished is kept; run the same command again to carry on." : "Interrupted.").ConfigureAwait(false);
            return 130;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            await Console.Error.WriteLineAsync($"error: {error.Message} Nothing already finished is lost; free or change the disk and run the same command again.").ConfigureAwait(false);
            return 1;
        }
        catch (Exception error) when (error is OutOfMemoryException || (error is ExternalException && error.Message.Contains("memory", StringComparison.Ordinal)))
        {
            // The second is libtorch's, on the CPU and on a card; its first line says how much was asked for.
            await Console.Error.WriteLineAsync($"error: out of memory. {error.Message.Split('\n')[0]} What was finished is kept. `rk describe NAME` tells what a model needs.").ConfigureAwait(false);
            return 1;
        }
        catch (Exception error)
        {
            await Console.Error.WriteLineAsync("error: this is a bug in ResearchKit, or a file that it should have refused more politely.\n" + error).ConfigureAwait(false);
            return 1;
        }
    }
}
